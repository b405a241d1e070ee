"""A change in words, and numbers as they are written. Whether it is real is `metrics.changes`' business."""

from django.utils.translation import gettext as _

from metrics.changes import LEVEL, NONE, Change, compare
from metrics.definitions.definition import Definition
from metrics.statistics import Estimate

__all__ = ["LEVEL", "NONE", "Change", "compare"]
MINUS = "\u2212"
NO_BREAK = "\u00a0"


def words(change: Change, decimals: int) -> str:
    """“−4.3 ± 4.1 真实下降”; empty when there is nothing to compare with."""
    if change.difference is None:
        return ""
    return f"{difference(change, decimals)} {verdict(change)}"


def difference(change: Change, decimals: int) -> str:
    """“−4.3 ± 4.1”; empty when there is nothing to compare with."""
    if change.difference is None:
        return ""
    return f"{signed(change.difference, decimals)}{plus_minus(change.margin, decimals)}"


def verdict(change: Change) -> str:
    """真实上升, 真实下降 or 尚不明确."""
    if change.kind in {"better", "worse"}:
        return _("真实上升") if (change.difference or 0) > 0 else _("真实下降")
    return _("尚不明确")


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
