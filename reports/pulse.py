"""员工问卷 beside the customer's voice: a unit's eNPS of the last closed round, and the round before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cxms.lib.periods import Period
from metrics import changes
from metrics.changes import NONE, Change
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from reports.dashboards import whole_weeks
from surveys import pulses
from surveys.models import PulseRound

ENPS = BY_CODE["enps"]


@dataclass(frozen=True)
class Pulse:
    """The unit's figure of the last round that is over, and the change to the one before."""

    definition: Definition
    day: date
    point: Point
    change: Change


@dataclass(frozen=True)
class Pair:
    """A unit's eNPS of a round beside the NPS its customers gave in the last 13 whole weeks."""

    code: str
    employees: Point
    customers: Point | None


def day_of(row: PulseRound) -> Period:
    """The one day the answers of a round carry."""
    return Period(row.local_day, row.local_day + timedelta(days=1))


def of_unit(code: str, *, organisation: int, now: datetime) -> Pulse | None:
    """The last closed round of a subtree; None before the first."""
    done = list(pulses.closed(organisation=organisation, now=now)[:2])
    if not done:
        return None
    asked: dict[str, Any] = {"organisation": organisation, "metric": "enps", "where": Where(unit=code), "now": now}
    points = [series(**asked, period=day_of(row)).points[0] for row in done]
    change = changes.compare(ENPS, points[0].components, points[1].components) if len(points) > 1 else NONE
    return Pulse(ENPS, done[0].local_day, points[0], change)


def whole(row: PulseRound, *, paths: tuple[str, ...], organisation: int, now: datetime) -> Point:
    """The figure of a round over a reader's subtrees."""
    return series(organisation=organisation, metric="enps", period=day_of(row), where=Where(paths=paths), now=now).points[0]


def pairs(row: PulseRound, *, paths: tuple[str, ...], organisation: int, now: datetime) -> list[Pair]:
    """Every unit that answered in a round beside its customers, by code."""
    asked: dict[str, Any] = {"organisation": organisation, "by": ("unit",), "where": Where(paths=paths), "now": now}
    employees = series(**asked, metric="enps", period=day_of(row)).points
    weeks = whole_weeks(now, 13, organisation=organisation)
    customers = {point.by["unit"]: point for point in series(**asked, metric="nps", period=weeks).points}
    return [Pair(str(point.by["unit"]), point, customers.get(point.by["unit"])) for point in employees]
