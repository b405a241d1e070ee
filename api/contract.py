"""What an endpoint says of itself. Declared beside each method in `Endpoint.says`; `api.openapi` makes the document.

Pure data. English, as the contract is; schemas are JSON Schema 2020-12, names of shared ones come from `api.schemas`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class Parameter:
    """One parameter of the query."""

    name: str
    description: str
    schema: Schema
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one resource.

    status: the success; `also` other successes with the same body. example and answered: a body sent and its answer.
    problems: statuses beyond those that follow from the form (401, 403, 429; 404 with ids; 400, 413, 415, 422 with a body).
    """

    tag: str
    summary: str
    answer: Schema | None
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
    description: str = ""
    query: tuple[Parameter, ...] = ()
    body: Schema | None = None
    lines: bool = False
    body_type: str = "application/json"
    answer_type: str = "application/json"
    example: Any = None
    answered: Any = None
    problems: tuple[int, ...] = ()
    etag: bool = False
    if_match: bool = False


def ref(name: str) -> Schema:
    """A shared schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: Mapping[str, Schema], required: tuple[str, ...] | None = None, **more: Any) -> Schema:
    """An object; every property is required unless told otherwise."""
    names = list(properties) if required is None else list(required)
    found: Schema = {"type": "object", "properties": dict(properties), **more}
    return found | ({"required": names} if names else {})


def listed(items: Schema, **more: Any) -> Schema:
    """An array."""
    return {"type": "array", "items": items, **more}


def page(items: Schema) -> Schema:
    """A page of a list: results and the cursor of the next one, null at the end."""
    return obj({"results": listed(items), "next": {"type": ["string", "null"]}})


def choice(*values: str, **more: Any) -> Schema:
    """A text that is one of these."""
    return {"type": "string", "enum": list(values), **more}


def text(most: int | None = None, **more: Any) -> Schema:
    """A text of at most so many characters."""
    return {"type": "string", **({"maxLength": most} if most else {}), **more}


def maybe(schema: Schema) -> Schema:
    """The schema or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


ID = text(format="uuid")
INSTANT = text(format="date-time", description="ISO 8601 with offset")
DATE = text(format="date")
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
ANY: Schema = {"type": "object"}

CURSOR = Parameter("cursor", "`next` of the page before", text())
LIMIT = Parameter("limit", "rows a page", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
