"""Importance and performance side by side (Martilla & James 1977), and how steady a driver's share is."""

import statistics as plain
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.statistics.drivers import relative_weights
from metrics.statistics.results import Drivers, finite

QUADRANTS = ("concentrate", "keep_up", "low_priority", "overkill")
RESAMPLES = 1000


@dataclass(frozen=True)
class Ipa:
    """The cross and each attribute's quadrant: concentrate here, keep up, low priority, possible overkill."""

    importance: float | None
    performance: float | None
    quadrants: dict[str, str]


def ipa(items: Mapping[str, tuple[float, float]], cross: str = "mean", at: tuple[float, float] | None = None) -> Ipa:
    """{name: (importance, performance)} in; the cross at the means, at the medians, or `at` targets (importance, performance).

    A point on a line counts as high. ValueError for an unknown cross.
    """
    if cross not in {"mean", "median"}:
        raise ValueError(f"the cross lies at the mean or the median: {cross!r}")
    known = {name: (finite(a, name), finite(b, name)) for name, (a, b) in items.items()}
    if not known:
        return Ipa(None, None, {})
    middle = plain.fmean if cross == "mean" else plain.median
    x = at[0] if at else middle([a for a, _ in known.values()])
    y = at[1] if at else middle([b for _, b in known.values()])
    named = {(True, False): "concentrate", (True, True): "keep_up", (False, False): "low_priority", (False, True): "overkill"}
    return Ipa(float(x), float(y), {name: named[a >= x, b >= y] for name, (a, b) in known.items()})


def bootstrap(
    y: Sequence[float],
    x: Mapping[str, Sequence[float]],
    method: Callable[[Sequence[float], Mapping[str, Sequence[float]]], Drivers] = relative_weights,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of each driver's raw weight: rows drawn again with replacement, `n_resamples` times.

    The same seed gives the same interval. A driver that does not vary in a draw weighs nothing in it.
    """
    outcome = np.asarray(y, dtype=np.float64)
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in x.items()}
    if not method(y, x).raw:
        return {}
    draws, random = [], np.random.default_rng(seed)
    for _ in range(n_resamples):
        rows = random.integers(0, len(outcome), len(outcome))
        found = method(outcome[rows].tolist(), {name: column[rows].tolist() for name, column in columns.items()}).raw
        draws.append([found.get(name, 0.0) for name in columns])
    tail = 50 * (1 - confidence)
    low, high = np.percentile(np.asarray(draws), [tail, 100 - tail], axis=0)
    return {name: (float(low[index]), float(high[index])) for index, name in enumerate(columns)}


def inflation(x: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    """Each driver's VIF: 1 where it goes with no other; None where the others tell it exactly, or where it never varies."""
    table = {name: np.asarray(values, dtype=np.float64) for name, values in x.items()}
    varying = [name for name, column in table.items() if column.size > 1 and np.ptp(column) > 0]
    found: dict[str, float | None] = dict.fromkeys(table)
    if not varying:
        return found
    between = np.atleast_2d(np.corrcoef(np.array([table[name] for name in varying])))
    if np.linalg.eigvalsh(between)[0] < 1e-10:
        return found
    return found | {name: float(value) for name, value in zip(varying, np.linalg.inv(between).diagonal(), strict=True)}
