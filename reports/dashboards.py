"""What the pages of figures show, as plain values: read with `metrics.series`, compared, put into tiers.

The NPS page counts whole weeks (Monday to Sunday) of the organisation's zone; the running week is drawn hollow and is
never compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.periods import Period, same_week_last_year
from metrics import grouping, statistics
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.places import hidden_units
from metrics.series import Point, Where, hide, series, suppress
from reports import changes, reasons
from reports.changes import Change
from reports.reasons import Reasons
from tenancy import groups, queries
from tenancy.enums import UnitKind
from tenancy.models import Unit

WEEKS = (13, 26, 52)
BY = ("store", "region")
MIN_TIER = 30


@dataclass(frozen=True)
class Week:
    """A week of the trend with the same week of last year."""

    point: Point
    before: float | None
    is_running: bool

    @property
    def number(self) -> int:
        """ISO week number."""
        return self.point.from_date.isocalendar().week


@dataclass(frozen=True)
class Place:
    """A unit, or a group of a hierarchy, with its figure over the whole period. group: as a URL names it."""

    code: str
    name: str
    point: Point
    group: str = ""

    @property
    def asks(self) -> dict[str, str]:
        """What a list of its rows is narrowed by."""
        return {"group": self.group} if self.group else {"unit": self.code}


@dataclass(frozen=True)
class Ranking:
    """Units in tiers (the best first), those with fewer than 30 answers outside them, and how many are hidden."""

    tiers: list[list[Place]]
    grey: list[Place]
    n_hidden: int
    whole: Point


@dataclass(frozen=True)
class NpsPage:
    """Everything the NPS page says."""

    definition: Definition
    period: Period
    where: Where
    weeks: list[Week]
    head: Week | None
    n_excluded: int
    to_last_week: Change
    to_last_year: Change
    ranking: Ranking
    reasons: Reasons
    as_of: datetime


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def weeks_until(now: datetime, n_weeks: int, *, organisation: int) -> Period:
    """The last `n_weeks` whole weeks and the running one, in the organisation's days."""
    this_week = monday_of(queries.local_today(now, queries.organisation(organisation).timezone))
    return Period(this_week - timedelta(weeks=n_weeks), this_week + timedelta(weeks=1))


def whole_weeks(now: datetime, n_weeks: int, *, organisation: int) -> Period:
    """The last `n_weeks` whole weeks, without the running one."""
    running = weeks_until(now, n_weeks, organisation=organisation)
    return Period(running.from_date, running.to_date - timedelta(weeks=1))


def by_subtree(units: Sequence[Unit], *, period: Period, organisation: int, now: datetime, metric: str = "nps") -> dict[str, Point]:
    """Each unit's figure over its whole subtree, by code: what the unit asked alone would show."""
    asked: dict[str, Any] = {"organisation": organisation, "metric": metric, "period": period, "now": now}
    return {unit.code: series(**asked, where=Where(unit=unit.code)).points[0] for unit in units}


def nps_page(
    *, organisation: int, now: datetime, where: Where, n_weeks: int = 13, by: str = "store"
) -> NpsPage:
    """The NPS page of a subtree under its filters: trend, comparisons, tiers and reasons of the last `n_weeks`."""
    period = weeks_until(now, n_weeks, organisation=organisation)
    weeks = _weeks(organisation, period, period.to_date - timedelta(weeks=1), where, now)
    head = _head(weeks)
    units = queries.units_of(organisation=organisation, paths=where.paths or ("/",))
    names = {unit.code: unit.name for unit in units}
    return NpsPage(
        definition=BY_CODE["nps"],
        period=period,
        where=where,
        weeks=weeks,
        head=head,
        n_excluded=_n_excluded(organisation, head, where) if head else 0,
        to_last_week=_to_last_week(weeks, head),
        to_last_year=_to_last_year(organisation, head, where, now),
        ranking=ranking(organisation=organisation, period=period, where=where, now=now, by=by),
        reasons=reasons.reasons(organisation=organisation, period=period, where=where, now=now, names=names),
        as_of=now,
    )


def _weeks(organisation: int, period: Period, this_week: date, where: Where, now: datetime) -> list[Week]:
    points = series(
        organisation=organisation, metric="nps", period=period, grain="week", where=where, now=now
    ).points
    past = series(
        organisation=organisation, metric="nps", period=same_week_last_year(period), grain="week", where=where, now=now
    ).points
    pairs = zip(points, past, strict=True)
    return [Week(point, before.value, point.from_date == this_week) for point, before in pairs]


def _head(weeks: Sequence[Week]) -> Week | None:
    """The last whole week with answers; the running one when there is no other."""
    answered = [week for week in weeks if week.point.suppressed or week.point.n]
    whole = [week for week in answered if not week.is_running]
    return next(iter(reversed(whole or answered)), None)


