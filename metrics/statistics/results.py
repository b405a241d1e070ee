"""The shapes that statistics come out in, and the checks of what goes in. Used by every module of this package."""

import math
import operator
from dataclasses import dataclass
from typing import NamedTuple, SupportsFloat, SupportsIndex


class Estimate(NamedTuple):
    """A figure with its interval and the sample it rests on; None for what does not exist, never NaN."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Test:
    """A difference (first minus second) with its statistic and two-sided p; None for what cannot be told."""

    __test__ = False  # not a test case, whatever pytest reads into the name

    difference: float | None
    z: float | None
    p: float | None


@dataclass(frozen=True)
class Alike:
    """Do groups share one rate? chi_square with its freedom and p, None where nothing can be told; used: the groups compared, by index."""

    chi_square: float | None
    freedom: int
    p: float | None
    used: tuple[int, ...]


@dataclass(frozen=True)
class Chart:
    """A control chart: one limit per period, None for a gap; signals are indexes from 0, in order."""

    centre: float | None
    lower: list[float | None]
    upper: list[float | None]
    signals: list[int]


@dataclass(frozen=True)
class Drivers:
    """What each driver adds to R²: `raw` sums to R², `rescaled` to 100 (%); r_squared None when y never varies."""

    r_squared: float | None
    raw: dict[str, float]
    rescaled: dict[str, float]


NOTHING = Estimate(None, None, None, 0)
UNKNOWN = Test(None, None, None)


def count_of(value: SupportsIndex, name: str) -> int:
    """The count as an int; ValueError unless it is a whole number, 0 or more."""
    try:
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is a count, not {value!r}") from None
    if count < 0:
        raise ValueError(f"{name} cannot be negative: {count}")
    return count


def finite(value: SupportsFloat, name: str) -> float:
    """The number as a float; ValueError for NaN, infinity and what is no number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is not a number: {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is not finite: {value!r}")
    return number


def positive(value: SupportsFloat, name: str) -> float:
    """A finite number that is 0 or more."""
    number = finite(value, name)
    if number < 0:
        raise ValueError(f"{name} cannot be negative: {value!r}")
    return number
