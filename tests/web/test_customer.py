"""The customer's page: his case only, by a signed link, with no log-in and no jargon."""

import pytest
from django.core import signing

from complaints import links, moves
from complaints.models import Clock, Move, Ticket


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
