"""Customer events from the CRM: idempotent by external id, the exposure of complaint rates."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from customers import customers
from customers.cards import Card
from customers.models import CustomerEvent
from cxms.lib import staging
from cxms.lib.ids import new_ids
from cxms.lib.staging import Json
from ledger.facts import record
from tenancy import queries
from tenancy.queries import Codes

LONGEST_WAIT = 7 * 86_400


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


def receive(
    raw: Sequence[RawEvent], *, organisation: int, now: datetime, announce: bool = True
) -> list[EventReceipt]:
    """Stores a batch: unknown unit or touchpoint or a wrong wait rejects the row, a known external id is a duplicate.

    Records one `customer.event_received` for the batch; announce=False leaves it out: history nobody is asked about.
    """
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
    ids = _store(keep, codes, organisation, now)
    if ids and announce:
        data = {"first": str(ids[0]), "last": str(ids[-1]), "n": len(ids)}
        record("customer.event_received", ids[0], data, organisation=organisation, now=now)
    made = iter(ids)
    return [EventReceipt("accepted", id=next(made)) if r.status == "accepted" else r for r in receipts]


def _check(row: RawEvent, codes: Codes, taken: set[str]) -> EventReceipt:
    if row.unit and row.unit not in codes.units:
        return EventReceipt("rejected", code="unknown_unit", field="unit")
    if row.touchpoint and row.touchpoint not in codes.touchpoints:
        return EventReceipt("rejected", code="unknown_touchpoint", field="touchpoint")
    if wrong := wrong_wait(row.metadata):
        return EventReceipt("rejected", code=f"bad_{wrong}", field=f"metadata.{wrong}")
    return EventReceipt("duplicate" if row.external_id in taken else "accepted")


def wrong_wait(metadata: Mapping[str, Any]) -> str:
    """Which of the two reserved names of a wait is wrong, or "".

    waited_seconds: a number from 0 to seven days, arrival to the start of service; abandoned: true or false, left before
    being served after so long, and only beside waited_seconds.
    """
    waited, left = metadata.get("waited_seconds"), metadata.get("abandoned")
    is_number = isinstance(waited, int | float) and not isinstance(waited, bool)
    if "waited_seconds" in metadata and not (is_number and 0 <= float(waited or 0) <= LONGEST_WAIT):
        return "waited_seconds"
    return "abandoned" if "abandoned" in metadata and (not isinstance(left, bool) or waited is None) else ""


COLUMNS = ["id", "organisation_id", "external_id", "kind", "occurred_at", "local_day", "customer_id", "unit_id", "touchpoint_id", "amount_minor", "currency", "metadata"]


def _store(keep: Sequence[RawEvent], codes: Codes, organisation: int, now: datetime) -> list[uuid.UUID]:
    zone = queries.zone(queries.organisation(organisation).timezone)
    owners = customers.resolve([row.customer for row in keep], organisation=organisation, now=now)
    ids = new_ids(len(keep)) if keep else []
    rows = [
        (key, organisation, row.external_id, row.kind, row.occurred_at, row.occurred_at.astimezone(zone).date(), owner)
        + (codes.units.get(row.unit), codes.touchpoints.get(row.touchpoint), row.amount_minor, row.currency)
        + (Json(row.metadata),)
        for key, row, owner in zip(ids, keep, owners, strict=True)
    ]
    # a concurrent sender of the same external id wins or loses here, never both
    staging.insert("customers_customerevent", COLUMNS, rows, on_conflict="on conflict do nothing")
    return ids
