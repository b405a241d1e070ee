"""Hostile bodies at every writing endpoint: never a 5xx, always our problem document."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.test_complaints import file
from tests.shop import make_shop

MANY = int(os.environ.get("CXMS_NIGHTLY", "0")) * 400 + 60
ALLOWED = {200, 201, 400, 403, 404, 409, 412, 413, 415, 422}
WORDS = st.sampled_from(
    ["channel", "text", "external_id", "occurred_at", "customer", "unit", "staff", "touchpoint", "scores", "kind", "value", "scale", "item", "metadata", "severity", "policy", "received_at", "moves", "move", "at", "name", "match", "clauses", "ladder", "code", "target_seconds", "calendar", "warn_shares", "after_seconds", "timezone", "weekly", "holidays", "workdays", "special", "always", "mon", "sat", "started_at", "pauses", "stopped_at", "changes", "reason", "signed", "who", "when", "where", "what", "evidence", "assignee", "phone", "email", "tier", "amount_minor", "currency", "consent"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | WORDS
    | st.sampled_from(
        ["app", "phone", "nps", "S001", "E001", "always", "office", "Asia/Shanghai", "2026-03-02T10:00:00+08:00", "2026-03-02",
         "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "09:00", "24:00", "\x00", "a\x00", "\ud800", "solution",
         "resolution", "high", "reply", "hold", "assign", "waiting_customer", "1e400", ""]
    )
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=6),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def desk():
    shop = make_shop()
    client = shop.api()
    return client, file(client)["number"]


def paths(number):
    return [
        ("post", "/feedback"),
        ("post", "/feedback/bulk"),
        ("post", "/complaints"),
        ("post", f"/complaints/{number}/moves"),
        ("post", "/promises/preview"),
        ("post", "/events"),
        ("put", "/policies/fuzz"),
        ("put", "/calendars/fuzz"),
        ("put", "/customers/fuzz"),
        ("post", "/customers/bulk"),
        ("post", "/webhooks"),
    ]


def assert_answered(answer):
    assert answer.status_code in ALLOWED, (answer.status_code, answer.content[:300])
    if answer.status_code >= 400:
        body = answer.json()
        assert body["code"] and isinstance(body["errors"], list)
        assert answer["Content-Type"] == "application/problem+json"


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, extra=st.dictionaries(WORDS, TREES, max_size=4))
def test_any_json_is_answered(desk, tree, extra):
    client, number = desk
    good = {
        "channel": "app", "text": "x", "external_id": "f", "kind": "order", "occurred_at": "2026-03-02T10:00:00+08:00",
        "move": "reply", "calendar": "always", "started_at": "2026-03-02T10:00:00+08:00", "target_seconds": 60,
        "timezone": "Asia/Shanghai", "always": True, "name": "x",
        "clauses": [{"code": "c", "kind": "solution", "target_seconds": 60, "calendar": "always"}],
    }  # fmt: skip
    for method, path in paths(number):
        for body in (tree, {**good, **extra}, [tree, {**good, **extra}]):
            text = json.dumps(body)
            assert_answered(getattr(client, method)(f"/api/v1{path}", data=text, content_type="application/json"))


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_answered(desk, raw):
    client, number = desk
    for method, path in paths(number):
        assert_answered(getattr(client, method)(f"/api/v1{path}", data=raw, content_type="application/json"))
    assert_answered(client.post("/api/v1/feedback/bulk", data=raw, content_type="application/x-ndjson"))


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["from", "to", "grain", "by", "unit", "staff", "channel", "touchpoint", "tier", "topic", "q", "limit", "cursor", "kind", "view", "clause"]), value=st.text(max_size=30))  # fmt: skip
def test_any_parameter_is_answered(desk, name, value):
    client, _ = desk
    for path in ("/feedback", "/complaints", "/metrics/nps", "/metrics/promise_attainment", "/metrics/complaint_rate", "/changes", "/webhooks"):
        assert_answered(client.get(f"/api/v1{path}", {name: value}))


NO_NUMBERS = ("²", "①", "１", "9" * 5000, "٣" * 12, "-1", "0x1", "1e3", " ")


def test_what_only_looks_like_a_number_is_refused_not_fallen_over(desk):
    client, number = desk
    for text in NO_NUMBERS:
        for path in ("/feedback", "/complaints", "/changes"):
            answer = client.get(f"/api/v1{path}", {"limit": text})
            assert answer.status_code == 422, (path, text[:9])
            assert_answered(answer)
        if text.strip():
            body = {"move": "note", "text": "x"}
            stale = client.post(f"/api/v1/complaints/{number}/moves", body, content_type="application/json", headers={"If-Match": f'"{text}"'})
            assert stale.status_code == 412, text[:9]
            assert_answered(stale)
    assert client.get("/api/v1/feedback", {"limit": "0050"}).status_code == 200
