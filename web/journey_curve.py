"""The emotion lane: the computed curve with its band, the drawn one dashed, no line where there is no data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from journeys.live import Live
from reports import changes

STEP, HEIGHT, TOP, BOTTOM = 118.0, 190.0, 18.0, 172.0


@dataclass(frozen=True)
class Dot:
    """A mark: where, its words, hollow where n is below thirty."""

    x: float
    y: float
    text: str
    title: str
    is_hollow: bool = False


@dataclass(frozen=True)
class Curve:
    """The lane's drawing, `STEP` wide a column; strings are SVG points."""

    width: float
    height: float
    lines: list[str] = field(default_factory=list)
    bands: list[str] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    hands: list[Dot] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)


def _y(feeling: float) -> float:
    return round(TOP + (2 - feeling) / 4 * (BOTTOM - TOP), 1)


def _x(index: int) -> float:
    return round(STEP * (index + 0.5), 1)


def curve(rows: Sequence[Live], hands: Sequence[float | None]) -> Curve:
    """The curve of a map's touchpoints from left to right."""
    known = _runs([row.feeling is not None for row in rows])
    drawn = _runs([hand is not None for hand in hands])
    return Curve(
        width=STEP * len(rows),
        height=HEIGHT,
        lines=[" ".join(f"{_x(i)},{_y((rows[i].feeling or (0,))[0])}" for i in run) for run in known if len(run) > 1],
        bands=[_band(rows, run) for run in known if len(run) > 1],
        dots=[_dot(i, row) for i, row in enumerate(rows) if row.feeling is not None],
        drawn=[" ".join(f"{_x(i)},{_y(hands[i] or 0.0)}" for i in run) for run in drawn if len(run) > 1],
        hands=[Dot(_x(i), _y(hand), "", changes.signed(hand, 1)) for i, hand in enumerate(hands) if hand is not None],
        gaps=[_x(i) for i, row in enumerate(rows) if row.feeling is None],
        ticks=[(_y(value), changes.signed(value, 0)) for value in (2, 1, 0, -1, -2)],
    )


def _band(rows: Sequence[Live], run: Sequence[int]) -> str:
    upper = [f"{_x(i)},{_y((rows[i].feeling or (0, 0, 0))[2])}" for i in run]
    lower = [f"{_x(i)},{_y((rows[i].feeling or (0, 0, 0))[1])}" for i in run]
    return " ".join([*upper, *reversed(lower)])


def _dot(index: int, row: Live) -> Dot:
    value, low, high = row.feeling or (0.0, 0.0, 0.0)
    bounds = f"{changes.signed(low, 1)} – {changes.signed(high, 1)}"
    said = changes.signed(value, 1)
    return Dot(_x(index), _y(value), said, f"{said} ({bounds}), n = {row.n_feeling:,}", row.n_feeling < 30)


def _runs(flags: Sequence[bool]) -> list[list[int]]:
    return [[i for i, _ in run] for flag, run in groupby(enumerate(flags), key=lambda pair: pair[1]) if flag]
