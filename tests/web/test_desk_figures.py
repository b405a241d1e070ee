"""Figures of the desk: the page says what the API says to the last bit, each number opens its cases, few are not named."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client

from complaints import moves
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Escalation, Ticket
from cxms.lib import clock
from tenancy import keys
from tenancy.capabilities import API_SCOPES

ASKED = "?unit=&weeks=4"


def call(client, path, body):
    answer = client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers={"idempotency-key": uuid.uuid4().hex})
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()


def brought(client, now, i, *moves, hours=50, unit="S001"):
    """A complaint of some hours ago with its moves, each so many minutes later."""
    received = now - timedelta(hours=hours)
    steps = [{"move": m, **f, "at": (received + timedelta(minutes=at)).isoformat()} for m, at, f in moves]
    return call(client, "/complaints", {"channel": "phone", "external_id": f"b{i}", "unit": unit, "text": f"第 {i} 宗", "received_at": received.isoformat(), "moves": steps})


FIVE = {"who": "a", "when": "b", "where": "c", "what": "d", "evidence": "e", "signed": True}
REPLY, SIGN = ("reply", 20, {"text": "您好"}), ("reconstruct", 30, FIVE)
OFFER, TAKE, LATE = ("propose", 40, {"text": "换新"}), ("accept", 60, {"consent": "customer"}), ("accept", 300, {"consent": "customer"})
HOLD, GO = ("hold", 35, {"reason": "waiting_customer"}), ("resume", 95, {})


@pytest.fixture
def history(shop, now):
    client = shop.api()
    for i in range(6):
        brought(client, now, i, REPLY, SIGN, OFFER, TAKE)
    for i in range(6, 9):
        brought(client, now, i, REPLY, SIGN, OFFER, LATE, unit="S003")
    for i in range(9, 15):
        brought(client, now, i, REPLY, SIGN, HOLD, ("propose", 97, {"text": "补寄"}), ("accept", 100, {"consent": "verbal"}))
    return client


def shown(page):
    """metric → the exact values the page prints."""
    found = {}
    for value, metric in re.findall(r'<data value="([^"]*)" data-metric="([^"]*)"', page.content.decode()):
        found.setdefault(metric, []).append(value)
    return found


def test_the_page_and_the_api_agree_to_the_last_bit(shop, stranger, history, now):
    page = shop.page().get(f"/desk/figures/{ASKED}")
    assert page.status_code == 200
    found = shown(page)
    span = f"from={(clock.now() - timedelta(days=27)).date()}&to={(clock.now() + timedelta(days=2)).date()}"
    for metric in ("first_response", "resolution_rate", "resolution_throughput", "pause_rate"):
        (point,) = history.get(f"/api/v1/metrics/{metric}?{span}").json()["points"]
        assert found[metric] == [repr(point["value"])], metric
    points = history.get(f"/api/v1/metrics/promise_attainment?{span}&by=clause").json()["points"]
    assert found["promise_attainment"] == [repr(p["value"]) for p in points if p["value"] is not None]
    solution = next(p for p in points if p["by"]["clause"] == "solution")
    assert (solution["components"]["met"], solution["components"]["breached"], solution["value"]) == (12, 3, 80.0)
    (paused,) = history.get(f"/api/v1/metrics/pause_rate?{span}").json()["points"]
    assert paused["components"] == {"paused": 6, "received": 15, "pauses": 6, "paused_seconds": 6 * 65 * 60, "near_cap": 0}
    empty = stranger.page().get("/desk/figures/").content.decode()
    assert "第 1 宗" not in empty and shown(stranger.page().get("/desk/figures/")) == {}
    assert shop.page("frontline").get("/desk/figures/").status_code == 403


def test_a_number_opens_exactly_its_cases(shop, history):
    page = shop.page()
    text = page.get("/desk/figures/").content.decode()
    url = re.search(r'href="(/promises/\?[^"]*verdict=solution%3Abreached)">3</a>', text).group(1).replace("&amp;", "&")
    listed = page.get(url).content.decode()
    assert sorted(set(re.findall(r"第 (\d+) 宗", listed.split("<main", 1)[1]))) == ["6", "7", "8"]
    manager = shop.page("store_manager").get("/desk/figures/")
    assert [float(v) for v in shown(manager)["promise_attainment"]][1:2] != [] and "成都天府店" not in manager.content.decode()


def test_people_with_few_cases_are_named_without_numbers(shop, stranger, history, now):
    rows = history.get("/api/v1/pauses").json()["results"]
    assert [(r["reason"], r["complaints"], r["pauses"], r["seconds"], r["near_cap"], r["suppressed"]) for r in rows] == [
        ("waiting_customer", 6, 6, 23400.0, 0, False)
    ]
    with shop.scope():
        token = keys.issue(organisation=shop.id, scopes=list(API_SCOPES), name="other", now=now, actor="test")
    other = Client(headers={"authorization": f"Bearer {token}"})
    brought(other, now, 40, REPLY, SIGN, HOLD)
    rows = history.get("/api/v1/pauses").json()["results"]
    few = next(r for r in rows if r["suppressed"])
    assert (few["complaints"], few["seconds"], few["pauses"]) == (None, None, None)
    assert "不足 5 宗，已隐藏" in shop.page().get("/desk/figures/").content.decode()
    assert stranger.api().get("/api/v1/pauses").json()["results"] == []
    assert history.get("/api/v1/pauses?unit=NOPE").status_code == 422


def test_time_to_acknowledge_waits_for_who_is_silent(shop, complain, now):
    ticket = complain()
    with shop.scope():
        Ticket.objects.update(is_history=False)
        row = Escalation(organisation_id=shop.id, ticket=ticket, clause="solution", cycle=1, fire_at=now, late_seconds=0)
        row.clock_id = ticket_clock(ticket)
        for i, said in enumerate((10, 20, 30, 40, 50, None)):
            fresh = Escalation(**{f.attname: getattr(row, f.attname) for f in row._meta.fields if f.name not in {"id", "organisation"}})
            fresh.organisation_id, fresh.level = shop.id, f"+{1800 + i}"
            fresh.written_at = now - timedelta(minutes=60)
            fresh.acknowledged_at = fresh.written_at + timedelta(minutes=said) if said else None
            fresh.save(force_insert=True)
    (point,) = shop.api().get("/api/v1/metrics/time_to_acknowledge?by=level").json()["points"]
    assert (point["by"], point["n"], point["value"], point["components"]["open"]) == ({"level": "4"}, 6, 35.0, 1)


def ticket_clock(ticket):
    return Clock.objects.get(ticket=ticket, clause="solution").id


def test_the_csv_holds_the_same(shop, history):
    page = shop.page()
    rows = list(csv.DictReader(io.StringIO(page.get("/desk/figures/?csv=1").content.decode("utf-8-sig"))))
    solution = next(r for r in rows if r["metric"] == "promise_attainment" and r["by"] == "solution")
    assert (solution["value"], solution["n"], solution["suppressed"]) == ("80.0", "15", "False")
    west = next(r for r in rows if r["metric"] == "resolution_rate" and r["by"] == "S003")
    assert (west["value"], west["n"], west["suppressed"]) == ("", "", "True")


def test_the_pages_queries_do_not_grow_with_cases(shop, complain, django_assert_max_num_queries):
    complain()
    with django_assert_max_num_queries(80) as first:
        shop.page().get("/desk/figures/?by=unit")
    complain("又一宗")
    complain("第三宗", unit="S003")
    with django_assert_max_num_queries(len(first.captured_queries)):
        shop.page().get("/desk/figures/?by=unit")


def test_what_is_told_at_once_is_not_due_soon(shop, complain):
    ticket = complain()
    page = shop.page()
    listed = page.get("/promises/?due=30").content.decode()
    assert ticket.number not in listed.split("<main", 1)[1], "the executives' minute is no work of the desk"
    assert ticket.number in page.get("/promises/?due=60").content.decode()


def test_only_who_manages_raises_to_the_gravest(shop, complain):
    ticket = complain(severity="normal")
    frontline = f"user:{shop.members['frontline'].user.email}"
    manager = f"user:{shop.members['store_manager'].user.email}"
    with shop.scope():
        for severity in ("high", "critical"):
            with pytest.raises(MoveNotAllowed):
                moves.apply(ticket.id, "change_severity", {"severity": severity, "reason": "x"}, organisation=shop.id, actor=frontline)
        moves.apply(ticket.id, "change_severity", {"severity": "low", "reason": "x"}, organisation=shop.id, actor=frontline)
        moves.apply(ticket.id, "change_severity", {"severity": "critical", "reason": "x"}, organisation=shop.id, actor=manager)
        assert Ticket.objects.get().severity == "critical"
