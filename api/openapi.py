"""The OpenAPI 3.1 document, made from what the endpoints say of themselves. Served as /api/v1/openapi.json."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.views.decorators.cache import cache_control

from api import urls
from api.contract import NDJSON, Operation, Schema, ref
from api.door import Endpoint
from api.missing import Missing
from api.schemas import SCHEMAS
from integrations.public_facts import PING, TABLE

TITLE = "CXMS API"
NAMES = {"key": "id"}
PATH_PARAMETERS = {
    "id": {"type": "string", "format": "uuid"},
    "number": {"type": "string", "examples": ["C-261122-003"]},
    "code": {"type": "string", "maxLength": 64},
    "version": {"type": "integer", "minimum": 1},
    "external_id": {"type": "string", "maxLength": 120, "description": "your id of the customer"},
}
PROBLEMS = {
    400: "The body is not JSON we take",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "Not found",
    409: "The state forbids it",
    412: "Someone changed it since you read it (If-Match)",
    413: "The body is too large",
    415: "Another content type",
    422: "A field is wrong; `errors` names it",
    429: "Too many requests; see Retry-After",
}
TAGS = {
    "Feedback": "What customers say and score.",
    "Complaints": "Tickets, their promises and moves.",
    "Promises": "Policies, calendars, a promise worked out.",
    "Events": "What happened between a customer and you.",
    "Customers": "Your customers as the CRM knows them.",
    "Metrics": "Figures with n and interval.",
    "Metric alerts": "Rules that watch the figures, and what they found.",
    "Changes": "Everything that happened, for systems that keep a copy.",
    "Webhooks": "Being told of events, signed after Standard Webhooks.",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes() -> Iterator[tuple[str, type[Endpoint]]]:
    """(path as OpenAPI writes it, endpoint) of every resource of the contract."""
    for entry in urls.endpoints:
        kind = getattr(entry.callback, "cls", None)
        if isinstance(entry, URLPattern) and kind is not None and kind is not Missing:
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: "{" + NAMES.get(m[1], m[1]) + "}", str(entry.pattern))
            yield f"/{path}", kind


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for path, kind in routes():
        names = re.findall(r"\{(\w+)\}", path)
        row: dict[str, Any] = {}
        if names:
            row["parameters"] = [{"name": n, "in": "path", "required": True, "schema": PATH_PARAMETERS[n]} for n in names]
        for method in METHODS:
            if method in kind.says:
                row[method.lower()] = _operation(kind.says[method], kind, method, path)
        paths[path] = row
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": "Errors are RFC 9457 problem details. Lists page by `cursor`."},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "webhooks": {row.kind: _webhook(row.kind, row.summary, _data(row.fields), dict(row.example)) for row in TABLE.values()}
        | {PING: _webhook(PING, "A test message.", _data({"endpoint": "the endpoint's id"}), {"endpoint": "…"})},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "cx_live_…"}},
        },
    }


def _operation(said: Operation, kind: type[Endpoint], method: str, path: str) -> dict[str, Any]:
    scope = kind.needs[method]
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}{re.sub(r'[^a-z]+', '_', path.lower()).rstrip('_')}",
        "tags": [said.tag],
        "summary": said.summary,
        "description": f"{said.description}\n\nScope: `{scope}`".strip(),
        "x-scope": scope,
        "responses": _responses(said, method, "{" in path),
    }
    parameters = [
        {"name": p.name, "in": "query", "required": p.required, "description": p.description, "schema": p.schema} for p in said.query
    ]
    if method == "POST":
        parameters.append(_header("Idempotency-Key", "the same key and body again: the same answer, one effect", 255))
    if said.if_match:
        parameters.append(_header("If-Match", "the ETag you read; another version there answers 412", 80))
    if parameters:
        found["parameters"] = parameters
    if said.body is not None:
        content: dict[str, Any] = {said.body_type: {"schema": said.body} | ({"example": said.example} if said.example else {})}
        if said.lines:
            content[NDJSON] = {"schema": {"type": "string", "description": "one JSON object a line"}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _header(name: str, description: str, most: int) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string", "maxLength": most}}


def _responses(said: Operation, method: str, has_ids: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, text in {said.status: "", **said.also}.items():
        row: dict[str, Any] = {"description": text or said.summary}
        if said.answer is not None:
            row["content"] = {said.answer_type: {"schema": said.answer}}
        if said.etag:
            row["headers"] = {"ETag": {"schema": {"type": "string"}}}
        found[str(status)] = row
    problems = {401, 403, 429, *said.problems} | ({404} if has_ids else set()) | ({412} if said.if_match else set())
    problems |= {400, 413, 415, 422} if said.body is not None else {422} if said.query or method == "POST" else set()
    for status in sorted(problems):
        found[str(status)] = {
            "description": PROBLEMS[status],
            "content": {"application/problem+json": {"schema": ref("Problem")}},
        }
    return found


def _data(fields: Any) -> Schema:
    return {"type": "object", "properties": {name: {"description": text} for name, text in fields.items()}, "required": list(fields)}


def _webhook(kind: str, summary: str, data: Schema, example: dict[str, Any]) -> dict[str, Any]:
    body = {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": data,
            "sequence": {"type": "integer"},
        },
        "required": ["type", "timestamp", "data", "sequence"],
    }
    shown = {"type": kind, "timestamp": "2026-11-22T02:12:09.120000Z", "data": example, "sequence": 4711}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "post": {
            "summary": summary,
            "parameters": [{"name": n, "in": "header", "required": True, "schema": {"type": "string"}} for n in names],
            "requestBody": {"content": {"application/json": {"schema": body, "example": shown}}},
            "responses": {"2XX": {"description": "Taken. Anything else is tried again."}},
        }
    }


@cache
def _bytes() -> bytes:
    return json.dumps(document(), ensure_ascii=False, indent=1).encode()


@cache_control(max_age=300, public=True)
def serve(request: HttpRequest) -> HttpResponse:
    """The document. The contract is no secret: no key is needed."""
    return HttpResponse(_bytes(), content_type="application/json; charset=utf-8")


serve.capability = "public"  # type: ignore[attr-defined]
