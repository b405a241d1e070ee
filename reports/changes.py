"""Is a change real? One test per kind of metric, and the words that go with the answer.

Called by the home tiles, the dashboards and the weekly report. “真实” is said only when the test says so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from metrics import statistics
from metrics.definitions.definition import Definition
from metrics.statistics import Estimate, Test

LEVEL = 0.05
MINUS = "\u2212"
NO_BREAK = "\u00a0"
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


def _shares(hits: str, of: Callable[[Components], int]) -> Callable[[Components, Components], Test]:
    return lambda a, b: statistics.compare_shares(a[hits], of(a), b[hits], of(b))


def _rates(a: Components, b: Components) -> Test:
    return statistics.poisson_rates(a["complaints"], a["exposures"], b["complaints"], b["exposures"])


TESTS: dict[str, Callable[[Components, Components], Test]] = {
    "nps": _nps,
    "nps_relationship": _nps,
    "csat": _shares("satisfied", lambda found: int(found["answered"])),
    "ces": _means,
    "csi": _means,
    "sentiment": _means,
    "complaint_rate": _rates,
    "promise_attainment": _shares("met", lambda found: int(found["met"] + found["breached"])),
    "resolution_rate": _shares("resolved", lambda found: int(found["received"])),
    "reopen_rate": _shares("reopened", lambda found: int(found["complete"])),
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


def words(change: Change, decimals: int) -> str:
    """“▼ −4.3 ± 4.1 真实下降”; empty when there is nothing to compare with."""
    if change.difference is None:
        return ""
    said = _("尚不明确")
    if change.kind in {"better", "worse"}:
        said = _("真实上升") if change.difference > 0 else _("真实下降")
    return f"{signed(change.difference, decimals)}{plus_minus(change.margin, decimals)} {said}"


def number(value: float | None, decimals: int) -> str:
    """A number with thousands commas and a true minus; — for none."""
    if value is None:
        return "—"
    text = f"{abs(value):,.{decimals}f}"
    is_zero = float(text.replace(",", "")) == 0
    return (MINUS if value < 0 and not is_zero else "") + text


def signed(value: float | None, decimals: int) -> str:
    """As `number`, positive ones with their plus."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.,") else text


def plus_minus(margin: float | None, decimals: int) -> str:
    """“ ± 4.1” joined by no-break spaces, or nothing."""
    return "" if margin is None else f"{NO_BREAK}±{NO_BREAK}{number(margin, decimals)}"


def shown(definition: Definition, value: float | None) -> str:
    """A value as the metric is written: NPS with its sign, shares with %."""
    if definition.unit == "points":
        return signed(value, definition.decimals)
    return number(value, definition.decimals) + ("%" if definition.unit == "%" and value is not None else "")


def interval(definition: Definition, estimate: Estimate) -> str:
    """± for symmetric intervals (means, NPS), “low – high” for the others; 至 where a bound is negative."""
    if estimate.low is None or estimate.high is None:
        return ""
    decimals = 1 if definition.unit == "points" else definition.decimals
    if definition.unit in {"points", "mean 1–7", "0–100", "−1..1"}:
        return plus_minus((estimate.high - estimate.low) / 2, decimals).strip(NO_BREAK)
    joint = _(" 至 ") if estimate.low < 0 else f"{NO_BREAK}–{NO_BREAK}"
    return number(estimate.low, decimals) + joint + number(estimate.high, decimals)
