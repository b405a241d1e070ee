"""`/customers`: what the CRM says of customers, and what we know of one."""

from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import ID, NDJSON, WHOLE, Operation, Parameter, listed, obj, ref, text
from api.customer_merges import FIELDS, shown
from api.door import Endpoint
from api.feedback import rows_of
from api.problems import not_found
from api.shapes import instant
from complaints.desk import Row
from complaints.tickets import shown_state
from customers import customers
from customers.cards import Card
from customers.customers import Put
from customers.identities import normal_email, normal_phone
from customers.models import Customer
from cxms.lib import strict_json
from feedback import normalise, originals
from feedback.shapes import ShapeError
from reports import customers as reports
from reports.customers import Summary

EXAMPLE = {"name": "陈建国", "phone": "138 1234 6629", "email": "chen@example.com", "tier": "gold"}
SAYS = "Given fields replace ours, `null` empties a field, fields left out stay. Phone numbers are kept as E.164."
MASKED = "Name, phone and e-mail are whole for keys with `customers:write`, else reduced: 陈**, 138 **** 6629, c***@example.com; `/contact` tells them with a reason."
RESULT = obj({"row": WHOLE, "status": text(), "id": ID, "error": ref("RowError")}, required=("row", "status"))


def _put(payload: Any, external_id: str | None = None) -> Put:
    """One customer of the CRM, checked. Raises ShapeError."""
    if not isinstance(payload, dict):
        raise ShapeError("an object is expected", code="wrong_type", field="")
    try:
        card = normalise.card({**payload, "external_id": external_id or payload.get("external_id")}) or Card()
    except ShapeError as error:
        raise ShapeError(error.message, code=error.code, field=error.field.removeprefix("customer.")) from error
    if not card.external_id:
        raise ShapeError("is required", code="missing", field="external_id")
    if card.phone and not normal_phone(card.phone):
        raise ShapeError("not a phone number", code="bad_phone", field="phone")
    if card.email and not normal_email(card.email):
        raise ShapeError("not an e-mail address", code="bad_email", field="email")
    return Put(card, frozenset(name for name in FIELDS if name in payload and payload[name] is None))


