"""`/api/v1/webhooks`: registering, changing, rotating, replaying; a stranger finds nothing."""

import json

import pytest
from standardwebhooks.webhooks import Webhook

from cxms.lib import clock
from integrations.models import Endpoint, WebhookDelivery
from tenancy.models import AuditEvent
from tests.integrations.conftest import Receiver, send
from tests.integrations.conftest import receiver as receiver

__all__ = ["Receiver", "send"]


def call(client, method, path, body=None, **headers):
    data = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    return getattr(client, method)(f"/api/v1{path}", headers=headers, **data)


def make(client, receiver, **fields):
    answer = call(client, "post", "/webhooks", {"url": receiver.url(), **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_from_registration_to_a_verified_ping(shop, receiver, send):
    client = shop.api("webhooks:write")
    hook = make(client, receiver, kinds=["complaint.opened"], description="CRM")
    assert (hook["state"], hook["kinds"], hook["reason"]) == ("active", ["complaint.opened"], None)
    assert hook["secret"].startswith("whsec_")
    queued = call(client, "post", f"/webhooks/{hook['id']}/test", {})
    assert queued.status_code == 202
    send()
    ((_, headers, body),) = receiver.of()
    message = Webhook(hook["secret"]).verify(body, headers)
    assert (message["type"], message["data"]) == ("webhook.ping", {"endpoint": hook["id"]})
    (row,) = call(client, "get", f"/webhooks/{hook['id']}/deliveries").json()["results"]
    assert (row["id"], row["message_id"]) == (queued.json()["id"], headers["webhook-id"])
    assert (row["state"], row["attempts"], row["last_status"], row["answer"]) == ("done", 1, 200, "said")
    shown = call(client, "get", f"/webhooks/{hook['id']}").json()
    assert shown["last_success_at"] is not None
    assert "secret" not in shown
    with shop.scope():
        actions = list(AuditEvent.objects.filter(subject=hook["id"]).order_by("seq").values_list("action", flat=True))
    assert actions == ["webhook.created", "webhook.tested"]


def test_a_secret_is_shown_once_even_to_the_same_idempotency_key(shop, receiver):
    client = shop.api()
    body = {"url": receiver.url()}
    first = call(client, "post", "/webhooks", body, idempotency_key="k1")
    again = call(client, "post", "/webhooks", body, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == {name: value for name, value in first.json().items() if name != "secret"}
    with shop.scope():
        from ledger.models import IdempotencyKey

        assert Endpoint.objects.count() == 1
        assert first.json()["secret"] not in json.dumps(list(IdempotencyKey.objects.values_list("body", flat=True)))


BAD = [
    ({}, "url", "missing"),
    ({"url": 5}, "url", "wrong_type"),
    ({"url": "https://127.0.0.2/"}, "url", "not_public"),
    ({"url": "https://user@hooks.example.com/"}, "url", "userinfo"),
    ({"url": "ftp://x"}, "url", "bad_url"),
    ({"url": "https://169.254.169.254/latest"}, "url", "not_public"),
    ({"url": "OK", "kinds": []}, "kinds", "unknown_kind"),
    ({"url": "OK", "kinds": ["notice.created"]}, "kinds", "unknown_kind"),
    ({"url": "OK", "kinds": "complaint.opened"}, "kinds", "wrong_type"),
    ({"url": "OK", "description": "x" * 201}, "description", "too_long"),
]


@pytest.mark.parametrize(("body", "field", "code"), BAD, ids=[f"{row[1]}-{row[2]}-{i}" for i, row in enumerate(BAD)])
def test_bad_input_is_refused_by_field(shop, receiver, body, field, code):
    if body.get("url") == "OK":
        body = {**body, "url": receiver.url()}
    answer = call(shop.api(), "post", "/webhooks", body)
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["field"], answer.json()["code"]) == (field, code)
    with shop.scope():
        assert Endpoint.objects.count() == 0


def test_changing_is_guarded_by_its_version(shop, receiver):
    client = shop.api()
    hook = make(client, receiver)
    path = f"/webhooks/{hook['id']}"
    etag = call(client, "get", path).headers["ETag"]
    changed = call(client, "patch", path, {"kinds": ["promise.breached", "complaint.opened"]}, if_match=etag)
    assert changed.json()["kinds"] == ["complaint.opened", "promise.breached"]
    stale = call(client, "patch", path, {"description": "late"}, if_match=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    off = call(client, "patch", path, {"state": "disabled"})
    assert (off.json()["state"], off.json()["reason"]) == ("disabled", "by_hand")
    refused = call(client, "post", f"{path}/test", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    assert call(client, "patch", path, {"state": "gone"}).json()["code"] == "unknown_state"
    assert call(client, "patch", path, {"state": "active"}).json()["reason"] is None


def test_replay_takes_an_instant_ids_or_the_dead(shop, receiver, work, send, now):
    client = shop.api()
    hook = make(client, receiver, kinds=["feedback.received"])
    path = f"/webhooks/{hook['id']}"
    for i in range(3):
        call(client, "post", "/feedback", {"channel": "app", "text": "x", "external_id": f"r{i}"})
    work()
    send()
    assert len(receiver.of()) == 3
    page = call(client, "get", f"{path}/deliveries?limit=2").json()
    assert len(page["results"]) == 2
    rest = call(client, "get", f"{path}/deliveries?limit=2&cursor={page['next']}").json()
    assert len(rest["results"]) == 1 and rest["next"] is None
    ids = [row["id"] for row in page["results"]]
    assert call(client, "post", f"{path}/replay", {"deliveries": ids}).json() == {"queued": 2, "more_since": None}
    assert call(client, "post", f"{path}/replay", {"dead": True}).json()["queued"] == 0
    send()
    assert call(client, "post", f"{path}/replay", {"since": now.isoformat()}).json()["queued"] == 3
    send()
    assert len(receiver.of()) == 8
    assert len({headers["webhook-id"] for _, headers, _ in receiver.of()}) == 3
    for body in ({}, {"deliveries": []}, {"deliveries": ["x"]}, {"deliveries": [5]}, {"since": "yesterday"}):
        assert call(client, "post", f"{path}/replay", body).status_code == 422


def test_deleting_takes_its_deliveries_along(shop, receiver, send):
    client = shop.api()
    hook = make(client, receiver)
    call(client, "post", f"/webhooks/{hook['id']}/test", {})
    assert call(client, "delete", f"/webhooks/{hook['id']}").status_code == 204
    assert call(client, "get", f"/webhooks/{hook['id']}").status_code == 404
    with shop.scope():
        assert WebhookDelivery.objects.count() == 0
    send()
    assert receiver.got == []


def test_a_stranger_and_a_key_without_the_scope_get_nowhere(shop, stranger, receiver):
    hook = make(shop.api(), receiver)
    client = stranger.api()
    assert call(client, "get", "/webhooks").json()["results"] == []
    for method, path, body in (
        ("get", "", None), ("patch", "", {"state": "disabled"}), ("delete", "", None), ("post", "/rotate", {}),
        ("post", "/test", {}), ("post", "/replay", {"dead": True}), ("get", "/deliveries", None),
    ):  # fmt: skip
        answer = call(client, method, f"/webhooks/{hook['id']}{path}", body)
        assert answer.status_code == 404, (method, path)
    weak = shop.api("feedback:read", "complaints:read")
    assert call(weak, "get", "/webhooks").json()["code"] == "scope_missing"


def test_the_list_costs_the_same_for_one_and_three(shop, receiver, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = shop.api()
    make(client, receiver)
    client.get("/api/v1/webhooks")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection, ) as captured:
            client.get("/api/v1/webhooks")
        counts.append(len(captured))
        make(client, receiver)
        make(client, receiver)
    assert counts[0] == counts[1]
    assert clock.now()
