"""Figures: numbers in, geometry out, for SVG templates. No framework, no words of its own, no data of its own.

Coordinates are SVG user units, rounded to a tenth. What does not exist is None and leaves a gap: no line is drawn
through a period without data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Axis:
    """A straight map from numbers to places."""

    low: float
    high: float
    from_place: float
    to_place: float

    def __call__(self, value: float) -> float:
        """The place of a value; the middle when the axis has no length."""
        if self.high == self.low:
            return (self.from_place + self.to_place) / 2
        return self.from_place + (value - self.low) / (self.high - self.low) * (self.to_place - self.from_place)


@dataclass(frozen=True)
class Sample(Generic[Item]):
    """A value with its interval; `item` is what the template needs to name and link it."""

    item: Item
    value: float | None
    low: float | None = None
    high: float | None = None
    is_grey: bool = False


@dataclass(frozen=True)
class Tick:
    """A line of the grid: where, and the number it stands for."""

    at: float
    value: float


@dataclass(frozen=True)
class Mark(Generic[Item]):
    """A value on the plane; y is None where it has none. is_last: the latest that is not grey, which bears its number."""

    item: Item
    x: float
    y: float | None
    value: float | None
    is_grey: bool = False
    is_last: bool = False
    has_label: bool = True


@dataclass(frozen=True)
class Gap:
    """A run of periods without data: middle and bounds."""

    x: float
    x1: float
    x2: float
    n: int


@dataclass(frozen=True)
class Trend(Generic[Item]):
    """A line with its band over time. Strings are SVG points."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    lines: list[str]
    bands: list[str]
    previous: list[str]
    marks: list[Mark[Item]]
    gaps: list[Gap]
    ticks: list[Tick]
    targets: list[str] = field(default_factory=list)
    target_at: tuple[float, float, float] | None = None
    references: list[str] = field(default_factory=list)
    reference_at: tuple[float, float, float] | None = None


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers that cover [low, high], about `wanted` steps of 1, 2 or 5 times a power of ten."""
    span = max(high - low, 1e-9)
    rough = span / max(wanted, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), power * 10)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(step * index, 10) for index in range(first, last + 1)]


def trend(
    samples: Sequence[Sample[Item]],
    previous: Sequence[float | None] = (),
    targets: Sequence[float | None] = (),
    references: Sequence[float | None] = (),
    *,
    width: float = 1128,
    height: float = 250,
    left: float = 46,
    right: float = 150,
    labels: int = 14,
    limits: tuple[float, float] | None = None,
) -> Trend[Item]:
    """The trend of samples at equal steps, oldest first, last year's values and the steps of targets and references under them.

    `target_at` and `reference_at`: where the newest one begins, its height, its value.
    """
    rows = _rows_of_grid(samples, [*previous, *targets, *references], limits)
    bottom, top = height - 34, 22.0
    x_of, y_of = _even(len(samples), left, width - right), Axis(rows[0], rows[-1], bottom - 12, top)
    xs = [x_of(index) for index in range(len(samples))]
    runs = [run for run in _runs([sample.value is not None for sample in samples]) if len(run) > 1]
    before = [run for run in _runs([value is not None for value in previous]) if len(run) > 1]
    return Trend(
        width=width,
        height=height,
        left=left,
        right=_r(width - right),
        bottom=bottom,
        lines=[_points([(xs[i], y_of(samples[i].value or 0.0)) for i in run]) for run in runs],
        bands=[_band(samples, xs, y_of, run) for run in runs],
        previous=[_points([(xs[i], y_of(previous[i] or 0.0)) for i in run]) for run in before],
        marks=_marks(samples, xs, y_of, labels),
        gaps=[_gap(xs, run) for run in _runs([sample.value is None for sample in samples])],
        ticks=[Tick(_r(y_of(row)), row) for row in rows],
        targets=_steps(targets, xs, y_of),
        target_at=_newest(targets, xs, y_of),
        references=_steps(references, xs, y_of),
        reference_at=_newest(references, xs, y_of),
    )


def _newest(values: Sequence[float | None], xs: Sequence[float], y_of: Axis) -> tuple[float, float, float] | None:
    """Where the newest level begins, its height and its value."""
    level = next((value for value in reversed(values) if value is not None), None)
    return None if level is None else (_r(xs[list(values).index(level)]), _r(y_of(level)), level)


def _steps(values: Sequence[float | None], xs: Sequence[float], y_of: Axis) -> list[str]:
    """Level lines half a step to either side of each value, a riser where it changes."""
    half = (xs[1] - xs[0]) / 2 if len(xs) > 1 else 12.0
    lines = []
    for run in _runs([value is not None for value in values]):
        points = []
        for i in run:
            y = y_of(values[i] or 0.0)
            points += [(xs[i] - (half if i else 0.0), y), (xs[i] + (half if i < len(xs) - 1 else 0.0), y)]
        lines.append(_points(points))
    return lines


def _rows_of_grid(
    samples: Sequence[Sample[Item]], previous: Sequence[float | None], limits: tuple[float, float] | None
) -> list[float]:
    known = [v for s in samples for v in (s.value, s.low, s.high) if v is not None]
    known += [v for v in previous if v is not None]
    rows = ticks(min(known, default=0.0), max(known, default=1.0))
    return [row for row in rows if limits[0] <= row <= limits[1]] or rows if limits else rows


def _marks(samples: Sequence[Sample[Item]], xs: Sequence[float], y_of: Axis, labels: int) -> list[Mark[Item]]:
    """A mark for every sample; the latest that is not grey bears its number, every so many have their label."""
    known_at = [index for index, sample in enumerate(samples) if sample.value is not None]
    last = max([index for index in known_at if not samples[index].is_grey] or known_at, default=-1)
    every = max(1, math.ceil(len(samples) / max(labels, 1)))
    return [
        Mark(
            sample.item,
            _r(xs[index]),
            None if sample.value is None else _r(y_of(sample.value)),
            sample.value,
            sample.is_grey,
            index == last,
            (len(samples) - 1 - index) % every == 0,
        )
        for index, sample in enumerate(samples)
    ]


def _band(samples: Sequence[Sample[Item]], xs: Sequence[float], y_of: Axis, run: Sequence[int]) -> str:
    with_bounds = [(i, samples[i].low, samples[i].high) for i in run]
    upper = [(xs[i], y_of(high)) for i, _, high in with_bounds if high is not None]
    lower = [(xs[i], y_of(low)) for i, low, _ in with_bounds if low is not None]
    return _points([*upper, *reversed(lower)])


def _gap(xs: Sequence[float], run: Sequence[int]) -> Gap:
    return Gap(_r((xs[run[0]] + xs[run[-1]]) / 2), _r(xs[run[0]]), _r(xs[run[-1]]), len(run))


# ---- dots in tiers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row(Generic[Item]):
    """A line of the dot plot: a tier's head (no mark) or a unit with its dot and interval."""

    kind: str
    y: float
    item: Item | None = None
    tier: int = 0
    x: float | None = None
    x1: float | None = None
    x2: float | None = None
    n_more: int = 0
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Dots(Generic[Item]):
    """Units in tiers, each a dot with its interval; `reference` is where the whole lies."""

    width: float
    height: float
    left: float
    right: float
    rows: list[Row[Item]]
    ticks: list[Tick]
    reference: float | None


