"""Key drivers from answers with gaps: each driver's weight, how steady it is, and what had to be left out and why.

Weights are those of `drivers`, worked from pairwise-complete correlations. Associated with, never caused by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from metrics.statistics.drivers import MAX_SHAPLEY_DRIVERS, TINY, Matrix, relative_of, shapley_of

METHODS = ("relative", "shapley", "pearson", "spearman")
MIN_N, MIN_N_PER_DRIVER = 50, 10
N_GROUPS, N_DRAWS, N_SHAPLEY_DRAWS = 500, 1000, 200
NOT_POSITIVE = -1e-8
MOST_ROUNDS = 200


@dataclass(frozen=True)
class Association:
    """One driver. weight: its part of R², or its correlation; share: of R², in %, None for correlations; n: its answers.

    vif None: the other drivers tell it exactly.
    """

    n: int
    weight: float
    low: float
    high: float
    share: float | None
    vif: float | None


@dataclass(frozen=True)
class KeyDrivers:
    """rows by name, the heaviest first. n: answers of the pair of columns that has fewest; n_wanted: what the rules ask.

    problem: "", few (answers), flat (an outcome that never varies), none (no driver left), many (for Shapley).
    left_out: name → few or constant; is_mended: the correlations contradicted each other and the nearest that do not were taken.
    """

    n: int
    n_wanted: int
    r_squared: float | None = None
    rows: dict[str, Association] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    is_mended: bool = False
    problem: str = ""


def key_drivers(y: Matrix, x: Mapping[str, Matrix], method: str = "relative", seed: int = 0) -> KeyDrivers:
    """The drivers x = {name: values, NaN where not answered} of y, with 95 % bootstrap intervals; the same seed, the same intervals.

    Rules: 50 answers and 10 a driver; a driver that never varies, or that too few answered (with another one), is left out.
    Spearman ranks each column over all its answers. ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"a method is one of {METHODS}: {method!r}")
    kept, left_out = _usable(y, x)
    n_wanted = max(MIN_N, MIN_N_PER_DRIVER * len(kept))
    n = _fewest(y, [x[name] for name in kept])
    problem = ""
    if n < n_wanted:
        problem = "few"
    elif not kept:
        problem = "none"
    elif np.ptp(y) == 0:
        problem = "flat"
    elif method == "shapley" and len(kept) > MAX_SHAPLEY_DRIVERS:
        problem = "many"
    if problem:
        return KeyDrivers(n, n_wanted, left_out=left_out, problem=problem)
    return _worked(y, {name: x[name] for name in kept}, method, seed, KeyDrivers(n, n_wanted, left_out=left_out))


def _usable(y: Matrix, x: Mapping[str, Matrix]) -> tuple[list[str], dict[str, str]]:
    """The drivers that vary and that enough answered, also together with each other one; the rest with their reasons."""
    left_out: dict[str, str] = {}
    answered = {name: ~np.isnan(column) for name, column in x.items()}
    for name, column in x.items():
        if answered[name].sum() < MIN_N:
            left_out[name] = "few"
        elif np.ptp(column[answered[name]]) == 0:
            left_out[name] = "constant"
    kept = sorted((name for name in x if name not in left_out), key=lambda name: (-int(answered[name].sum()), name))
    found: list[str] = []
    for name in kept:
        if all((answered[name] & answered[other]).sum() >= MIN_N for other in found):
            found.append(name)
        else:
            left_out[name] = "few"
    return found, left_out


def _fewest(y: Matrix, columns: list[Matrix]) -> int:
    if not columns:
        return len(y)
    mask = ~np.isnan(np.array(columns))
    return int((mask.astype(np.float64) @ mask.T).min())


