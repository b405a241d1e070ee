"""Terms: false alarms stay within their half of the budget whatever the vocabulary, counts taken for 0 break it, a new word is found."""

import numpy as np
import pytest
from scipy import stats

from metrics.statistics import bursts

WEEKS, DAYS = 52, 7 * bursts.WEEKS
LIMIT = bursts.threshold(0.5, bursts.TERMS)
# the share of a day that is over at four looks
PARTS = np.array([0.2, 0.5, 0.8, 1.0])


def zipf(top):
    """Voices a day by term: the most frequent in `top` of them, forty terms for each of these."""
    return top / np.arange(1, 40 * top + 1)


def quiet(rates, seed=5):
    """Counts of quiet terms of such rates a day, running: (days, looks, terms)."""
    rng = np.random.default_rng(seed)
    step = np.diff(PARTS, prepend=0)
    return rng.poisson(rates[None, None, :] * step[None, :, None], ((WEEKS + bursts.WEEKS) * 7, 4, len(rates))).cumsum(axis=1)


def alarms(counts, *, kept_from=0, with_dispersion=True):
    """How many (term, day) are told in 52 weeks; days on which a term has less than `kept_from` count as none."""
    n = 0
    for today in range(DAYS, len(counts)):
        here = counts[today]
        (often,) = np.nonzero(here[-1] >= bursts.LEAST)
        history = counts[today - DAYS : today][:, :, often]
        held = bursts.expected(np.where(history[:, -1:] >= kept_from, history, 0), with_dispersion=with_dispersion)
        n += int(((held.p_value(here[:, often]) <= LIMIT) & (here[:, often] >= bursts.LEAST)).any(axis=0).sum())
    return n


def most():
    """What a Poisson count of half a false alarm a week stays below, 99 years of 100."""
    return stats.poisson.ppf(0.99, 0.5 * WEEKS)


def test_false_alarms_stay_within_half_the_budget():
    assert alarms(quiet(zipf(60))) <= most()


def test_the_sieve_alone_breaks_it_and_the_exact_counts_do_not():
    rates = zipf(300)
    counts = quiet(rates[(rates > 0.2) & (rates < 6)])
    assert alarms(counts, kept_from=3, with_dispersion=False) > most()
    assert alarms(counts, with_dispersion=False) <= most()


def test_days_that_are_not_kept_taken_for_two_hide_what_is_new():
    new = np.zeros((DAYS, 1))
    assert bursts.expected(new).p_value(8)[0] <= LIMIT < bursts.expected(new + 2).p_value(8)[0]


@pytest.mark.parametrize("top", [30, 300, 3000])
def test_whatever_the_vocabulary_one_look_is_wrong_less_often_than_allowed(top):
    """No simulation: over all sums of eight weekdays, how often the least count that is told is reached. Terms at the day's end."""
    sums = np.arange(8_000)
    least = np.maximum(bursts.LEAST, stats.nbinom.isf(LIMIT, sums + 0.5, bursts.WEEKS / (bursts.WEEKS + 1)) + 1)
    # rates in steps of a twentieth, each as high as its highest
    rates = zipf(top)
    rates = rates[rates <= 900]
    steps = np.ceil(np.log(rates) / 0.05)
    wrong = 0.0
    for step, n in zip(*np.unique(steps, return_counts=True), strict=True):
        rate = np.exp(step * 0.05)
        reached = stats.poisson.pmf(sums, bursts.WEEKS * rate) * stats.poisson.sf(least - 1, rate)
        wrong += n * reached.sum()
    assert 7 * wrong < 0.5
    assert wrong < 2 * LIMIT * bursts.TERMS * max(1, top / 300)


def test_a_day_with_more_of_everything_is_no_news():
    counts = np.full((DAYS, 2), 20.0)
    counts[:, 1] = 0
    held = bursts.expected(counts)
    # three times as much of everything, and a new term that brings its twelve voices itself
    n = np.array([60, 12])
    share = bursts.share(312, [100] * 8, n, held.mean)
    assert share == pytest.approx([252 / (100 - 160.5 / 8), 300 / (100 - 0.5 / 8)])
    assert held.p_value(n)[0] <= LIMIT
    scaled = held.scaled(share).p_value(n)
    assert scaled[1] <= LIMIT < scaled[0]
    # what is told is all that is said more: its own expectation stays
    assert list(bursts.share(112, [100] * 8, n, held.mean)) == pytest.approx([1.0, 100 / (100 - 0.5 / 8)])
    # a word of nearly every voice comes with every voice
    assert list(bursts.share(160, [100] * 8, [158, 4], [99, 2])) == pytest.approx([1.6, 156 / 98])
    # fewer voices lower nothing, and without history there is no share
    assert list(bursts.share(10, [100] * 8, [1, 0], held.mean)) == list(bursts.share(50, [], [1, 0], held.mean)) == [1.0, 1.0]
