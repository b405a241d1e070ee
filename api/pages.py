"""`/api/docs/`: the contract as a page of our own, without anything from elsewhere. The frame speaks the reader's language."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from api import openapi
from api.contract import Operation, Schema
from api.openapi import TAGS, routes
from api.schemas import SCHEMAS
from integrations.public_facts import TABLE
from integrations.retries import PAUSES
from tenancy.capabilities import API_SCOPES

# a text in pieces: (piece, is it code)
Words = list[tuple[str, bool]]


def words(text: str) -> Words:
    """A description with its `code` parts told apart."""
    return [(part, i % 2 == 1) for i, part in enumerate(text.split("`")) if part]


@dataclass(frozen=True)
class Field:
    """One line of a schema's table. `ref`: the shared schema it is, to link to."""

    name: str
    kind: str
    ref: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Block:
    """One operation as the page shows it."""

    anchor: str
    method: str
    path: str
    scope: str
    said: Operation
    curl: str
    body: list[Field]
    answer: list[Field]
    answer_ref: str
    statuses: list[tuple[str, Words]]
    description: Words


def fields(schema: Schema | None) -> list[Field]:
    """The lines of an object's schema; none for what is no object."""
    if not schema or "properties" not in schema:
        return []
    required = set(schema.get("required", ()))
    return [
        Field(name, kind_of(part), _ref(part), name in required, str(part.get("description", "")))
        for name, part in schema["properties"].items()
    ]


def kind_of(schema: Schema) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " | ".join(kind_of(part) for part in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array" or (isinstance(kind, list) and "array" in kind):
        return f"[{kind_of(schema.get('items', {}))}]" + (" | null" if isinstance(kind, list) else "")
    names = kind if isinstance(kind, list) else [kind]
    shown = [schema["format"] if name == "string" and "format" in schema else name for name in names]
    return " | ".join(shown)


def _ref(schema: Schema) -> str:
    found = re.search(r'"#/components/schemas/(\w+)"', json.dumps(schema))
    return found[1] if found else ""


def _curl(method: str, path: str, said: Operation) -> str:
    lines = [f"curl -X {method} {settings.SITE_URL}/api/v1{path} \\", '  -H "Authorization: Bearer $CXMS_KEY"']
    if said.if_match:
        lines[-1] += " \\"
        lines.append("  -H 'If-Match: \"3\"'")
    if said.example is not None:
        lines[-1] += " \\"
        lines.append('  -H "Content-Type: application/json" \\')
        lines.append(f"  -d '{json.dumps(said.example, ensure_ascii=False)}'")
    return "\n".join(lines)


@cache
def blocks() -> dict[str, list[Block]]:
    """Every operation under its tag, in the order of the routes."""
    found: dict[str, list[Block]] = defaultdict(list)
    paths = openapi.document()["paths"]
    for path, kind in routes():
        for method in openapi.METHODS:
            if method not in kind.says:
                continue
            said = kind.says[method]
            row = paths[path][method.lower()]
            statuses = [(code, words(answer["description"])) for code, answer in row["responses"].items()]
            answer_ref = _ref(said.answer or {})
            found[said.tag].append(
                Block(
                    anchor=row["operationId"],
                    method=method,
                    path=path,
                    scope=kind.needs[method],
                    said=said,
                    curl=_curl(method, path, said),
                    body=fields(_resolved(said.body)),
                    answer=fields(said.answer) if said.answer and "$ref" not in said.answer else [],
                    answer_ref=answer_ref,
                    statuses=statuses,
                    description=words(said.description),
                )
            )
    return dict(found)


def _resolved(schema: Schema | None) -> Schema | None:
    """The object behind a body: itself, the one referred to, the first of several, the item of a list."""
    if schema is None or "properties" in schema:
        return schema
    if "$ref" in schema:
        return SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return _resolved(schema["anyOf"][0])
    return _resolved(schema.get("items"))


def _pause(seconds: int) -> str:
    if seconds >= 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


@cache
def _context() -> dict[str, Any]:
    events = [
        {
            "kind": row.kind,
            "summary": row.summary,
            "fields": list(row.fields.items()),
            "example": json.dumps(
                {"type": row.kind, "timestamp": "2026-11-22T02:12:09.120000Z", "data": dict(row.example), "sequence": 4711}, indent=1
            ),
        }
        for row in TABLE.values()
    ]
    return {
        "sections": [(tag, text, blocks().get(tag, [])) for tag, text in TAGS.items()],
        "schemas": [(name, fields(schema), kind_of(schema)) for name, schema in sorted(SCHEMAS.items())],
        "events": events,
        "scopes": API_SCOPES,
        "pauses": ", ".join(_pause(seconds) for seconds in PAUSES),
        "base": f"{settings.SITE_URL}/api/v1",
        "rate": settings.API_RATE,
        "bulk_rate": settings.API_BULK_RATE,
    }


def docs(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "api/docs.html", _context())


docs.capability = "public"  # type: ignore[attr-defined]
