"""Pages of figures and voices: who sees what, that filters live in the URL, and that a number leads to its rows."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import Feedback
from reports.dashboards import monday_of
from tests.metrics.voices import mix, receive, voice

PAGES = ("/metrics/nps", "/metrics/csat", "/metrics/nps/definition", "/feedback/")


def last_week(now):
    return monday_of((now + timedelta(hours=8)).date()) - timedelta(days=7)


def html(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, url
    return unescape(answer.content.decode())


def total(page):
    return int(re.search(r'<span class="sub">([\d,]+)', page).group(1).replace(",", ""))


@pytest.mark.parametrize("url", PAGES)
def test_every_page_opens_empty_and_full(shop, now, url):
    html(shop.page(), url)
    receive(shop, mix(last_week(now), 20, 10, 8) + mix(last_week(now), 3, 0, 0, unit="S003"), now=now)
    page = html(shop.page(), url)
    assert 'style="' not in page
    assert "onclick" not in page


def test_frontline_reads_voices_but_no_figures(shop):
    assert shop.page("frontline").get("/metrics/nps").status_code == 403
    assert shop.page("frontline").get("/metrics/csat").status_code == 403
    assert shop.page("frontline").get("/feedback/").status_code == 200
    assert shop.page("analyst").get("/metrics/nps").status_code == 200


def test_unknown_things_are_not_found(shop):
    assert shop.page().get("/metrics/happiness").status_code == 404
    assert shop.page().get("/metrics/happiness/definition").status_code == 404
    assert shop.page().get("/metrics/nps?unit=NOPE").status_code == 404
    assert shop.page().get(f"/feedback/{uuid.uuid4()}/").status_code == 404


def test_a_stranger_sees_nothing(shop, stranger, now):
    (key,) = receive(shop, [voice(last_week(now), 3, text="电池不耐用")], now=now)
    assert shop.page().get(f"/feedback/{key}/").status_code == 200
    assert stranger.page().get(f"/feedback/{key}/").status_code == 404
    assert stranger.page().post(f"/feedback/{key}/exclude/", {"reason": "x"}).status_code == 404
    assert total(html(stranger.page(), "/feedback/")) == 0


def test_a_seat_ends_at_its_subtree(shop, now):
    keys = receive(shop, [voice(last_week(now), 9, unit=unit) for unit in ("S001", "S002", "S003")], now=now)
    region = shop.page("region_manager")
    assert total(html(region, "/feedback/")) == 2
    assert region.get(f"/feedback/{keys[2]}/").status_code == 404
    assert region.get("/metrics/nps?unit=WEST").status_code == 404
    assert total(html(shop.page("store_manager"), "/feedback/")) == 1


def test_every_mark_leads_to_rows_of_the_same_count(shop, now, work):
    day = last_week(now)
    slow = [voice(day, 2, unit="S001", text=f"等了两个小时，太慢了，第{i}次") for i in range(9)]
    fine = [voice(day, 10, unit="S002", text=f"店员态度特别好，谢谢第{i}次", channel="qr") for i in range(31)]
    keys = receive(shop, [*slow, *fine, *mix(day, 0, 4, 0, unit="S002")], now=now)
    work()
    client = shop.page()
    client.post(f"/feedback/{keys[0]}/exclude/", {"reason": "测试数据"})
    page = html(client, "/metrics/nps")
    assert "排除 1 条" in page
    assert "n = 43" in page
    (head,) = re.findall(r'class="vx-value" href="([^"]+)"', page)
    assert total(html(client, head)) == 43
    groups = re.findall(r'<a href="([^"]+nps=(?:promoter|passive|detractor)[^"]*)">(推荐|中立|贬损) ', page)
    assert {label: total(html(client, url)) for url, label in groups} == {"推荐": 31, "中立": 4, "贬损": 8}
    marks = re.findall(r'<a href="([^"]+)"><title>([^<]+)，n = (\d+)</title>', page)
    assert marks
    for url, title, n in marks:
        assert total(html(client, url)) == int(n), title
    for url, n in re.findall(r'<div class="vx-reason"><a href="([^"]+)"><b>[^<]+</b><span class="cx-fine">n = (\d+)', page):
        assert total(html(client, url)) == int(n), url
    for url, n in re.findall(r'<a href="([^"]+)">看 (\d+) 条</a>', page):
        assert total(html(client, url)) == int(n), url
    assert "等待时间" in page


def test_filters_stay_in_the_url(shop, now):
    day = last_week(now)
    receive(shop, mix(day, 6, 0, 0, channel="qr") + mix(day, 0, 0, 9, channel="app"), now=now)
    page = html(shop.page(), "/metrics/nps?channel=qr&weeks=26&unit=EAST")
    assert '<option value="qr" selected>' in page
    assert '<option value="26" selected>' in page
    assert '<input type="hidden" name="unit" value="EAST">' in page
    assert "n = 6" in page
    listing = html(shop.page(), "/feedback/?channel=qr&nps=promoter&state=counted")
    assert total(listing) == 6
    assert re.search(r'href="/feedback/[0-9a-f-]{36}/\?channel=qr&nps=promoter&state=counted"', listing)
    assert total(html(shop.page(), "/feedback/?channel=pigeon&from=soon&kind=x&page=zzz")) == 15


def test_few_answers_are_hidden_on_the_page(shop, now):
    receive(shop, mix(last_week(now), 3, 0, 0), now=now)
    page = html(shop.page(), "/metrics/nps")
    assert "已隐藏，防止认出个人" in page
    assert "+100" not in page


def test_personal_data_never_leaves(shop, now, work):
    text = "我叫陈晓明，电话13812345678，等了两个小时没人理我，太慢了"
    (key,) = receive(shop, [voice(last_week(now), 1, text=text, customer="c1")], now=now)
    for state in ("pending", "analysed"):
        for url in ("/feedback/", f"/feedback/{key}/"):
            page = html(shop.page(), url)
            assert "13812345678" not in page, (state, url)
            assert "陈晓明" not in page, (state, url)
        if state == "pending":
            assert "正在分析" in page
            work()
    assert '<span class="cx-mask">手机号</span>' in page
    assert re.search(r'<mark data-feel="neg" data-over="[\d ]+">[^<]*等了两个小时', page)
    assert "vx-asp" in page


def test_exclusion_needs_a_reason_and_is_told(shop, now):
    (key,) = receive(shop, [voice(last_week(now), 1)], now=now)
    client = shop.page()
    page = unescape(client.post(f"/feedback/{key}/exclude/", {"reason": " "}, follow=True).content.decode())
    assert "请写明排除的原因" in page
    page = unescape(client.post(f"/feedback/{key}/exclude/?q=a", {"reason": "测试数据"}, follow=True).content.decode())
    assert "排除出指标：测试数据" in page
    with shop.scope():
        assert Feedback.objects.get(id=key).excluded_at is not None
    assert client.get(f"/feedback/{key}/exclude/").status_code == 405
    assert shop.page("analyst").post(f"/feedback/{key}/include/").status_code == 403
    page = unescape(client.post(f"/feedback/{key}/include/", follow=True).content.decode())
    assert "重新计入指标" in page
    with shop.scope():
        assert Feedback.objects.get(id=key).excluded_at is None


def test_a_complaint_shows_its_promise(shop, now, work):
    answer = shop.api().post("/api/v1/complaints", {"channel": "app", "text": "手机坏了没人管", "unit": "S001"}, content_type="application/json")
    key, number = answer.json()["feedback"], answer.json()["number"]
    work()
    page = html(shop.page(), f"/feedback/{key}/")
    assert number in page
    assert "cx-clock" in page
    assert f"开立 {number}，开始计时" in page


def test_the_list_costs_the_same_for_one_and_three(shop, now, work):
    def cost():
        client = shop.page()
        client.get("/feedback/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/feedback/").status_code == 200
        return len(seen)

    receive(shop, [voice(last_week(now), 1, text="电池不耐用", customer="c1")], now=now)
    work()
    one = cost()
    receive(shop, [voice(last_week(now), i, text="等太久了", customer=f"d{i}", staff="E001") for i in range(2)], now=now)
    work()
    assert cost() == one