STEP = 25.0


def dots(
    groups: Sequence[Sequence[Sample[Item]]],
    grey: Sequence[Sample[Item]] = (),
    n_hidden: int = 0,
    reference: float | None = None,
    *,
    width: float = 494,
    left: float = 140,
    right: float = 90,
    fold: int = 8,
    limits: tuple[float, float] = (-100.0, 100.0),
) -> Dots[Item]:
    """Tiers from the best down, then the grey ones outside tiers; a tier longer than `fold` is cut and says how many."""
    shown = [sample for group in groups for sample in group] + list(grey)
    known = [v for s in shown for v in (s.value, s.low, s.high) if v is not None]
    known += [reference] if reference is not None else []
    steps = ticks(max(min(known, default=0.0), limits[0]), min(max(known, default=1.0), limits[1]), 4)
    x_of = Axis(steps[0], steps[-1], left, width - right)
    rows: list[Row[Item]] = []
    y, place = 34.0, 1
    for number, group in enumerate(groups, start=1):
        rows.append(Row("tier", y, tier=number, first=place, last=place + len(group) - 1))
        kept = group if len(group) <= fold + 1 else group[:fold]
        for sample in kept:
            y += STEP
            rows.append(_row("unit", y, sample, number, x_of))
        if len(kept) < len(group):
            y += STEP
            rows.append(Row("more", y, tier=number, n_more=len(group) - len(kept)))
        y, place = y + STEP + 4, place + len(group)
    if grey or n_hidden:
        rows.append(Row("outside", y))
        for sample in grey:
            y += STEP
            rows.append(_row("grey", y, sample, 0, x_of))
        if n_hidden:
            y += STEP
            rows.append(Row("hidden", y, n_more=n_hidden))
        y += STEP
    marks = [Tick(_r(x_of(step)), step) for step in steps]
    return Dots(width, y, left, width - right, rows, marks, None if reference is None else _r(x_of(reference)))


