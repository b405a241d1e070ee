"""Dashboards as they are kept: what a widget may be, steps and their undoing, who reads and who changes."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import saved_dashboards, widgets
from reports.models import Dashboard, DashboardVersion
from reports.saved_dashboards import DashboardError
from reports.widgets import HEIGHTS, KINDS, WIDTHS, WidgetError, made, moved, put, read, resized, without
from tenancy.versions import Stale

MANY = [made("number", "nps"), made("mix"), made("note", text="早会看这里"), made("table", "nps", "csi", by="unit")]


def test_there_are_thirteen_kinds_of_figures_and_a_note():
    assert len(KINDS) == 14
    assert {kind.code for kind in KINDS.values()} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "metrics", "more", "field"),
    [
        ("number", (), {}, "metrics"),
        ("number", ("happiness",), {}, "metrics"),
        ("bars", ("nps",), {"by": "moon"}, "by"),
        ("table", ("nps", "complaint_rate"), {"by": "topic2"}, "by"),
        ("note", (), {"text": " "}, "text"),
        ("moon", (), {}, "kind"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_field(kind, metrics, more, field):
    with pytest.raises(WidgetError) as caught:
        made(kind, *metrics, **more)
    assert caught.value.field == field


def test_a_widget_is_trimmed_to_what_its_kind_knows():
    one = made("number", "nps", "csi", by="unit", weeks=7, width=5, height=9, text="x", title="  净  推荐 ", where={"unit": "EAST", "moon": "1", "channel": ""})
    assert (one.metrics, one.by, one.weeks, one.width, one.height, one.text, one.title) == (("nps",), "", 0, 3, 1, "", "净 推荐")
    assert one.where == {"unit": "EAST"}
    assert read([one.kept()]) == [one]


def test_what_a_release_dropped_is_left_out():
    kept = [one.kept() for one in MANY]
    assert read([*kept, {**kept[0], "kind": "moon"}, {**kept[0], "metrics": ["happiness"]}]) == MANY


@given(st.lists(st.tuples(st.sampled_from(["earlier", "later", "wider", "narrower", "higher", "lower"]), st.integers(0, 3)), max_size=30))
def test_steps_lose_no_widget_and_keep_sizes_that_exist(steps):
    rows = list(MANY)
    for do, at in steps:
        key = MANY[at].id
        rows = {
            "earlier": lambda r=rows, k=key: moved(r, k, -1),
            "later": lambda r=rows, k=key: moved(r, k, 1),
            "wider": lambda r=rows, k=key: resized(r, k, width=1),
            "narrower": lambda r=rows, k=key: resized(r, k, width=-1),
            "higher": lambda r=rows, k=key: resized(r, k, height=1),
            "lower": lambda r=rows, k=key: resized(r, k, height=-1),
        }[do]()
    assert sorted(one.id for one in rows) == sorted(one.id for one in MANY)
    assert all(one.width in WIDTHS and one.height in HEIGHTS for one in rows)


def test_put_replaces_or_appends_and_without_takes_away():
    other = made("mix", title="别的")
    assert put(MANY, other)[-1] == other
    changed = widgets.checked(widgets.Widget(**{**MANY[1].__dict__, "title": "构成"}))
    assert put(MANY, changed)[1].title == "构成"
    assert len(without(MANY, MANY[0].id)) == 3
    with pytest.raises(WidgetError):
        without(MANY, "nothing")


@pytest.fixture
def board(shop, now):
    with shop.scope():
        return saved_dashboards.add(
            uuid.uuid4(), "我的", MANY, shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t"
        )


def test_the_same_key_makes_one(shop, board, now):
    with shop.scope():
        again = saved_dashboards.add(board.id, "别的", [], shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t")
        assert (again.id, again.name, Dashboard.objects.count()) == (board.id, "我的", 1)


def test_a_step_is_undone_and_a_stale_one_writes_nothing(shop, board, now):
    guard = {"now": now, "actor": "t"}
    with shop.scope():
        before = list(board.widgets)
        row = saved_dashboards.change(board, lambda rows: without(rows, MANY[0].id), version=1, **guard)
        with pytest.raises(Stale):
            saved_dashboards.change(row, lambda rows: without(rows, MANY[1].id), version=1, **guard)
        row = saved_dashboards.change(row, lambda rows: moved(rows, MANY[1].id, 1), version=2, **guard)
        row = saved_dashboards.undo(row, version=3, **guard)
        row = saved_dashboards.undo(row, version=4, **guard)
        assert Dashboard.objects.get().widgets == before
        with pytest.raises(DashboardError):
            saved_dashboards.undo(row, version=5, **guard)


def test_twenty_steps_are_kept(shop, board, now):
    with shop.scope():
        row = board
        for n in range(24):
            row = saved_dashboards.change(row, lambda rows: moved(rows, MANY[0].id, 1), version=n + 1, now=now, actor="t")
        assert DashboardVersion.objects.count() == saved_dashboards.KEPT


def test_who_reads_and_who_changes(shop, board, now):
    seats = {role: shop.seat(role) for role in ("cx_manager", "admin", "executive", "analyst")}
    with shop.scope():
        assert [saved_dashboards.is_open(board, seats[role]) for role in seats] == [True, False, False, False]
        row = saved_dashboards.describe(board, "给高管", ["executive", "admin"], version=1, now=now, actor="t")
        assert [saved_dashboards.is_open(row, seats[role]) for role in seats] == [True, True, True, False]
        assert [saved_dashboards.is_his(row, seats[role]) for role in seats] == [True, True, False, False]
        assert [len(saved_dashboards.of_seat(seats[role], organisation=shop.id)) for role in seats] == [1, 1, 1, 0]
        row = saved_dashboards.describe(row, "给大家", ["all"], version=2, now=now, actor="t")
        assert saved_dashboards.is_open(row, seats["analyst"])
        listed = {role: saved_dashboards.of_seat(seat, organisation=shop.id) for role, seat in seats.items()}
        assert listed == dict.fromkeys(seats, [row])
        with pytest.raises(DashboardError):
            saved_dashboards.describe(row, "x", ["moon"], version=3, now=now, actor="t")
        saved_dashboards.remove(row, version=3, now=now, actor="t")
        assert not Dashboard.objects.exists()
