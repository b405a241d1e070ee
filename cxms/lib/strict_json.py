"""JSON that is refused before it can hurt: duplicate keys, NaN, infinities (1e400 too), depth, size in nodes.

Pure. Callers: the REST door and the channels. Python's own parser accepts all of these silently.
"""

import json
from typing import Any

from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable

MAX_DEPTH = 32
MAX_NODES = 10_000


class JsonError(DomainError):
    """The bytes are not the JSON we take; `code` says which rule."""

    code = "malformed_json"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"duplicate key: {key[:80]!r}", code="duplicate_key", field=key[:80])
            seen.add(key)
    return found


def _constant(name: str) -> Any:
    raise JsonError(f"{name} is not JSON", code="not_a_number")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise JsonError(f"{text[:40]} is out of range", code="not_a_number")
    return value


def _int(text: str) -> int:
    if len(text) > 40:
        raise JsonError("a number has more than 40 digits", code="not_a_number")
    return int(text)


def loads(body: bytes | str) -> Any:
    """Parses one JSON document. Raises JsonError; checks neither depth nor nodes beyond what parsing needs."""
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8 at byte {error.start}", code="not_utf8") from error
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise JsonError("nested too deeply", code="too_deep") from error


def check_size(value: Any) -> None:
    """Raises JsonError when a value is nested deeper than 32, has over 10,000 nodes, or a key PostgreSQL cannot hold."""
    level: list[Any] = [value]
    depth = nodes = 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > MAX_DEPTH:
            raise JsonError(f"nested deeper than {MAX_DEPTH}", code="too_deep")
        if nodes > MAX_NODES:
            raise JsonError(f"more than {MAX_NODES} values", code="too_many_nodes")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if not all(is_storable(key) for key in item):
                    raise JsonError("a key holds NUL or a lone surrogate", code="bad_characters")
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
