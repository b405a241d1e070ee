"""`/webhooks`: endpoints, their secrets, tests, deliveries, replay."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import (
    CURSOR,
    ID,
    INSTANT,
    LIMIT,
    WHOLE,
    Operation,
    Parameter,
    choice,
    listed,
    maybe,
    obj,
    page,
    ref,
    text,
)
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import Problem, not_found
from api.shapes import instant
from feedback import normalise
from feedback.shapes import ShapeError
from integrations import deliveries, endpoints, queries
from integrations.enums import DeliveryState, EndpointState
from integrations.models import Endpoint as EndpointRow
from integrations.models import WebhookDelivery

TAG = "Webhooks"
MOST_IDS = 1000
EXAMPLE = {"url": "https://crm.example.com/hooks/cxms", "kinds": ["complaint.opened", "promise.breached"]}


def shown(row: EndpointRow, counts: dict[str, int]) -> dict[str, Any]:
    """An endpoint as the contract words it; never its secret."""
    return {
        "id": str(row.id),
        "url": row.url,
        "description": row.description,
        "kinds": row.kinds,
        "state": row.state,
        "reason": row.reason or None,
        "version": row.version,
        "created_at": instant(row.created_at),
        "last_success_at": instant(row.last_success_at),
        "failing_since": instant(row.failing_since),
        "n_failures": row.n_failures,
        "resume_at": instant(row.resume_at),
        "n_waiting": counts.get(DeliveryState.DUE, 0),
        "n_dead": counts.get(DeliveryState.DEAD, 0),
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "message_id": row.message_id,
        "type": row.kind,
        "sequence": row.sequence,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": instant(row.created_at),
        "next_at": instant(row.next_at) if row.state == DeliveryState.DUE else None,
        "finished_at": instant(row.finished_at),
        "last_status": row.last_status,
        "last_error": row.last_error,
        "answer": row.excerpt,
        "log": row.log,
    }


class Hooks(Endpoint):
    """What the resources share."""

    def found(self, key: uuid.UUID) -> EndpointRow:
        """The endpoint, or the 404 of what never existed."""
        row = queries.endpoint(key, organisation=self.organisation)
        if row is None:
            raise Problem(404, "not_found", "not found")
        return row

    def shown(self, row: EndpointRow, secret: str = "") -> dict[str, Any]:
        """The endpoint as stored now, with a secret that is shown this once."""
        counts = queries.counts([row.id], organisation=self.organisation).get(row.id, {})
        return shown(row, counts) | ({"secret": secret} if secret else {})

    def remembered(self, data: Any) -> Any:
        """A secret is shown once: a repeated Idempotency-Key does not show it again."""
        return {name: value for name, value in data.items() if name != "secret"} if isinstance(data, dict) else data


def _fields(payload: dict[str, Any]) -> dict[str, Any]:
    """The given fields, checked for shape."""
    found: dict[str, Any] = {}
    for name, most in (("url", 2000), ("description", 200)):
        if name in payload:
            found[name] = normalise.identifier(payload, name, most)
    if "kinds" in payload:
        kinds = payload["kinds"]
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise ShapeError("a list of event types is expected", code="wrong_type", field="kinds")
        found["kinds"] = [kind[:64] for kind in kinds]
    if "state" in payload:
        if payload["state"] not in EndpointState.values:
            raise ShapeError("active or disabled", code="unknown_state", field="state")
        found["state"] = payload["state"]
    return found


class HookList(Hooks):
    """`POST /webhooks`, `GET /webhooks`."""

    needs: ClassVar[dict[str, str]] = {"GET": "webhooks:write", "POST": "webhooks:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "List endpoints", page(ref("Endpoint")), description="At most 50 there are; one page."),
        "POST": Operation(
            TAG,
            "Register an endpoint",
            ref("EndpointSecret"),
            201,
            description="The secret is shown in this answer and never again, not even for the same Idempotency-Key.",
            body=ref("EndpointIn"),
            example=EXAMPLE,
        ),
    }

    def get(self, request: Request) -> Response:
        """Every endpoint of the organisation, oldest first."""
        rows = queries.endpoints(organisation=self.organisation)
        counts = queries.counts([row.id for row in rows], organisation=self.organisation)
        return Response({"results": [shown(row, counts.get(row.id, {})) for row in rows], "next": None})

    def post(self, request: Request) -> Response:
        """Registers one."""
        given = _fields(self.document())
        if not given.get("url"):
            raise ShapeError("is required", code="missing", field="url")
        row, secret = endpoints.create(
            organisation=self.organisation,
            url=given["url"],
            kinds=given.get("kinds", ["*"]),
            description=given.get("description", ""),
            now=self.now,
            actor=self.actor,
        )
        return Response(self.shown(row, secret), status=201, headers={"ETag": f'"{row.version}"'})


class HookOne(Hooks):
    """`GET`, `PATCH`, `DELETE /webhooks/{id}`."""

    needs: ClassVar[dict[str, str]] = dict.fromkeys(("GET", "PATCH", "DELETE"), "webhooks:write")
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read an endpoint", ref("Endpoint"), etag=True),
        "PATCH": Operation(
            TAG,
            "Change an endpoint",
            ref("Endpoint"),
            description="Only given fields change. `state: active` enables a disabled endpoint; what waits is sent then.",
            body=ref("EndpointChange"),
            example={"state": "active"},
            etag=True,
            if_match=True,
        ),
        "DELETE": Operation(TAG, "Delete an endpoint with its deliveries", None, 204),
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """One endpoint."""
        row = self.found(key)
        return Response(self.shown(row), headers={"ETag": f'"{row.version}"'})

    def patch(self, request: Request, key: uuid.UUID) -> Response:
        """Changes it."""
        self.found(key)
        row = endpoints.change(
            key, _fields(self.document()), organisation=self.organisation, now=self.now, actor=self.actor, version=_version(request)
        )
        return Response(self.shown(row), headers={"ETag": f'"{row.version}"'})

    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """Deletes it."""
        endpoints.remove(key, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(status=204)


def _version(request: Request) -> int | None:
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not given or given == "*":
        return None
    return int(given) if given.isdigit() and given.isascii() else -1


class HookRotate(Hooks):
    """`POST /webhooks/{id}/rotate`."""

    needs: ClassVar[dict[str, str]] = {"POST": "webhooks:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Rotate the secret",
            ref("EndpointSecret"),
            description="For 24 hours messages bear two signatures, of the new secret and of the old one.",
        )
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """A fresh secret, shown once."""
        row, secret = endpoints.rotate(key, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(self.shown(row, secret), headers={"ETag": f'"{row.version}"'})


class HookTest(Hooks):
    """`POST /webhooks/{id}/test`."""

    needs: ClassVar[dict[str, str]] = {"POST": "webhooks:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Send a test message",
            ref("Delivery"),
            202,
            description="Queues `webhook.ping`; see what came of it in the deliveries.",
            problems=(409,),
        )
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Queues a ping."""
        row = deliveries.ping(key, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(_delivery(row), status=202)


class HookReplay(Hooks):
    """`POST /webhooks/{id}/replay`."""

    needs: ClassVar[dict[str, str]] = {"POST": "webhooks:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Send again",
            obj({"queued": WHOLE, "more_since": maybe(INSTANT)}),
            202,
            description="One of: `since` (everything the endpoint hears since then, also what it missed while disabled; "
            "at most 10,000, go on from `more_since`), `deliveries` (these), `dead: true` (every dead letter). "
            "Messages keep their `webhook-id` and their bytes.",
            body=obj({"since": INSTANT, "deliveries": listed(ID, maxItems=MOST_IDS), "dead": {"const": True}}, required=()),
            example={"since": "2026-11-22T00:00:00Z"},
            problems=(409,),
        )
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Makes deliveries due again."""
        self.found(key)
        payload = self.document()
        where: dict[str, Any] = {"organisation": self.organisation, "now": self.now, "actor": self.actor}
        more: datetime | None = None
        if payload.get("since") is not None:
            since = normalise.instant(payload, "since", now=self.now, required=True)
            n, more = deliveries.replay_since(key, since or self.now, **where)
        elif payload.get("dead") is True:
            n = deliveries.replay_dead(key, **where)
        else:
            n = deliveries.replay(key, _ids(payload.get("deliveries")), **where)
        return Response({"queued": n, "more_since": instant(more)}, status=202)


def _ids(value: Any) -> list[uuid.UUID]:
    if not isinstance(value, list) or not value or len(value) > MOST_IDS:
        raise ShapeError("since, dead: true, or a list of deliveries", code="missing", field="deliveries")
    try:
        return [uuid.UUID(item) for item in value]
    except (ValueError, AttributeError, TypeError) as error:
        raise ShapeError("not ids", code="bad_id", field="deliveries") from error


class HookDeliveries(Hooks):
    """`GET /webhooks/{id}/deliveries`."""

    needs: ClassVar[dict[str, str]] = {"GET": "webhooks:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            TAG,
            "List deliveries, newest first",
            page(ref("Delivery")),
            query=(Parameter("state", "only these", choice(*DeliveryState.values)), Parameter("type", "only this event", text()), CURSOR, LIMIT),
            description="Delivered and dead ones are kept for 30 days.",
        )
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """A page of deliveries."""
        if queries.endpoint(key, organisation=self.organisation) is None:
            return not_found()
        limit = limit_of(request)
        rows = queries.deliveries(
            key, state=request.query_params.get("state", ""), kind=request.query_params.get("type", ""), organisation=self.organisation
        )
        after = read_cursor(request, lambda at: (datetime.fromisoformat(at[0]), uuid.UUID(at[1])))
        if after is not None:
            rows = rows.filter(Q(created_at__lt=after[0]) | Q(created_at=after[0], id__lt=after[1]))
        found = list(rows[: limit + 1])
        last = found[limit - 1] if len(found) > limit else None
        cursor = cursor_of(last.created_at.isoformat(), last.id) if last else None
        return Response({"results": [_delivery(row) for row in found[:limit]], "next": cursor})
