"""The customer's page: his case only, by a signed link, with no log-in and no jargon."""

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile

from complaints import links, moves
from complaints.models import Clock, Move, Ticket
from tests.complaints.test_attachments import located


@pytest.fixture
def offer(shop, complain):
    """A complaint with an offer, and its link."""
    ticket = complain()
    with shop.scope():
        moves.apply(ticket.id, "propose", {"text": "换新机\n延保六个月"}, organisation=shop.id, actor="user:x", actor_name="唐雨")
        moves.apply(ticket.id, "note", {"text": "客户很难缠"}, organisation=shop.id, actor="user:x", actor_name="唐雨")
    return ticket, f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"


def _now(shop, ticket):
    with shop.scope():
        return Ticket.objects.get(id=ticket.id)


def test_the_page_shows_promise_and_offer_and_no_jargon(client, offer):
    ticket, url = offer
    answer = client.get(url)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert ticket.number in text
    assert "延保六个月" in text
    for hidden in ("客户很难缠", "重点客户", "反思", "13812346629", "陈建国"):
        assert hidden not in text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_accepting_stops_the_solution(client, offer, shop):
    ticket, url = offer
    assert client.post(url, {"answer": "accept"}).status_code == 302
    assert _now(shop, ticket).state == "resolved"
    with shop.scope():
        assert Clock.objects.get(ticket=ticket, kind="solution").state == "met"
        assert Move.objects.get(ticket=ticket, kind="accept").data == {"consent": "customer"}
    assert "您已接受" in client.get(url).content.decode()


def test_accepting_twice_changes_nothing(client, offer, shop):
    ticket, url = offer
    client.post(url, {"answer": "accept"})
    again = client.post(url, {"answer": "accept"})
    assert again.status_code == 409
    assert _now(shop, ticket).version == 4


def test_declining_and_writing(client, offer, shop):
    ticket, url = offer
    client.post(url, {"answer": "decline", "reason": "我要退款"})
    assert _now(shop, ticket).state == "handling"
    client.post(url, {"text": "什么时候回我"})
    assert "什么时候回我" in client.get(url).content.decode()
    assert client.post(url, {"text": ""}).status_code == 409


def test_a_link_shows_its_own_case_only(client, offer, shop, stranger, complain):
    ticket, url = offer
    other = complain("隔壁的投诉，不该看见", shop=stranger)
    assert other.title not in client.get(url).content.decode()
    foreign = links.token_for(ticket.id, organisation=stranger.id)
    assert client.get(f"/p/{foreign}/").status_code == 404


@pytest.mark.parametrize("token", ["x", "a:b:c", "..", "e30:1sX:AAAA"])
def test_a_forged_link_leads_nowhere(client, token):
    answer = client.get(f"/p/{token}/")
    assert answer.status_code == 404
    assert "链接打不开了" in answer.content.decode()


def test_an_old_link_is_gone(client, offer, shop, monkeypatch):
    ticket, url = offer
    monkeypatch.setattr(links, "MAX_AGE_SECONDS", -1)
    answer = client.get(url)
    assert answer.status_code == 404
    assert ticket.number not in answer.content.decode()
    assert client.post(url, {"answer": "accept"}).status_code == 404


def test_another_signature_is_not_ours(client, shop, offer):
    ticket, _ = offer
    forged = signing.dumps([shop.id, str(ticket.id)], salt="elsewhere", compress=True)
    assert client.get(f"/p/{forged}/").status_code == 404


def test_the_language_is_his_choice(client, offer):
    _ticket, url = offer
    assert client.post(url, {"language": "en"}).url == url
    assert client.get(url).headers["Content-Language"] == "en"


def test_he_asks_to_be_called(client, offer, shop):
    ticket, url = offer
    assert client.post(url, {"answer": "call"}).status_code == 302
    with shop.scope():
        assert Move.objects.get(ticket=ticket, kind="message").data == {"text": "请给我打电话。"}


# ---- several options, files, rating ----------------------------------------------------------------------------------


@pytest.fixture
def choice(shop, complain):
    """A complaint with two options on offer, and its link."""
    ticket = complain()
    refund = {"text": "全额退款", "kind": "refund", "amount": "299", "by": "2099-11-30"}
    with shop.scope():
        fields = {"options": [refund, {"text": "换新机\n延保六个月"}]}
        actor = f"user:{shop.members['frontline'].user.email}"
        moves.apply(ticket.id, "propose", fields, organisation=shop.id, actor=actor, actor_name="唐雨")
    return ticket, f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"


