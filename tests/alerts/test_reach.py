"""Who is told, as values: deputies, quiet hours, the next rung; a table of cases and what must always hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import reach
from alerts.reach import Person, Told, Turn

RUNGS = [["owner"], ["store"], ["region"], ["chief"], ["admin"]]


def people(**states):
    found = {name: Person(name) for rung in RUNGS for name in rung} | {"deputy": Person("deputy"), "second": Person("second")}
    return found | {name: Person(name, **state) for name, state in states.items()}


AWAY, QUIET = {"is_away": True}, {"is_quiet": True}


@pytest.mark.parametrize(
    ("n_own", "states", "told", "missed", "passed"),
    [
        (1, {}, ["owner"], [], 0),
        (4, {}, ["owner", "store", "region", "chief"], [], 0),
        (1, {"owner": AWAY}, ["store"], ["owner"], 1),
        (1, {"owner": {**AWAY, "deputy": "deputy"}}, ["deputy"], [], 0),
        (1, {"owner": {**AWAY, "deputy": "deputy"}, "deputy": {**AWAY, "deputy": "second"}}, ["second"], [], 0),
        (1, {"owner": {**AWAY, "deputy": "deputy"}, "deputy": {**AWAY, "deputy": "owner"}}, ["store"], ["owner"], 1),
        (1, {"owner": AWAY, "store": AWAY, "region": AWAY}, ["chief"], ["owner", "store", "region"], 3),
        (2, {"owner": AWAY}, ["store"], ["owner"], 0),
        (2, {"owner": QUIET, "store": QUIET}, ["owner~", "store~", "region"], [], 1),
        (2, {"owner": QUIET}, ["owner~", "store"], [], 0),
        (1, {name: AWAY for rung in RUNGS for name in rung}, [], ["owner", "store", "region", "chief", "admin"], 4),
    ],
)
def test_a_level_goes_up_until_somebody_hears_it(n_own, states, told, missed, passed):
    found = reach.decide(RUNGS, people(**states), n_own=n_own, is_urgent=False)
    assert [one.key + ("~" if one.is_silent else "") for one in found.told] == told
    assert (list(found.missed), found.n_passed) == (missed, passed)


def test_quiet_hours_do_not_count_when_it_is_urgent():
    found = reach.decide(RUNGS, people(owner=QUIET, store=QUIET, region=QUIET), n_own=3, is_urgent=True)
    assert [(one.key, one.is_silent) for one in found.told] == [("owner", False), ("store", False), ("region", False)]


def test_who_stands_in_is_told_once_and_for_whom():
    both = {"owner": {**AWAY, "deputy": "region"}}
    assert reach.decide(RUNGS, people(**both), n_own=3, is_urgent=True).told == (
        Told("region", 0, "owner"), Told("store", 1),
    )  # fmt: skip


NAMES = ["a", "b", "c", "d", "e", "f"]
person = st.fixed_dictionaries({"is_away": st.booleans(), "is_quiet": st.booleans(), "deputy": st.sampled_from([None, *NAMES])})
rungs = st.lists(st.lists(st.sampled_from(NAMES), max_size=3), min_size=1, max_size=5)


@given(rungs=rungs, states=st.fixed_dictionaries(dict.fromkeys(NAMES, person)), n=st.integers(1, 5), urgent=st.booleans())
def test_nobody_away_is_told_nobody_twice_and_somebody_hears_it_when_anybody_can(rungs, states, n, urgent):
    known = {name: Person(name, **state) for name, state in states.items()}
    found = reach.decide(rungs, known, n_own=n, is_urgent=urgent)
    keys = [one.key for one in found.told]
    assert len(keys) == len(set(keys))
    assert not any(known[key].is_away for key in keys)
    reachable = {reach.present(key, known) for rung in rungs for key in rung} - {None}
    hears = {key for key in reachable if urgent or not known[key].is_quiet}
    assert found.is_reached == bool(hears)
    own = {reach.present(key, known) for rung in rungs[:n] for key in rung} - {None}
    assert own <= set(keys)
    if own & hears:
        assert found.n_passed == 0


@pytest.mark.parametrize(
    ("minute", "start", "end", "inside"),
    [(1320, 1320, 420, True), (419, 1320, 420, True), (420, 1320, 420, False), (0, 1320, 420, True), (720, 1320, 420, False),
     (60, 60, 120, True), (120, 60, 120, False), (60, 60, 60, False), (5, None, None, False)],
)  # fmt: skip
def test_quiet_hours_pass_midnight_and_are_half_open(minute, start, end, inside):
    assert reach.in_hours(minute, start, end) is inside


def test_a_turn_past_midnight_belongs_to_the_day_it_began():
    turns = [Turn("night", 6, 1320, 480), Turn("day", 0, 480, 1320)]
    assert reach.on_turn(turns, weekday=6, minute=1380) == ["night"]
    assert reach.on_turn(turns, weekday=0, minute=479) == ["night"]
    assert reach.on_turn(turns, weekday=0, minute=480) == ["day"]
    assert reach.on_turn(turns, weekday=1, minute=100) == []
