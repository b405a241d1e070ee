"""Idempotency keys: the same write twice has one effect and one answer. Rows live in the effect's transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from cxms.lib.errors import DomainError
from ledger.models import IdempotencyKey


class KeyReused(DomainError):
    """The key was used with another body."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Replayed:
    """The stored answer of an earlier write with the same key and body."""

    status: int
    body: Any


def begin(
    *, organisation: int, principal: str, route: str, key: str, body: bytes, now: datetime
) -> Replayed | IdempotencyKey:
    """Takes the key for this transaction, waiting for a concurrent holder to end; or gives the stored answer.

    Raises KeyReused when the body differs from the first one.
    """
    fingerprint = hashlib.sha256(body).digest()
    with connection.cursor() as cursor:
        # a concurrent holder blocks here until it commits (then we replay) or rolls back (then we insert)
        cursor.execute(
            "insert into ledger_idempotencykey (organisation_id, principal, route, key, fingerprint, created_at) "
            "values (%s, %s, %s, %s, %s, %s) on conflict do nothing returning id",
            [organisation, principal, route, key, fingerprint, now],
        )
        fresh = cursor.fetchone()
    row = IdempotencyKey.objects.get(organisation_id=organisation, principal=principal, route=route, key=key)
    if fresh:
        return row
    if bytes(row.fingerprint) != fingerprint:
        raise KeyReused("the Idempotency-Key was used before with another body", field="Idempotency-Key")
    return Replayed(status=row.status or 200, body=row.body)


def end(row: IdempotencyKey, *, status: int, body: Any) -> None:
    """Stores the answer beside the key."""
    IdempotencyKey.objects.filter(id=row.id).update(status=status, body=body)