class CustomerOne(Endpoint):
    """`PUT /customers/{external_id}`, `GET /customers/{external_id}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "customers:read", "PUT": "customers:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation("Customers", "Read a customer", ref("Customer"), description=MASKED, etag=True),
        "PUT": Operation(
            "Customers",
            "Make or change a customer",
            ref("Customer"),
            also={201: "made"},
            description=SAYS,
            body=ref("CustomerIn"),
            example=EXAMPLE,
            etag=True,
            if_match=True,
        ),
    }

    def put(self, request: Request, external_id: str) -> Response:
        """Upserts the customer the CRM knows by this id."""
        row, status = customers.put(
            _put(self.document(), external_id),
            organisation=self.organisation,
            now=self.now,
            actor=self.actor,
            version=_version(request),
        )
        return _answer(row, 201 if status == "created" else 200, is_whole=True)

    def get(self, request: Request, external_id: str) -> Response:
        """One customer."""
        row = customers.by_external(external_id, organisation=self.organisation)
        return _answer(row, 200, is_whole=self.may("customers:write")) if row else not_found()


class CustomerContact(Endpoint):
    """`GET /customers/{external_id}/contact?reason=`."""

    needs: ClassVar[dict[str, str]] = {"GET": "originals:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Customers",
            "Read how a customer is reached, nothing written over",
            ref("Customer"),
            query=(Parameter("reason", "why; kept in the audit", text(200)),),
            description="At most 30 an hour for a key, originals of voices among them: 429.",
        )
    }

    def get(self, request: Request, external_id: str) -> Response:
        """Name, phone and e-mail in full; the audit keeps who read them and why."""
        row = customers.by_external(external_id, organisation=self.organisation)
        if row is None:
            return not_found()
        row = originals.contact(row, request.query_params.get("reason", ""), now=self.now, actor=self.actor)
        return Response(shown(row, is_whole=True))


def _answer(row: Customer, status: int, *, is_whole: bool) -> Response:
    return Response(shown(row, is_whole=is_whole), status=status, headers={"ETag": f'"{customers.version_of(row)}"'})


def _version(request: Request) -> str | None:
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    return given if given and given != "*" else None


class CustomerBulk(Endpoint):
    """`POST /customers/bulk`: a JSON array or NDJSON; good rows are kept when others are bad."""

    needs: ClassVar[dict[str, str]] = {"POST": "customers:write"}
    takes: ClassVar[tuple[str, ...]] = ("application/json", NDJSON, "application/ndjson", "application/jsonl")
    limit_bytes: ClassVar[int] = settings.BULK_LIMIT_BYTES
    is_bulk: ClassVar[bool] = True
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Customers",
            "Make or change up to 10,000 customers",
            obj({**dict.fromkeys(("accepted", "created", "updated", "unchanged", "rejected"), WHOLE), "results": listed(RESULT)}),
            description=f"{SAYS} Rows are applied in order; good ones are kept when others are bad.",
            body=listed(ref("CustomerIn"), maxItems=10_000),
            lines=True,
            example=[{"external_id": "K-1", "tier": "gold"}, {"external_id": "K-2", "phone": "13900001111"}],
        )
    }

    def post(self, request: Request) -> Response:
        """Upserts the batch in one transaction and says what became of each row (counted from 0)."""
        results: dict[int, dict[str, Any]] = {}
        good: list[tuple[int, Put]] = []
        for row, item in enumerate(rows_of(self.body, request.content_type or "")):
            try:
                if isinstance(item, strict_json.JsonError):
                    raise item
                strict_json.check_size(item)
                good.append((row, _put(item)))
            except (ShapeError, strict_json.JsonError) as error:
                said = {"row": row, "field": error.field, "code": error.code, "detail": str(error.message)}
                results[row] = {"row": row, "status": "rejected", "error": said}
        if good:
            puts = [item for _, item in good]
            receipts = customers.put_many(puts, organisation=self.organisation, now=self.now, actor=self.actor)
            for (row, _), receipt in zip(good, receipts, strict=True):
                results[row] = {"row": row, "status": receipt.status, "id": str(receipt.id)}
        statuses = [result["status"] for result in results.values()]
        counted = {name: statuses.count(name) for name in ("created", "updated", "unchanged", "rejected")}
        ordered = [results[row] for row in sorted(results)]
        return Response({"accepted": len(good), **counted, "results": ordered})


class CustomerSummary(Endpoint):
    """`GET /customers/{external_id}/summary`."""

    needs: ClassVar[dict[str, str]] = {"GET": "customers:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Customers",
            "What to know of a customer at once",
            ref("CustomerSummary"),
            description="Open complaints with the promise that ends first, the last NPS answer, counts of twelve months, the "
            "last event. Excluded and deleted voices do not count.",
        )
    }

    def get(self, request: Request, external_id: str) -> Response:
        """The card of one customer."""
        row = customers.by_external(external_id, organisation=self.organisation)
        if row is None:
            return not_found()
        return Response(self._shown(reports.summary(row, organisation=self.organisation, now=self.now)))

    def _shown(self, found: Summary) -> dict[str, Any]:
        event = found.last_event
        return {
            "customer": shown(found.customer, is_whole=self.may("customers:write")),
            "as_of": instant(self.now),
            "tier": found.customer.tier or None,
            "open_complaints": {"n": found.n_open, "results": [_open(r, is_held=r.ticket.id in found.held) for r in found.open]},
            "complaints": {"n": found.n_complaints, "n_12_months": found.n_complaints_year},
            "voices": {"n_12_months": found.n_voices_year, "last_at": instant(found.last_voice_at)},
            "nps": {"value": found.nps.value, "at": instant(found.nps.at), "n": found.nps.n} if found.nps else None,
            "last_event": {
                "kind": event.kind,
                "external_id": event.external_id,
                "occurred_at": instant(event.occurred_at),
                "unit": event.unit.code if event.unit else None,
                "n_12_months": found.n_events_year,
            }
            if event
            else None,
        }


def _open(row: Row, *, is_held: bool) -> dict[str, Any]:
    clock, ticket = row.clock, row.ticket
    return {
        "number": ticket.number,
        "title": ticket.title,
        "state": shown_state(ticket, is_held=is_held),
        "severity": ticket.severity,
        "next_due": {"clause": clock.clock.clause, "kind": clock.clock.kind, "state": clock.state, "due_at": instant(clock.due_at)}
        if clock
        else None,
    }
