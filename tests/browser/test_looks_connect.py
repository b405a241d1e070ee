"""接口 and the contract's page: sound at both widths, light and dark; a key copied and a webhook registered by hand."""

import pytest
from playwright.sync_api import expect

from cxms.lib import clock
from integrations import deliveries, endpoints, sending
from integrations.sending import Outcome
from ledger.models import Delivery
from tests.browser import looks


@pytest.fixture
def addresses(shop, complain, work):
    """An endpoint with every kind of delivery, a disabled one, keys, dead letters."""
    now = clock.now()
    shop.key()
    with shop.scope():
        made = [
            endpoints.create(
                organisation=shop.id, url=f"https://hooks.example.com/{name}", kinds=["*"], description=name, now=now,
                actor="test", resolver=lambda *_: ["93.184.215.14"],
            )[0]
            for name in ("one", "two")
        ]  # fmt: skip
    for _ in range(3):
        complain()
    work()
    with shop.scope():
        for status in (200, 200, 503, 200):
            for job in sending.lease(shop.id, made[0].id, 1):
                sending.settle(Outcome(job, status, "" if status == 200 else f"HTTP {status}", "<ok>", "", 80))
        for job in sending.lease(shop.id, made[1].id, 1):
            sending.settle(Outcome(job, 410, "HTTP 410", "gone", "", 80))
        deliveries.ping(made[0].id, organisation=shop.id, now=now, actor="t")
        Delivery.objects.filter(follower="integrations.tasks.fan_out").update(
            dead_at=now, failure="bug", last_error="ValueError: " + "x" * 150, attempts=12
        )
    return {
        "list": "/connect/",
        "new": "/connect/webhooks/new/",
        "one": f"/connect/webhooks/{made[0].id}/",
        "dead": f"/connect/webhooks/{made[1].id}/?state=dead",
        "keys": "/connect/keys/",
        "key-new": "/connect/keys/new/",
        "failures": "/connect/failures/",
        "docs": "/api/docs/",
    }


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width):
    page = visit("admin", width=width)
    found = []
    for name, url in addresses.items():
        found += looks.findings(page, name, url, width=width)
        if width == 360 and name != "docs":
            page.goto(url)
            found += [f"{name}: {target}" for target in looks.small_targets(page)]
    assert found == []


def test_a_webhook_is_registered_refused_first_and_its_deliveries_open(addresses, shop, visit):
    page = visit("admin")
    page.goto("/connect/")
    page.get_by_role("link", name="新建接收地址").click()
    page.get_by_label("接收地址", exact=True).fill("https://10.0.0.1/hook")
    page.get_by_role("button", name="登记，生成签名密钥").click()
    expect(page.get_by_text("这个地址指向内部网络，不能使用")).to_be_visible()
    assert page.get_by_label("接收地址", exact=True).input_value() == "https://10.0.0.1/hook"
    page.goto(addresses["one"])
    page.locator("details.cn-item summary").first.click()
    expect(page.get_by_text("webhook-id").first).to_be_visible()
    assert page.get_by_text("<ok>").count() >= 1


def test_a_key_is_issued_with_the_keyboard_alone(shop, visit):
    page = visit("admin")
    page.goto("/connect/keys/new/")
    page.get_by_label("名称").focus()
    page.keyboard.type("CRM")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#secret")
    assert page.locator("#secret").input_value().startswith("cx_live_")
    page.goto("/connect/keys/")
    expect(page.get_by_text("CRM").first).to_be_visible()
