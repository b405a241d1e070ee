"""新冒头的话题: topics, nodes and terms far above their own weeks before. Each is told once, until a whole day is usual again.

Looked at every quarter of an hour (`cxms/flows.py`); the page and the API judge the same figures at the moment they are
asked. How often that is wrong is bounded: `metrics.statistics.bursts`. Topics and terms have half of the budget each, so
that the many terms take nothing from what is seen of the few topics. A term's code is “term:” and the term.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from alerts import notices
from alerts.models import Burst, BurstWatch, Notice
from cxms.lib import dispatch
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from metrics import term_days, topic_days
from metrics.statistics import bursts
from metrics.topic_days import Days
from tenancy import audit, members, queries, versions
from tenancy.enums import Role
from tenancy.models import Organisation

DUE = "select distinct organisation_id from alerts_burstwatch where next_at <= clock_timestamp()"
PURPOSE = "burst"
EVERY = timedelta(minutes=15)
WEEK = timedelta(days=7)
# a whole day above this p is a usual one
USUAL = 0.05
MOST_BUDGET = 20
SHOWN = 3
# topics and terms
KINDS = 2


class BurstError(DomainError):
    """The budget cannot be set as asked."""


@dataclass(frozen=True)
class Figures:
    """A topic's day up to now. expected, low, high: voices, mean and 95 % interval of such a day; ratio: n over expected."""

    code: str
    n: int
    expected: float
    low: float
    high: float
    ratio: float
    p: float
    weeks: int
    dispersion: float


@dataclass(frozen=True)
class Look:
    """All topics at one moment. threshold: the p from which one is told; weeks: None while the history is short of three weeks.

    is_capped: terms were looked for in the newest voices of the day only; their counts are of all. is_reread: history is being
    read anew, and topics are judged again when it has been; model_since: `Days.model_since`.
    """

    day: date
    figures: list[Figures]
    threshold: float
    weeks: int | None
    from_date: date
    is_capped: bool = False
    is_reread: bool = False
    model_since: date | None = None

    def of(self, code: str) -> Figures | None:
        """A topic's figures; None where nobody ever spoke of it."""
        return next((row for row in self.figures if row.code == code), None)


@dataclass(frozen=True)
class Standing:
    """A burst that stands, with what is true of it now; figures None: nobody speaks of it any more, or nothing can be compared now."""

    row: Burst
    figures: Figures | None


def watch(*, organisation: int) -> BurstWatch | None:
    """How the organisation is watched, or None before its first analysed voice."""
    return BurstWatch.objects.filter(organisation_id=organisation).first()


def begin(*, organisation: int, now: datetime) -> None:
    """An organisation with voices is watched from now on; again is a no-op."""
    if watch(organisation=organisation) is None:
        BurstWatch.objects.bulk_create([BurstWatch(id=new_id(), organisation_id=organisation, next_at=now)], ignore_conflicts=True)


def due_organisations() -> list[int]:
    """Whose topics are to be looked at. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def run(*, organisation: int, now: datetime) -> int:
    """One look, when it is due; while past days are still to be counted, those. In the caller's transaction and scope."""
    due = BurstWatch.objects.select_for_update(skip_locked=True).filter(organisation_id=organisation, next_at__lte=now)
    row = due.first()
    if row is None:
        return 0
    n_folded, is_read = topic_days.fold(organisation=organisation, now=now), term_days.fold(organisation=organisation, now=now)
    if n_folded < topic_days.MOST_DAYS:
        look_and_tell(row.budget, organisation=organisation, now=now)
        # topics do not wait for the words of all weeks
        row.next_at = now + EVERY if is_read else now
    row.save(update_fields=["next_at"])
    return 1


def look(budget: int, days: Days, n_candidates: int | None = None) -> Look:
    """The figures of every topic heard, the most surprising first. n_candidates: of so many, where more could be than are. Pure."""
    held = days.expected()
    threshold = bursts.threshold(budget / KINDS, n_candidates or len(days.codes))
    is_capped = days.volume is not None and bool(days.volume[-1, days.hour] > term_days.MOST_CUT)
    if held is None or not days.codes:
        return Look(days.today, [], threshold, held.weeks if held else None, days.from_date, is_capped, days.is_reread, days.model_since)
    n = days.counts[-1, days.hour]
    p, (low, high) = held.p_value(n), held.interval()
    rows = [
        Figures(
            code, int(n[i]), float(held.mean[i]), float(low[i]), float(high[i]), float(n[i] / held.mean[i]), float(p[i]), held.weeks,
            float(held.dispersion[i]),
        )
        for i, code in enumerate(days.codes)
    ]  # fmt: skip
    return Look(days.today, sorted(rows, key=lambda row: (row.p, row.code)), threshold, held.weeks, days.from_date, is_capped)


def fires(row: Figures, threshold: float) -> bool:
    """Above the threshold, and not of one or two voices."""
    return row.p <= threshold and row.n >= bursts.LEAST


