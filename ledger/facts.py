"""Recording facts and replaying what followed them badly. Called by every domain app inside its own transaction."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from cxms.lib.ids import new_id
from ledger import changes, doorbell
from ledger.flow import Flow
from ledger.models import Delivery, Fact


@cache
def flows() -> tuple[Flow, ...]:
    """The table of followers, named by the settings and loaded once."""
    return tuple(import_string(settings.LEDGER_FLOWS))


@cache
def flow_of(follower: str) -> Flow | None:
    """The flow whose handler bears this name, or None when a release dropped it."""
    return next((flow for flow in flows() if flow.handler == follower), None)


@cache
def _followers(kind: str) -> tuple[Flow, ...]:
    return tuple(flow for flow in flows() if flow.fact == kind)


def record(
    kind: str, subject: uuid.UUID | str, data: dict[str, Any], *, organisation: int, now: datetime, actor: str = "system"
) -> uuid.UUID:
    """Writes a fact and one delivery per follower in the caller's transaction; rings the doorbell after the commit.

    kind: past tense, "complaint.opened"; subject: the id of what it speaks of; data: ids and small values, JSON.
    """
    return record_many([(kind, subject, data)], organisation=organisation, now=now, actor=actor)[0]


def record_many(
    facts: Iterable[tuple[str, uuid.UUID | str, dict[str, Any]]],
    *,
    organisation: int,
    now: datetime,
    actor: str = "system",
) -> list[uuid.UUID]:
    """As `record`, for many facts in three statements."""
    rows = [
        Fact(
            id=new_id(),
            organisation_id=organisation,
            kind=kind,
            subject=str(subject),
            data=data,
            actor=actor[:120],
            at=now,
        )
        for kind, subject, data in facts
    ]
    basket = _basket.get()
    if basket is not None and basket.organisation == organisation:
        basket.rows += rows
    else:
        _write(rows, organisation)
    return [fact.id for fact in rows]


@dataclass
class _Basket:
    organisation: int
    rows: list[Fact]


_basket: ContextVar[_Basket | None] = ContextVar("facts gathered", default=None)


@contextmanager
def gathered(organisation: int) -> Iterator[list[Fact]]:
    """What is recorded inside is written at the end, in three statements and with one ring; for many small moves at once.

    The caller's transaction lasts longer than this. Yields the facts so far: who rolls back to a savepoint inside takes
    away what was recorded since. Nothing is written when it is left by an error.
    """
    basket = _Basket(organisation, [])
    token = _basket.set(basket)
    try:
        yield basket.rows
    finally:
        _basket.reset(token)
    if basket.rows:
        _write(basket.rows, organisation)


def _write(rows: list[Fact], organisation: int) -> None:
    changes.announce(organisation)
    Fact.objects.bulk_create(rows)
    queues: set[str] = set()
    deliveries = []
    for fact in rows:
        for flow in _followers(fact.kind):
            queues.add(flow.queue)
            deliveries.append(
                Delivery(
                    organisation_id=organisation, fact_id=fact.id, follower=flow.handler, queue=flow.queue, run_at=fact.at
                )
            )
    Delivery.objects.bulk_create(deliveries)
    kinds = [(fact.kind, fact.subject) for fact in rows]
    _ring_after_commit(organisation, queues, kinds)


class _Ringer:
    """What one commit tells: every queue once, every fact."""

    def __init__(self, organisation: int) -> None:
        self.organisation = organisation
        self.queues: set[str] = set()
        self.kinds: list[tuple[str, str]] = []

    def __call__(self) -> None:
        doorbell.ring(self.queues)
        doorbell.publish(self.organisation, self.kinds)


def _ring_after_commit(organisation: int, queues: set[str], kinds: list[tuple[str, str]]) -> None:
    """Adds to the ringer that this transaction has already, if a rollback that takes it would take us too.

    The reverse, a savepoint of ours rolled back alone, rings once for nothing, which is harmless.
    """
    held = transaction.get_connection()
    within = set(held.savepoint_ids)
    for savepoints, hook, _robust in held.run_on_commit:
        if isinstance(hook, _Ringer) and hook.organisation == organisation and savepoints <= within:
            break
    else:
        hook = _Ringer(organisation)
        transaction.on_commit(hook)
    hook.queues |= queues
    hook.kinds += kinds


def replay(delivery_id: int, *, organisation: int, now: datetime, actor: str) -> bool:
    """Makes a dead delivery due again. False when it is not dead. Records who did it."""
    changed = Delivery.objects.filter(organisation_id=organisation, id=delivery_id, dead_at__isnull=False).update(
        dead_at=None, attempts=0, run_at=now, failure="", last_error=""
    )
    if changed:
        record("delivery.replayed", str(delivery_id), {}, organisation=organisation, now=now, actor=actor)
    return bool(changed)
