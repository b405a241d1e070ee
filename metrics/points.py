"""What is asked of `metrics.series` and what it answers, as values; and the hiding of small points among themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from metrics.definitions.definition import Definition
from metrics.hidden_tree import Code
from metrics.hiding import HIDDEN_BELOW


@dataclass(frozen=True)
class Where:
    """Filters, by code; empty means any. `unit` covers its subtree and `paths` a reader's subtrees, each as the tree
    stood on the day.

    hierarchy, depth: which groups `by` group cuts by, those of a level "1" to "6", or the leaves ("";
    a shorter branch's leaf stands at every deeper level); group: one of its subtrees, as stores belonged on the day, or `groups.UNGROUPED`.
    """

    unit: str = ""
    staff: str = ""
    channel: str = ""
    touchpoint: str = ""
    tier: str = ""
    topic: str = ""
    clause: str = ""
    level: str = ""
    hierarchy: str = ""
    depth: str = ""
    group: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)

    def given(self) -> dict[str, str]:
        """The filters that are set, without `paths`."""
        names = ("unit", "staff", "channel", "touchpoint", "tier", "topic", "clause", "level", "group")
        return {name: value for name in names if (value := getattr(self, name))}

    def without(self, names: Iterable[str]) -> "Where":
        """The same filters, these taken off."""
        taken: dict[str, Any] = dict.fromkeys(set(self.given()) & set(names), "")
        return replace(self, **taken)

    @property
    def subtrees(self) -> list[str]:
        """Codes of the reader's subtrees; empty when he sees everything."""
        if any(path.count("/") <= 2 for path in self.paths):
            return []
        return [path.strip("/").rsplit("/", 1)[-1] for path in self.paths]


class Point(NamedTuple):
    """A figure of the local days [from_date, to_date). All but the dates, `by` and `suppressed` are None where hidden."""

    from_date: date
    to_date: date
    by: dict[str, Code]
    value: float | None
    n: int | None
    low: float | None
    high: float | None
    suppressed: bool
    components: dict[str, Any] | None

    @property
    def margin(self) -> float | None:
        """±: half the width of the interval, in the metric's unit."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Series:
    """The points of a metric, by period and then by code (cells without one last), true at `as_of`."""

    metric: str
    definition: Definition
    unit: str
    as_of: datetime
    points: list[Point]


def suppress(points: Sequence[Point]) -> list[Point]:
    """Hides points with 1 ≤ n < 5, and siblings that would give one of them away."""
    hidden = {index for index, point in enumerate(points) if point.n is not None and 1 <= point.n < HIDDEN_BELOW}
    lines = _lines(points) if hidden else []
    changed = bool(lines)
    while changed:
        changed = False
        for line in lines:
            if len(hidden.intersection(line)) == 1:
                others = [index for index in line if index not in hidden and points[index].n]
                if others:
                    hidden.add(min(others, key=lambda index: (points[index].n or 0, index)))
                    changed = True
    return [hide(point) if index in hidden else point for index, point in enumerate(points)]


def _lines(points: Sequence[Point]) -> list[list[int]]:
    """Siblings that add up to something that can be asked for: per period, along each dimension and along all."""
    lines: dict[tuple[Any, ...], list[int]] = {}
    for index, point in enumerate(points):
        if not point.by:
            continue
        items = tuple(point.by.items())
        lines.setdefault((point.from_date, "all"), []).append(index)
        if len(items) > 1:
            for free, _ in items:
                rest = tuple(item for item in items if item[0] != free)
                lines.setdefault((point.from_date, free, rest), []).append(index)
    return list(lines.values())


def hide(point: Point) -> Point:
    """The point with nothing but its period and cell."""
    return point._replace(value=None, n=None, low=None, high=None, suppressed=True, components=None)
