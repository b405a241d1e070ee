"""The desk's own pages are sound, and its keys do what they say: list, ticks, a reply from a template, a draft kept."""

import uuid

import pytest
from playwright.sync_api import expect

from complaints import approvals, bulk, file_kinds, links, moves, reply_templates, saved_views
from complaints.models import BulkRow, Move, Ticket
from ledger import runner
from tests.browser import looks
from tests.complaints.test_attachments import picture


@pytest.fixture
def addresses(shop, complain, now):
    tickets = [complain(severity="high"), complain("退款九天没有到账", unit="S002")]
    member = shop.members["cx_manager"]
    with shop.scope():
        wanted = saved_views.Wanted("严重的", "severity=high", "all")
        view = saved_views.add(uuid.uuid4(), wanted, member, organisation=shop.id, now=now, actor="t")
        text = "{客户称呼}您好，单号 {单号}，{承诺时间} 前答复您。"
        say = reply_templates.add(
            uuid.uuid4(), reply_templates.Wanted("先致歉", text), organisation=shop.id, now=now, actor="t"
        )
        run = bulk.start(
            uuid.uuid4(), [t.id for t in tickets], "assign", {"assignee": member.user.email}, organisation=shop.id,
            member=member, language="zh-hans", now=now, actor="t",
        )  # fmt: skip
        asked = {"to": "S002", "reason": "要拆机检测", "needed": "今天给检测结论"}
        why = {"whys": ["漏检"], "cause_code": "product.inspection", "prevention": "补上", "owner": member.user.email, "due": "2099-01-31"}
        more = {"organisation": shop.id, "actor": "key:t"}
        moves.apply(tickets[0].id, "hand_over", asked, **more)
        moves.apply(tickets[1].id, "join_incident", {"of": tickets[0].number}, **more)
        moves.apply(tickets[1].id, "resolve", {"text": "已退"}, **more)
        moves.apply(tickets[1].id, "reflect", why, **more)
        shown = _solving(shop, tickets[0], complain)
    runner.beat("clockwork")
    return (
        "/desk/holding/?days=28&holder=S001", "/desk/recurrence/?cause=product.inspection", "/settings/handovers/", "/settings/causes/",
        f"/promises/{tickets[1].number}/?tab=reflection",
        f"/promises/?severity=high&saved={view.id}", "/promises/?state=handling&due=120&order=severity",
        f"/promises/bulk/{run.id}/", "/settings/templates/", f"/settings/templates/{say.id}/", "/settings/assignment/",
        f"/settings/assignment/{member.id}/", "/settings/case-rules/?try=1", "/settings/case-rules/detractor/", "/desk/figures/?by=unit",
        "/desk/figures/rows/?metric=resolution_rate",
        f"/promises/{tickets[0].number}/",
        "/settings/authority/", *shown,
    )  # fmt: skip


def _solving(shop, ticket, complain):
    """A record with a correction, an offer that waits for a word, its link, and the customer's page with a choice."""
    five = dict.fromkeys(("who", "when", "where", "what", "evidence"), "已查明")
    file = file_kinds.clean("闪屏.png", picture("PNG"))
    clerk = shop.members["frontline"]
    who = {"organisation": shop.id, "actor": f"user:{clerk.user.email}", "actor_name": clerk.name}
    moves.apply(ticket.id, "reply", {"text": "这是照片"}, files=[file], **who)
    moves.apply(ticket.id, "reconstruct", {**five, "cites": ["move:1"], "signed": True}, **who)
    moves.apply(ticket.id, "correct", {**five, "what": "配件", "reason": "查到批次"}, **who)
    dear = {"text": "全额退款\n今天到账", "kind": "refund", "amount": "1500", "by": "2099-11-30"}
    moves.apply(ticket.id, "propose", {"options": [dear]}, **who)
    row = approvals.waiting(Ticket.objects.get(id=ticket.id))
    token = approvals.token_for(row.id, shop.members["executive"].id, organisation=shop.id)
    other = complain("发票抬头开错了，第三次来")
    moves.apply(other.id, "propose", {"options": [{**dear, "amount": "99"}, {"text": "换新机"}]}, files=[file], **who)
    link = f"/p/{links.token_for(other.id, organisation=shop.id)}/"
    return f"/promises/{ticket.number}/reconstruction/?correct=1", f"/promises/{ticket.number}/?tab=solution", f"/a/approve/{token}/", link


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width):
    page = visit("cx_manager", width=width)
    found = []
    for url in addresses:
        found += looks.findings(page, url[:40], url, width=width)
        if width == 360:
            found += [f"{url[:40]}: {small}" for small in looks.small_targets(page)]
    assert found == []


def test_the_keys_of_the_desk(addresses, shop, visit):
    page = visit("cx_manager")
    page.goto("/promises/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("已勾选 1 宗")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.select_option("#b-who", label="frontline")
    page.click("button[value=assign]")
    page.get_by_text("2 宗都有了结果").wait_for()
    with shop.scope():
        assert BulkRow.objects.filter(run__fields__assignee=shop.members["frontline"].user.email, outcome="done").count() == 2
    page.goto("/promises/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#keys").wait_for(state="hidden")
    page.keyboard.press("j")
    expect(page.locator("[data-row].at .what")).to_be_focused()
    page.keyboard.press("r")
    page.wait_for_url(lambda url: "#reply" in url)
    box = page.locator(".say textarea")
    page.locator(".say textarea:focus").wait_for()
    page.keyboard.type("/xzq")
    page.locator("#picks [role=option]").wait_for()
    page.keyboard.press("Enter")
    assert box.input_value().startswith("陈建国您好，单号 C-")
    page.locator("[data-saynote]", has_text="草稿已存").wait_for()
    page.reload()
    assert box.input_value().startswith("陈建国您好，单号 C-")
    box.focus()
    page.keyboard.press("Control+Enter")
    page.get_by_text("已回复，客户在进度页上看得到。").wait_for()
    assert box.input_value() == ""
    with shop.scope():
        said = [move.data["text"] for move in Move.objects.filter(kind="reply", actor=f"user:{shop.members['cx_manager'].user.email}")]
        assert [text.startswith("陈建国您好") for text in said] == [True]
