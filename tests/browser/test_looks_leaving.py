"""客户为什么离开: the tables and the folk table, empty and filled; the records, their form; the case's rail with one tap."""

import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from complaints import axes, leaving, moves
from complaints.intake import Complaint, file
from complaints.leaving import RawLeaving
from complaints.models import LeavingRecord, Ticket
from feedback.intake import Source
from feedback.shapes import RawVoice
from reports import saved_dashboards
from reports.widgets import made
from tests.browser import looks

REASONS = ("indifference", "price", "price", "unsolved", "unsolved", "competitor", "product", "moved", "unknown", "price")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, now, work, visit, width):
    page, found = visit("cx_manager", width=width), []
    if width < 500:
        found += looks.findings(page, "leaving-empty", "/desk/leaving/", width=width)
        found += looks.findings(page, "leaving-records-empty", "/desk/leaving/records/", width=width)
    day = (now + timedelta(hours=8)).date()
    with shop.scope():
        rows = [
            file(Complaint(RawVoice(channel="phone", text=f"等了{i}个小时，太慢了，还没有货", unit="S003" if i == 2 else "S001")), organisation=shop.id, source=Source(b"x", "t", "t"), now=now)[0]
            for i in range(7)
        ]
    work()
    with shop.scope():
        told = {"organisation": shop.id, "now": now, "actor": "t"}
        for i, ticket in enumerate(rows[:6]):
            moves.apply(ticket.id, "resolve", {"text": "换新"}, organisation=shop.id, actor="t")
            if i < 3:
                axes.code(Ticket.objects.get(id=ticket.id), ("need", "neither", "expectation")[i], ("wholly", "not", "partly")[i], version=0, actor_name="王经理", **told)
        pairs = [("expectation", "wholly"), ("", ""), ("need", "partly")]
        leaving.put(
            [RawLeaving(f"L-{i}", day, REASONS[i % 10], "李女士 尾号 2211", "S001", *pairs[i % 3], note="说了三次没人管，电话13812345678" if i % 2 else "") for i in range(30)], **told
        )  # fmt: skip
        one = LeavingRecord.objects.first()
        board = saved_dashboards.add(uuid.uuid4(), "投诉", [made("leaving"), made("promises")], shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t")
    pages = {
        "leaving": "/desk/leaving/", "leaving-records": "/desk/leaving/records/", "leaving-new": "/desk/leaving/records/new/",
        "leaving-one": f"/desk/leaving/records/{one.id}/", "leaving-import": "/settings/import/leaving/", "leaving-case": f"/promises/{rows[4].number}/",
        "leaving-board": f"/dashboards/{board.id}/", "leaving-desk": "/promises/?view=all&axes=need:wholly:set",
    }  # fmt: skip
    for name, url in pages.items():
        found += looks.findings(page, name, url, width=width)
    assert found == []
    # one tap confirms what the facts suggest
    page.goto(f"/promises/{rows[4].number}/")
    page.get_by_role("button", name="确认编码").click()
    expect(page.locator(".axes1 .cx-chip")).to_have_text("已编码")
    expect(page.get_by_role("button", name="改编码")).to_be_visible()
