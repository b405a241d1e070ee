"""More figures for SVG templates: rows of bars with whiskers, and stacked columns. As `reports.figures`: numbers to geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from reports.figures import Axis, Item, Sample, ticks

ROW = 30.0
GAP = 6.0


@dataclass(frozen=True)
class Bar(Generic[Item]):
    """A bar from zero with its interval; everything None where the value is hidden."""

    item: Item
    y: float
    x: float | None
    width: float | None
    x1: float | None
    x2: float | None
    is_grey: bool


@dataclass(frozen=True)
class Bars(Generic[Item]):
    """Rows of bars; zero and `reference` are places on the axis."""

    width: float
    height: float
    left: float
    right: float
    zero: float
    reference: float | None
    rows: list[Bar[Item]]


def rows(samples: Sequence[Sample[Item]], reference: float | None = None, *, width: float = 350, left: float = 110, right: float = 96) -> Bars[Item]:
    """A bar per sample from zero, the whole as a line."""
    known = [v for s in samples for v in (s.value, s.low, s.high) if v is not None] + ([reference] if reference is not None else [])
    steps = ticks(min([0.0, *known]), max([0.0, *known], default=1.0) or 1.0)
    x_of = Axis(steps[0], steps[-1], left, width - right)
    made = []
    for index, sample in enumerate(samples):
        x, x1, x2 = (None if v is None else x_of(v) for v in (sample.value, sample.low, sample.high))
        begins = None if x is None else min(x, x_of(0))
        size = None if x is None else abs(x - x_of(0))
        made.append(Bar(sample.item, 16 + index * ROW, _r(begins), _r(size), _r(x1), _r(x2), sample.is_grey))
    line = None if reference is None else round(x_of(reference), 1)
    return Bars(width, len(samples) * ROW + 4, left, width - right, round(x_of(0), 1), line, made)


@dataclass(frozen=True)
class Part:
    """A part of a column, counted from the top."""

    y: float
    height: float


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column cut by shares; no parts where there is no data."""

    item: Item
    x: float
    middle: float
    width: float
    parts: list[Part]
    has_label: bool


@dataclass(frozen=True)
class Columns(Generic[Item]):
    """Columns over time, each a whole."""

    width: float
    height: float
    bottom: float
    rows: list[Column[Item]]


def columns(items: Sequence[tuple[Item, Sequence[int]]], *, width: float = 350, height: float = 230, labels: int = 7) -> Columns[Item]:
    """One column per item, cut by its counts from the top; the last always has its label."""
    bottom, top = height - 28, 8.0
    step = width / max(len(items), 1)
    every = max(1, -(-len(items) // labels))
    made = []
    for index, (item, counts) in enumerate(items):
        total, y, parts = sum(counts), top, []
        for count in counts:
            size = (bottom - top) * count / total if total else 0.0
            if total:
                parts.append(Part(round(y, 1), round(size, 1)))
            y += size
        has_label = (len(items) - 1 - index) % every == 0
        made.append(Column(item, round(index * step + GAP / 2, 1), round((index + 0.5) * step, 1), round(max(step - GAP, 2.0), 1), parts, has_label))
    return Columns(width, height, bottom, made)


def _r(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
