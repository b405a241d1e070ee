"""Service environment: inspections scored by their checklist's version, customers' scores, half and half, never one for both."""

import math
import re
import threading
import time
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from cxms.lib.periods import Period
from feedback.shapes import RawScore, RawVoice
from metrics.definitions import service_environment as environment
from metrics.series import Where, series
from surveys import inspections
from surveys.inspection_scoring import Item, score
from surveys.inspections import InspectionError
from surveys.models import Checklist, Inspection
from tests.metrics.voices import at, receive

ITEMS = [Item("floor", "地面", 3, "yes", True), Item("air", "气味", 2, "scale"), Item("light", "灯", 1)]


@pytest.mark.parametrize(
    ("answers", "value", "failed"),
    [
        ({"floor": 1, "air": 5, "light": 1}, 100, ()),
        ({"floor": 0, "air": 1, "light": 0}, 0, ("floor",)),
        ({"floor": 1, "air": 3, "light": 0}, 100 * (3 + 2 * 0.5) / 6, ()),
        ({"floor": 1, "light": 1}, 100, ()),  # four of six, renormalised
        ({"floor": 1}, None, ()),  # three of six is too little
        ({"floor": 0, "light": 1}, 25, ("floor",)),
        ({}, None, ()),
    ],
)
def test_scores_by_hand(answers, value, failed):
    found = score(ITEMS, answers)
    assert found.failed == failed
    assert found.value == (None if value is None else pytest.approx(value))


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 5)), min_size=1, max_size=12), st.integers(2, 9))
def test_a_score_stays_on_its_scale_and_weights_are_relative(rows, factor):
    items = [Item(f"i{n}", "x", w, "yes" if is_yes else "scale") for n, (w, is_yes, _v) in enumerate(rows)]
    answers = {f"i{n}": (v > 2) * 1 if is_yes else max(v, 1) for n, (_w, is_yes, v) in enumerate(rows)}
    value = score(items, answers).value
    assert -1e-9 <= value <= 100 + 1e-9
    assert score([Item(i.code, i.label, i.weight * factor, i.kind) for i in items], answers).value == pytest.approx(value)


def save(shop, now, items=None, on=0):
    with shop.scope():
        return inspections.save(items or ITEMS, on=on, organisation=shop.id, now=now, actor="t")


def file(shop, now, answers, *, unit="S001", version=1, key=None):
    with shop.scope():
        return inspections.inspect(
            key or uuid.uuid4(), shop.units[unit], version, answers, "", organisation=shop.id, now=now, actor="t", actor_name="t"
        )


def read(shop, now, **asked):
    day = (now + timedelta(hours=8)).date()
    with shop.scope():
        return series(organisation=shop.id, metric="service_environment", period=Period(day - timedelta(days=6), day + timedelta(days=1)), now=now, **asked).points


def rate(day, value, unit="S001", kind="csat"):
    return RawVoice(channel="app", occurred_at=at(day, 0), unit=unit, scores=(RawScore(kind, Decimal(value), 1, 5, "environment"),))


def test_the_index_is_half_and_half_with_the_interval_of_both(shop, now):
    day = (now + timedelta(hours=8)).date()
    save(shop, now)
    for answers in ({"floor": 1, "air": 5, "light": 1}, {"floor": 1, "air": 3, "light": 0}, {"floor": 0, "air": 3, "light": 1}):
        file(shop, now, answers)
    assert read(shop, now)[0].value is None, "inspections alone are no index"
    receive(shop, [rate(day, v) for v in (5, 4, 4, 3, 5, 5)] + [rate(day, 3, kind="stars") for _ in range(2)], now=now)
    receive(shop, [rate(day, 1, unit="S003") for _ in range(5)], now=now)
    (point,) = read(shop, now, where=Where(unit="EAST"))
    one, other = environment.inspected(point.components), environment.felt(point.components)
    assert (one.value, one.n) == (pytest.approx((100 + 400 / 6 + 200 / 6) / 3, abs=1e-4), 3)
    assert (other.value, other.n, point.n) == (pytest.approx((100 + 75 + 75 + 50 + 100 + 100 + 50 + 50) / 8), 8, 8)
    assert point.value == pytest.approx((one.value + other.value) / 2)
    half = math.hypot(one.high - one.low, other.high - other.low) / 4
    assert (point.low, point.high) == (pytest.approx(max(point.value - half, 0)), pytest.approx(min(point.value + half, 100)))
    assert environment.failed(point.components).value == pytest.approx(100 / 3)
    cells = {cell.by["unit"]: (cell.value, cell.n) for cell in read(shop, now, by=["unit"])}
    assert cells["S001"] == (pytest.approx(point.value), 8) and cells["S003"] == (None, 5), "customers alone are no index"
    with shop.scope():
        inspections.withdraw(Inspection.objects.order_by("score")[0], now=now, actor="t")
    assert environment.inspected(read(shop, now, where=Where(unit="EAST"))[0].components).n == 2