def _row(kind: str, y: float, sample: Sample[Item], tier: int, x_of: Axis) -> Row[Item]:
    x, x1, x2 = [None if v is None else _r(x_of(v)) for v in (sample.value, sample.low, sample.high)]
    return Row(kind, y, sample.item, tier, x, x1, x2)


def watched(samples: Sequence[Sample[Item]]) -> list[tuple[str, Trend[Item]]]:
    """The line of a watched cell for a desk and for a phone; what is not grey has fired."""
    return [("wide", trend(samples, width=680, height=170, left=16, right=16)), ("narrow", trend(samples, width=320, height=150, left=10, right=10))]


# ---- small ones ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spark:
    """A small line with its band; `now` is the last point's place."""

    width: float
    height: float
    bands: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    now_x: float | None = None
    now_y: float | None = None


def sparkline(samples: Sequence[Sample[Item]], *, width: float = 200, height: float = 36, pad: float = 4) -> Spark:
    """The line of a tile. Fewer than two known values draw nothing."""
    known = [v for s in samples for v in (s.value, s.low, s.high) if v is not None]
    runs = _runs([sample.value is not None for sample in samples])
    if sum(len(run) for run in runs) < 2:
        return Spark(width, height)
    x_of = _even(len(samples), pad, width - pad - 2)
    y_of = Axis(min(known), max(known), height - pad, pad)
    xs = [x_of(index) for index in range(len(samples))]
    last = runs[-1][-1]
    return Spark(
        width,
        height,
        [band for run in runs if len(run) > 1 and (band := _band(samples, xs, y_of, run))],
        [_points([(xs[i], y_of(samples[i].value or 0.0)) for i in run]) for run in runs if len(run) > 1],
        _r(xs[last]),
        _r(y_of(samples[last].value or 0.0)),
    )


@dataclass(frozen=True)
class Bars:
    """Two bars back to back from an axis, with whiskers: to the left and to the right of `axis`."""

    width: float
    axis: float
    left_x: float
    left_width: float
    left_low: float
    left_high: float
    right_x: float
    right_width: float
    right_low: float
    right_high: float


def bars(
    left: tuple[float, float, float], right: tuple[float, float, float], most: float, *, width: float = 290
) -> Bars:
    """Shares (value, low, high; 0..1) to both sides; `most` is the share that fills a side, labels keep 52 a side."""
    axis, room = width / 2, width / 2 - 52
    scale = room / most if most > 0 else 0.0
    size = [min(value, most) * scale for value in (*left, *right)]
    return Bars(
        width, axis,
        _r(axis - 1 - size[0]), _r(size[0]), _r(axis - 1 - size[1]), _r(axis - 1 - size[2]),
        _r(axis + 1), _r(size[3]), _r(axis + 1 + size[4]), _r(axis + 1 + size[5]),
    )  # fmt: skip


@dataclass(frozen=True)
class Slice:
    """A part of a bar."""

    x: float
    width: float


def mix(counts: Sequence[int], *, width: float = 260, gap: float = 2) -> list[Slice]:
    """A bar cut by counts, in order, with gaps between the parts that are there; nothing for no counts."""
    total = sum(counts)
    n_parts = sum(1 for count in counts if count)
    if not total:
        return [Slice(0.0, 0.0) for _ in counts]
    room, x, parts = width - gap * (n_parts - 1), 0.0, []
    for count in counts:
        size = room * count / total
        parts.append(Slice(_r(x), _r(size)))
        x += size + gap if count else 0.0
    return parts


# ---- planes -------------------------------------------------------------------------------------------------------


def _even(n: int, from_place: float, to_place: float) -> Axis:
    return Axis(0, max(n - 1, 1), from_place, to_place)


def _runs(flags: Sequence[bool]) -> list[list[int]]:
    """Indexes of each unbroken run of True."""
    return [[i for i, _ in run] for flag, run in groupby(enumerate(flags), key=lambda pair: pair[1]) if flag]


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_r(x)},{_r(y)}" for x, y in pairs)


def _r(value: float) -> float:
    return round(value, 1)
