"""Drivers: how much of the variation in an outcome goes with each attribute. Associated with, never caused by.

Both methods share R² out among correlated drivers. How many answers make them worth showing is for the reports.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrics.statistics.results import Drivers, finite

Matrix = npt.NDArray[np.float64]

MAX_SHAPLEY_DRIVERS = 12
TINY = 1e-10  # a correlation matrix has a trace of k: an eigenvalue this small is rounding


def relative_weights(y: Sequence[float], x: Mapping[str, Sequence[float]]) -> Drivers:
    """Johnson's relative weights (2000) of the drivers x = {name: values} of y, complete rows only.

    raw sums to R², rescaled to 100. A driver that never varies is dropped; without variation in y, or without a driver
    left, there is no R². Drivers that say the same share alike.
    """
    names, between, with_y = _correlations(y, x)
    if not names:
        return Drivers(None, {}, {})
    return drivers_of(names, relative_of(between[None], with_y[None])[0])


def relative_of(between: Matrix, with_y: Matrix) -> Matrix:
    """Raw relative weights, m × k, from m correlation matrices of the drivers (m × k × k) and their correlations with y (m × k)."""
    values, vectors = np.linalg.eigh(between)
    kept = values > TINY
    roots = np.sqrt(np.where(kept, values, 0.0))
    inverse_roots = np.where(kept, 1.0, 0.0) / np.where(kept, roots, 1.0)
    turned = np.swapaxes(vectors, -1, -2)
    loadings = (vectors * roots[:, None, :]) @ turned
    slopes = (vectors * inverse_roots[:, None, :]) @ turned @ with_y[..., None]
    return np.asarray(((loadings**2) @ (slopes**2))[..., 0])


def shapley_weights(y: Sequence[float], x: Mapping[str, Sequence[float]]) -> Drivers:
    """Each driver's gain in R², averaged over every order of entry (Shapley; Lindeman, Merenda & Gold 1980).

    Shapes and gaps as for `relative_weights`; ValueError for more than twelve drivers, which would take 2^k fits.
    """
    if len(x) > MAX_SHAPLEY_DRIVERS:
        raise ValueError(f"at most {MAX_SHAPLEY_DRIVERS} drivers, not {len(x)}")
    names, between, with_y = _correlations(y, x)
    if not names:
        return Drivers(None, {}, {})
    return drivers_of(names, shapley_of(between[None], with_y[None])[0])


def shapley_of(between: Matrix, with_y: Matrix) -> Matrix:
    """Raw Shapley weights, m × k, shapes as for `relative_of`. Every subset is fitted once: a driver is swept out, or left out."""
    m, k = with_y.shape
    left = np.ones((1, m, k + 1, k + 1))
    left[0, :, :k, :k], left[0, :, :k, k], left[0, :, k, :k] = between, with_y, with_y
    for _ in range(k):
        pivot, column, rest = left[..., :1, :1], left[..., 1:, :1], left[..., 1:, 1:]
        gone = np.where(pivot > TINY, 1.0 / np.where(pivot > TINY, pivot, 1.0), 0.0)
        left = np.concatenate([rest, rest - column * gone * np.swapaxes(column, -1, -2)])
    fits, subsets = 1.0 - left[..., 0, 0], np.arange(2**k)
    sizes = np.array([int(subset).bit_count() for subset in subsets])
    orders = np.array([1 / (k * math.comb(k - 1, size)) if size < k else 0.0 for size in range(k + 1)])
    found = np.zeros((m, k))
    for driver in range(k):
        without = subsets[(subsets >> driver) & 1 == 0]
        found[:, driver] = orders[sizes[without]] @ (fits[without | (1 << driver)] - fits[without])
    return found


def _correlations(y: Sequence[float], x: Mapping[str, Sequence[float]]) -> tuple[list[str], Matrix, Matrix]:
    """The names of the drivers that vary, their correlations, and those with y; no names when nothing can be fitted."""
    columns = {name: _standardised(values, name) for name, values in x.items()}
    outcome = _standardised(y, "y")
    if any(len(values) != len(y) for values in x.values()):
        raise ValueError("y and every driver need the same number of values")
    names = [name for name, column in columns.items() if column is not None]
    if outcome is None or not names:
        return [], np.zeros((0, 0)), np.zeros(0)
    table = np.array([columns[name] for name in names], dtype=np.float64)
    return names, table @ table.T, table @ outcome


def _standardised(values: Sequence[float], name: str) -> Any:
    """The values less their mean, of length 1; None when they do not vary."""
    column = np.array([finite(value, name) for value in values], dtype=np.float64)
    if column.size == 0 or column.min() == column.max():
        return None
    column = column / np.abs(column).max()
    column = column - column.mean()
    length = float(np.linalg.norm(column))
    return column / length if length > TINY else None


def drivers_of(names: Sequence[str], raw: Matrix) -> Drivers:
    """The raw weights under their names, and rescaled to 100."""
    shares = [max(float(share), 0.0) for share in raw]
    r_squared = math.fsum(shares)
    rescaled = [100 * share / r_squared if r_squared else 0.0 for share in shares]
    return Drivers(r_squared, dict(zip(names, shares, strict=True)), dict(zip(names, rescaled, strict=True)))
