"""Customer events from the CRM: idempotent by external id, the exposure of complaint rates."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from customers import customers
from customers.cards import Card
from customers.models import CustomerEvent
from tenancy import queries
from tenancy.queries import Codes


@dataclass(frozen=True)
class RawEvent:
    """One event as a source tells it, already checked for shape."""

    external_id: str
    kind: str
    occurred_at: datetime
    customer: Card | None = None
    unit: str = ""
    touchpoint: str = ""
    amount_minor: int | None = None
    currency: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EventReceipt:
    """What became of one event."""

    status: str
    id: uuid.UUID | None = None
    code: str = ""
    field: str = ""


def receive(raw: Sequence[RawEvent], *, organisation: int, now: datetime) -> list[EventReceipt]:
    """Stores a batch: unknown unit or touchpoint rejects the row, a known external id is a duplicate."""
    codes = queries.codes(
        organisation=organisation,
        units=[row.unit for row in raw if row.unit],
        staff=[],
        touchpoints=[row.touchpoint for row in raw if row.touchpoint],
    )
    known = CustomerEvent.objects.filter(
        organisation_id=organisation, external_id__in=[row.external_id for row in raw]
    )
    taken = set(known.values_list("external_id", flat=True))
    receipts: list[EventReceipt] = []
    keep: list[RawEvent] = []
    for row in raw:
        receipt = _check(row, codes, taken)
        if receipt.status == "accepted":
            taken.add(row.external_id)
            keep.append(row)
        receipts.append(receipt)
    made = iter(_store(keep, codes, organisation, now))
    return [EventReceipt("accepted", id=next(made).id) if r.status == "accepted" else r for r in receipts]


def _check(row: RawEvent, codes: Codes, taken: set[str]) -> EventReceipt:
    if row.unit and row.unit not in codes.units:
        return EventReceipt("rejected", code="unknown_unit", field="unit")
    if row.touchpoint and row.touchpoint not in codes.touchpoints:
        return EventReceipt("rejected", code="unknown_touchpoint", field="touchpoint")
    return EventReceipt("duplicate" if row.external_id in taken else "accepted")


def _store(keep: Sequence[RawEvent], codes: Codes, organisation: int, now: datetime) -> list[CustomerEvent]:
    zone = queries.zone(queries.organisation(organisation).timezone)
    owners = customers.resolve([row.customer for row in keep], organisation=organisation, now=now)
    return CustomerEvent.objects.bulk_create(
        [
            CustomerEvent(
                organisation_id=organisation,
                external_id=row.external_id,
                kind=row.kind,
                occurred_at=row.occurred_at,
                local_day=row.occurred_at.astimezone(zone).date(),
                customer_id=owner,
                unit_id=codes.units.get(row.unit),
                touchpoint_id=codes.touchpoints.get(row.touchpoint),
                amount_minor=row.amount_minor,
                currency=row.currency,
                metadata=row.metadata,
            )
            for row, owner in zip(keep, owners, strict=True)
        ],
        ignore_conflicts=True,
    )
