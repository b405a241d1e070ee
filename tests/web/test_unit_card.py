"""The store's scorecard: who sees it, that its figures are those of the API to the bit, and that each opens its rows."""

import csv
import io
import re
from datetime import timedelta

from reports.dashboards import whole_weeks
from tests.metrics.voices import ZONE, mix, receive, voice
from tests.web.test_voices import html, last_week, total


def fill(shop, now, work):
    day, before = last_week(now), last_week(now) - timedelta(weeks=14)
    slow = [voice(day, 2, text=f"等了两个小时，太慢了，第{i}次") for i in range(9)]
    fine = [voice(day, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次", channel="qr") for i in range(14)]
    receive(shop, [*slow, *fine, *mix(day, 30, 4, 0), *mix(before, 10, 10, 30), *mix(day, 10, 10, 40, unit="S002")], now=now)
    today = now.astimezone(ZONE).date()
    thanks = [voice(today, 10, text="谢谢小唐，态度特别好，电话13912340077", staff="E002", customer="c1")]
    receive(shop, thanks, now=now)
    work()


def test_the_card_of_a_store(shop, stranger, now, work):
    fill(shop, now, work)
    page = shop.page("store_manager")
    shown = html(page, "/units/S001/")
    assert 'style="' not in shown and "13912340077" not in shown
    rows = {row["metric"]: row for row in csv.DictReader(io.StringIO(page.get("/units/S001/?format=csv").content.decode("utf-8-sig")))}
    with shop.scope():
        period = whole_weeks(now, 13, organisation=shop.id)
    span = {"from": period.from_date.isoformat(), "to": period.to_date.isoformat(), "unit": "S001"}
    for metric, row in rows.items():
        (point,) = shop.api().get(f"/api/v1/metrics/{metric}", span).json()["points"]
        for name in ("value", "low", "high", "n"):
            assert row[name] == ("" if point[name] is None else repr(point[name])), (metric, name)
    # real growth over its own past, and the better of two tiers of the region
    nps = rows["nps"]
    assert (nps["n"], nps["real"], nps["tier"], nps["tiers"], nps["units"]) == ("57", "true", "1", "2", "2")
    assert "真实上升" in shown and shown.index("真实上升") < shown.index("同级 2 家里第 1 层")
    # the figure, the topic to work on and the topics spoken of open as many rows as they say
    (figure,) = re.findall(r'<a class="value" href="([^"]+nps=any[^"]*)">', shown)
    assert total(html(page, figure)) == 57
    (url, n) = re.search(r'<a class="cx-fine" href="([^"]+nps=detractor[^"]*)">n = (\d+)</a>', shown).groups()
    assert "等待时间" in shown and total(html(page, url)) == int(n) == 9
    topics = re.findall(r'<td class="num"><a href="(/feedback/[^"]+)">(\d+)</a></td>', shown)
    assert topics
    for url, n in topics:
        assert total(html(page, url)) == int(n), url
    assert "谢谢 唐雨" in shown
    # a store's manager sees his own store alone, a stranger none, the front line no figures
    assert page.get("/units/S002/").status_code == 404
    assert shop.page().get("/units/NOPE/").status_code == 404
    assert "真实上升" not in stranger.page().get("/units/S001/").content.decode()
    assert shop.page("frontline").get("/units/S001/").status_code == 403
    listed = html(page, "/units/?q=西溪")
    assert "杭州西溪店" in listed and "苏州观前店" not in html(page, "/units/")
    assert "/units/S001/" in html(shop.page(), "/metrics/nps")


def test_few_answers_are_hidden_on_the_card(shop, now):
    receive(shop, mix(last_week(now), 4, 0, 0), now=now)
    shown = html(shop.page(), "/units/S001/")
    assert "已隐藏，防止认出个人" in shown and "+100" not in shown
    assert "+100" not in html(shop.page(), "/units/")


def test_the_wall_names_the_thanked_and_masks_the_thankful(shop, stranger, now, work):
    fill(shop, now, work)
    page = shop.page("frontline")
    for url in ("/praise/", "/praise/?wall=1", "/praise/?part=1", "/praise/?unit=S001"):
        shown = html(page, url)
        assert "谢谢 唐雨" in shown and "13912340077" not in shown, url
    assert "等了两个小时" not in html(page, "/praise/")
    assert "谢谢 唐雨" not in html(shop.page(), "/praise/?unit=S002")
    assert "谢谢" not in html(stranger.page(), "/praise/?part=1")
    assert page.get("/praise/?unit=S002").status_code == 404
