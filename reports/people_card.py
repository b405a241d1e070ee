"""员工成绩单: what customers said of one person, for himself first. Praise, then growth over his own weeks, then practice.

A person is counted by whole weeks, never by day; a figure of fewer than five answers is hidden, of fewer than thirty for
reference only. Nothing here ranks anybody but `tiers`, which the door calls where the organisation switched it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet

from cxms.lib.periods import Period
from feedback import queries as voices
from feedback.models import Feedback
from feedback.queries import Filters
from metrics import changes, statistics
from metrics.changes import Change
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.hiding import HIDDEN_BELOW
from metrics.series import Point, Where, hide, series
from reports import reasons
from reports.dashboards import whole_weeks
from reports.praise import praise
from reports.training import PRACTICE
from tenancy.models import Staff
from tenancy.people_use import MIN_N

METRICS = ("nps", "csat", "sentiment")
N_PRAISE = 6


@dataclass(frozen=True)
class Growth:
    """A metric of a person: over the whole weeks, over as many before, and the weeks between."""

    definition: Definition
    point: Point
    before: Point
    change: Change
    weeks: list[Point]


@dataclass(frozen=True)
class Card:
    """Everything the card says. practise, strong: topics felt below and above zero for sure, the clearest first."""

    staff: Staff
    period: Period
    figures: list[Growth]
    practise: list[Point]
    strong: list[Point]
    praise: list[Feedback]
    n_praise: int


@dataclass(frozen=True)
class Line:
    """A person of a team: his NPS, the change to his own past, and how often he was thanked."""

    staff: Staff
    point: Point
    change: Change
    n_praise: int

    @property
    def is_enough(self) -> bool:
        """True from thirty answers: what fewer say is for reference only."""
        return (self.point.n or 0) >= MIN_N


def card(staff: Staff, *, organisation: int, now: datetime, n_weeks: int = 13) -> Card:
    """The card of a person over the last whole weeks."""
    period = whole_weeks(now, n_weeks, organisation=organisation)
    said = thanks(period, staff=staff.employee_no, organisation=organisation)
    topics = _topics(staff, period, organisation, now)
    return Card(
        staff=staff,
        period=period,
        figures=[_growth(staff, code, period, organisation, now) for code in METRICS],
        practise=sorted((p for p in topics if leaning(p) < 0 and p.by["topic"] in PRACTICE), key=lambda p: p.value or 0.0),
        strong=sorted((p for p in topics if leaning(p) > 0), key=lambda p: -(p.value or 0.0)),
        praise=list(said[:N_PRAISE]),
        n_praise=said.count(),
    )


def thanks(period: Period, *, staff: str, organisation: int) -> QuerySet[Feedback]:
    """Praise that names the person in the weeks and the running one, the newest first; "" for everybody's."""
    return praise(organisation=organisation, from_date=period.from_date, to_date=period.to_date + timedelta(weeks=1), staff=staff)


def heard(staff: Staff, *, organisation: int) -> QuerySet[Feedback]:
    """Counted voices that name the person, the newest first; one that waits for its first classification not yet."""
    rows = voices.voices(Filters(staff=staff.employee_no), organisation=organisation).filter(excluded_at__isnull=True)
    rows = rows.filter(voices.classified(organisation=organisation))
    return rows.select_related("unit", "staff", "touchpoint", "customer")


def _growth(staff: Staff, code: str, period: Period, organisation: int, now: datetime) -> Growth:
    definition, where = BY_CODE[code], Where(staff=staff.employee_no)
    asked: dict[str, Any] = {"organisation": organisation, "metric": code, "where": where, "now": now}
    (point,) = series(**asked, period=period).points
    (before,) = series(**asked, period=earlier(period)).points
    weeks = series(**asked, period=period, grain="week").points
    return Growth(definition, point, before, changes.compare(definition, point.components, before.components), weeks)


def earlier(period: Period) -> Period:
    """As many days right before."""
    return Period(period.from_date - (period.to_date - period.from_date), period.from_date)


def leaning(point: Point) -> int:
    """Which side of nothing a feeling lies on, its interval and all: −1, 1, or 0 where that is not sure.

    Voices that all feel the same have no interval; they lean as they feel.
    """
    value = point.value or 0.0
    low, high = (value, value) if point.low is None or point.high is None else (point.low, point.high)
    return (low > 0) - (high < 0)


def _topics(staff: Staff, period: Period, organisation: int, now: datetime) -> list[Point]:
    where = Where(staff=staff.employee_no)
    points = series(organisation=organisation, metric="sentiment", period=period, by=("topic",), where=where, now=now).points
    return [point for point in points if not point.suppressed and point.by["topic"] not in {None, reasons.NOT_A_REASON}]


# ---- a team --------------------------------------------------------------------------------------------------------


def team(people: Sequence[Staff], *, period: Period, organisation: int, now: datetime) -> list[Line]:
    """The people in the order given, each with what his own card says. Three statements, however many there are."""
    now_by, before_by = (_by_staff(one, organisation, now) for one in (period, earlier(period)))
    thanked = thanks(period, staff="", organisation=organisation)
    counts = dict(thanked.filter(staff__in=[one.id for one in people]).order_by().values_list("staff").annotate(n=Count("id")))
    nothing = Point(period.from_date, period.to_date, {}, None, 0, None, None, False, None)
    lines = []
    for one in people:
        point, before = now_by.get(one.employee_no, nothing), before_by.get(one.employee_no, nothing)
        change = changes.compare(BY_CODE["nps"], point.components, before.components)
        lines.append(Line(one, point, change, counts.get(one.id, 0)))
    return lines


def _by_staff(period: Period, organisation: int, now: datetime) -> dict[str, Point]:
    """Each person's NPS as he would be shown it alone: hidden below five."""
    points = series(organisation=organisation, metric="nps", period=period, by=("staff",), now=now, raw=True).points
    return {str(p.by["staff"]): hide(p) if p.n and p.n < HIDDEN_BELOW else p for p in points}


def tiers(lines: Sequence[Line]) -> dict[str, int]:
    """Tier, from 1, by employee number of those with thirty answers or more. Only where people are ranked at all."""
    groups = [
        (line.staff.employee_no, found["promoters"], found["passives"], found["detractors"])
        for line in lines
        if line.is_enough and (found := line.point.components) is not None
    ]
    return {code: number for number, tier in enumerate(statistics.tiers(groups), start=1) for code in tier}
