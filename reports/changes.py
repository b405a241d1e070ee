"""A change in words; numbers as `metrics.writing` writes them. Whether it is real is `metrics.changes`' business."""

from django.utils.translation import gettext as _

from metrics.changes import LEVEL, NONE, Change, compare
from metrics.writing import MINUS, NO_BREAK, interval, number, plus_minus, shown, signed

__all__ = ["LEVEL", "MINUS", "NONE", "NO_BREAK", "Change", "compare", "interval", "number", "plus_minus", "shown", "signed"]


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