def _to_last_week(weeks: Sequence[Week], head: Week | None) -> Change:
    if head is None or head.is_running:
        return changes.NONE
    index = weeks.index(head)
    before = weeks[index - 1].point if index else None
    return changes.compare(BY_CODE["nps"], head.point.components, before.components if before else None)


def _to_last_year(organisation: int, head: Week | None, where: Where, now: datetime) -> Change:
    if head is None or head.is_running:
        return changes.NONE
    week = same_week_last_year(Period(head.point.from_date, head.point.to_date))
    (before,) = series(organisation=organisation, metric="nps", period=week, where=where, now=now).points
    return changes.compare(BY_CODE["nps"], head.point.components, before.components)


def _n_excluded(organisation: int, head: Week, where: Where) -> int:
    period = Period(head.point.from_date, head.point.to_date)
    return reasons.answers(organisation=organisation, period=period, where=where, excluded=True).count()


def ranking(*, organisation: int, period: Period, where: Where, now: datetime, by: str = "store") -> Ranking:
    """Tiers of stores or regions over a period; a region's figures follow the tree of each day."""
    units = queries.units_of(organisation=organisation, paths=where.paths or ("/",))
    asked: dict[str, Any] = {"organisation": organisation, "metric": "nps", "period": period, "now": now}
    (whole,) = series(**asked, where=where).points
    if by.startswith(grouping.BY):
        return rank(by_group(by, organisation=organisation, metric="nps", period=period, where=where, now=now), whole)
    if by == "region":
        hidden = hidden_units(**asked, where=where)
        points = [hide(point) if point.by["unit"] in hidden else point for point in suppress(_regions(asked, where, units))]
    else:
        points = series(**asked, where=where, by=("unit",)).points
    kinds = {UnitKind.REGION} if by == "region" else {UnitKind.STORE, UnitKind.TEAM}
    known = {unit.code: unit for unit in units if unit.kind in kinds}
    places = [
        Place(code, known[code].name, point) for point in points if (code := point.by["unit"] or "") in known
    ]
    return rank(places, whole)


def by_group(by: str, *, organisation: int, metric: str, period: Period, where: Where, now: datetime) -> list[Place]:
    """The groups of a hierarchy with their figures, in the order of their codes, those of no group last; `by` as a page names it."""
    cut = grouping.cut(by, where)
    names = {row.code: row.name for row in groups.groups(cut.hierarchy, organisation=organisation)}
    points = series(organisation=organisation, metric=metric, period=period, now=now, by=(grouping.GROUP,), where=cut).points
    made = []
    for point in points:
        code = point.by[grouping.GROUP] or groups.UNGROUPED
        made.append(Place(code, names.get(code, str(_("未归组"))), point, f"{cut.hierarchy}/{code}"))
    return made


def _regions(asked: dict[str, Any], where: Where, units: Sequence[Unit]) -> list[Point]:
    found = []
    for unit in units:
        if unit.kind != UnitKind.REGION or (where.unit and f"/{where.unit}/" not in unit.path):
            continue
        inside = Where(unit=unit.code, paths=where.paths, **where.without(["unit"]).given())
        (point,) = series(**asked, where=inside, raw=True).points
        if point.n:
            found.append(point._replace(by={"unit": unit.code}))
    return found


def rank(places: Sequence[Place], whole: Point) -> Ranking:
    """Puts places into tiers by NPS; 30 answers or more to take part, hidden ones only counted."""
    open_ = [place for place in places if not place.point.suppressed and place.point.n]
    full = [place for place in open_ if (place.point.n or 0) >= MIN_TIER]
    groups = [
        (place, counts["promoters"], counts["passives"], counts["detractors"])
        for place in full
        if (counts := place.point.components) is not None
    ]
    grey = sorted((place for place in open_ if place not in full), key=lambda place: -(place.point.n or 0))
    return Ranking(
        tiers=statistics.tiers(groups),
        grey=grey,
        n_hidden=sum(place.point.suppressed for place in places),
        whole=whole,
    )


def metric_page(
    *, organisation: int, metric: str, now: datetime, where: Where, n_weeks: int = 13
) -> tuple[list[Point], Point]:
    """The weekly points of any metric and the whole period's point, for the plain metric page."""
    zone = queries.organisation(organisation).timezone
    this_week = monday_of(queries.local_today(now, zone))
    period = Period(this_week - timedelta(weeks=n_weeks), this_week + timedelta(weeks=1))
    asked: dict[str, Any] = {"organisation": organisation, "metric": metric, "period": period, "now": now}
    known = {*BY_CODE[metric].dimensions, *([grouping.GROUP] if grouping.cuts(BY_CODE[metric]) else [])}
    where = where.without([name for name in where.given() if name not in known])
    points = series(**asked, where=where, grain="week").points
    (whole,) = series(**asked, where=where).points
    return points, whole
