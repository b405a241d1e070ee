"""改进点: the list with its decisions in place, empty and filled, the voice's own line, the settings of its lists."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from feedback import points
from tests.browser import looks
from tests.metrics.voices import receive, voice

TEXTS = ("价格太贵了，不划算，打电话13812345678没人接", "希望增加夜间配送", "等了两个小时，太慢了，店员态度也差", "APP总是闪退，太难用了", "建议多放几把椅子，现在太脏了")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, now, work, visit, width):
    page, found = visit("cx_manager", width=width), []
    if width < 500:
        found += looks.findings(page, "points-empty", "/feedback/points/", width=width)
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    keys = receive(shop, [voice(day, 2, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    with shop.scope():
        owner = shop.members["cx_manager"]
        for topic, side in (("price", "product"), ("", "need")):
            points.send(topic, side, str(owner.id), organisation=shop.id, version=0, now=now, actor="t")
        told = {"organisation": shop.id, "member": owner, "version": 0, "now": now, "actor": "t"}
        points.decide(keys[0], "price", "set_aside", "同行都是这个价，先看三个月", **told)
        points.decide(keys[1], "", "taken", "", **told)
    for name, url in {"points": "/feedback/points/", "points-voice": f"/feedback/{keys[2]}/", "points-settings": "/settings/points/", "points-topic": "/settings/points/price/"}.items():
        found += looks.findings(page, name, url, width=width, opened=".pt-list > li:nth-child(2) .pt-aside" if name == "points" else "")
    assert found == []
    # a decision in place: the line leaves the open list, and comes back in the other
    page.goto("/feedback/points/?state=open&type=service")
    lines = page.locator(".pt-list > li")
    n = lines.count()
    lines.first.get_by_role("button", name="列入改进").click()
    expect(lines).to_have_count(n - 1)
    page.goto("/feedback/points/?state=taken&type=service")
    expect(lines).to_have_count(1)
