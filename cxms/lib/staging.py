"""Bulk rows under row-level security: COPY into a temporary table, then INSERT … SELECT into the walled one.

COPY is refused on walled tables; below about two hundred rows `execute_values` is quicker than staging.
"""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg2.extras import Json, execute_values

__all__ = ["Json", "insert"]
STAGE_FROM = 200
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def insert(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, on_conflict: str = "", returning: str = ""
) -> list[tuple[Any, ...]]:
    """Inserts rows (values in column order, JSON wrapped in `Json`) and gives what `returning` names.

    In the caller's transaction.
    """
    if not rows:
        return []
    with connection.cursor() as cursor:
        if len(rows) < STAGE_FROM:
            return _values(cursor, table, columns, rows, on_conflict, returning)
        return _staged(cursor, table, columns, rows, on_conflict, returning)


def _values(
    cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str, returning: str
) -> list[tuple[Any, ...]]:
    adapted = [tuple(_plain(value) for value in row) for row in rows]
    sql = f"insert into {table} ({', '.join(columns)}) values %s {on_conflict}"
    if returning:
        found = execute_values(cursor.cursor, f"{sql} returning {returning}", adapted, page_size=len(rows), fetch=True)
        return list(found)
    execute_values(cursor.cursor, sql, adapted, page_size=len(rows))
    return []


def _plain(value: Any) -> Any:
    if isinstance(value, Json):
        return json.dumps(value.adapted, ensure_ascii=False)
    return str(value) if isinstance(value, UUID) else value


def _staged(
    cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str, returning: str
) -> list[tuple[Any, ...]]:
    stage = f"stage_{table}"
    names = ", ".join(columns)
    cursor.execute(
        f"create temporary table if not exists {stage} on commit delete rows as select {names} from {table} where false"
    )
    cursor.execute(f"truncate {stage}")
    cursor.cursor.copy_expert(f"copy {stage} ({names}) from stdin", io.StringIO("".join(_lines(rows))))
    tail = f"returning {returning}" if returning else ""
    cursor.execute(f"insert into {table} ({names}) select {names} from {stage} {on_conflict} {tail}")
    return list(cursor.fetchall()) if returning else []


def _lines(rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    for row in rows:
        yield "\t".join([_field(value) for value in row]) + "\n"


def _field(value: Any) -> str:
    return _FIELDS[type(value)](value)


def _array(value: list[str]) -> str:
    parts = ['"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in value]
    return ("{" + ",".join(parts) + "}").translate(_ESCAPES)


def _json(value: Json) -> str:
    text: str = json.dumps(value.adapted, ensure_ascii=False)
    return text.translate(_ESCAPES)


# one look-up per value instead of a ladder of questions: this runs once per column of every row
_FIELDS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    str: lambda value: value.translate(_ESCAPES),
    bool: lambda value: "t" if value else "f",
    UUID: str,
    int: str,
    float: repr,
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    bytes: lambda value: f"\\\\x{value.hex()}",
    list: _array,
    Json: _json,
}
