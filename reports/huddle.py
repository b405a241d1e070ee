"""Today's huddle, made by the system: yesterday's promises, what burns, two voices, one figure, actions that fall due."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from complaints import desk
from complaints.desk import Row
from complaints.queries import Filters as DeskFilters
from cxms.lib.periods import Period
from feedback import queries as voices
from feedback.models import Feedback
from feedback.queries import Filters
from improvement import queries as improvement
from improvement.models import Action, Huddle, HuddleDecision
from metrics.series import Point, Where, series
from reports.home import Tile, tiles
from reports.verbatim import Part, short
from tenancy.models import Unit

N_VOICES = 60
AHEAD_DAYS = 7


@dataclass(frozen=True)
class Kept:
    """A clause on yesterday's complaints."""

    clause: str
    met: int
    breached: int
    running: int
    hidden: bool


@dataclass(frozen=True)
class Voice:
    """One voice to read aloud, masked."""

    row: Feedback
    parts: list[Part]
    feel: str


@dataclass(frozen=True)
class Agenda:
    """The five points and what the last huddle decided."""

    day: date
    kept: list[Kept]
    n_broken: int
    broken: list[Row]
    voices: list[Voice]
    figure: Tile
    due: list[Action]
    last: Huddle | None
    decided: list[HuddleDecision]


def agenda(unit: Unit, day: date, *, organisation: int, now: datetime) -> Agenda:
    """The agenda of a unit's huddle on a day."""
    paths = (unit.path,)
    filters = DeskFilters(paths=paths)
    last, decided = improvement.last_decisions(unit, day, organisation=organisation)
    return Agenda(
        day=day,
        kept=_kept(paths, day - timedelta(days=1), organisation, now),
        n_broken=desk.n_breached(filters, organisation=organisation, now=now),
        broken=desk.breached(filters, organisation=organisation, now=now, limit=3),
        voices=_voices(paths, day, organisation),
        figure=tiles(organisation=organisation, now=now, paths=paths)[0],
        due=improvement.due_in(day, day + timedelta(days=AHEAD_DAYS), organisation=organisation, path=unit.path),
        last=last,
        decided=decided,
    )


def _kept(paths: tuple[str, ...], day: date, organisation: int, now: datetime) -> list[Kept]:
    """Counts, not shares: on one day they are few, and a share of three is no figure. They name cases, not customers."""
    found = series(
        organisation=organisation,
        metric="promise_attainment",
        period=Period(day, day + timedelta(days=1)),
        by=("clause",),
        where=Where(paths=paths),
        now=now,
        raw=True,
    ).points
    return [_line(point) for point in found]


def _line(point: Point) -> Kept:
    counts: dict[str, Any] = point.components or {}
    return Kept(str(point.by["clause"]), counts.get("met", 0), counts.get("breached", 0), counts.get("running", 0), False)


def _voices(paths: tuple[str, ...], day: date, organisation: int) -> list[Voice]:
    """The rule: of the last seven days' newest sixty, the most negative and the most positive that is long enough."""
    week = Filters(paths=paths, from_date=day - timedelta(days=7), to_date=day + timedelta(days=1))
    rows = [row for row in voices.voices(week, organisation=organisation)[:N_VOICES] if len(row.text) >= 8]
    made = voices.analyses([row.id for row in rows], organisation=organisation)
    known = [(made[row.id], row) for row in rows if row.id in made]
    found = []
    for feel, pick in (("neg", min), ("pos", max)):
        fitting = [(a.sentiment_score, str(row.id), a, row) for a, row in known if (a.sentiment_score < 0) == (feel == "neg")]
        if fitting:
            _score, _key, analysis, row = pick(fitting, key=lambda item: item[:2])
            found.append(Voice(row, short(row.text, analysis.pii), feel))
    return found
