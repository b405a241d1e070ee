"""门店成绩单: a unit's figures against its own past first, then among its peers, with praise and what to work on.

Every figure is `metrics.series` asked for the unit alone, so it is hidden here exactly when it is hidden elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from cxms.lib.periods import Period
from feedback.models import Feedback
from metrics import changes
from metrics.changes import Change
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from reports import reasons, standing
from reports.dashboards import whole_weeks
from reports.praise import praise
from reports.reasons import Reason
from reports.standing import Standing
from tenancy import queries
from tenancy.models import Unit

METRICS = ("nps", "csi", "complaint_rate", "promise_attainment", "closed_loop_rate")
WEEKS = (13, 26, 52)
N_TOPICS = 6
N_PRAISE = 4
PRAISE_DAYS = 7


@dataclass(frozen=True)
class Figure:
    """A metric of the unit: over the whole weeks, over as many before, week by week, and its tier if it has one."""

    definition: Definition
    point: Point
    before: Point
    change: Change
    weeks: list[Point]
    standing: Standing | None


@dataclass(frozen=True)
class Card:
    """Everything the scorecard says. topics: mean feeling by topic, the most spoken of first; work_on: most detractors."""

    unit: Unit
    period: Period
    figures: list[Figure]
    topics: list[Point]
    work_on: Reason | None
    n_reasons: int | None
    praise: list[Feedback]
    n_praise: int


def card(unit: Unit, *, organisation: int, now: datetime, n_weeks: int = 13) -> Card:
    """The scorecard over the last whole weeks; praise of the last seven days and today."""
    period = whole_weeks(now, n_weeks, organisation=organisation)
    where = Where(unit=unit.code)
    among = standing.peers(unit, organisation=organisation)
    why = reasons.reasons(organisation=organisation, period=period, where=where, now=now, limit=50, names={unit.code: unit.name})
    said = week_of_praise(unit, organisation=organisation, now=now)
    return Card(
        unit=unit,
        period=period,
        figures=[_figure(unit, code, where, period, among, organisation, now) for code in METRICS],
        topics=_topics(where, period, organisation, now),
        work_on=worst(why.rows),
        n_reasons=why.n,
        praise=list(said[:N_PRAISE]),
        n_praise=said.count(),
    )


def week_of_praise(unit: Unit, *, organisation: int, now: datetime) -> QuerySet[Feedback]:
    """Praise of the unit in the last seven local days, today among them."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    from_date, to_date = today - timedelta(days=PRAISE_DAYS - 1), today + timedelta(days=1)
    return praise(organisation=organisation, from_date=from_date, to_date=to_date, unit=unit.code)


def _figure(
    unit: Unit, code: str, where: Where, period: Period, among: Sequence[Unit], organisation: int, now: datetime
) -> Figure:
    definition = BY_CODE[code]
    span = period.to_date - period.from_date
    earlier = Period(period.from_date - span, period.from_date)
    (point,) = series(organisation=organisation, metric=code, period=period, where=where, now=now).points
    (before,) = series(organisation=organisation, metric=code, period=earlier, where=where, now=now).points
    weeks = series(organisation=organisation, metric=code, period=period, grain="week", where=where, now=now).points
    placed = standing.standing(unit, among, metric=code, period=period, organisation=organisation, now=now)
    change = changes.compare(definition, point.components, before.components)
    return Figure(definition, point, before, change, weeks, placed)


def _topics(where: Where, period: Period, organisation: int, now: datetime) -> list[Point]:
    points = series(organisation=organisation, metric="sentiment", period=period, by=("topic",), where=where, now=now).points
    named = [point for point in points if point.by["topic"] not in {None, reasons.NOT_A_REASON} and not point.suppressed]
    return sorted(named, key=lambda point: (-(point.n or 0), str(point.by["topic"])))[:N_TOPICS]


def worst(rows: Sequence[Reason]) -> Reason | None:
    """The topic most detractors speak of; None when none do."""
    spoken = [row for row in rows if row.n_detractors]
    return max(spoken, key=lambda row: (row.n_detractors, row.topic), default=None)
