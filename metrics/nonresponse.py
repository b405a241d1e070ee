"""未回答: who was asked and who answered, by tier, unit, touchpoint and channel, and whether the two differ more than chance.

Called by the doors. Counts are those of `response_rate`, hidden alike. Each dimension is tested by chi-square of answered × group
among its shown groups, Holm over the dimensions; not seen is not the same as not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cxms.lib.periods import Period
from metrics import statistics
from metrics.series import Point, Where, series
from metrics.statistics import Alike
from tenancy import queries
from tenancy.models import Unit

CODE = "response_rate"
DIMENSIONS = ("tier", "unit", "touchpoint", "channel")
LEVEL = 0.05
# with more units side by side each is told by its own rows alone, in one statement
MOST_SUBTREES = 40


@dataclass(frozen=True)
class Group:
    """Some of those asked. code None: those without one; is_own: a unit's own rows, without those below it.

    asked_share, answered_share: percent of all asked, of all who answered; None where hidden.
    """

    code: str | None
    point: Point
    asked_share: float | None
    answered_share: float | None
    is_own: bool = False

    @property
    def n_answered(self) -> int | None:
        """How many answered in time; None where hidden."""
        return None if self.point.components is None else self.point.components["answered"]


@dataclass(frozen=True)
class Cut:
    """A dimension. p after Holm; verdict: differs, unseen (the data do not show it), unknown (fewer than two groups to compare).

    most, least: the groups of the test with the highest and the lowest rate.
    """

    dimension: str
    groups: list[Group]
    test: Alike
    p: float | None
    verdict: str
    most: Group | None
    least: Group | None


@dataclass(frozen=True)
class NonResponse:
    """Everything of a period."""

    period: Period
    whole: Point
    cuts: list[Cut]


def nonresponse(*, organisation: int, period: Period, now: datetime, where: Where, raw: bool = False) -> NonResponse:
    """Who answered, under the filters; a dimension that the filters narrow to one value is left out, a unit is cut into those below."""
    asked: dict[str, Any] = {"organisation": organisation, "metric": CODE, "period": period, "now": now, "raw": raw}
    (whole,) = series(**asked, where=where).points
    found = []
    for name in DIMENSIONS:
        if name != "unit" and name in where.given():
            continue
        points = _units(asked, where) if name == "unit" else [(point, False) for point in series(**asked, where=where, by=(name,)).points]
        groups = [_group(name, point, whole, is_own=is_own) for point, is_own in points if point.n or point.suppressed]
        shown = [group for group in groups if not group.point.suppressed]
        test = statistics.same_rate([(group.n_answered or 0, group.point.n or 0) for group in shown])
        used = sorted((shown[index] for index in test.used), key=lambda group: -(group.point.value or 0.0))
        found.append((name, groups, test, used))
    adjusted = iter(statistics.holm([test.p for _, _, test, _ in found if test.p is not None]))
    return NonResponse(period, whole, [_cut(*one, None if one[2].p is None else next(adjusted)) for one in found if one[1]])


def _cut(name: str, groups: list[Group], test: Alike, used: Sequence[Group], p: float | None) -> Cut:
    verdict = "unknown" if p is None else "differs" if p < LEVEL else "unseen"
    order = sorted(groups, key=lambda group: (group.code is None, -(group.point.n or 0), group.code or ""))
    most, least = (used[0], used[-1]) if p is not None else (None, None)
    return Cut(name, order, test, p, verdict, most, least)


def _group(name: str, point: Point, whole: Point, *, is_own: bool) -> Group:
    found, every = point.components, whole.components
    if found is None or every is None:
        return Group(point.by[name], point, None, None, is_own)
    shares = [100 * found[part] / every[part] if every[part] else None for part in ("delivered", "answered")]
    return Group(point.by[name], point, shares[0], shares[1], is_own)


def _units(asked: dict[str, Any], where: Where) -> list[tuple[Point, bool]]:
    """The units right below what is looked at, each with its subtree, and what hangs on that itself or nowhere."""
    top, below = _below(queries.units_of(organisation=asked["organisation"], paths=where.paths or ("/",)), where.unit)
    own = series(**asked, where=where, by=("unit",)).points
    if not below or len(below) > MOST_SUBTREES:
        return [(point, True) for point in own]
    found = []
    for unit in below:
        (point,) = series(**asked, where=replace(where, unit=unit.code)).points
        found.append((point._replace(by={"unit": unit.code}), False))
    return found + [(point, True) for point in own if point.by["unit"] in {top, None}]


def _below(units: Sequence[Unit], chosen: str) -> tuple[str | None, list[Unit]]:
    """The unit looked at and those right below it; a reader of several subtrees looks at these side by side."""
    paths = {unit.path for unit in units}
    tops = [unit for unit in units if unit.code == chosen] if chosen else [unit for unit in units if _above(unit.path) not in paths]
    if len(tops) != 1:
        return None, tops
    return tops[0].code, [unit for unit in units if _above(unit.path) == tops[0].path]


def _above(path: str) -> str:
    return path.rstrip("/").rpartition("/")[0] + "/"
