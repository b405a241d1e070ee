"""The rows behind a figure: the relation, tests and cuts that `metrics.series` adds up, listed one by one.

So a list has as many rows as the count it opens from, whatever was excluded, merged or moved. Callers: the desk's pages.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from cxms.lib.periods import Period
from metrics.definitions.table import BY_CODE
from metrics.grouping import GROUP
from metrics.relations import RELATIONS
from metrics.series import Where, cell_test, cut_of, parameters, source_of


@dataclass(frozen=True)
class Asked:
    """Which count: the `part` of a metric over a period, in the cell whose codes are `cell` (None: rows without one)."""

    metric: str
    period: Period
    part: str = "n"
    cell: Mapping[str, str | None] = field(default_factory=dict)
    where: Where = field(default_factory=Where)


@dataclass(frozen=True)
class Row:
    """One of what was counted. ticket, voice: keys or None; shown: by the names of the definition's `shows`."""

    day: date
    ticket: uuid.UUID | None
    voice: uuid.UUID | None
    shown: dict[str, Any]


def rows(asked: Asked, *, organisation: int, now: datetime, limit: int, offset: int = 0) -> tuple[list[Row], int]:
    """The rows of a count, the newest day first, and how many there are. One statement, a second past the end.

    KeyError for an unknown metric or a part that opens no rows, ValueError for a dimension the metric does not have.
    """
    definition = BY_CODE[asked.metric]
    part = definition.parts[asked.part]
    read = definition.reads[part.read]
    relation = RELATIONS[read.relation]
    cell = tuple(asked.cell)
    for name in [*cell, *asked.where.given()]:
        if name not in definition.dimensions and not (name == GROUP and asked.where.hierarchy):
            raise ValueError(f"{asked.metric} has no dimension {name}")
    tests = [f"({part.test})"]
    for name, code in asked.cell.items():
        cut = cut_of(relation, name)
        tests.append(f"{cut.key} is null" if code is None else cell_test(name, cut, f"cell_{name}"))
    values = parameters(read, organisation, asked.period, asked.where, now) | {f"cell_{name}": code for name, code in asked.cell.items()}
    source = f"{source_of(read, relation.rows, cell, asked.where)} and {' and '.join(tests)}"
    names = list(definition.shows) if part.read == 0 else []
    columns = ", ".join(["r.local_day", relation.ticket, relation.voice, *[definition.shows[name] for name in names]])
    order = ", ".join(str(i + 2) for i in range(2 + len(names)))
    if part.distinct:
        first = ", ".join([part.distinct, *([part.prefer] if part.prefer else []), "1 desc", order])
        heads = ", ".join(f"c{index}" for index in range(3 + len(names)))
        columns, source = heads, f"from (select distinct on ({part.distinct}) {columns} {source} order by {first}) as once({heads})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {columns}, count(*) over () {source} order by 1 desc, {order} limit %(limit)s offset %(offset)s",
            values | {"limit": limit, "offset": offset},
        )
        found = cursor.fetchall()
        if not found and offset:
            cursor.execute(f"select count(*) {source}", values)
            return [], int((cursor.fetchone() or (0,))[0])
    made = [Row(row[0], row[1], row[2], dict(zip(names, row[3:-1], strict=True))) for row in found]
    return made, int(found[0][-1]) if found else 0
