"""How many deliveries share a transaction: by the batch a follower asks for, or by the rows its fact stands for."""

from hypothesis import given
from hypothesis import strategies as st

from ledger import runner
from ledger.models import Delivery, Fact

HEAVY, USUAL = "feedback.tasks.analyse_received", "alerts.tasks.complaint_opened"  # batch 1 and 20 in cxms.flows


def claimed(*rows):
    return [Delivery(follower=name, fact=Fact(kind="k", data={} if n is None else {"n": n})) for name, n in rows]


def test_single_voices_go_together_and_bulks_alone():
    assert runner._together(claimed(*[(HEAVY, 1)] * 20)) == 20
    assert runner._together(claimed(*[(HEAVY, 1000)] * 20)) == 1
    assert runner._together(claimed(*[(HEAVY, 400)] * 20)) == 2
    assert runner._together(claimed((HEAVY, 5000), (HEAVY, 1))) == 1  # one at least, however heavy
    assert runner._together(claimed(*[(HEAVY, None)] * 20)) == 1  # a heavy fact that does not say its rows
    assert runner._together(claimed(*[(USUAL, None)] * 20)) == 20
    assert runner._together(claimed((USUAL, None), (HEAVY, None))) == 1
    assert runner._together([]) == 0


@given(st.lists(st.tuples(st.sampled_from([HEAVY, USUAL]), st.none() | st.integers(1, 2000)), min_size=1, max_size=20))
def test_a_transaction_is_never_over_its_share_but_for_its_first(rows):
    n = runner._together(claimed(*rows))
    shares = [rows_n / 1000 if name == HEAVY and rows_n else (1 if name == HEAVY else 0.05) for name, rows_n in rows]
    assert 1 <= n <= len(rows)
    assert n == 1 or sum(shares[:n]) <= 1 + 1e-6
    assert n == len(rows) or sum(shares[: n + 1]) > 1 - 1e-6
