"""A plane of points with a cross, for the chart of importance and performance: numbers in, geometry out. No words of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from reports.figures import Axis, Tick, ticks

Item = TypeVar("Item")
RADIUS, LETTER, LINE = 9.0, 12.5, 16.0


@dataclass(frozen=True)
class Spot(Generic[Item]):
    """A point with its intervals: x to the right, y upward, each (value, low, high); n_letters: how long its name is."""

    item: Item
    x: tuple[float, float, float]
    y: tuple[float, float, float]
    n_letters: float


@dataclass(frozen=True)
class Dot(Generic[Item]):
    """Where a point lies, its number from 1, its whiskers, and where its name stands: anchor None where there is no room."""

    item: Item
    number: int
    x: float
    y: float
    x1: float
    x2: float
    y1: float
    y2: float
    anchor: str | None
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Plane(Generic[Item]):
    """The chart; the cross lies at (cross_x, cross_y), corners are those of the field."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    dots: list[Dot[Item]]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    cross_x: float
    cross_y: float


def plane(
    spots: Sequence[Spot[Item]], cross: tuple[float, float], *, width: float = 1128, height: float = 460, limits: tuple[float, float] | None = None
) -> Plane[Item]:
    """Points on a plane, the cross at (x, y). limits: the ends of the x axis, which it does not pass."""
    left, right, top, bottom = 46.0, width - 16, 30.0, height - 40
    xs = [v for spot in spots for v in spot.x] + [cross[0]]
    ys = [v for spot in spots for v in spot.y] + [cross[1]]
    x_rows, y_rows = _rows(xs, limits), _rows(ys, None)
    x_of, y_of = Axis(x_rows[0], x_rows[-1], left, right), Axis(y_rows[0], y_rows[-1], bottom, top)
    taken = [(x_of(s.x[0]) - RADIUS, y_of(s.y[0]) - RADIUS, x_of(s.x[0]) + RADIUS, y_of(s.y[0]) + RADIUS) for s in spots]
    dots = []
    for number, spot in enumerate(spots, start=1):
        x, y = x_of(spot.x[0]), y_of(spot.y[0])
        anchor, at = _label(x, y, spot.n_letters * LETTER, taken, (left, top, right, bottom))
        x1, x2, y1, y2 = _r(x_of(spot.x[1])), _r(x_of(spot.x[2])), _r(y_of(spot.y[1])), _r(y_of(spot.y[2]))
        dots.append(Dot(spot.item, number, _r(x), _r(y), x1, x2, y1, y2, anchor, _r(at[0]), _r(at[1])))
    return Plane(
        width, height, left, right, top, bottom, dots, [Tick(_r(x_of(v)), v) for v in x_rows], [Tick(_r(y_of(v)), v) for v in y_rows],
        _r(x_of(cross[0])), _r(y_of(cross[1])),
    )  # fmt: skip


def _rows(values: Sequence[float], limits: tuple[float, float] | None) -> list[float]:
    rows = ticks(min(values), max(values), 5)
    return [row for row in rows if limits is None or limits[0] <= row <= limits[1]] or rows


Box = tuple[float, float, float, float]


def _label(x: float, y: float, width: float, taken: list[Box], field: Box) -> tuple[str | None, tuple[float, float]]:
    """The first free side of a point: right, left, above, below. What it takes is taken."""
    sides = (
        ("start", x + RADIUS + 4, y), ("end", x - RADIUS - 4, y), ("middle", x, y - RADIUS - 9), ("middle", x, y + RADIUS + 9),
    )  # fmt: skip
    for anchor, at_x, at_y in sides:
        from_x = at_x - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
        box = (from_x, at_y - LINE / 2, from_x + width, at_y + LINE / 2)
        is_inside = box[0] >= field[0] and box[1] >= field[1] + LINE and box[2] <= field[2] and box[3] <= field[3] - LINE
        if is_inside and not any(_meet(box, other) for other in taken):
            taken.append(box)
            return anchor, (at_x, at_y)
    return None, (x, y)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _r(value: float) -> float:
    return round(value, 1)
