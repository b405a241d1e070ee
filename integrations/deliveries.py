"""Deliveries: written once per endpoint and fact, tested by a ping, replayed. The sender takes them from here."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.ids import new_id
from integrations import public_facts
from integrations.endpoints import EndpointDisabled, locked
from integrations.enums import DeliveryState, EndpointState
from integrations.models import Endpoint, WebhookDelivery
from ledger.models import Fact
from tenancy import audit

MOST_REPLAYED = 10_000


def fan_out(facts: Sequence[Fact], *, organisation: int, now: datetime) -> int:
    """One row for every fact and active endpoint that asked for its kind. Returns how many there are."""
    found = list(Endpoint.objects.filter(organisation_id=organisation, state=EndpointState.ACTIVE))
    heard = [fact for fact in facts if any(hears(row, fact.kind) for row in found)]
    rows = []
    for fact, document in zip(heard, public_facts.documents(heard, organisation=organisation) if heard else [], strict=True):
        body = public_facts.body(document)
        rows += [_row(row, fact, body, now) for row in found if hears(row, fact.kind)]
    _write(rows)
    return len(rows)


def hears(row: Endpoint, kind: str) -> bool:
    """True when the endpoint asked for this kind."""
    return kind in row.kinds or public_facts.EVERYTHING in row.kinds


def _row(endpoint: Endpoint, fact: Fact, body: bytes, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        id=new_id(),
        organisation_id=endpoint.organisation_id,
        endpoint=endpoint,
        fact_id=fact.id,
        kind=fact.kind,
        sequence=fact.seq,
        body=body,
        created_at=now,
        next_at=now,
    )


def _write(rows: Sequence[WebhookDelivery]) -> None:
    # the unique key (endpoint, fact) holds when a replay and the fact's own follower meet
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def ping(
    key: uuid.UUID, *, organisation: int, now: datetime, actor: str, message: uuid.UUID | None = None
) -> WebhookDelivery:
    """Queues a test message, before whatever waits; the same `message` again is a no-op. Raises EndpointDisabled."""
    endpoint = _active(key, organisation)
    document = {
        "type": public_facts.PING,
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "data": {"endpoint": str(key)},
        "sequence": 0,
    }
    fact = Fact(id=message or new_id(), kind=public_facts.PING, seq=0)
    row = _row(endpoint, fact, public_facts.body(document), now)
    # a person is watching
    row.next_at = now - timedelta(days=7)
    _write([row])
    audit.note("webhook.tested", key, organisation=organisation, actor=actor, now=now)
    return row


def replay(
    key: uuid.UUID, ids: Iterable[uuid.UUID], *, organisation: int, now: datetime, actor: str
) -> int:
    """Makes finished deliveries of the endpoint due again, same id and bytes. Returns how many."""
    _active(key, organisation)
    rows = WebhookDelivery.objects.filter(organisation_id=organisation, endpoint_id=key, id__in=list(ids))
    n = _again(rows, now)
    audit.note("webhook.replayed", key, organisation=organisation, actor=actor, now=now, detail={"n": n})
    return n


def replay_dead(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> int:
    """Makes every dead delivery of the endpoint due again. Returns how many."""
    _active(key, organisation)
    n = _again(WebhookDelivery.objects.filter(organisation_id=organisation, endpoint_id=key, state=DeliveryState.DEAD), now)
    audit.note("webhook.replayed", key, organisation=organisation, actor=actor, now=now, detail={"n": n})
    return n


def replay_since(
    key: uuid.UUID, since: datetime, *, organisation: int, now: datetime, actor: str
) -> tuple[int, datetime | None]:
    """Sends everything the endpoint hears since an instant again, also what it missed while disabled.

    Returns how many messages are queued, and the instant to go on from when there were more than 10,000.
    """
    endpoint = _active(key, organisation)
    kinds = [kind for kind in public_facts.KINDS if hears(endpoint, kind)]
    facts = list(
        Fact.objects.filter(organisation_id=organisation, kind__in=kinds, at__gte=since).order_by("at", "seq")[: MOST_REPLAYED + 1]
    )
    shown = facts[:MOST_REPLAYED]
    there = WebhookDelivery.objects.filter(organisation_id=organisation, endpoint_id=key, fact_id__in=[f.id for f in shown])
    known = set(there.values_list("fact_id", flat=True))
    missed = [fact for fact in shown if fact.id not in known]
    documents = public_facts.documents(missed, organisation=organisation)
    _write([_row(endpoint, f, public_facts.body(d), now) for f, d in zip(missed, documents, strict=True)])
    n = _again(there.filter(fact_id__in=known), now) + len(missed)
    detail = {"n": n, "since": since.isoformat()}
    audit.note("webhook.replayed", key, organisation=organisation, actor=actor, now=now, detail=detail)
    return n, facts[MOST_REPLAYED].at if len(facts) > MOST_REPLAYED else None


def _again(rows: Any, now: datetime) -> int:
    finished = rows.exclude(state=DeliveryState.DUE)
    n: int = finished.update(state=DeliveryState.DUE, attempts=0, next_at=now, leased_until=None, finished_at=None)
    return n


def _active(key: uuid.UUID, organisation: int) -> Endpoint:
    """The endpoint, ready to be spoken to at once. Raises when it is disabled."""
    row = locked(key, organisation=organisation)
    if row.state != EndpointState.ACTIVE:
        raise EndpointDisabled(_("接收地址已停用；先启用，再发送"))
    if row.resume_at is not None:
        row.resume_at = None
        row.save(update_fields=["resume_at"])
    return row
