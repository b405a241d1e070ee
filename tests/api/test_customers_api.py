"""`/api/v1/customers`: the CRM's word, in ones and in thousands, and what we know of one at once."""

import json
from datetime import timedelta

import pytest

from complaints.intake import Complaint, file
from customers.cards import Card
from customers.models import Customer, Identity
from feedback import intake, voices
from feedback.intake import Source
from feedback.shapes import RawScore, RawVoice
from ledger.models import Fact


def call(client, method, path, body=None, kind="application/json", **headers):
    data = {"data": body if isinstance(body, bytes) else json.dumps(body), "content_type": kind} if body is not None else {}
    return getattr(client, method)(f"/api/v1{path}", headers=headers, **data)


def facts(shop):
    with shop.scope():
        rows = Fact.objects.filter(kind__startswith="customer.").order_by("seq")
        return [(row.kind, len(row.data["ids"])) for row in rows]


def test_a_customer_is_made_changed_and_left_alone(shop, stranger):
    client = shop.api()
    body = {"name": "陈建国", "phone": "138 1234 6629", "email": "Chen@Example.com", "tier": "gold"}
    made = call(client, "put", "/customers/K-1", body)
    assert made.status_code == 201
    assert made.json() == {
        "id": made.json()["id"], "external_id": "K-1", "name": "陈建国", "phone": "+8613812346629",
        "email": "chen@example.com", "tier": "gold",
    }  # fmt: skip
    again = call(client, "put", "/customers/K-1", body)
    assert (again.status_code, again.headers["ETag"]) == (200, made.headers["ETag"])
    changed = call(client, "put", "/customers/K-1", {"tier": "silver", "email": None}).json()
    assert (changed["tier"], changed["email"], changed["name"], changed["phone"]) == ("silver", "", "陈建国", "+8613812346629")
    assert facts(shop) == [("customer.created", 1), ("customer.updated", 1)]
    assert call(stranger.api(), "get", "/customers/K-1").status_code == 404


def test_if_match_refuses_what_someone_changed_meanwhile(shop):
    client = shop.api()
    etag = call(client, "put", "/customers/K-1", {"tier": "gold"}).headers["ETag"]
    assert call(client, "put", "/customers/K-1", {"tier": "silver"}, if_match=etag).status_code == 200
    late = call(client, "put", "/customers/K-1", {"tier": "bronze"}, if_match=etag)
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert call(client, "put", "/customers/K-2", {}, if_match=etag).status_code == 412
    assert call(client, "get", "/customers/K-1").json()["tier"] == "silver"
    assert call(client, "get", "/customers/K-2").status_code == 404


BAD = [
    ({"phone": "12"}, "phone", "bad_phone"),
    ({"phone": "a1b2c3d4"}, "phone", "bad_phone"),
    ({"email": "chen"}, "email", "bad_email"),
    ({"email": "chen@nodot"}, "email", "bad_email"),
    ({"email": "a b@c.de"}, "email", "bad_email"),
    ({"tier": "x" * 25}, "tier", "too_long"),
    ({"name": 5}, "name", "wrong_type"),
    ({"phone": "138\x00"}, "phone", "bad_characters"),
]