def look_and_tell(budget: int, *, organisation: int, now: datetime) -> list[Burst]:
    """Ends what is usual again, begins what fires and does not stand yet, with its notices. Returns what began."""
    open_rows = {row.code: row for row in Burst.objects.filter(organisation_id=organisation, ended_at__isnull=True)}
    days = topic_days.days(organisation=organisation, now=now)
    fresh = _settle(look(budget, days), days, open_rows, organisation, now)
    told = [term for code in open_rows if (term := term_days.term_of(code))]
    found = term_days.emerging(told, bursts.threshold(budget / KINDS, bursts.TERMS), organisation=organisation, now=now)
    days = term_days.days([*told, *found], organisation=organisation, now=now)
    fresh += _settle(look(budget, days, bursts.TERMS), days, open_rows, organisation, now)
    _tell(fresh, organisation, now)
    return fresh


def _settle(seen: Look, days: Days, open_rows: Mapping[str, Burst], organisation: int, now: datetime) -> list[Burst]:
    usual = _usual(days) | _unseen(open_rows, days) | _gone(open_rows, days)
    for row in open_rows.values():
        now_is = seen.of(row.code)
        if row.local_day < seen.day and row.code in usual and not (now_is and fires(now_is, seen.threshold)):
            row.ended_at = now
            row.save(update_fields=["ended_at"])
    fresh = [
        Burst(id=new_id(), organisation_id=organisation, code=one.code, local_day=seen.day, began_at=now, figures=asdict(one))
        for one in seen.figures
        if fires(one, seen.threshold) and one.code not in open_rows
    ]
    Burst.objects.bulk_create(fresh)
    return fresh


def _usual(days: Days) -> set[str]:
    """The topics whose yesterday, to its end, was a usual day."""
    held = days.expected(1, 23)
    if held is None:
        return set()
    return {code for code, p in zip(days.codes, held.p_value(days.counts[-2, 23]), strict=True) if p > USUAL}


def _gone(open_rows: Mapping[str, Burst], days: Days) -> set[str]:
    """Nodes that no voice of any kept day bears: moved, merged into another or retired since they were told."""
    if days.volume is not None or days.expected(1, 23) is None:
        return set()
    return {code for code in open_rows if not term_days.term_of(code) and code not in days.codes}


def _unseen(open_rows: Mapping[str, Burst], days: Days) -> set[str]:
    """Terms that so many say by now that they are told apart no more: told a week ago, they are no news."""
    if days.volume is None:
        return set()
    return {code for code, row in open_rows.items() if term_days.term_of(code) and code not in days.codes and row.local_day <= days.today - WEEK}


def _tell(fresh: Sequence[Burst], organisation: int, now: datetime) -> list[Notice]:
    """One notice a person for all that began in one look."""
    if not fresh:
        return []
    path = queries.root_path(organisation=organisation)
    readers = members.holders({Role.CX_MANAGER}, organisation=organisation, path=path)
    data = {"path": path, "n_bursts": len(fresh), "bursts": [row.figures for row in fresh[:SHOWN]]}
    return notices.tell(None, readers, PURPOSE, f"{PURPOSE}:{fresh[0].id}", data, organisation=organisation, now=now)


def standing(*, organisation: int, now: datetime) -> tuple[Look, list[Standing]]:
    """What stands now of topics and nodes, the most surprising first, with the figures of this moment. Reads only."""
    seen = look(_budget(organisation), topic_days.days(organisation=organisation, now=now))
    return seen, _standing(seen, [row for row in _open(organisation) if not term_days.term_of(row.code)])


def standing_terms(*, organisation: int, now: datetime) -> tuple[Look, list[Standing]]:
    """The terms that stand now, as `standing`; no others are looked at."""
    rows = [row for row in _open(organisation) if term_days.term_of(row.code)]
    days = term_days.days([term_days.term_of(row.code) for row in rows], organisation=organisation, now=now)
    seen = look(_budget(organisation), days, bursts.TERMS)
    return seen, _standing(seen, rows)


def _budget(organisation: int) -> int:
    row = watch(organisation=organisation)
    return row.budget if row else 1


def _open(organisation: int) -> list[Burst]:
    return list(Burst.objects.filter(organisation_id=organisation, ended_at__isnull=True).order_by("began_at", "id"))


def _standing(seen: Look, rows: Sequence[Burst]) -> list[Standing]:
    return sorted((Standing(row, seen.of(row.code)) for row in rows), key=lambda one: one.figures.p if one.figures else 1.0)


def ended(*, organisation: int, most: int = 20) -> list[Burst]:
    """The last ones that ended, newest first; their figures stay as they were told."""
    return list(Burst.objects.filter(organisation_id=organisation, ended_at__isnull=False).order_by("-began_at", "-id")[:most])


def set_budget(typed: str, *, organisation: int, version: int | None, now: datetime, actor: str) -> BurstWatch:
    """Sets how many false alarms a week are borne. Raises BurstError; Stale when the form is older than the row."""
    Organisation.objects.select_for_update().get(id=organisation)
    row = watch(organisation=organisation) or BurstWatch(id=new_id(), organisation_id=organisation, next_at=now, version=0)
    versions.check(row, version)
    value = typed.strip()
    if not (value.isascii() and value.isdigit() and len(value) < 4 and 1 <= int(value) <= MOST_BUDGET):
        raise BurstError(_("写 1 至 %(most)d 之间的整数") % {"most": MOST_BUDGET}, code="out_of_range", field="budget")
    before, row.budget = row.budget, int(value)
    if before != row.budget or not row.version:
        row.version += 1
        row.save()
        detail = {"fields": ["budget"], "before": before, "after": row.budget}
        audit.note("bursts.budget", row.budget, organisation=organisation, actor=actor, now=now, detail=detail)
    return row
