"""When a level is told again, as promises/SLA §3.4 says: every five and ten minutes until acknowledged, every thirty until done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import ladder
from complaints.ladder import Ack, Standing, Step

T = datetime(2026, 3, 2, 10, tzinfo=UTC)


def minutes(n):
    return timedelta(minutes=n)


@pytest.mark.parametrize(
    ("level", "n"), [("0.5", 1), ("0.25", 1), ("0.75", 2), ("0.9", 2), ("1", 3), ("1.0", 3), ("+1800", 4), ("+60", 4)]
)
def test_names_and_rungs(level, n):
    assert ladder.number(level) == n


@pytest.mark.parametrize(
    ("level", "step"),
    [
        (1, Step(True, None, "once")),
        (2, Step(True, T + minutes(5))),
        (3, Step(True, T + minutes(10))),
        (4, Step(True, T + minutes(30))),
    ],
)
def test_the_first_telling_and_when_the_next_is(level, step):
    assert ladder.step(Standing(level, 0), now=T) == step


def test_a_level_is_repeated_eight_times_and_then_no_more():
    for level in (2, 3, 4):
        assert ladder.step(Standing(level, 7), now=T).next_at is not None
        assert ladder.step(Standing(level, 8), now=T) == Step(True, None, "most")
        assert ladder.step(Standing(level, 9), now=T) == Step(False, None, "most")


def test_an_acknowledgement_silences_the_levels_up_to_its_own_for_half_an_hour():
    ack = [Ack(T, 2)]
    assert ladder.step(Standing(2, 1, acks=ack), now=T + minutes(4)) == Step(False, T + minutes(30))
    assert ladder.step(Standing(3, 1, acks=ack), now=T + minutes(4)).rings
    assert not ladder.step(Standing(3, 1, acks=[Ack(T, 3)]), now=T + minutes(4)).rings


def test_without_activity_it_expires_to_the_microsecond_and_activity_prolongs_it():
    ack = [Ack(T, 4)]
    last = T + minutes(30) - timedelta(microseconds=1)
    assert not ladder.step(Standing(3, 2, acks=ack), now=last).rings
    assert ladder.step(Standing(3, 2, acks=ack), now=T + minutes(30)).rings
    moved = Standing(3, 2, acks=ack, active_at=T + minutes(20))
    assert ladder.step(moved, now=T + minutes(45)) == Step(False, T + minutes(50))
    assert ladder.step(moved, now=T + minutes(50)).rings
    before = Standing(3, 2, acks=ack, active_at=T - minutes(20))
    assert ladder.step(before, now=T + minutes(30)).rings


def test_level_four_goes_on_whoever_acknowledged_until_it_is_done():
    assert ladder.step(Standing(4, 1, acks=[Ack(T, 4)]), now=T + minutes(1)).rings
    assert ladder.step(Standing(4, 1, is_over=True), now=T) == Step(False, None, "over")


@pytest.mark.parametrize("level", [1, 2])
def test_a_warning_is_held_a_quarter_of_an_hour_and_then_told(level):
    ack = [Ack(T, 1)]
    assert ladder.step(Standing(level, 0, acks=ack), now=T + minutes(14)) == Step(False, T + minutes(15))
    assert ladder.step(Standing(level, 0, acks=ack), now=T + minutes(15)).rings


@pytest.mark.parametrize("level", [3, 4])
def test_a_breach_is_told_at_once_whoever_acknowledged(level):
    assert ladder.step(Standing(level, 0, acks=[Ack(T, 4)]), now=T).rings


def test_nothing_is_repeated_while_the_customer_is_waited_for():
    assert ladder.step(Standing(3, 1, is_held=True), now=T) == Step(False, T + minutes(10))


acks = st.lists(st.builds(Ack, st.integers(-90, 90).map(lambda n: T + minutes(n)), st.integers(1, 4)), max_size=4)


@given(level=st.integers(1, 4), n=st.integers(0, 12), acks=acks, at=st.integers(-60, 200), held=st.booleans())
def test_a_step_either_ends_or_looks_again_later_and_never_both(level, n, acks, at, held):
    now = T + minutes(at)
    found = ladder.step(Standing(level, n, acks=acks, is_held=held), now=now)
    assert bool(found.ended) == (found.next_at is None)
    assert found.next_at is None or found.next_at > now
    if level >= 3 and n == 0:
        assert found.rings
    if n > ladder.LEVELS[level].most:
        assert not found.rings or n == 0
