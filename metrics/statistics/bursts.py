"""Bursts: a count of today against the same weekday before, with a false-alarm budget for all that is looked at.

A day is 24 counts running from its midnight; the day's counts up to the end of an hour are compared with the same hour's
of the same weekday in the last eight weeks. Expected: their mean. Spread: negative binomial, from the counts' own
dispersion and from how few days the mean rests on. Numbers in, numbers out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

WEEKS = 8
# fewer days of the weekday say nothing of the next
LEAST_WEEKS = 3
# fewer voices are no topic, whatever was expected
LEAST = 5
# within an hour the count only grows and what is expected stays, so all looks of an hour are one chance to be wrong
LOOKS_A_WEEK = 7 * 24
# Terms are not a list that stands: those of so many are asked for. By Zipf's law, the most frequent term in 3,000 voices a
# day and 120,000 terms below it, fewer false ones are told than the budget: rare terms cannot reach the least that is told.
TERMS = 2_000
# the dispersion is estimated from few days: its upper limit at this confidence, so that a low guess gives no alarms
DISPERSION_CONFIDENCE = 0.9


@dataclass(frozen=True)
class Expected:
    """What such a day holds up to now. mean: voices; dispersion: variance over mean, 1 or more; weeks: days behind the mean."""

    mean: Floats
    dispersion: Floats
    weeks: int

    @property
    def _inflation(self) -> Floats:
        return self.dispersion * (1 + 1 / self.weeks)

    def p_value(self, n: Any) -> Floats:
        """P of `n` or more."""
        scale = self._inflation
        return np.asarray(stats.nbinom.sf(np.asarray(n) - 1, self.mean / (scale - 1), 1 / scale), dtype=np.float64)

    def scaled(self, share: Floats) -> "Expected":
        """The same on a day on which `share` times as much else is said; the spread for its size stays."""
        return Expected(self.mean * share, self.dispersion, self.weeks)

    def interval(self, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Between which counts such a day lies, with that probability at least."""
        scale, tail = self._inflation, (1 - confidence) / 2
        low, high = (stats.nbinom.ppf(q, self.mean / (scale - 1), 1 / scale) for q in (tail, 1 - tail))
        return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def expected(history: Any, *, with_dispersion: bool = True) -> Expected | None:
    """What today holds, from `history`: shape (days, …), one row a day without a gap, yesterday last; None before three weeks.

    Half a voice is added to the weekday's sum (Jeffreys), so that what was never heard has a chance too. Dispersion is
    Pearson's χ² around the weekdays' means over its degrees of freedom, at its upper 90 % limit, never below 1.
    """
    counts = np.asarray(history, dtype=np.float64)
    weeks = min(WEEKS, len(counts) // 7)
    if weeks < LEAST_WEEKS:
        return None
    # (weeks, weekdays, …): today's weekday is the first of each week back
    kept = counts[-7 * weeks :].reshape(weeks, 7, *counts.shape[1:])
    means = kept.mean(axis=0)
    squares = ((kept - means) ** 2).sum(axis=0)
    chi = np.divide(squares, means, out=np.zeros_like(means), where=means > 0).sum(axis=0)
    free = (means > 0).sum(axis=0) * (weeks - 1)
    limit = stats.chi2.ppf(1 - DISPERSION_CONFIDENCE, np.maximum(free, 1))
    dispersion = np.maximum(1.0, chi / limit) if with_dispersion else np.ones_like(chi)
    return Expected((kept[:, 0].sum(axis=0) + 0.5) / weeks, np.asarray(dispersion, dtype=np.float64), weeks)


def share(n_all: Any, before: Any, n: Any, usual: Any) -> Floats:
    """How many times more is said today that does not speak of it than on the days before, never below 1.

    n_all, before: voices in all today and on the days before; n, usual: those of each term today, and their mean. Less said
    makes no expectation lower; what a term brings itself makes its own no higher. What more than half of all voices say
    grows with them all.
    """
    said, of = np.asarray(usual, dtype=np.float64), float(np.mean(before)) if len(before) else 0.0
    if of <= 0:
        return np.ones_like(said)
    is_common = 2 * said > of
    times = (float(n_all) - np.where(is_common, 0, n)) / (of - np.where(is_common, 0, said))
    return np.asarray(np.maximum(1.0, times), dtype=np.float64)


def threshold(budget: float, n_candidates: int) -> float:
    """The p from which a burst is told, so that at most `budget` false ones a week are expected among so many candidates.

    Bonferroni over candidates and looks: the bound holds however they hang together. Raises where the budget is none.
    """
    if not 0 < budget <= LOOKS_A_WEEK:
        raise ValueError("a budget of false alarms a week is above 0")
    return budget / (LOOKS_A_WEEK * max(1, n_candidates))
