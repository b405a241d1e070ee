"""Who takes a ticket: a pure choice with its reasons, never an absent one, and the same answer every time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.assignment import Candidate, Reason, choose, skill_rank

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def one(key, distance=0, **fields):
    return Candidate(key, f"N{key}", distance, **fields)


@pytest.mark.parametrize(("candidates", "key", "codes"), [
    ([], None, ["nobody"]),
    ([one("a")], "a", ["unit", "only"]),
    ([one("a", is_absent=True)], None, ["absent", "nobody"]),
    ([one("a", is_absent=True), one("b", n_open=3, load=6)], "b", ["absent", "unit", "only"]),
    ([one("a", is_absent=True), one("b", 1)], "b", ["absent", "above", "only"]),
    ([one("a", load=4), one("b", 1)], "a", ["unit", "only"]),
    ([one("a", load=4), one("b", load=2, n_open=1)], "b", ["unit", "load"]),
    ([one("a", load=9, topics=frozenset({"refund"})), one("b")], "a", ["unit", "skill"]),
    ([one("a", topics=frozenset({"price"})), one("b", load=9)], "b", ["unit"]),
    ([one("a", last_at=DAY), one("b")], "b", ["unit", "turn"]),
    ([one("b"), one("a")], "a", ["unit", "turn"]),
])  # fmt: skip
def test_the_choice_and_its_reasons(candidates, key, codes):
    found = choose(candidates, ["refund"])
    assert found.key == key
    assert [reason.code for reason in found.reasons] == codes


def test_the_sentence_of_the_house():
    found = choose([one("a", is_absent=True), one("b", n_open=3, load=6), one("c", n_open=4, load=8)], [])
    assert found.reasons == (Reason("absent", "Na"), Reason("unit"), Reason("load", n=3))


CANDIDATES = st.lists(
    st.builds(
        Candidate, key=st.text("abcdef", min_size=1, max_size=3), name=st.just("x"), distance=st.integers(0, 3),
        topics=st.frozensets(st.sampled_from(["refund", "price"])), n_open=st.integers(0, 3), load=st.integers(0, 5),
        last_at=st.none() | st.datetimes(timezones=st.just(UTC)), is_absent=st.booleans(),
    ),
    unique_by=lambda c: c.key, max_size=8,
)  # fmt: skip


@given(CANDIDATES, st.randoms())
def test_nobody_present_is_a_better_choice_and_order_does_not_matter(candidates, rng):
    found = choose(candidates, ["refund"])
    present = {c.key: c for c in candidates if not c.is_absent}
    assert (found.key is None) is (not present)
    shuffled = list(candidates)
    rng.shuffle(shuffled)
    assert choose(shuffled, ["refund"]) == found
    if found.key is not None:
        mine = present[found.key]
        for other in present.values():
            rank = (mine.distance, skill_rank(mine, ["refund"]), mine.load)
            assert rank <= (other.distance, skill_rank(other, ["refund"]), other.load)
