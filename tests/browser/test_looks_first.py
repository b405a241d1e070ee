"""第一步：待归类: the list worked by keys, empty and filled, the rule's settings, the voice that waits."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from feedback import first
from tests.browser import looks
from tests.metrics.voices import receive, voice

TEXTS = ("价格太贵了，不划算，打电话13812345678没人接", "希望增加夜间配送", "等了两个小时，太慢了，店员态度也差", "店员小唐特别热情，帮我找了半天尺码，谢谢", "请问你们周日几点开门")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, now, work, visit, width):
    page, found = visit("cx_manager", width=width), []
    with shop.scope():
        first.choose("person", organisation=shop.id, version=None, now=now - timedelta(days=3), actor="t")
    if width < 500:
        found += looks.findings(page, "first-empty", "/feedback/first/", width=width)
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    keys = receive(shop, [voice(day, 7, text=text, customer=f"c{i}", hour=9 + i, unit=("S001", "S003")[i % 2]) for i, text in enumerate(TEXTS)], now=now)
    work()
    for name, url in {"first": "/feedback/first/", "first-voice": f"/feedback/{keys[1]}/", "first-settings": "/settings/first/", "first-list": "/feedback/"}.items():
        found += looks.findings(page, name, url, width=width)
    assert found == []
    page.goto("/feedback/first/")
    rows = page.locator(".fs-list > li")
    expect(rows).to_have_count(5)
    if width < 500:
        return
    # the second is at hand after J; Y says that it is right, and the page comes back without it
    expect(rows.first).to_have_class("on")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class("on")
    page.keyboard.press("y")
    expect(rows).to_have_count(4)
    expect(page.locator(f"#v-{keys[1]}")).to_have_count(0)
    page.keyboard.press("5")
    expect(rows).to_have_count(3)
    expect(page.locator(f"#v-{keys[0]}")).to_have_count(0)
    page.locator(".fs-all input[type=checkbox]").check()
    page.get_by_role("button", name="这 3 条都归类无误").click()
    expect(page.get_by_role("heading", name="都归好类了")).to_be_visible()
