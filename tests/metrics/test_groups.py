"""Hierarchies beside the tree: groups add up to the organisation, follow the day, and tell no small cell."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.models import Feedback
from metrics import rollup
from metrics.group_hiding import hidden_groups
from metrics.hiding import hidden_places
from metrics.series import Where, series
from tenancy import group_spans, groups, hierarchies, units
from tenancy.group_spans import Run
from tenancy.groups import UNGROUPED
from tenancy.models import Unit
from tests.metrics.voices import mix, receive
from tests.shop import close, make_shop

MONDAY = date(2026, 9, 7)
WEEK = Period(MONDAY, MONDAY + timedelta(days=7))
TREE = (("SOUTH", ""), ("P1", "SOUTH"), ("P2", "SOUTH"), ("NORTH", ""))


def grow(shop, now, code="partner", tree=TREE):
    """A hierarchy with its groups."""
    with shop.scope():
        row = hierarchies.add(organisation=shop.id, code=code, name="加盟商", now=now, actor="t")
        for group, parent in tree:
            hierarchies.add_group(row, code=group, name=group, parent=parent, now=now, actor="t")
    return row


def place(shop, now, row, unit, group, day=date(2020, 1, 1)):
    with shop.scope():
        row.refresh_from_db()
        return hierarchies.place(row, Unit.objects.get(code=unit), group, day, now=now, actor="t")


def read(shop, now, *, period=WEEK, metric="nps", raw=False, by=("group",), grain="all", **where):
    with shop.scope():
        asked = Where(**{"hierarchy": "partner", **where})
        return series(organisation=shop.id, metric=metric, period=period, now=now, by=by, where=asked, raw=raw, grain=grain).points


def told(points, name="group"):
    return {point.by[name]: point.n for point in points}


def test_groups_and_the_rest_are_the_organisation(shop, now):
    row = grow(shop, now)
    for unit, n in (("S001", 9), ("S002", 7), ("S003", 8), ("EAST", 6)):
        receive(shop, mix(MONDAY, n, 1, 2, unit=unit), now=now)
    place(shop, now, row, "S001", "P1")
    place(shop, now, row, "S003", "P2")
    assert told(read(shop, now)) == {"P1": 12, "P2": 11, None: 19}
    assert told(read(shop, now, depth="1")) == {"SOUTH": 23, None: 19}
    assert told(read(shop, now, depth="6")) == told(read(shop, now))
    (whole,) = read(shop, now, by=(), hierarchy="")
    for depth in ("", "1"):
        points = read(shop, now, depth=depth)
        assert {k: sum(p.components[k] for p in points) for k in whole.components} == whole.components
    assert [p.n for p in read(shop, now, by=(), group="SOUTH")] == [23]
    assert [p.n for p in read(shop, now, by=(), group=UNGROUPED)] == [19]
    assert told(read(shop, now, by=("unit",), group="SOUTH"), "unit") == {"S001": 12, "S003": 11}
    # figures of days, of what was folded and what was not, and of another road
    with shop.scope():
        rollup.fold(organisation=shop.id)
    assert told(read(shop, now)) == {"P1": 12, "P2": 11, None: 19}
    assert told(read(shop, now, channel="app")) == {"P1": 12, "P2": 11, None: 19}
    assert told(read(shop, now, metric="volume")) == {"P1": 12, "P2": 11, None: 19}


def test_a_team_counts_for_its_stores_group(shop, now):
    row = grow(shop, now)
    with shop.scope():
        units.add(organisation=shop.id, code="T1", kind="team", name="早班", parent=shop.units["S001"], now=now, actor="t")
        with pytest.raises(hierarchies.HierarchyError, match="只有门店"):
            hierarchies.place(row, Unit.objects.get(code="T1"), "P1", MONDAY, now=now, actor="t")
    place(shop, now, row, "S001", "P1")
    receive(shop, mix(MONDAY, 6, 0, 0, unit="T1") + mix(MONDAY, 7, 0, 0, unit="S003"), now=now)
    assert told(read(shop, now)) == {"P1": 6, None: 7}


def test_a_move_keeps_the_past_bit_for_bit(shop, now):
    row = grow(shop, now)
    place(shop, now, row, "S001", "P1")
    place(shop, now, row, "S002", "P2")
    before = Period(MONDAY - timedelta(days=7), MONDAY)
    for day in (MONDAY - timedelta(days=3), MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)):
        receive(shop, mix(day, 8, 1, 3) + mix(day, 5, 5, 5, unit="S002"), now=now)
    past = read(shop, now, period=before)
    assert told(past) == {"P1": 12, "P2": 15}
    place(shop, now, row, "S001", "P2", MONDAY + timedelta(days=3))
    assert read(shop, now, period=before) == past
    # within the week it counts for each on its days, on weekly roads too
    assert told(read(shop, now)) == {"P1": 12, "P2": 42}
    assert told(read(shop, now, by=("unit",), group="P2"), "unit") == {"S001": 12, "S002": 30}
    # an earlier move is another past: the assertion above can fail
    place(shop, now, row, "S001", "P2", MONDAY - timedelta(days=5))
    assert read(shop, now, period=before) != past


def test_the_rows_are_as_many_as_the_count(shop, now):
    row = grow(shop, now)
    place(shop, now, row, "S001", "P1")
    place(shop, now, row, "S002", "P2", MONDAY + timedelta(days=2))
    for day in (MONDAY, MONDAY + timedelta(days=3)):
        receive(shop, mix(day, 5, 1, 3) + mix(day, 6, 0, 2, unit="S002") + mix(day, 7, 0, 0, unit="S003"), now=now)
    points = {point.by["group"]: point for point in read(shop, now, metric="volume")}
    assert {code: point.n for code, point in points.items()} == {"P1": 18, "P2": 8, None: 22}
    client = shop.page()
    for code, point in points.items():
        with shop.scope():
            counted = Feedback.objects.filter(organisation_id=shop.id, local_day__gte=WEEK.from_date, local_day__lt=WEEK.to_date)
            inside = counted.filter(groups.counted("partner", code or UNGROUPED, organisation=shop.id))
            assert inside.count() == point.n
        page = client.get(f"/feedback/?from={MONDAY}&to={WEEK.to_date}&state=counted&group=partner/{code or UNGROUPED}")
        assert page.context["page"].paginator.count == point.n, code


def test_what_cannot_be_cut_by_group_is_refused(shop, now):
    grow(shop, now)
    for more in ({"unit": "EAST"}, {"by": ("group", "channel")}, {"metric": "nps_relationship"}, {"hierarchy": ""}):
        with pytest.raises(ValueError, match=r"dimension|themselves"):
            read(shop, now, **more)


def test_a_reader_sees_groups_of_his_own_stores(shop, now):
    row = grow(shop, now)
    for unit in ("S001", "S002", "S003"):
        place(shop, now, row, unit, "P1" if unit == "S001" else "P2")
        receive(shop, mix(MONDAY, 9, 0, 0, unit=unit), now=now)
    assert told(read(shop, now)) == {"P1": 9, "P2": 18}
    assert told(read(shop, now, paths=("/HQ/EAST/",))) == {"P1": 9, "P2": 9}


# ---- brute force --------------------------------------------------------------------------------------------------

UNITS, DAYS = ("S001", "S002", "S003"), 10
moves = st.lists(st.tuples(st.sampled_from(UNITS), st.sampled_from(["", "P1", "P2", "NORTH"]), st.integers(-3, DAYS)), max_size=8)


@settings(max_examples=12)
@given(moves, st.lists(st.tuples(st.sampled_from(UNITS), st.integers(0, DAYS - 1), st.integers(5, 9)), min_size=1, max_size=8))
def test_totals_are_those_of_brute_force(moves, voices):
    shop, now = make_shop(), clock.now()
    row = grow(shop, now)
    held = {}
    for unit, group, offset in moves:
        place(shop, now, row, unit, group, MONDAY + timedelta(days=offset))
        for day in range(offset, DAYS + 1):
            held[unit, day] = group
    wanted = {}
    for unit, day, n in voices:
        receive(shop, mix(MONDAY + timedelta(days=day), n, 0, 0, unit=unit), now=now)
        code = held.get((unit, day), "") or None
        wanted[code] = wanted.get(code, 0) + n
    period = Period(MONDAY, MONDAY + timedelta(days=DAYS))
    assert told(read(shop, now, period=period, raw=True)) == wanted
    by_day = read(shop, now, period=period, raw=True, grain="day")
    assert sum(point.n for point in by_day) == sum(wanted.values())
    (whole,) = read(shop, now, period=period, raw=True, by=(), hierarchy="")
    assert whole.n == sum(wanted.values())
    close(shop)


def test_the_nearest_member_above_decides_day_by_day():
    placed = Run(date(2026, 1, 1), date(2026, 2, 1), ("HQ", "A", "B"))
    members = {"A": [Run(date(2025, 1, 1), date(2027, 1, 1), ("g",))], "B": [Run(date(2026, 1, 10), date(2026, 1, 20), ("x", "h"))]}
    found = [(run.from_date.day, run.to_date.day, run.path) for run in group_spans.effective(placed, members)]
    assert found == [(1, 10, ("g",)), (10, 20, ("x", "h")), (20, 1, ("g",))]


# ---- the attacker -------------------------------------------------------------------------------------------------

PLACES = [("HQ", "E", "1"), ("HQ", "E", "2"), ("HQ", "W", "3"), ("HQ", "W", "4"), ("HQ", "N", "5")]
LEAVES = [("A", "a"), ("A", "b"), ("B",), (UNGROUPED,)]
leaf = st.sampled_from(LEAVES)
atoms_of = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.tuples(leaf, leaf)), st.sampled_from([1, 2, 3, 4, 5, 6, 9, 14, 30]), min_size=1, max_size=9
)


def questions(atoms):
    """Everything that can be asked: places, units' own rows, groups of each hierarchy, a store's part of a group."""
    found = {}
    for atom in atoms:
        place, leaves = atom
        keys = [("place", place[:d]) for d in range(len(place) + 1)] + [("place", (*place, ""))]
        for at, path in enumerate(leaves):
            for depth in range(1, len(path) + 1):
                keys += [("group", (at, path[:depth], None)), ("group", (at, path[:depth], place))]
        for key in keys:
            found.setdefault(key, set()).add(atom)
    return found


def learned(atoms, is_hidden):
    """The small questions that lie in the span of the shown ones, without what the shown places tell by themselves."""
    return list(set(span(atoms, is_hidden)) - set(span(atoms, lambda key, n, asked: key[0] == "group" or is_hidden(key, n, asked))))


def span(atoms, is_hidden):
    asked, order = questions(atoms), sorted(atoms)
    total = {key: sum(atoms[atom] for atom in inside) for key, inside in asked.items()}
    rows = {key: np.array([float(atom in inside) for atom in order]) for key, inside in asked.items()}
    shown = [rows[key] for key in asked if not is_hidden(key, total[key], asked)]
    base = np.linalg.matrix_rank(np.array(shown)) if shown else 0
    small = [key for key in asked if total[key] < 5]
    return [key for key in small if np.linalg.matrix_rank(np.array([*shown, rows[key]])) == base]


def rule(atoms):
    own = {}
    for (place, _), n in atoms.items():
        own[place] = own.get(place, 0) + n
    places = hidden_places(own)
    cells = hidden_groups(atoms, places)

    def is_hidden(key, n, asked):
        kind, what = key
        if n < 5:
            return True
        if kind == "place":
            return what in places
        if what[2] is not None:
            whole = asked["place", (*what[2], "")]
            if asked[key] == whole or (*what[2], "") in places:
                return (*what[2], "") in places
        return what in cells

    return is_hidden


@settings(max_examples=120)
@given(atoms_of)
def test_no_sum_of_shown_groups_and_places_tells_a_small_one(atoms):
    assert learned(atoms, rule(atoms)) == []


def test_the_attacker_finds_what_a_simple_rule_tells():
    atoms = {(PLACES[0], (("A", "a"), ("B",))): 9, (PLACES[1], (("A", "b"), ("B",))): 2, (PLACES[2], (("B",), ("B",))): 12}
    own = {place: n for (place, _), n in atoms.items()}
    assert learned(atoms, lambda key, n, asked: n < 5 or (key[0] == "place" and key[1] in hidden_places(own)))
    assert learned(atoms, rule(atoms)) == []


def test_a_small_group_is_told_by_no_answer_of_the_series(shop, now):
    """Parent less siblings, and the organisation less the other groups."""
    row = grow(shop, now)
    for unit, group, n in (("S001", "P1", 9), ("S002", "P2", 2), ("S003", "NORTH", 14)):
        place(shop, now, row, unit, group)
        receive(shop, mix(MONDAY, n, 0, 0, unit=unit), now=now)
    leaves, tops = told(read(shop, now)), told(read(shop, now, depth="1"))
    assert leaves["P2"] is None
    assert leaves["P1"] is None or tops["SOUTH"] is None
    assert {code: [p.n for p in read(shop, now, by=(), group=code)] for code in leaves} == {code: [n] for code, n in leaves.items()}
    assert told(read(shop, now, raw=True)) == {"P1": 9, "P2": 2, "NORTH": 14}
