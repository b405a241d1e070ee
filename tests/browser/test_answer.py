"""A customer answers on a phone: with a script, without one, with the keyboard only; and from a mail to the figure."""

import re

import pytest

from surveys.models import Response
from tests.surveys.conftest import happen as happen
from tests.surveys.conftest import invited as invited
from tests.surveys.conftest import link_of as link_of
from tests.surveys.conftest import publish as publish


def responses(shop):
    with shop.scope():
        return [(r.score, r.entered_at is not None) for r in Response.objects.filter(organisation_id=shop.id)]


def test_one_tap_is_saved_at_once_and_the_follow_up_adapts(shop, publish, invited, visit):
    publish()
    _, token = invited()
    page = visit("", width=360)
    page.goto(f"/s/{token}/")
    page.click(".scale button >> text='3'")
    page.wait_for_selector("text=已收到 3 分")
    assert responses(shop) == [(3, False)]
    assert "抱歉让您失望了" in page.inner_text("#ask")
    page.click(".chips >> text=等得太久")
    page.fill("#text", "排了一个小时")
    page.click(".scale button >> text='10'")
    page.wait_for_selector("text=已收到 10 分")
    assert "哪一点最该保持" in page.inner_text("#ask")
    assert page.input_value("#text") == "排了一个小时", "what was typed stays when the score changes"
    page.click("text='送出'")
    page.wait_for_selector("text=谢谢您，10 分已收到")
    assert responses(shop) == [(10, True)]


def test_without_a_script_the_same_buttons_post(shop, publish, link_of, chromium, site):
    link = link_of(publish())
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780}, base_url=site, locale="zh-CN")
    page = context.new_page()
    page.goto(f"/s/{link.token}/")
    page.click(".scale button >> text='2'")
    assert "已收到 2 分" in page.inner_text("main")
    page.check("text=请店长联系我")
    page.fill("#contact", "13812346629")
    page.press("#contact", "Enter")
    assert "2 分已收到" in page.inner_text("main")
    assert responses(shop) == [(2, True)], "Enter sends the follow-up and never another score"
    context.close()


def test_keyboard_only(shop, publish, link_of, visit):
    page = visit("", width=360)
    page.goto(f"/s/{link_of(publish()).token}/")
    for _ in range(3 + 9):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "8"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=已收到 8 分")
    assert page.evaluate("document.activeElement.value") == "8", "the focus stays on the score"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".chips :checked").count() == 1
    page.focus("#text")
    page.keyboard.insert_text("座位再多些")
    page.focus("[name=done].btn")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=谢谢您，8 分已收到")


def test_a_complaint_on_the_stores_page_sees_its_clock(shop, link_of, visit):
    page = visit("", width=360)
    page.goto(f"/f/{link_of(None).token}/")
    page.click(".kinds >> text=投诉")
    page.fill("#text", "耳机左边没有声音，店员不给换")
    page.click("text='送出'")
    page.wait_for_url(re.compile("/p/"))
    assert page.get_attribute(".hero .cx-clock.xl", "data-state") == "run"


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_the_language_buttons_work_on_the_page(publish, link_of, visit, language):
    page = visit("", width=360)
    page.goto(f"/s/{link_of(publish()).token}/")
    page.click(f"button[value={language}]")
    wanted = {"zh-hans": "您有多大可能把我们推荐给朋友？", "zh-hant": "您有多大可能把我們推薦給朋友？", "en": "How likely are you to recommend us to a friend?"}
    assert page.inner_text("legend") == wanted[language]
