"""Contact attempts in two clicks and over the API, the closed-loop rate they make, and asking again once it is solved."""

import json
from datetime import timedelta

import pytest

from complaints.models import Clock, Move, Ticket
from customers.cards import Card
from customers.models import CustomerEvent
from surveys.models import Invitation
from tests.surveys.conftest import publish as publish

FIRST = {"code": "first", "name": "首次回应", "clauses": [{"code": "first", "kind": "first_response", "target_seconds": 3600, "calendar": "always"}]}


def call(client, method, path, body=None, **headers):
    return getattr(client, method)(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers={"idempotency-key": f"{path}{body}"[-200:], **headers})


def test_an_attempt_is_on_the_ticket_and_due_again(shop, stranger, complain, now):
    ticket = complain()
    page, url = shop.page("store_manager"), f"/promises/{ticket.number}/"
    assert 'name="reached" value="0"' in page.get(url).content.decode()
    form = {"move": "contact", "channel": "phone", "next_hours": "2", "version": ticket.version, "reached": "0", "text": "无人接听"}
    assert page.post(f"{url}moves/", form).status_code == 302
    assert page.post(f"{url}moves/", form).status_code == 412
    shown = page.get(url).content.decode()
    assert "电话，没联系上：无人接听" in shown and "再试" in shown
    with shop.scope():
        row = Ticket.objects.get()
        move = Move.objects.get(kind="contact")
        assert row.state == "handling" and row.first_reply_at is None
        assert row.contact_due_at == move.at + timedelta(hours=2)
        Ticket.objects.update(contact_due_at=now - timedelta(minutes=1))
    assert ticket.number in page.get("/promises/?contact=due").content.decode()
    assert stranger.page().post(f"{url}moves/", form).status_code == 404
    page.post(f"{url}moves/", form | {"reached": "1", "version": 2, "text": "已说明"})
    assert ticket.number not in page.get("/promises/?contact=due").content.decode().split("<main", 1)[1].split("</main", 1)[0]
    with shop.scope():
        row = Ticket.objects.get()
        assert (row.contact_due_at, row.first_reply_at) == (None, Move.objects.filter(kind="contact").latest("seq").at)


def test_only_who_is_reached_stops_the_first_response(shop):
    client = shop.api()
    call(client, "put", "/policies/promise", FIRST)
    number = call(client, "post", "/complaints", {"channel": "phone", "text": "要求退款", "unit": "S001"}).json()["number"]
    missed = call(client, "post", f"/complaints/{number}/moves", {"move": "contact", "channel": "wechat", "next_hours": 3})
    assert missed.status_code == 200 and missed.json()["contact_due_at"]
    assert missed.json()["clocks"][0]["state"] == "running"
    for bad in ({"channel": "pigeon"}, {"channel": "phone", "next_hours": 999}, {"channel": "phone", "reached": "yes"}):
        assert call(client, "post", f"/complaints/{number}/moves", {"move": "contact", **bad}).status_code == 422
    reached = call(client, "post", f"/complaints/{number}/moves", {"move": "contact", "channel": "phone", "reached": True}).json()
    assert reached["clocks"][0]["state"] == "met"
    with shop.scope():
        assert Clock.objects.get().stopped_by == "contacted"


def detractor(client, now, i, *, hours=72, moves=(), phone="13800000{:03}", filed=True, score=3):
    received = now - timedelta(hours=hours)
    body = {
        "channel": "survey", "external_id": f"d{i}", "unit": "S001", "text": "等了很久", "scores": [{"kind": "nps", "value": score}],
        "customer": {"external_id": f"c{i}", "phone": phone.format(i) if phone else None}, "occurred_at": received.isoformat(),
    }  # fmt: skip
    if filed:
        steps = [{"move": m, **f, "at": (received + timedelta(hours=h)).isoformat()} for m, h, f in moves]
        body |= {"received_at": received.isoformat(), "moves": steps}
    answer = call(client, "post", "/complaints" if filed else "/feedback", body)
    assert answer.status_code == 201, answer.content


def test_the_closed_loop_rate(shop, stranger, now):
    client = shop.api()
    reply, reached = ("reply", 2, {"text": "您好"}), ("contact", 24, {"channel": "phone", "reached": True})
    missed, late = ("contact", 1, {"channel": "phone"}), ("reply", 25, {"text": "抱歉"})
    for i, moves in enumerate([[reply], [reply], [missed, reply], [reached], [missed, reached], [late], [missed], []]):
        detractor(client, now, i, moves=moves)
    detractor(client, now, 90, moves=[reply], phone=None)
    detractor(client, now, 91, hours=1, moves=[], filed=True)
    detractor(client, now, 92, moves=[reply], score=7)
    found = client.get("/api/v1/metrics/closed_loop_rate").json()
    (point,) = found["points"]
    assert point["components"] == {"contacted": 5, "reachable": 8, "contacted_all": 6, "detractors": 9, "running": 1}
    assert (point["n"], point["value"]) == (8, 62.5)
    assert (round(point["low"], 1), round(point["high"], 1)) == (30.6, 86.3)  # Wilson, 5 of 8
    (other,) = stranger.api().get("/api/v1/metrics/closed_loop_rate").json()["points"]
    assert (other["n"], other["value"]) == (0, None)


@pytest.mark.parametrize("has_survey", [True, False])
def test_a_solved_case_asks_its_customer_again(shop, work, complain, publish, has_survey):
    ticket = complain(customer=Card(external_id="K-9", name="陈建国", email="chen@example.com"))
    if has_survey:
        publish(event_kind="recovery", delay_minutes=60)
    page = shop.page()
    page.post(f"/promises/{ticket.number}/moves/", {"move": "resolve", "version": ticket.version, "text": "已换新"})
    work()
    with shop.scope():
        event = CustomerEvent.objects.get(kind="recovery")
        assert event.external_id == f"recovery:{ticket.number}:1" and event.customer_id == ticket.customer_id
        asked = list(Invitation.objects.values_list("decision", "customer_id"))
        assert asked == ([("invited", ticket.customer_id)] if has_survey else [])