def test_versions_keep_what_was_inspected(shop, stranger, now):
    first = save(shop, now)
    assert save(shop, now, on=1).id == first.id, "the same again is no version"
    with pytest.raises(InspectionError) as refused:
        save(shop, now, [*ITEMS, Item("x", "x", 1)])
    assert refused.value.code == "stale"
    old = file(shop, now, {"floor": 1, "air": 3, "light": 0})
    assert save(shop, now, [Item("air", "气味", 1, "scale")], on=1).version == 2
    assert file(shop, now, {"air": 1}, version=2).score == 0
    with shop.scope():
        assert Inspection.objects.get(id=old.id).score == Decimal("66.6667")
    assert file(shop, now, {"air": 5}, key=old.id, version=2).score == old.score, "the same key again gives the first"
    for answers, code in (({"air": 6}, "bad_answer"), ({"door": 1}, "bad_answer"), ({}, "too_few")):
        with pytest.raises(InspectionError) as refused:
            file(shop, now, answers, version=2)
        assert refused.value.code == code
    for items, code in (([], "bad_items"), ([Item("a", "", 1)], "bad_label"), ([Item("a", "x", 0)], "bad_weight"), ([Item("a", "x", 1)] * 2, "repeated")):
        with pytest.raises(InspectionError) as refused:
            save(shop, now, items, on=2) if items else inspections_save_empty(shop, now)
        assert refused.value.code == code
    with stranger.scope():
        assert not Checklist.objects.exists() and not Inspection.objects.exists()


def inspections_save_empty(shop, now):
    with shop.scope():
        inspections.save([], on=2, organisation=shop.id, now=now, actor="t")


def test_a_member_walks_through_a_store_in_the_browser(shop, stranger, now):
    page = shop.page()
    assert page.get("/inspections/").status_code == 200
    assert page.get("/inspections/new/").status_code == 302, "no checklist yet"
    rows = {"version": "0", "code": ["floor", "air", ""], "label": ["地面", "气味", "灯"], "weight": ["3", "2", "1"], "kind": ["yes", "scale", "yes"], "critical": ["0"]}
    assert page.post("/inspections/checklist/", rows).status_code == 302
    assert page.post("/inspections/checklist/", rows).status_code == 409
    with shop.scope():
        kept = inspections.items_of(inspections.latest(organisation=shop.id))
    assert [(item.code, item.weight, item.kind, item.is_critical) for item in kept] == [
        ("floor", 3, "yes", True), ("air", 2, "scale", False), ("item_1", 1, "yes", False),
    ]  # fmt: skip
    manager = shop.page("store_manager")
    text = manager.get("/inspections/new/").content.decode()
    assert "杭州西溪店" in text and "成都天府店" not in text
    given_ = {"unit": "S001", "version": "1", "token": "walk", "a-floor": "0", "a-air": "3", "a-item_1": "1"}
    answer = manager.post("/inspections/new/", given_)
    assert answer.status_code == 302 and manager.post("/inspections/new/", given_)["Location"] == answer["Location"]
    one = re.sub(r"<[^>]+>", " ", manager.get(answer["Location"]).content.decode())
    assert "33.3" in one and "没过" in one
    for more, status in (({"unit": "S003"}, 400), ({"a-floor": "", "a-air": ""}, 400)):
        assert manager.post("/inspections/new/", given_ | more | {"token": "x"}).status_code == status
    assert {role: shop.page(role).get("/inspections/new/").status_code for role in ("analyst", "frontline")} == {"analyst": 403, "frontline": 403}
    assert stranger.page().get(answer["Location"]).status_code == 404
    assert shop.page("region_manager").get(answer["Location"]).status_code == 200
    line = page.get("/inspections/?format=csv").content.decode("utf-8-sig").splitlines()[1]
    assert line.startswith("S001,") and ",floor,1," in line
    assert manager.post(answer["Location"] + "withdraw/").status_code == 302
    assert "已撤回" in page.get("/inspections/").content.decode()


def test_two_taps_at_once_are_one_inspection(shop, now):
    with shop.scope():
        items = inspections.starting()
        inspections.save(items, on=0, organisation=shop.id, now=now, actor="t")
    key, said = uuid.uuid4(), []

    def tap():
        try:
            with shop.scope(), transaction.atomic():
                answers = {item.code: 1 for item in items}
                made = inspections.inspect(key, shop.units["S001"], 1, answers, "", organisation=shop.id, now=now, actor="t", actor_name="t")
                said.append(made.id)
                time.sleep(0.2)  # the other waits for this one to be kept
        finally:
            connection.close()

    threads = [threading.Thread(target=tap) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [key, key]
    with shop.scope():
        assert Inspection.objects.count() == 1


def test_two_first_checklists_at_once_are_one_and_a_refusal(shop, now):
    said = []

    def send():
        try:
            with shop.scope(), transaction.atomic():
                said.append(inspections.save(inspections.starting(), on=0, organisation=shop.id, now=now, actor="t").version)
                time.sleep(0.2)  # the other waits for this one to be kept
        except InspectionError as error:
            said.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [1, "stale"]
    with shop.scope():
        assert Checklist.objects.count() == 1
