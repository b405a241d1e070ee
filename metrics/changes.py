"""Is a change real? One test per kind of metric. Pure but for the definitions.

Called by the home tiles, the dashboards, the weekly report and the check of an action. “真实” only when the test says so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from metrics import statistics
from metrics.definitions.definition import Definition
from metrics.statistics import Estimate, Test

LEVEL = 0.05
Components = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A difference in the metric's unit. kind: better or worse (real), unclear, none (nothing to compare with)."""

    difference: float | None
    margin: float | None
    p: float | None
    kind: str

    @property
    def arrow(self) -> str:
        """▲ up, ▼ down, ≈ not yet clear. The arrow says up or down, the colour better or worse."""
        if self.kind in {"unclear", "none"} or self.difference is None:
            return "≈"
        return "▲" if self.difference > 0 else "▼"


NONE = Change(None, None, None, "none")


def _nps(a: Components, b: Components) -> Test:
    names = ("promoters", "passives", "detractors")
    return statistics.nps_difference((a[names[0]], a[names[1]], a[names[2]]), (b[names[0]], b[names[1]], b[names[2]]))


def _means(a: Components, b: Components) -> Test:
    return statistics.mean_difference(
        (a["n"], a["sum"], a["sum_of_squares"]), (b["n"], b["sum"], b["sum_of_squares"])
    )


@dataclass(frozen=True)
class Share:
    """A metric that is hits of a size; several sizes are added."""

    hits: str
    sizes: tuple[str, ...]

    def of(self, found: Components) -> tuple[int, int]:
        """(hits, size) of a point's components."""
        return int(found[self.hits]), sum(int(found[name]) for name in self.sizes)

    def test(self, a: Components, b: Components) -> Test:
        """The test of two of them."""
        return statistics.compare_shares(*self.of(a), *self.of(b))


SHARES: dict[str, Share] = {
    "csat": Share("satisfied", ("answered",)),
    "promise_attainment": Share("met", ("met", "breached")),
    "resolution_rate": Share("resolved", ("received",)),
    "reopen_rate": Share("reopened", ("complete",)),
    "closed_loop_rate": Share("contacted", ("reachable",)),
    "pause_rate": Share("paused", ("received",)),
    "repeat_rate": Share("repeated", ("complete",)),
    "response_rate": Share("answered", ("delivered",)),
    "coverage": Share("heard", ("customers",)),
    "touchpoint_coverage": Share("heard", ("pairs",)),
}


def _rates(a: Components, b: Components) -> Test:
    return statistics.poisson_rates(a["complaints"], a["exposures"], b["complaints"], b["exposures"])


TESTS: dict[str, Callable[[Components, Components], Test]] = {
    "nps": _nps,
    "nps_relationship": _nps,
    "enps": _nps,
    "ces": _means,
    "csi": _means,
    "sentiment": _means,
    "complaint_rate": _rates,
    **{code: share.test for code, share in SHARES.items()},
}


def compare(definition: Definition, now: Components | None, before: Components | None) -> Change:
    """The change from `before` to `now`; None (a hidden or missing point) compares with nothing."""
    if now is None or before is None:
        return NONE
    a, b = definition.estimate(now), definition.estimate(before)
    if a.value is None or b.value is None:
        return NONE
    difference, margin = a.value - b.value, _margin(a, b)
    test = TESTS.get(definition.code)
    p = test(now, before).p if test else None
    if p is None:
        return Change(difference, margin, None, "unclear")
    if p >= LEVEL or difference == 0:
        return Change(difference, margin, p, "unclear")
    return Change(difference, margin, p, "better" if (difference > 0) == (definition.direction > 0) else "worse")


def _margin(a: Estimate, b: Estimate) -> float | None:
    """± of a difference of two independent estimates: their half widths, squared, added, rooted."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    return math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2)
