"""Agreement of two who judge the same things: Cohen's kappa with its interval. Used by the coding of samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metrics.statistics.intervals import normal_quantile, wilson
from metrics.statistics.results import count_of

FEW = 30
NO_ERROR = 1e-9


@dataclass(frozen=True)
class Agreement:
    """kappa with standard error and interval (within -1..1); observed and expected agreement as shares; n things judged.

    The interval is never a point: few that agree, or all, tell little of the rest.
    None for what does not exist: nothing judged, or both always said one and the same thing.
    """

    kappa: float | None
    error: float | None
    low: float | None
    high: float | None
    observed: float | None
    expected: float | None
    n: int


def cohens_kappa(table: Sequence[Sequence[int]], confidence: float = 0.95) -> Agreement:
    """Cohen's kappa of a square table (rows: what one said, columns: the other), with the large-sample standard error.

    Fleiss, Cohen & Everitt 1969 (Psychol. Bull. 72:323), the error that does not suppose kappa to be 0. With fewer than 30,
    or an error of 0, it is no guide: there the interval reaches at least as far as Wilson's (1927) of the observed agreement,
    the agreement by chance held fixed as in Cohen 1960 (Educ. Psychol. Meas. 20:37).
    """
    rows = [[count_of(cell, "cell") for cell in row] for row in table]
    k, z = len(rows), normal_quantile(confidence)
    if any(len(row) != k for row in rows):
        raise ValueError("the table is not square")
    n = sum(map(sum, rows))
    if n == 0:
        return Agreement(None, None, None, None, None, None, 0)
    p = [[cell / n for cell in row] for row in rows]
    across, down = [math.fsum(row) for row in p], [math.fsum(row[j] for row in p) for j in range(k)]
    observed = math.fsum(p[i][i] for i in range(k))
    expected = math.fsum(across[i] * down[i] for i in range(k))
    if any(rows[i][i] == n for i in range(k)):
        return Agreement(None, None, None, None, observed, expected, n)
    kappa = (observed - expected) / (1 - expected)
    on = math.fsum(p[i][i] * ((1 - expected) - (across[i] + down[i]) * (1 - observed)) ** 2 for i in range(k))
    off = math.fsum(p[i][j] * (down[i] + across[j]) ** 2 for i in range(k) for j in range(k) if i != j)
    spread = on + (1 - observed) ** 2 * off - (observed * expected - 2 * expected + observed) ** 2
    error = math.sqrt(max(spread, 0.0) / n) / (1 - expected) ** 2
    low, high = kappa - z * error, kappa + z * error
    if n < FEW or error < NO_ERROR:
        share = wilson(sum(rows[i][i] for i in range(k)), n, confidence)
        low, high = (min(low, _by_chance(share.low, expected, low)), max(high, _by_chance(share.high, expected, high)))
    return Agreement(kappa, error, max(low, -1.0), min(high, 1.0), observed, expected, n)


def _by_chance(share: float | None, expected: float, otherwise: float) -> float:
    """kappa of an observed agreement."""
    return otherwise if share is None else (share - expected) / (1 - expected)