def test_he_takes_one_of_the_options_and_a_second_tap_changes_nothing(client, shop, choice):
    ticket, url = choice
    text = client.get(url).content.decode()
    for part in ("接受方案 1", "接受方案 2", "CNY 299", "11月30日 前做到", "有 2 个方案"):
        assert part in text
    assert client.post(url, {"answer": "accept", "form": "f"}).status_code == 409
    for _ in range(2):
        assert client.post(url, {"answer": "accept", "option": "2", "form": "f"}).status_code == 302
    ticket = _now(shop, ticket)
    assert (ticket.state, ticket.proposal["chosen"], ticket.version) == ("resolved", 2, 3)
    assert "您选了这个" in client.get(url).content.decode()


def test_a_message_sent_twice_is_said_once(client, shop, offer):
    ticket, url = offer
    for form in ("k1", "k1", "k2"):
        assert client.post(url, {"text": "什么时候回我", "form": form}).status_code == 302
    with shop.scope():
        assert Move.objects.filter(ticket=ticket, kind="message").count() == 2


def test_he_adds_a_photo_without_words_and_sees_only_what_is_his(client, shop, stranger, offer, complain):
    from complaints import file_kinds
    from complaints.models import Attachment

    ticket, url = offer
    body = located()
    assert client.post(url, {"text": "", "form": "p", "files": SimpleUploadedFile("现场.jpg", body)}).status_code == 302
    with shop.scope():
        mine = Attachment.objects.get()
        assert b"X7Q" not in bytes(mine.body)
        file = file_kinds.clean("内部.txt", b"secret")
        moves.apply(ticket.id, "note", {"text": "x"}, organisation=shop.id, actor="user:x", files=[file])
        inner = Attachment.objects.get(name="内部.txt")
    text = client.get(url).content.decode()
    assert f"{url}files/{mine.id}/?show=1" in text
    assert "内部.txt" not in text
    shown = client.get(f"{url}files/{mine.id}/?show=1")
    assert shown.status_code == 200
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert shown["Cache-Control"] == "no-store" and shown["Referrer-Policy"] == "no-referrer"
    other = complain("另一宗", customer=None)
    elsewhere = f"/p/{links.token_for(other.id, organisation=shop.id)}/files/{mine.id}/"
    foreign = f"/p/{links.token_for(ticket.id, organisation=stranger.id)}/files/{mine.id}/"
    gone = [client.get(at) for at in (f"{url}files/{inner.id}/", elsewhere, foreign, f"/p/x/files/{mine.id}/", "/p/x/")]
    assert {answer.status_code for answer in gone} == {404}
    assert len({answer.content for answer in gone}) == 1


def test_a_bad_file_keeps_his_words_and_too_much_is_not_read(client, offer):
    _ticket, url = offer
    answer = client.post(url, {"text": "请看照片", "form": "p", "files": SimpleUploadedFile("a.svg", b"<svg/>")})
    assert answer.status_code == 409
    assert "请看照片" in answer.content.decode() and "这种文件不收" in answer.content.decode()
    assert client.post(url, {"text": "x"}, CONTENT_LENGTH="200000000").status_code == 413


def test_he_rates_what_came_of_it(client, shop, offer):
    ticket, url = offer
    assert 'name="score"' not in client.get(url).content.decode()
    assert client.post(url, {"answer": "rate", "score": "5"}).status_code == 409
    client.post(url, {"answer": "accept"})
    for score in ("2", "4"):
        assert client.post(url, {"answer": "rate", "score": score, "text": "还行", "form": f"r{score}"}).status_code == 302
    assert client.post(url, {"answer": "rate", "score": "9"}).status_code == 409
    assert "您评了 4 分" in client.get(url).content.decode()
    assert "客户评 4 分" in shop.page().get(f"/promises/{ticket.number}/?tab=solution").content.decode()


def test_he_is_told_why_a_promise_waits_and_which_were_late(client, shop, complain):
    from datetime import timedelta

    from complaints import clocks
    from complaints.clocks import Moment

    ticket = complain()
    url = f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"
    with shop.scope():
        hold = {"reason": "waiting_third_party", "proof": "等厂家"}
        moves.apply(ticket.id, "hold", hold, organisation=shop.id, actor="key:crm", actor_name="CRM-KEY")
        reply = {"text": "在问厂家"}
        moves.apply(ticket.id, "reply", reply, organisation=shop.id, actor="key:crm", actor_name="CRM-KEY")
    text = client.get(url).content.decode()
    assert "等厂家或合作方答复" in text
    assert "CRM-KEY" not in text and "试店" in text
    with shop.scope():
        Clock.objects.filter(ticket=ticket, kind="reconstruction").update(started_at=ticket.received_at - timedelta(hours=3))
        row = Ticket.objects.get(id=ticket.id)
        at = clocks.database_now()
        clocks.catch_up(row, moment=Moment(at=at, written_at=at, actor="t"))
    assert "晚了，仍在做" in client.get(url).content.decode()
