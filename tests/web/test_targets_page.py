"""Targets where people see them: page, metric pages, tiles, widgets, API — one number everywhere."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta

import pytest

from metrics import targets
from metrics.models import Target
from metrics.targets import Wanted
from reports import saved_dashboards, widgets
from reports.dashboards import monday_of
from tenancy.models import MemberRole
from tests.metrics.voices import mix, receive


@pytest.fixture
def answered(shop, now):
    """Forty answers in S001 and forty in S002 in the last whole week, NPS +50 and −50."""
    today = (now + timedelta(hours=8)).date()
    day = monday_of(today) - timedelta(days=3)
    receive(shop, mix(day, 25, 10, 5, unit="S001") + mix(day, 5, 10, 25, unit="S002"), now=now)
    return day


def send(client, **more):
    body = {"metric": "nps", "value": "25", "from_date": "2026-01-01", "basis": "own", "token": "t1"} | more
    return client.post("/targets/", body)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_target_is_the_same_in_page_api_tile_widget_and_export(shop, now, answered):
    page = shop.page()
    assert "这个数没有目标" in text_of(page.get("/metrics/nps"))
    assert send(page).status_code == 302
    assert send(page).status_code == 302, "the same form twice is one"
    assert send(page, unit="S001", value="30", token="t2").status_code == 302
    with shop.scope():
        assert Target.objects.count() == 2
        board = saved_dashboards.add(
            uuid.uuid4(), "b", [widgets.made("trend", "nps"), widgets.made("table", "nps")], shop.seat("cx_manager"),
            organisation=shop.id, now=now, actor="t",
        )  # fmt: skip
    text = text_of(page.get("/targets/"))
    assert "NPS" in text and "目标 25 · 差 25.0" in text and "没有达到目标" in text  # 0 of both stores
    assert "目标 30 · 超 20.0" in text and "看不出差别" in text  # +50 ± 23 crosses 30
    text = text_of(page.get("/metrics/nps"))
    assert "目标 25 · 差 25.0" in text and "没有达到目标" in text
    assert "vx-target" in page.get("/metrics/nps").content.decode()
    assert "目标 30 · 超 20.0" in text_of(page.get("/metrics/nps?unit=S001"))
    assert "这个数没有目标" in text_of(page.get("/metrics/nps?channel=app")), "a narrowed figure has none"
    assert "目标 25 · 差 25.0" in text_of(page.get("/"))
    key = board.widgets
    trend = page.get(f"/dashboards/{board.id}/widgets/{key[0]['id']}/").content.decode()
    assert "vx-target" in trend and "目标 25" in trend
    found = page.get(f"/dashboards/{board.id}/widgets/{key[1]['id']}/?as=csv").content.decode("utf-8-sig")
    rows = {row["label"]: row for row in csv.DictReader(io.StringIO(found))}
    assert (rows["S001"]["target"], rows["S001"]["verdict"]) == ("30.0", "unclear")
    assert (rows["S002"]["target"], rows["S002"]["verdict"]) == ("25.0", "missed")
    api = shop.api("metrics:read")
    asked = f"from={answered}&to={answered + timedelta(days=1)}"
    (point,) = api.get(f"/api/v1/metrics/nps?{asked}").json()["points"]
    assert (point["value"], point["target"], point["verdict"]) == (0.0, 25.0, "missed")
    cells = api.get(f"/api/v1/metrics/nps?{asked}&by=unit").json()["points"]
    assert [(one["by"]["unit"], one["target"], one["verdict"]) for one in cells] == [("S001", 30.0, "unclear"), ("S002", 25.0, "missed")]
    both = api.get(f"/api/v1/metrics/nps?{asked}&by=unit,channel").json()["points"]
    assert {(one["target"], one["verdict"]) for one in both} == {(None, None)}


def test_the_api_sets_lists_pages_and_withdraws(shop, stranger):
    client = shop.api("metrics:read", "targets:write")

    def post(path, body, by=client):
        return by.post(f"/api/v1{path}", data=json.dumps(body), content_type="application/json")

    assert post("/targets", {"metric": "nps", "value": 1, "from": "2026-01-01"}, shop.api("metrics:read")).status_code == 403
    for month in (1, 2, 3):
        made = post("/targets", {"metric": "nps", "value": 20 + month, "from": f"2026-0{month}-01", "unit": "EAST"})
        assert made.status_code == 201, made.json()
    theirs = post("/targets", {"metric": "nps", "value": 44.5, "from": "2026-01-01", "competitor": "甲", "source": "https://x.example/2025"}).json()
    assert (theirs["basis"], theirs["competitor"], theirs["value"]) == ("competitor", "甲", 44.5)
    assert post("/targets", {"metric": "nps", "value": 9, "from": "2026-02-01", "unit": "EAST"}).json()["code"] == "not_later"
    for body in ({"metric": "nps", "value": "9", "from": "2026-09-01"}, {"metric": "nps", "value": True, "from": "2026-09-01"}, {"metric": 3, "value": 9}):
        assert post("/targets", body).status_code == 422
    seen, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"/api/v1/targets?metric=nps&unit=EAST&limit=2{f'&cursor={cursor}' if cursor else ''}").json()
        seen += [row["value"] for row in answer["results"]]
        cursor = answer["next"]
    assert seen == [23.0, 22.0, 21.0]
    for reason in ("写错", "again"):
        gone = post(f"/targets/{theirs['id']}/withdraw", {"reason": reason})
        assert (gone.status_code, gone.json()["reason"]) == (200, "写错")
    assert post(f"/targets/{theirs['id']}/withdraw", {"reason": "x"}, stranger.api("targets:write")).status_code == 404
    assert stranger.api("metrics:read").get("/api/v1/targets").json()["results"] == []


def test_who_may_and_what_a_store_sees(shop, now, answered):
    page = shop.page()
    for unit, token in (("", "a"), ("S001", "b"), ("S002", "c")):
        assert send(page, unit=unit, token=token, note=f"说明{unit or '全'}").status_code == 302
    found = {role: shop.page(role).get("/targets/").status_code for role in shop.members}
    assert {role for role, status in found.items() if status != 200} == {"frontline"}
    assert {role: send(shop.page(role), token="z").status_code for role in ("store_manager", "analyst")} == {"store_manager": 404, "analyst": 404}
    text = text_of(shop.page("store_manager").get("/targets/"))
    assert "说明S001" in text and "说明全" in text and "说明S002" not in text
    assert "这个范围的数你看不到" in text, "the whole organisation's figure is not his"
    wrong = send(page, value="1000", token="d")
    assert wrong.status_code == 400 and "这个指标在 -100 到 100 之间" in text_of(wrong)
    with shop.scope():
        row = Target.objects.get(unit__code="S002")
    assert page.post(f"/targets/{row.id}/withdraw/", {"reason": ""}).status_code == 302
    assert page.post(f"/targets/{row.id}/withdraw/", {"reason": "打错"}).status_code == 302
    assert "已撤回" in text_of(page.get("/targets/?metric=nps"))
    lines = list(csv.DictReader(io.StringIO(page.get("/targets/?format=csv").content.decode("utf-8-sig"))))
    assert sorted((line["unit"], line["value"], line["reason"]) for line in lines) == [("", "25.0", ""), ("S001", "25.0", ""), ("S002", "25.0", "打错")]


def test_a_target_of_another_region_is_not_there_to_be_withdrawn(shop, now):
    page = shop.page()
    assert send(page, unit="S003").status_code == 302
    assert send(page, unit="S001", token="t2").status_code == 302
    with shop.scope():
        MemberRole.objects.filter(member=shop.members["cx_manager"]).update(unit=shop.units["EAST"])
        keys = dict(Target.objects.values_list("unit__code", "id"))
    assert page.post(f"/targets/{keys['S003']}/withdraw/", {"reason": "打错"}).status_code == 404
    assert page.post(f"/targets/{keys['S001']}/withdraw/", {"reason": "打错"}).status_code == 302
    with shop.scope():
        assert list(Target.objects.filter(withdrawn_at=None).values_list("unit__code", flat=True)) == ["S003"]


def test_who_sees_one_region_sets_and_withdraws_nothing_of_the_whole(shop, now):
    with shop.scope():
        MemberRole.objects.filter(member=shop.members["cx_manager"]).update(unit=shop.units["EAST"])
        row = targets.put(uuid.uuid4(), Wanted("nps", "20", "2026-01-01"), organisation=shop.id, now=now, actor="t")
        mine = targets.put(uuid.uuid4(), Wanted("nps", "21", "2026-01-01", unit="S001"), organisation=shop.id, now=now, actor="t")
    page = shop.page()
    assert send(page, from_date="2026-02-01", token="w").status_code == 400
    assert page.post(f"/targets/{row.id}/withdraw/", {"reason": "x"}).status_code == 404
    assert {one["row"].id: one["may_withdraw"] for one in page.get("/targets/").context["rows"]} == {mine.id: True, row.id: False}
    assert send(page, unit="EAST", from_date="2026-02-01", token="e").status_code == 302
    assert page.post(f"/targets/{mine.id}/withdraw/", {"reason": "x"}).status_code == 302
    assert shop.page("admin").post(f"/targets/{row.id}/withdraw/", {"reason": "x"}).status_code == 302
