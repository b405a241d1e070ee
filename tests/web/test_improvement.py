"""行动 and 例会 on the pages: filled in from where one came, refused without losing a word, a stranger finds nothing."""

import re
import uuid
from datetime import timedelta

import pytest

from improvement.models import Action, HuddleDecision
from tests.metrics.voices import mix, receive


@pytest.fixture
def today(now):
    return (now + timedelta(hours=8)).date()


def form(shop, today, **more):
    return {
        "title": "先打电话再报价", "metric": "nps", "unit": "S001", "owner": shop.members["store_manager"].user.email,
        "start_date": today.isoformat(), "due_date": (today + timedelta(days=28)).isoformat(), "n_days": "28",
        "token": uuid.uuid4().hex, **more,
    }  # fmt: skip


@pytest.fixture
def action(shop, today):
    shop.page().post("/actions/new/", form(shop, today))
    with shop.scope():
        return Action.objects.get()


def test_three_clicks_from_a_topic_everything_is_filled_in(shop, now, today):
    receive(shop, mix(today - timedelta(days=5), 30, 10, 20), now=now)
    text = shop.page().get("/actions/new/?metric=nps&unit=S001").content.decode()
    assert "+17" in re.search(r'id="baseline".*?</div>', text, re.S).group()
    assert "n = 60" in text
    text = shop.page().get("/actions/new/?metric=nps&topic=waiting_time").content.decode()
    assert 'value="改进“等待时间”"' in text
    assert '<option value="waiting_time" selected>' in text


def test_the_same_form_twice_is_one_action_and_a_bad_one_keeps_its_words(shop, today):
    client, data = shop.page(), form(shop, today)
    first, second = client.post("/actions/new/", data), client.post("/actions/new/", data)
    assert first.url == second.url
    bad = client.post("/actions/new/", form(shop, today, due_date="gestern", description="先试一家店"))
    assert bad.status_code == 400
    assert "请填日期" in bad.content.decode()
    assert "先试一家店" in bad.content.decode()
    with shop.scope():
        assert Action.objects.count() == 1


def test_the_page_moves_and_refuses(shop, action):
    client, url = shop.page(), f"/actions/{action.id}/"
    assert "开始执行" in client.get(url).content.decode()
    assert client.post(f"{url}step/", {"state": "do", "version": "1"}).status_code == 302
    stale = client.post(f"{url}step/", {"state": "plan", "version": "1"})
    assert (stale.status_code, "刚被别人更新" in stale.content.decode()) == (412, True)
    assert client.post(f"{url}step/", {"state": "check", "version": "2"}).status_code == 409
    refused = client.post(f"{url}step/", {"do": "learn", "lesson": "stop", "text": "留着这句话", "version": "2"})
    assert refused.status_code == 409
    client.post(f"{url}step/", {"do": "comment", "text": "已通知门店"})
    assert "已通知门店" in client.get(url).content.decode()


def test_who_sees_what(shop, stranger, action):
    url = f"/actions/{action.id}/"
    assert [shop.page(role).get(url).status_code for role in ("executive", "store_manager", "frontline")] == [200, 200, 403]
    assert shop.page("executive").post(f"{url}step/", {"state": "do", "version": "1"}).status_code == 403
    assert stranger.page("admin").get(url).status_code == 404
    assert stranger.page("admin").post(f"{url}step/", {"do": "comment", "text": "x"}).status_code == 404
    assert "先打电话再报价" not in stranger.page("admin").get("/actions/").content.decode()


def test_the_board_asks_as_often_for_one_as_for_three(shop, today, action):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = shop.page()

    def n():
        with CaptureQueriesContext(connection) as taken:
            text = client.get("/actions/").content.decode()
        return len(taken), text.count('class="card1"')

    one = n()
    for i in range(2):
        client.post("/actions/new/", form(shop, today, title=f"第{i}个行动"))
    three = n()
    assert (one[1], three[1], three[0]) == (1, 3, one[0])
    assert client.get("/actions/?owner=me").content.decode().count('class="card1"') == 0
    assert shop.page("store_manager").get("/actions/?owner=me").content.decode().count('class="card1"') == 3


def test_the_huddle_is_made_by_itself_and_keeps_decisions(shop, complain, action, work):
    complain()
    work()
    client = shop.page("store_manager")
    text = client.get("/huddle/").content.decode()
    for heading in ("昨天的承诺", "念两条原话", "一个数", "到期的行动", "决定"):
        assert heading in text
    token = uuid.uuid4().hex
    for _ in range(2):
        client.post("/huddle/step/", {"do": "decide", "text": "明早回访三位客户", "token": token})
    with shop.scope():
        assert HuddleDecision.objects.count() == 1
    refused = client.post("/huddle/step/", {"do": "end", "n_present": "0"})
    assert (refused.status_code, "到场 1 至 500 人" in refused.content.decode()) == (400, True)
    client.post("/huddle/step/", {"do": "end", "n_present": "6"})
    assert "明早回访三位客户" in client.get("/huddle/").content.decode()
    assert shop.page("executive").post("/huddle/step/", {"do": "end", "n_present": "6"}).status_code == 403


@pytest.mark.parametrize("url", ["/actions/", "/actions/new/", "/huddle/", "one"])
def test_no_chinese_is_left_on_english_pages(shop, action, url):
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    text = client.get(f"/actions/{action.id}/" if url == "one" else url).content.decode()
    text = re.sub(r"简体中文|繁體中文|<option.*?</option>|杭州西溪店|苏州观前店|成都天府店|华东区|西部区|试店|先打电话再报价", "", text)
    assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []
