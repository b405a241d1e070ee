"""体验模型树 over HTTP: begun from the universal one, edited as one form, scores that are the metrics' own, gaps that lead on."""

import re
from datetime import timedelta

import pytest

from metrics import model_versions
from metrics.models import ModelVersion
from tests.metrics.voices import mix, receive, voice
from tests.web.test_voices import html, last_week, total


@pytest.fixture
def grown(shop, now):
    with shop.scope():
        nodes = model_versions.universal(organisation=shop.id)
        return model_versions.save(nodes, on=0, organisation=shop.id, now=now, actor="t", actor_name="唐雨")


def form_of(page, **more):
    """The edit form as a browser would send it."""
    said = html(page, "/model/edit/")
    fields = {"version": re.search(r'name="version" value="(\d+)"', said).group(1)}
    ids = re.findall(r'name="id" value="([^"]+)"', said)
    for key in ids:
        for name in ("parent", "name", "weight"):
            found = re.search(rf'name="{re.escape(key)}\.{name}" value="([^"]*)"', said)
            fields[f"{key}.{name}"] = found.group(1)
        for name in ("flag", "metric", "topic", "touchpoint"):
            select = re.search(rf'<select[^>]*name="{re.escape(key)}\.{name}".*?</select>', said, re.S)
            chosen = re.search(r'value="([^"]*)" selected', select.group()) if select else None
            fields[f"{key}.{name}"] = chosen.group(1) if chosen else ""
    return {**fields, "id": ids, "do": "save", **more}


def test_begun_from_the_universal_tree_and_grown_by_a_node(shop, stranger):
    page = shop.page()
    assert "从通用的树开始" in html(page, "/model/")
    assert page.post("/model/edit/", form_of(page, note="第一版")).status_code == 302
    with shop.scope():
        (row,) = ModelVersion.objects.all()
    assert "产品" in html(page, "/model/") and row.note == "第一版"
    draft = page.post("/model/edit/", form_of(page, do="add:product")).content.decode()
    fresh = re.search(r'value="(n-[0-9a-f]{8})"', draft).group(1)
    with shop.scope():
        assert ModelVersion.objects.count() == 1, "a draft is no version"
    body = form_of(page)
    body |= {f"{fresh}.parent": "product", f"{fresh}.name": "", f"{fresh}.weight": "2", f"{fresh}.metric": "csat", "id": [*body["id"], fresh]}
    wrong = page.post("/model/edit/", body)
    assert wrong.status_code == 400 and "给节点起个名字" in wrong.content.decode() and 'value="2"' in wrong.content.decode()
    assert page.post("/model/edit/", {**body, f"{fresh}.name": "包装"}).status_code == 302
    stale = page.post("/model/edit/", {**body, f"{fresh}.name": "包装盒"})
    assert stale.status_code == 409 and "包装盒" in stale.content.decode()
    said = html(page, "/model/history/")
    assert "包装" in said and "第 2 版" in said
    assert page.post("/model/edit/", form_of(page, do="remove:product")).status_code == 200
    assert "还没有模型树" in html(stranger.page(), "/model/")


def test_who_may(shop, grown):
    assert shop.page("analyst").get("/model/").status_code == 200
    assert shop.page("analyst").get("/model/edit/").status_code == 403
    assert shop.page("frontline").get("/model/").status_code == 403
    assert shop.page().get("/model/history/?to=99").status_code == 404


def test_a_leafs_score_is_its_metric_and_leads_to_as_many_rows(shop, grown, now, work):
    week = last_week(now)
    receive(shop, mix(week, 30, 6, 4, touchpoint="payment") + [voice(week, None, text="收银等了半小时，没人理") for _ in range(12)], now=now)
    work()
    said = html(shop.page(), "/model/?weeks=4")
    row = re.search(r'<tr class="l3[^"]*"><th scope="row"><span class="in">等待时间.*?</tr>', said, re.S).group()
    n = int(re.search(r'data-label="n">([\d,]+)', row).group(1))
    assert n == 12
    link = re.search(r'href="(/feedback/[^"]+)"', row).group(1)
    assert total(html(shop.page(), link)) == n
    nps = shop.api().get("/api/v1/metrics/nps", {"from": (week - timedelta(weeks=3)).isoformat(), "to": (week + timedelta(weeks=1)).isoformat(), "by": "touchpoint"}).json()["points"]
    value = next(one["value"] for one in nps if one["by"]["touchpoint"] == "payment")
    place = re.search(r'<tr class="l3[^"]*"><th scope="row"><span class="in">[^<]*(?:付款|收银|结账|支付)[^<]*.*?</tr>', said, re.S).group()
    assert f"<b>{(value + 100) / 2:.1f}</b>" in place


def test_complaints_on_no_node_are_told_and_listed(shop, stranger, grown, complain, now, work):
    complain("没有主题的话", received_at=now - timedelta(days=9))
    work()
    page = shop.page()
    n = int(re.search(r'class="mt-big"[^>]*>([\d,]+)<', html(page, "/model/?weeks=4")).group(1))
    listed = html(page, "/model/unplaced/?weeks=4")
    assert n == 1 and len(re.findall(r'href="/promises/C-', listed)) == n
    assert "没有主题的话" not in html(stranger.page(), "/model/unplaced/?weeks=4")
