"""`/events`: what the CRM tells us of orders, visits, deliveries."""

import re
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import ID, NDJSON, Operation, listed, maybe, obj, ref, text
from api.door import Endpoint
from api.feedback import MAX_ROWS, rows_of, summary
from api.problems import Problem
from customers import events
from customers.events import EventReceipt, RawEvent
from cxms.lib import strict_json
from feedback import normalise
from feedback.shapes import ShapeError

KIND = re.compile(r"[a-z][a-z0-9_]{0,23}\Z")
REFUSED = {
    "bad_waited_seconds": "a number from 0 to 604800",
    "bad_abandoned": "true or false, beside waited_seconds",
}
CURRENCY = re.compile(r"[A-Z]{3}\Z")


class EventList(Endpoint):
    """`POST /events`: one object, or an array / NDJSON."""

    needs: ClassVar[dict[str, str]] = {"POST": "events:write"}
    takes: ClassVar[tuple[str, ...]] = ("application/json", NDJSON)
    limit_bytes: ClassVar[int] = settings.BULK_LIMIT_BYTES
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Events",
            "Tell events: one, or up to 10,000",
            {"anyOf": [obj({"id": maybe(ID), "status": text()}), ref("BulkResult")]},
            201,
            also={200: "a batch, or an event that was known"},
            description="Orders, visits, deliveries, calls, stays, repairs: exposure of rates, rows of timelines, triggers of "
            "surveys. Two names in `metadata` are reserved: `waited_seconds` (0 to 604800, arrival to start of service) and `abandoned` "
            "(true: left unserved after so long) make the metric waiting_time. Idempotent by `external_id`. An array or NDJSON is a batch: good rows are kept when others are bad.",
            body={"anyOf": [ref("EventIn"), listed(ref("EventIn"), maxItems=MAX_ROWS)]},
            lines=True,
            example={"external_id": "O-1001", "kind": "order", "occurred_at": "2026-11-22T10:00:00+08:00", "unit": "S001"},
        )
    }

    def post(self, request: Request) -> Response:
        """Stores events, idempotent by external id."""
        if "ndjson" in (request.content_type or ""):
            return self._bulk(rows_of(self.body, request.content_type or ""))
        body = strict_json.loads(self.body)
        if isinstance(body, list):
            if len(body) > MAX_ROWS:
                raise Problem(413, "too_many", f"at most {MAX_ROWS} items")
            return self._bulk(body)
        strict_json.check_size(body)
        (receipt,) = events.receive([self._event(body)], organisation=self.organisation, now=self.now)
        if receipt.status == "rejected":
            raise ShapeError(REFUSED.get(receipt.code, "not in the catalogue"), code=receipt.code, field=receipt.field)
        known = receipt.status == "duplicate"
        found = {"id": str(receipt.id) if receipt.id else None, "status": receipt.status}
        return Response(found, status=200 if known else 201)

    def _bulk(self, items: list[Any]) -> Response:
        receipts: dict[int, EventReceipt] = {}
        good: list[tuple[int, RawEvent]] = []
        for row, item in enumerate(items):
            try:
                if isinstance(item, strict_json.JsonError):
                    raise item
                strict_json.check_size(item)
                good.append((row, self._event(item)))
            except (ShapeError, strict_json.JsonError) as error:
                receipts[row] = EventReceipt("rejected", code=error.code, field=error.field)
        stored = events.receive([event for _, event in good], organisation=self.organisation, now=self.now)
        receipts |= {row: receipt for (row, _), receipt in zip(good, stored, strict=True)}
        return Response(summary(receipts))

    def _event(self, item: Any) -> RawEvent:
        if not isinstance(item, dict):
            raise ShapeError("an object is expected", code="wrong_type", field="")
        external = normalise.identifier(item, "external_id", 120)
        if not external:
            raise ShapeError("is required", code="missing", field="external_id")
        kind = item.get("kind")
        if not isinstance(kind, str) or not KIND.match(kind):
            raise ShapeError("a lower-case word is expected", code="bad_kind", field="kind")
        amount, currency = item.get("amount_minor"), item.get("currency") or ""
        if amount is not None and (type(amount) is not int or abs(amount) > 10**15):
            raise ShapeError("a whole number of minor units", code="wrong_type", field="amount_minor")
        if not isinstance(currency, str) or (currency and not CURRENCY.match(currency)):
            raise ShapeError("an ISO 4217 code", code="bad_currency", field="currency")
        occurred = normalise.instant(item, "occurred_at", now=self.now, required=True)
        return RawEvent(
            external_id=external,
            kind=kind,
            occurred_at=occurred or self.now,
            customer=normalise.card(item.get("customer")),
            unit=normalise.code(item, "unit"),
            touchpoint=normalise.code(item, "touchpoint"),
            amount_minor=amount,
            currency=currency,
            metadata=normalise.metadata(item.get("metadata")),
        )
