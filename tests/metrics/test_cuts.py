"""The attacker on cuts: every cell he may ask, alone, beside others or jointly, put together, tells him no small one."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxms.lib.periods import Period
from metrics import cuts
from metrics.cuts import ALL, hidden_cells
from metrics.series import Where, series
from tests.metrics.voices import mix, receive

SHAPES = st.sampled_from([(2, 2), (3, 2), (3, 3), (4,), (2, 2, 2), (3, 2, 2)])
NUMBERS = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 30])


@st.composite
def tables(draw):
    shape = draw(SHAPES)
    return {tuple(f"{d}{i}" for d, i in enumerate(at)): draw(NUMBERS) for at in np.ndindex(*shape)}


def told(leaves, hidden):
    """The small cells that the shown ones determine by equations alone."""
    counts = cuts._margins(leaves)
    order = [leaf for leaf in leaves if leaves[leaf]]
    rows = {cell: np.array([all(w in (ALL, c) for w, c in zip(cell, leaf, strict=True)) for leaf in order], dtype=float) for cell in counts}
    shown = np.array([rows[cell] for cell in counts if cell not in hidden] or [np.zeros(len(order))])
    rank = np.linalg.matrix_rank(shown)
    return [cell for cell, n in counts.items() if n < 5 and np.linalg.matrix_rank(np.vstack([shown, rows[cell]])) == rank]


@settings(max_examples=60)
@given(tables())
def test_no_sum_of_shown_cells_tells_a_small_one(leaves):
    hidden = hidden_cells(leaves)
    counts = cuts._margins(leaves)
    assert {cell for cell, n in counts.items() if n < 5} <= hidden
    assert told(leaves, hidden) == []
    if all(n >= 5 for n in counts.values()):
        assert hidden == set()


def test_asked_with_and_without_the_last_dimension_tells_no_more():
    """Joins of customers are not made for a cut by channel alone, so that cut decides by itself, and the finer one follows it."""
    leaves = {("a", ""): 5, ("b", "gold"): 7, ("b", "silver"): 5, ("b", ""): 4}
    alone = {cell for cell in cuts._margins(leaves) if cell[1] != ALL and cell in hidden_cells(leaves)} | {cell for cell in hidden_cells(leaves) if cell[0] == ALL}
    assert told(leaves, alone) == [("b", "")], "each by itself they would tell it"
    assert told(leaves, hidden_cells(leaves, is_refined=True)) == []


@settings(max_examples=60)
@given(tables())
def test_a_finer_cut_shows_and_hides_what_the_coarser_one_does(leaves):
    counts, hidden = cuts._margins(leaves), hidden_cells(leaves, is_refined=True)
    coarse: dict[cuts.Cell, int] = {}
    for leaf, n in leaves.items():
        coarse[leaf[:-1]] = coarse.get(leaf[:-1], 0) + n
    small = {cell for cell, n in counts.items() if n < 5}
    assert small <= hidden and (small or not hidden)
    assert {cell for cell in hidden if cell[-1] == ALL} == {(*cell, ALL) for cell in hidden_cells(coarse)}
    nothing_finer = {cell for cell in counts if cell[-1] != ALL} | hidden
    assert set(told(leaves, hidden)) <= set(told(leaves, nothing_finer)), "the finer cut adds nothing to what the coarser one tells"


def test_a_rule_that_hides_only_the_small_ones_is_caught():
    leaves = {("app", "gold"): 9, ("app", "plain"): 7, ("qr", "gold"): 8, ("qr", "plain"): 3}
    naive = {cell for cell, n in cuts._margins(leaves).items() if n < 5}
    assert told(leaves, naive) == [("qr", "plain")]
    # each row and column keeps two hidden, and still a bridge between them would be told: the equations are solved
    closed = set(naive)
    cuts._close(closed, cuts._lines(cuts._margins(leaves)), cuts._margins(leaves))
    assert told(leaves, closed) == []


def test_the_same_cell_is_hidden_however_it_is_asked(shop, now):
    day = date(2026, 9, 7)
    for channel, tier, n in (("app", "gold", 9), ("app", "plain", 12), ("qr", "gold", 8), ("qr", "plain", 3), ("phone", "gold", 3), ("phone", "plain", 0)):
        receive(shop, mix(day, n, 0, 0, channel=channel, tier=tier, customer=f"{channel}{tier}"), now=now)
    period = Period(day, day + timedelta(days=1))

    def ask(by=(), **where):
        with shop.scope():
            return series(organisation=shop.id, metric="nps", period=period, by=by, where=Where(**where), now=now).points

    beside = {point.by["channel"]: point.n for point in ask(by=("channel",))}
    alone = {channel: ask(channel=channel)[0].n for channel in beside}
    assert alone == beside
    assert (beside["phone"], beside["qr"], beside["app"]) == (None, None, 21)
    joint = {(p.by["channel"], p.by["tier"]): p.n for p in ask(by=("channel", "tier"))}
    for (channel, tier), n in joint.items():
        assert ask(channel=channel, tier=tier)[0].n == n
        assert {p.by["tier"]: p.n for p in ask(by=("tier",), channel=channel)}[tier] == n
    assert joint["qr", "plain"] is None
    assert ask()[0].n == 35
    with shop.scope():
        (raw,) = series(organisation=shop.id, metric="nps", period=period, where=Where(channel="phone"), now=now, raw=True).points
    assert raw.n == 3
    with pytest.raises(ValueError, match="has no dimension"):
        ask(clause="x")
