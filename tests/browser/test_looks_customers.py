"""客户: the list, a story, two who may be one: sound at both widths; joined and parted again with the mouse."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from complaints import leaving
from complaints.intake import Complaint, file
from complaints.leaving import RawLeaving
from customers import customers, events
from customers.cards import Card
from customers.customers import Put
from customers.events import RawEvent
from customers.models import Apart, Merge
from feedback.intake import Source
from feedback.shapes import RawVoice
from tenancy.models import AuditEvent
from tests.browser import looks
from tests.metrics.voices import receive, voice


@pytest.fixture
def met(shop, now, work):
    cards = [
        Card("K-1001", "欧阳雪", "13812346629", "", ""), Card("K-2077", "欧阳雪", "13812346629", "xue@example.com", "gold"),
        Card("K-3", "李芳", "13900001111", "", "gold"), Card("K-4", "王先生", "13700002222", "", ""), Card("K-5", "王建国", "13700002222", "", ""),
    ]  # fmt: skip
    with shop.scope():
        rows = [customers.put(Put(card), organisation=shop.id, now=now - timedelta(days=9 - i), actor="crm")[0] for i, card in enumerate(cards)]
        raw = [RawEvent(f"E-{i}", "order", now - timedelta(days=3, hours=i), Card("K-1001"), unit="S001", amount_minor=12900, currency="CNY") for i in range(3)]
        events.receive(raw, organisation=shop.id, now=now)
        file(
            Complaint(RawVoice(channel="phone", text="耳机左侧无声，换过一次还是坏的，要求退货", unit="S001", customer=Card("K-1001"))),
            organisation=shop.id, source=Source(b"{}", "x", "t"), now=now,
        )  # fmt: skip
        left = RawLeaving("L-1", (now + timedelta(hours=8)).date(), "indifference", customer="K-1001", unit="S001", unmet="expectation", left_with="wholly", note="说了三次没有人回话")
        leaving.put([left], organisation=shop.id, now=now, actor="t")
    day = now.date() - timedelta(days=1)
    receive(shop, [voice(day, 2, customer="K-1001", text="等了两个小时，太慢了，电话13812346629"), voice(day, 9, customer="K-2077", text="店员态度特别好，谢谢")], now=now)
    work()
    return rows


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(met, visit, width):
    page, found = visit("cx_manager", width=width), []
    pages = {"list": "/customers/", "story": f"/customers/{met[0].id}/", "pairs": "/customers/duplicates/", "none": "/customers/?q=0000", "merged": "/customers/duplicates/?tab=merged"}
    for name, url in pages.items():
        found += looks.findings(page, f"customers-{name}", url, width=width, opened="aside details" if name == "story" else "")
    assert found == []


def test_how_he_is_reached_is_shown_once(met, shop, visit):
    page = visit("cx_manager", width=360)
    page.goto(f"/customers/{met[1].id}/")
    expect(page.get_by_text("xue@example.com")).to_have_count(0)
    page.get_by_text("要联系这位客户？").click()
    page.get_by_label("看联系方式的原因").fill("给客户回电")
    page.keyboard.press("Enter")
    expect(page.get_by_text("xue@example.com")).to_be_visible()
    expect(page.get_by_role("link", name="13812346629")).to_be_visible()
    looks._keep(page, "contact-360")
    page.goto(f"/customers/{met[1].id}/")
    expect(page.get_by_text("要联系这位客户？")).to_be_visible()
    expect(page.get_by_text("xue@example.com")).to_have_count(0)
    with shop.scope():
        assert AuditEvent.objects.filter(action="contact.read").count() == 1


def test_one_person_after_all_and_two_again(met, shop, visit):
    page = visit("cx_manager")
    page.goto("/customers/duplicates/")
    expect(page.locator(".cu-pair")).to_have_count(2)
    page.locator(".cu-pair").first.get_by_role("button", name="留下这一位").last.click()
    expect(page.locator(".cu-pair")).to_have_count(1)
    page.get_by_role("button", name="是两个人").click()
    expect(page.locator(".cu-pair")).to_have_count(0)
    page.get_by_role("link", name="合并过的").click()
    page.get_by_role("button", name="撤销合并").click()
    expect(page.get_by_text("撤销了")).to_be_visible()
    page.get_by_role("link", name="等你决定").click()
    expect(page.locator(".cu-pair")).to_have_count(1)
    with shop.scope():
        assert (Merge.objects.filter(undone_at=None).count(), Merge.objects.exclude(undone_at=None).count(), Apart.objects.count()) == (0, 1, 1)