@pytest.mark.parametrize(("body", "field", "code"), BAD)
def test_bad_fields_are_named_alone_and_in_bulk(shop, body, field, code):
    client = shop.api()
    answer = call(client, "put", "/customers/K-1", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"], answer.json()["code"]) == (422, field, code)
    bulk = call(client, "post", "/customers/bulk", [{"external_id": "K-1", **body}, {"external_id": "K-2"}]).json()
    assert (bulk["accepted"], bulk["rejected"]) == (1, 1)
    assert (bulk["results"][0]["error"]["field"], bulk["results"][0]["error"]["code"]) == (field, code)
    with shop.scope():
        assert list(Customer.objects.values_list("external_id", flat=True)) == ["K-2"]


def test_a_bulk_says_what_became_of_each_row(shop):
    client = shop.api()
    call(client, "put", "/customers/K-0", {"tier": "gold"})
    lines = [
        {"external_id": "K-0", "tier": "gold"},
        {"external_id": "K-0", "tier": "silver"},
        {"external_id": "K-1", "phone": "13912345678"},
        {"tier": "x"},
        {"external_id": "K-1", "name": "王"},
        7,
    ]
    body = b"\n".join([*(json.dumps(line).encode() for line in lines), b"{bad"])
    answer = call(client, "post", "/customers/bulk", body, kind="application/x-ndjson").json()
    counted = {name: answer[name] for name in ("accepted", "created", "updated", "unchanged", "rejected")}
    assert counted == {"accepted": 4, "created": 2, "updated": 2, "unchanged": 0, "rejected": 3}
    assert [row["status"] for row in answer["results"]] == ["updated", "updated", "created", "rejected", "created", "rejected", "rejected"]
    assert [row.get("error", {}).get("code") for row in answer["results"]] == [None, None, None, "missing", None, "wrong_type", "malformed_json"]
    assert call(client, "get", "/customers/K-0").json()["tier"] == "silver"
    assert call(client, "get", "/customers/K-1").json()["name"] == "王"


def test_ten_thousand_customers_in_one_call_twice(shop):
    client = shop.api()
    rows = [{"external_id": f"K-{i}", "name": f"客{i}", "phone": f"139{i:08d}", "tier": "gold"} for i in range(10_000)]
    first = call(client, "post", "/customers/bulk", rows).json()
    assert (first["created"], first["rejected"]) == (10_000, 0)
    again = call(client, "post", "/customers/bulk", rows).json()
    assert (again["unchanged"], again["created"], again["updated"]) == (10_000, 0, 0)
    assert facts(shop) == [("customer.created", 200)] * 50
    with shop.scope():
        assert Customer.objects.count() == 10_000
        assert Identity.objects.filter(kind="phone").count() == 10_000
    assert call(client, "post", "/customers/bulk", [*rows, rows[0]]).status_code == 413


def test_the_summary_holds_what_a_clerk_asks_first(shop, stranger, work, now):
    client = shop.api()
    card = Card(external_id="K-1", name="陈建国", tier="gold")
    with shop.scope():
        def say(days, nps, text="", **more):
            voice = RawVoice(
                channel="app", text=text, customer=card, external_id=f"v{days}", occurred_at=now - timedelta(days=days),
                scores=(RawScore("nps", nps, 0, 10),), **more,
            )  # fmt: skip
            (receipt,) = intake.receive([voice], organisation=shop.id, source=Source(b"", "x", "t"), now=now)
            return receipt.id

        say(400, 10)
        say(90, 9)
        say(20, 3)
        voices.exclude(say(2, 0), "测试", organisation=shop.id, now=now, actor="t")
        voices.delete(say(1, 10), organisation=shop.id, now=now, actor="t")
        made = [
            file(Complaint(RawVoice(channel="phone", text=f"坏了 {i}", customer=card, unit="S001")), organisation=shop.id,
                 source=Source(b"x", "x", "t"), now=now)[0]
            for i in range(2)
        ]  # fmt: skip
    call(client, "post", "/events", {"external_id": "O-1", "kind": "order", "occurred_at": (now - timedelta(days=3)).isoformat(), "unit": "S001", "customer": {"external_id": "K-1"}})
    body = call(client, "get", "/customers/K-1/summary").json()
    assert (body["tier"], body["complaints"]) == ("gold", {"n": 2, "n_12_months": 2})
    assert (body["nps"]["value"], body["nps"]["n"]) == (3, 2)
    assert body["voices"]["n_12_months"] == 4  # two scores within a year, two complaints
    assert body["open_complaints"]["n"] == 2
    first = body["open_complaints"]["results"][0]
    assert first["number"] in {ticket.number for ticket in made}
    assert first["next_due"]["due_at"] is not None and first["next_due"]["state"] == "running"
    assert (body["last_event"]["external_id"], body["last_event"]["unit"], body["last_event"]["n_12_months"]) == ("O-1", "S001", 1)
    assert call(stranger.api(), "get", "/customers/K-1/summary").status_code == 404
    empty = call(client, "put", "/customers/K-2", {}) and call(client, "get", "/customers/K-2/summary").json()
    assert (empty["nps"], empty["last_event"], empty["tier"], empty["open_complaints"]["n"]) == (None, None, None, 0)


def test_the_summary_of_a_loud_customer_is_whole(shop, now):
    card = Card(external_id="K-1", name="陈建国")
    with shop.scope():
        rows = [
            RawVoice(channel="app", text=f"第 {i} 句", customer=card, external_id=f"v{i}", row=i, scores=(RawScore("nps", i % 11, 0, 10),))
            for i in range(2000)
        ]  # fmt: skip
        intake.receive(rows, organisation=shop.id, source=Source(b"", "x", "t"), now=now, announce=False)
        for i in range(30):
            file(Complaint(RawVoice(channel="phone", text=f"坏了 {i}", customer=card)), organisation=shop.id, source=Source(b"x", "x", "t"), now=now)
    client = shop.api()
    assert client.get("/api/v1/customers/K-1/summary").json()["open_complaints"]["n"] == 30
