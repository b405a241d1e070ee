"""Numbers as they are written: thousands, true minus, the sign of NPS, ± and bounds. The screen, the notice and the report."""

from django.utils.translation import gettext as _

from metrics.definitions.definition import Definition
from metrics.statistics import Estimate

MINUS = "\u2212"
NO_BREAK = "\u00a0"
# of these the only interval that cannot be told of several answers is that of equal ones
MEANS = {"ces", "csi", "sentiment"}


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
    """± for symmetric intervals (means, NPS), “low – high” for the others; 至 where a bound is negative; that there is none, of equal answers."""
    if estimate.low is None or estimate.high is None:
        return _("全部相同，说不出区间") if definition.code in MEANS and estimate.value is not None and estimate.n > 1 else ""
    decimals = 1 if definition.unit == "points" else definition.decimals
    if definition.unit in {"points", "mean 1–7", "0–100", "−1..1"}:
        return plus_minus((estimate.high - estimate.low) / 2, decimals).strip(NO_BREAK)
    joint = _(" 至 ") if estimate.low < 0 else f"{NO_BREAK}–{NO_BREAK}"
    return number(estimate.low, decimals) + joint + number(estimate.high, decimals)