def _worked(y: Matrix, x: Mapping[str, Matrix], method: str, seed: int, start: KeyDrivers) -> KeyDrivers:
    table = np.column_stack([*x.values(), y])
    if method == "spearman":
        table = np.column_stack([_ranks(column) for column in table.T])
    random = np.random.default_rng(seed)
    groups = _moments(table, random)
    whole = _correlations(groups.sum(axis=0)[None])
    is_mended = bool(np.linalg.eigvalsh(whole)[0, 0] < NOT_POSITIVE)
    if is_mended:
        whole = nearest_correlations(whole[0])[None]
    n_draws = N_SHAPLEY_DRAWS if method == "shapley" else N_DRAWS
    counts = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=n_draws).astype(np.float64)
    drawn = _correlations((counts @ groups.reshape(len(groups), -1)).reshape(-1, *groups.shape[1:]))
    weigh = _weigher(method)
    raw, draws = weigh(whole)[0], weigh(drawn)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    is_part = method in {"relative", "shapley"}
    raw = np.maximum(raw, 0.0) if is_part else raw
    fit = float(relative_of(whole[:, :-1, :-1], whole[:, :-1, -1]).sum())
    inflated, total = _inflation(whole[0, :-1, :-1]), float(raw.sum())
    rows = {
        name: Association(
            int((~np.isnan(column)).sum()), float(raw[at]), float(low[at]), float(high[at]),
            (100 * float(raw[at]) / total if total else 0.0) if is_part else None, inflated[at],
        )
        for at, (name, column) in enumerate(x.items())
    }  # fmt: skip
    ordered = dict(sorted(rows.items(), key=lambda pair: (-abs(pair[1].weight), pair[0])))
    return KeyDrivers(start.n, start.n_wanted, min(fit, 1.0), ordered, start.left_out, is_mended)


def _weigher(method: str) -> Callable[[Matrix], Matrix]:
    """From m correlation matrices, y last, to m × k weights."""
    if method == "relative":
        return lambda whole: relative_of(whole[:, :-1, :-1], whole[:, :-1, -1])
    if method == "shapley":
        return lambda whole: shapley_of(whole[:, :-1, :-1], whole[:, :-1, -1])
    return lambda whole: np.asarray(whole[:, :-1, -1])


def _moments(table: Matrix, random: np.random.Generator) -> Matrix:
    """Per group of rows, for each pair of columns, over the rows that have both: n, Σa, Σa², Σab; groups × 4 × p × p.

    A bootstrap draws groups: single rows up to five hundred, above that five hundred groups of rows thrown together by lot,
    which are as independent and as alike as rows are, and cost no more however many rows there be.
    """
    n, p = table.shape
    size = -(-n // N_GROUPS)
    order = random.permutation(n) if size > 1 else np.arange(n)
    centred = (table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)
    padded = np.full((-(-n // size) * size, p), np.nan)
    padded[:n] = centred[order]
    rows = padded.reshape(-1, size, p)
    has = ~np.isnan(rows)
    known, has_one = np.where(has, rows, 0.0), has.astype(np.float64)
    turned = np.swapaxes(known, 1, 2)
    parts = [np.swapaxes(has_one, 1, 2) @ has_one, turned @ has_one, np.swapaxes(known**2, 1, 2) @ has_one, turned @ known]
    return np.stack(parts, axis=1)


def _correlations(sums: Matrix) -> Matrix:
    """Pairwise-complete correlations, m × p × p, from m sums of `_moments`; 0 where one of a pair does not vary."""
    n, totals, squares, products = (sums[:, part] for part in range(4))
    n = np.maximum(n, 1.0)
    spread = squares - totals**2 / n
    scale = np.sqrt(np.maximum(spread * np.swapaxes(spread, 1, 2), 0.0))
    together = products - totals * np.swapaxes(totals, 1, 2) / n
    found = np.where(scale > TINY, together / np.where(scale > TINY, scale, 1.0), 0.0)
    index = np.arange(found.shape[-1])
    found[:, index, index] = 1.0
    return np.clip(found, -1.0, 1.0)


def nearest_correlations(between: Matrix) -> Matrix:
    """The nearest matrix that can be one of correlations (Higham 2002, alternating projections)."""
    found, correction = between, np.zeros_like(between)
    for _ in range(MOST_ROUNDS):
        values, vectors = np.linalg.eigh(found - correction)
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = projected - (found - correction)
        found = projected.copy()
        np.fill_diagonal(found, 1.0)
        if np.linalg.norm(found - projected) < TINY:
            break
    values, vectors = np.linalg.eigh(found)
    projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = np.sqrt(projected.diagonal())
    return np.asarray(projected / np.outer(scale, scale))


def _inflation(between: Matrix) -> list[float | None]:
    if np.linalg.eigvalsh(between)[0] < TINY:
        return [None] * len(between)
    return [float(value) for value in np.linalg.inv(between).diagonal()]


def _ranks(column: Matrix) -> Matrix:
    """Ranks of the answers, ties at their mean; NaN stays."""
    known = ~np.isnan(column)
    _, place, counts = np.unique(column[known], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found = np.full(column.shape, np.nan)
    found[known] = (ends - (counts - 1) / 2)[place]
    return found
