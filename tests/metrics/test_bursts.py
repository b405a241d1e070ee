"""Bursts: false alarms stay within the budget on quiet histories, and a planted burst is found within the hour."""

import numpy as np
import pytest
from scipy import stats

from metrics.statistics import bursts

WEEKS, TOPICS = 52, 30


def days(rng, *, spread):
    """Counts of quiet topics, running from midnight: (days, hours, topics). `spread`: variance of a day's level around 1."""
    n = (WEEKS + bursts.WEEKS) * 7
    means = np.geomspace(0.5, 60, TOPICS)
    weekday = np.tile([1, 1, 1, 1.1, 1.3, 1.6, 1.5], n // 7)[:, None]
    level = rng.gamma(1 / spread, spread, (n, TOPICS)) if spread else np.ones((n, TOPICS))
    by_hour = np.r_[np.full(8, 0.2), np.full(14, 1.5), np.full(2, 0.7)] / 24
    return rng.poisson((weekday * level * means)[:, None, :] * by_hour[None, :, None]).cumsum(axis=1)


def alarms(counts, *, with_dispersion=True):
    """How many (topic, day) would be told in 52 weeks at a budget of one a week."""
    limit, n = bursts.threshold(1, TOPICS), 0
    for today in range(bursts.WEEKS * 7, len(counts)):
        held = bursts.expected(counts[today - bursts.WEEKS * 7 : today], with_dispersion=with_dispersion)
        fires = (held.p_value(counts[today]) <= limit) & (counts[today] >= bursts.LEAST)
        n += int(fires.any(axis=0).sum())
    return n


def most(budget):
    """What a Poisson count of that mean stays below, 99 times of 100."""
    return stats.poisson.ppf(0.99, budget)


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3])
def test_false_alarms_stay_within_the_budget(spread):
    assert alarms(days(np.random.default_rng(7), spread=spread)) <= most(WEEKS)


def test_without_the_dispersion_the_budget_breaks():
    counts = days(np.random.default_rng(7), spread=0.3)
    assert alarms(counts, with_dispersion=False) > most(WEEKS)


def test_a_planted_burst_is_found_within_the_hour():
    counts = days(np.random.default_rng(11), spread=0.05)[: bursts.WEEKS * 7 + 1]
    limit, found = bursts.threshold(1, TOPICS), 0
    for topic in range(TOPICS):
        planted = counts[-1].copy()
        held = bursts.expected(counts[:-1])
        usual = held.mean[14, topic]
        # between two and three o'clock five times what the day has so far, and fifteen at least
        planted[14:, topic] += int(max(15, 5 * usual))
        found += bool(held.p_value(planted)[14, topic] <= limit)
    assert found == TOPICS


def test_an_expectation_by_hand():
    history = np.zeros((56, 1))
    history[::7] = 4
    held = bursts.expected(history)
    assert (held.mean[0], held.dispersion[0], held.weeks) == (pytest.approx(32.5 / 8), 1.0, 8)
    # Gamma(32.5, 8) over a Poisson is this negative binomial
    assert held.p_value(9)[0] == pytest.approx(stats.nbinom.sf(8, 32.5, 8 / 9))
    low, high = held.interval()
    assert stats.nbinom.cdf(high[0], 32.5, 8 / 9) - stats.nbinom.cdf(low[0] - 1, 32.5, 8 / 9) >= 0.95
    # the weekday counts, not the day before
    assert bursts.expected(np.roll(history, 3, axis=0)).mean[0] == pytest.approx(0.5 / 8)
    assert bursts.expected(history[-20:]) is None
    assert bursts.expected(history[-27:]).weeks == 3
    assert bursts.threshold(1, 50) == pytest.approx(1 / (168 * 50))
    with pytest.raises(ValueError, match="budget"):
        bursts.threshold(0, 5)
