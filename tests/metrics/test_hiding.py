"""The attacker as a program: every sum of places he may ask, all visible ones put together, and no hidden place is told."""

from datetime import date, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from cxms.lib.periods import Period
from metrics.hiding import hidden_places
from metrics.series import Where, series
from reports import dashboards
from tests.metrics.voices import mix, receive

TREE = [
    (), ("HQ",), ("HQ", "E"), ("HQ", "E", "1"), ("HQ", "E", "2"), ("HQ", "E", "2", "t"), ("HQ", "W"), ("HQ", "W", "3"), ("HQ", "N"), ("HQ", "N", "4"),
]  # fmt: skip


def asked(places):
    """What can be asked: each subtree, and each unit's own rows; as the units whose rows it sums."""
    return {place: {p for p in places if p[: len(place)] == place} for place in places} | {(*place, ""): {place} for place in places}


def learned(places, shown, hidden, counts):
    """The hidden questions that the shown answers leave exactly one whole number for; an answer that is hidden is not 0."""
    questions, order = asked(places), sorted(places)
    rows = {key: np.array([place in questions[key] for place in order], dtype=float) for key in questions}
    exact = [(rows[key], n) for key, n in shown.items()]
    limits = [LinearConstraint(np.array([row for row, _ in exact]), [n for _, n in exact], [n for _, n in exact])] if exact else []
    limits += [LinearConstraint(rows[key], 1, np.inf) for key in hidden]
    told = []
    for key in hidden:
        if counts(key) >= 5:
            continue
        ends = [milp(sign * rows[key], constraints=limits, integrality=np.ones(len(order)), bounds=(0, 60)) for sign in (1, -1)]
        if all(end.status == 0 for end in ends) and round(ends[0].fun) == round(-ends[1].fun):
            told.append(key)
    return told


def attack(own):
    """What the attacker learns, and what a rule that only hides the small ones would have let him learn."""
    questions = asked(own)

    def count(key):
        return sum(own[place] for place in questions[key])

    hidden = {key for key in hidden_places(own) if key in questions}
    shown = {key: count(key) for key in questions if key not in hidden}
    assert all(not 1 <= n < 5 for n in shown.values())
    naive = {key for key in questions if 1 <= count(key) < 5}
    return learned(own, shown, hidden, count), learned(own, {k: count(k) for k in questions if k not in naive}, naive, count)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 9, 30]), min_size=len(TREE), max_size=len(TREE)))
@example([0, 0, 0, 9, 7, 0, 0, 2, 0, 0])
@example([0, 0, 0, 1, 1, 0, 0, 1, 0, 30])
@example([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
def test_no_sum_of_shown_places_tells_a_hidden_one(counts):
    assert attack(dict(zip(TREE, counts, strict=True)))[0] == []


def test_the_attacker_is_one():
    """The same attacker finds the hidden store when only the small ones are hidden."""
    assert ("HQ", "W") in attack(dict(zip(TREE, [0, 0, 0, 9, 7, 0, 0, 2, 0, 0], strict=True)))[1]


def test_regions_side_by_side_do_not_tell_the_headquarters_own(shop, now):
    """16 and 20 in the regions, 3 at the headquarters itself: the total less the regions would be 3."""
    monday = now.date() - timedelta(days=now.weekday() + 7)
    receive(shop, mix(monday, 16, 0, 0) + mix(monday, 20, 0, 0, unit="S003") + mix(monday, 3, 0, 0, unit="HQ"), now=now)
    with shop.scope():
        ranking = dashboards.nps_page(organisation=shop.id, now=now, where=Where(), by="region").ranking
    assert ranking.whole.n == 39
    assert (ranking.n_hidden, [place.code for place in ranking.grey]) == (1, ["WEST"])


def test_the_series_hides_alike_however_it_is_asked(shop, stranger, now):
    """Regions by themselves, stores beside each other, inside a region, as a reader of it: one answer to what is hidden."""
    monday = date(2026, 9, 7)
    period = Period(monday, monday + timedelta(days=7))
    rows = mix(monday, 9, 0, 0) + mix(monday, 7, 0, 0, unit="S002") + mix(monday, 2, 0, 0, unit="S003")
    receive(shop, rows, now=now)
    receive(stranger, mix(monday, 1, 0, 0, unit="S001"), now=now)

    def one(metric="nps", **where):
        with shop.scope():
            return series(organisation=shop.id, metric=metric, period=period, now=now, where=Where(**where)).points[0]

    own = {("HQ",): 0, ("HQ", "EAST", "S001"): 9, ("HQ", "EAST", "S002"): 7, ("HQ", "WEST", "S003"): 2}
    hidden = hidden_places(own)
    for metric in ("nps", "volume"):
        for unit in shop.units.values():
            place = tuple(unit.path.strip("/").split("/"))
            assert one(metric, unit=unit.code).suppressed == (place in hidden), (metric, unit.code)
        assert one(metric).n == 18
        with shop.scope():
            for where in (Where(), Where(unit="EAST"), Where(paths=("/HQ/EAST/",))):
                cells = series(organisation=shop.id, metric=metric, period=period, now=now, by=["unit"], where=where).points
                assert {p.by["unit"]: p.suppressed for p in cells if p.by["unit"] != "S003"} == {"S001": False, "S002": True}
        assert one(metric, paths=("/HQ/EAST/",)).suppressed
    with shop.scope():
        raw = series(organisation=shop.id, metric="nps", period=period, now=now, where=Where(unit="WEST"), raw=True).points[0]
        assert raw.n == 2
    page = shop.page().get("/metrics/nps?unit=EAST").content.decode()
    assert "n = 16" not in page
    answer = shop.api("metrics:read").get(f"/api/v1/metrics/nps?from={monday}&to={period.to_date}&unit=EAST").json()
    assert answer["points"][0]["suppressed"] and answer["points"][0]["n"] is None
