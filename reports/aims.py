"""A figure beside its target, in words: the target, how far off, and what the interval says of it. Home, pages, widgets, exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from metrics import targets
from metrics.definitions.table import BY_CODE
from metrics.models import Target
from metrics.series import Point, Where
from metrics.targets import Book
from metrics.writing import MINUS, number


@dataclass(frozen=True)
class Aim:
    """A target beside a figure. verdict: reached, missed, unclear, or None where there is nothing to compare."""

    target: Target
    value: float
    value_text: str
    gap_text: str
    verdict: str | None
    verdict_text: str

    @property
    def kind(self) -> str:
        """Good or bad news, as changes are coloured."""
        return {"reached": "better", "missed": "worse"}.get(self.verdict or "", "unclear")

    @property
    def text(self) -> str:
        """“目标 25 · 差 3.1”."""
        return " · ".join(part for part in (_("目标 %(value)s") % {"value": self.value_text}, self.gap_text) if part)


def plain(metric: str, value: Decimal | float) -> str:
    """A target as people write it: no more digits than it has, % where the metric has them."""
    text = f"{abs(value):,.4f}".rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + text + ("%" if BY_CODE[metric].unit == "%" else "")


def aim(book: Book, metric: str, point: Point, where: Where, **more: Any) -> Aim | None:
    """The target of a point, if it has one; `more` as `Book.at` takes it."""
    found = book.of(metric, point, where, **more)
    if found is None:
        return None
    definition, value = BY_CODE[metric], float(found.value)
    verdict = targets.verdict(definition, point, found)
    gap = ""
    if verdict is not None and point.value is not None:
        ahead = (point.value - value) * definition.direction
        decimals = max(definition.decimals, 1)
        gap = _("超 %(gap)s") % {"gap": number(ahead, decimals)} if ahead >= 0 else _("差 %(gap)s") % {"gap": number(-ahead, decimals)}
    return Aim(found, value, plain(metric, found.value), gap, verdict, words(verdict))


def words(verdict: str | None) -> str:
    """What the interval says."""
    return {"reached": _("达到目标"), "missed": _("没有达到目标"), "unclear": _("看不出差别")}.get(verdict or "", "")


def line(book: Book, metric: str, points: Sequence[Point], where: Where) -> list[float | None]:
    """The target of each point, as a trend draws it."""
    found = [book.of(metric, point, where) for point in points]
    return [None if one is None else float(one.value) for one in found]
