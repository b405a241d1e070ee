"""“知道了，我在跟进”: a link from a mail that does one thing, and the button on the ticket."""

import re

import pytest
from django.core import signing

from alerts import acks
from alerts.models import Notice
from alerts.wording import words
from complaints import moves
from complaints.models import Acknowledgement, Move, Ticket
from tenancy import tap_links
from tenancy.models import Member


@pytest.fixture
def mailed(shop, complain, work):
    """A complaint the executive was told of, and the address in his mail."""
    ticket = complain()
    work()
    with shop.scope():
        notice = Notice.objects.select_related("ticket", "ticket__unit", "recipient__user").get(purpose="executives")
        return ticket, re.search(r"https?://[^/]+(/a/\S+/)", words(notice, language="zh-hans").body)[1]


def rows(shop):
    with shop.scope():
        return [(row.member.name, row.level, row.via) for row in Acknowledgement.objects.select_related("member")]


def test_opening_the_link_acknowledges_nothing_tapping_it_does_once(client, shop, mailed):
    ticket, url = mailed
    for send in (client.get, client.head, client.get):
        assert send(url).status_code == 200
    assert rows(shop) == []
    assert client.post(url).status_code == 302
    assert client.post(url).status_code == 302
    assert rows(shop) == [("executive", 4, "link")]
    said = client.get(url)
    assert "记下了：你在跟进" in said.content.decode()
    assert "<form" not in said.content.decode()
    assert (said.headers["Referrer-Policy"], said.headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_it_only_acknowledges(client, shop, mailed):
    ticket, url = mailed
    with shop.scope():
        before = (Ticket.objects.values().get(id=ticket.id), Move.objects.count())
    client.post(url, {"move": "resolve", "answer": "accept", "text": "x"})
    with shop.scope():
        assert (Ticket.objects.values().get(id=ticket.id), Move.objects.count()) == before
    assert client.get(f"/promises/{ticket.number}/").status_code == 302, "the link logs nobody in"


def test_a_link_that_opens_nothing_looks_the_same_whatever_the_reason(client, shop, stranger, mailed, monkeypatch):
    ticket, url = mailed
    nothing = client.get("/a/nothing/")
    assert nothing.status_code == 404
    forged = signing.dumps([shop.id, str(ticket.id), str(shop.members["executive"].id)], salt="other", compress=True)
    mixed = signing.dumps([stranger.id, str(ticket.id), str(stranger.members["executive"].id)], salt=acks.SALT, compress=True)
    for wrong in (f"/a/{forged}/", f"/a/{mixed}/", url[:-3] + "xx/"):
        for send in (client.get, client.post):
            answer = send(wrong)
            assert (answer.status_code, answer.content) == (404, nothing.content)
    monkeypatch.setattr(tap_links, "MAX_AGE_SECONDS", -1)
    assert client.post(url).status_code == 404
    assert rows(shop) == []


def test_who_has_left_acknowledges_nothing(client, shop, mailed, now):
    with shop.scope():
        Member.objects.filter(name="executive").update(left_at=now)
    assert client.post(mailed[1]).status_code == 404
    assert rows(shop) == []


def test_it_says_who_else_did_and_when_it_is_done(client, shop, mailed):
    ticket, url = mailed
    assert shop.page("store_manager").post(f"/promises/{ticket.number}/acknowledge/").status_code == 302
    assert "store_manager" in client.get(url).content.decode()
    with shop.scope():
        moves.apply(ticket.id, "resolve", {"text": "办好了"}, organisation=shop.id, actor="t")
    assert "这宗投诉已解决" in client.get(url).content.decode()
    client.post(url)
    assert rows(shop) == [("store_manager", 2, "app")]


def test_the_button_is_on_the_ticket_and_among_the_notices_until_it_is_pressed(shop, mailed):
    ticket, _ = mailed
    page = shop.page("executive")
    address = f"/promises/{ticket.number}/acknowledge/"
    assert address in page.get("/notices/").content.decode()
    assert address in page.get(f"/promises/{ticket.number}/").content.decode()
    assert page.post(address, {"next": "/notices/"}).headers["Location"] == "/notices/"
    assert rows(shop) == [("executive", 4, "app")]
    assert address not in page.get(f"/promises/{ticket.number}/").content.decode()
    assert address not in page.get("/notices/").content.decode()


def test_a_strangers_button_and_an_analysts_do_nothing(shop, stranger, mailed):
    address = f"/promises/{mailed[0].number}/acknowledge/"
    assert stranger.page("admin").post(address).status_code == 404
    assert shop.page("analyst").post(address).status_code == 403
    assert shop.page("executive").get(address).status_code == 405
    assert rows(shop) == []


def test_no_chinese_is_left_on_the_english_page(client, shop, mailed):
    ticket, url = mailed
    client.cookies["cxms_language"] = "en"
    with shop.scope():
        Ticket.objects.filter(id=ticket.id).update(title="Broken headphones")
    for body in (client.get(url), client.get("/a/nothing/")):
        text = re.sub("杭州西溪店", "", body.content.decode())
        assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []


def test_a_ticket_is_snoozed_for_a_reason_and_only_for_warnings(shop, stranger, mailed, now):
    from alerts import notices, snoozes
    from alerts.models import Snooze
    from complaints import queries

    ticket, _ = mailed
    address, page = f"/promises/{ticket.number}/snooze/", shop.page("frontline")
    page.post(address, {"minutes": "30", "reason": " ", "token": "a"})
    page.post(address, {"minutes": "31", "reason": "在路上", "token": "b"})
    with shop.scope():
        assert Snooze.objects.count() == 0
    for _twice in range(2):
        page.post(address, {"minutes": "30", "reason": "在路上", "token": "c"})
    assert stranger.page("admin").post(address, {"minutes": "30", "reason": "x"}).status_code == 404
    with shop.scope():
        row = queries.by_id(ticket.id, organisation=shop.id)
        assert [(s.member.name, s.reason) for s in snoozes.of_ticket(row, organisation=shop.id, now=now)] == [("frontline", "在路上")]
        silent = {level: {one.key for one in notices.recipients(row, level, now=now).told if one.is_silent} for level in ("0.75", "1")}
    assert silent == {"0.75": {shop.members["frontline"].id}, "1": set()}
    assert "在路上" in page.get(f"/promises/{ticket.number}/").content.decode()


@pytest.mark.parametrize(("own", "cookie", "shown"), [("", "", "知道了，我在跟进"), ("en", "", "on it"), ("", "zh-hant", "知道了，我在跟進"), ("", "nonsense", "知道了，我在跟进")])
def test_the_page_speaks_as_the_mail_did_whatever_the_phone_says(client, shop, mailed, own, cookie, shown):
    _ticket, url = mailed
    user = shop.members["executive"].user
    user.language = own
    user.save(update_fields=["language"])
    if cookie:
        client.cookies["cxms_language"] = cookie
    page = client.get(url, headers={"accept-language": "en-US,en;q=0.9"})
    assert shown in page.content.decode()
    assert page.headers["Content-Language"] == (own or (cookie if cookie == "zh-hant" else "zh-hans"))
    assert "data-theme-auto" in page.content.decode()
