"""The model tree: sound at both widths, grown by keyboard."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from metrics import model_versions
from metrics.model_tree import Node
from metrics.models import ModelVersion
from tests.browser import looks
from tests.metrics.voices import mix, receive, voice
from tests.web.test_voices import last_week


@pytest.fixture
def grown(shop, now, work, complain):
    week = last_week(now)
    answers = mix(week, 30, 6, 14, touchpoint="payment") + [voice(week, None, text="收银等了半小时，没人理") for _ in range(40)]
    receive(shop, answers + [voice(week, None, text="店员很耐心，讲得清楚") for _ in range(7)], now=now)
    complain("没有主题的话", received_at=now - timedelta(days=9))
    work()
    with shop.scope():
        nodes = [*model_versions.universal(organisation=shop.id), Node("x", "product", "包装", 2, "compete")]
        return model_versions.save(nodes, on=0, note="第一版", organisation=shop.id, now=now, actor="t", actor_name="唐雨")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(grown, visit, width):
    page = visit("cx_manager", width=width)
    found = looks.findings(page, "tree", "/model/", width=width)
    found += looks.findings(page, "edit", "/model/edit/", width=width)
    found += looks.findings(page, "history", "/model/history/", width=width)
    found += looks.findings(page, "unplaced", "/model/unplaced/", width=width)
    assert found == []


def test_a_node_is_added_by_keyboard(grown, shop, visit):
    page = visit("cx_manager")
    page.goto("/model/edit/")
    page.get_by_role("button", name="在 产品 下面加一个").press("Enter")
    fresh = page.locator("input[name$='.name'][autofocus]")
    expect(fresh).to_be_focused()
    page.keyboard.insert_text("说明书")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/model/")
    expect(page.get_by_text("说明书").first).to_be_visible()
    expect(page.get_by_text("第 2 版")).to_be_visible()
    with shop.scope():
        assert "说明书" in [node["name"] for node in ModelVersion.objects.get(version=2).nodes]
