"""The content of a weekly report: every figure of one week over one unit's subtree, as values that can be frozen.

Called when a report is issued and by “as of now”. No words are made here (`reports.weekly_words` does that in the
reader's language), and no figure that `metrics.series` does not give. Every change carries its p, after Holm where
several are compared at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from complaints import sla_policies
from complaints.models import PolicyVersion
from cxms.lib.periods import Period
from improvement import queries as improvement
from metrics import statistics
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from reports import changes, money, weekly_causes
from reports.changes import LEVEL, Change
from reports.reasons import answers
from tenancy import queries
from tenancy.enums import UnitKind
from tenancy.models import Unit

N_WEEKS = 13
METRICS = ("csi", "csat", "ces", "complaint_rate")
CLAUSES = ("notify", "reconstruction", "solution")
MAX_PLACES = 6
SMALL = 30
Content = dict[str, Any]


def content(*, organisation: int, unit: Unit, week: date, now: datetime) -> Content:
    """Everything the report of this unit and week (a Monday) says, as JSON values, true at `now`."""
    period = Period(week, week + timedelta(days=7))
    where = Where(paths=(unit.path,))
    asked: dict[str, Any] = {"organisation": organisation, "now": now, "period": period}
    nps = _figure("nps", where, asked)
    stores = series(**asked, metric="nps", where=where, by=("unit",)).points
    return {
        "week": week.isoformat(),
        "to": period.to_date.isoformat(),
        "unit": unit.code,
        "unit_name": unit.name,
        "unit_kind": unit.kind,
        "organisation": queries.organisation(organisation).name,
        "as_of": now.isoformat(),
        "nps": nps | {"weeks": _weeks(organisation, where, period, now)},
        "places": _places(unit, where, asked),
        "metrics": [_figure(code, where, asked) | {"metric": code} for code in METRICS],
        "clauses": [_clause(clause, where, asked) for clause in _promised(organisation, now)],
        "causes": weekly_causes.causes(organisation=organisation, period=period, where=where, now=now),
        "actions": _actions(unit, period, organisation, now),
        "money": money.stake_of_week(organisation=organisation, period=period, where=where, point=nps["point"], now=now),
        "n_excluded": answers(organisation=organisation, period=period, where=where, excluded=True).count(),
        "n_small": sum(1 for point in stores if point.suppressed or (point.n or 0) < SMALL),
    }


def _figure(metric: str, where: Where, asked: dict[str, Any]) -> Content:
    """A metric's point of the week, the week before, and whether they really differ."""
    now_, before = _pair(metric, where, asked)
    change = changes.compare(BY_CODE[metric], now_.components, before.components)
    return {"point": point(now_), "before": point(before), "change": change_of(change)}


def _pair(metric: str, where: Where, asked: dict[str, Any]) -> tuple[Point, Point]:
    (now_,) = series(**asked, metric=metric, where=where).points
    (before,) = series(**(asked | {"period": before_of(asked["period"])}), metric=metric, where=where).points
    return now_, before


def before_of(period: Period) -> Period:
    """The week before a week."""
    return Period(period.from_date - timedelta(days=7), period.from_date)


def _weeks(organisation: int, where: Where, period: Period, now: datetime) -> list[list[float | None]]:
    """value, low, high of the last thirteen weeks, oldest first; None where nothing may be shown."""
    span = Period(period.to_date - timedelta(weeks=N_WEEKS), period.to_date)
    points = series(organisation=organisation, metric="nps", period=span, grain="week", where=where, now=now).points
    return [[found.value, found.low, found.high] for found in points]


def _promised(organisation: int, now: datetime) -> list[dict[str, Any]]:
    """The clauses of the default policy that a week can judge."""
    rows: Sequence[PolicyVersion] = sla_policies.in_force(organisation=organisation)
    default = next((row for row in rows if row.code == sla_policies.DEFAULT), None)
    clauses: list[dict[str, Any]] = default.clauses if default else []
    return [clause for clause in clauses if clause["kind"] in CLAUSES]


def _clause(clause: dict[str, Any], where: Where, asked: dict[str, Any]) -> Content:
    found = _figure("promise_attainment", replace(where, clause=clause["code"]), asked)
    return found | {"clause": clause["code"], "kind": clause["kind"], "target_seconds": clause["target_seconds"]}


def _actions(unit: Unit, period: Period, organisation: int, now: datetime) -> list[Content]:
    """Actions of the subtree that fell due in the week or are late, with what the figures said of them."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    due = improvement.due_in(period.from_date, period.to_date, organisation=organisation, path=unit.path)
    return [
        {"title": row.title, "owner": row.owner.name, "verdict": row.verdict, "late_days": max((today - row.due_date).days, 0)}
        for row in due[:4]
    ]


# ---- the units below ------------------------------------------------------------------------------------------------


def _places(unit: Unit, where: Where, asked: dict[str, Any]) -> list[Content]:
    """The children of the unit with the most answers, compared with the week before, after Holm over all of them."""
    kind = UnitKind.REGION if unit.kind == UnitKind.HEADQUARTERS else UnitKind.STORE
    units = queries.units_of(organisation=asked["organisation"], paths=(unit.path,))
    below = [row for row in units if row.kind == kind and row.id != unit.id]
    if not below and kind == UnitKind.REGION:
        below = [row for row in units if row.kind == UnitKind.STORE]
    found = [(row, *_pair("nps", replace(where, unit=row.code), asked)) for row in _busiest(below, where, asked)]
    compared = [changes.compare(BY_CODE["nps"], now_.components, before.components) for _, now_, before in found]
    rows = [
        {"code": row.code, "name": row.name, "point": point(now_), "change": change_of(change)}
        for (row, now_, _), change in zip(found, adjusted(compared), strict=True)
        if now_.suppressed or now_.n
    ]
    return sorted(rows, key=lambda row: -(row["point"]["n"] or 0))


def _busiest(below: list[Unit], where: Where, asked: dict[str, Any]) -> list[Unit]:
    """At most six: stores by their answers of the week; regions are few and all shown."""
    if len(below) <= MAX_PLACES:
        return below
    points = series(**asked, metric="nps", where=where, by=("unit",)).points
    n_of = {found.by["unit"]: found.n or 0 for found in points}
    return sorted(below, key=lambda row: (-n_of.get(row.code, 0), row.code))[:MAX_PLACES]


def adjusted(compared: Sequence[Change]) -> list[Change]:
    """The same changes, “real” only where p stays below 0.05 after Holm."""
    known = [index for index, change in enumerate(compared) if change.p is not None]
    holm = statistics.holm([compared[index].p or 0.0 for index in known])
    found = list(compared)
    for index, p in zip(known, holm, strict=True):
        kind = found[index].kind if p < LEVEL else "unclear"
        found[index] = replace(found[index], p=p, kind=kind)
    return found


# ---- JSON -----------------------------------------------------------------------------------------------------------


def point(found: Point) -> Content:
    """A point as it is frozen; what is hidden stays hidden."""
    names = ("value", "n", "low", "high", "suppressed", "components")
    return {name: getattr(found, name) for name in names}


def change_of(change: Change) -> Content:
    """A change as it is frozen."""
    return {"difference": change.difference, "margin": change.margin, "p": change.p, "kind": change.kind}
