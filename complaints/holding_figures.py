"""Holding time by unit: of the complaints received in a period, how long each unit held them, up to now. Reads only.

One row per unit that held any: n is complaints, not stints; a complaint's stints with a unit are added up first. What is
still held counts up to the instant asked about. The median's interval is that of the order statistics (95 %), from six on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from complaints.models import Ticket
from complaints.received import Asked

MIN_INTERVAL = 6
# what the reader may see: where it happened, or who held it
SEEN = "(%(all)s or tu.path like any(%(paths)s) or hu.path like any(%(paths)s))"


@dataclass(frozen=True)
class Figure:
    """One unit's holding time."""

    code: str
    name: str
    n: int
    n_open: int
    median_seconds: float
    median_low: float | None
    median_high: float | None
    p90_seconds: float
    seconds: float
    share: float


@dataclass(frozen=True)
class Held:
    """A complaint and how long the unit held it."""

    ticket: Ticket
    seconds: float
    is_open: bool


HELD = f"""
    select h.unit_id, h.ticket_id, bool_or(h.to_at is null) as is_open,
        sum(extract(epoch from greatest(coalesce(h.to_at, %(now)s), h.from_at) - h.from_at))::float8 as seconds
    from complaints_ticket t
    join complaints_holding h on h.organisation_id = t.organisation_id and h.ticket_id = t.id
    join tenancy_unit hu on hu.organisation_id = h.organisation_id and hu.id = h.unit_id
    left join tenancy_unit tu on tu.organisation_id = t.organisation_id and tu.id = t.unit_id
    where t.organisation_id = %(organisation)s and t.local_day >= %(from)s and t.local_day < %(to)s
        and (%(unit)s = '' or tu.path like %(inside)s) and {SEEN}
    group by 1, 2
"""
BY_UNIT = f"""
    select u.code, u.name, count(*), count(*) filter (where held.is_open),
        percentile_cont(0.5) within group (order by seconds), percentile_cont(0.9) within group (order by seconds),
        (array_agg(seconds order by seconds))[floor((count(*) + 1) / 2.0 - 0.98 * sqrt(count(*)))::int],
        (array_agg(seconds order by seconds))[ceil((count(*) + 1) / 2.0 + 0.98 * sqrt(count(*)))::int],
        sum(seconds)
    from ({HELD}) held join tenancy_unit u on u.organisation_id = %(organisation)s and u.id = held.unit_id
    group by u.id, u.code, u.name order by sum(seconds) desc, u.code
"""
OF_UNIT = f"""
    select held.ticket_id, held.seconds, held.is_open, count(*) over ()
    from ({HELD}) held join tenancy_unit u on u.organisation_id = %(organisation)s and u.id = held.unit_id
    where u.code = %(holder)s order by held.seconds desc, held.ticket_id limit %(limit)s offset %(offset)s
"""


def _values(asked: Asked, organisation: int, now: datetime) -> dict[str, Any]:
    return {
        "organisation": organisation, "now": now, "from": asked.from_date, "to": asked.to_date, "unit": asked.unit,
        "inside": f"%/{asked.unit}/%", "all": not asked.paths, "paths": [f"{path}%" for path in asked.paths],
    }  # fmt: skip


def _rows(sql: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def by_unit(asked: Asked, *, organisation: int, now: datetime) -> list[Figure]:
    """The figures, who held longest in all on top. The shares add up to one."""
    rows = _rows(BY_UNIT, _values(asked, organisation, now))
    total = sum(row[8] for row in rows)
    found = []
    for code, name, n, n_open, median, p90, low, high, seconds in rows:
        if n < MIN_INTERVAL:
            low = high = None
        share = seconds / total if total else 0.0
        found.append(Figure(code, name, n, n_open, median, low, high, p90, seconds, share))
    return found


def of_unit(
    asked: Asked, holder: str, *, organisation: int, now: datetime, limit: int, offset: int
) -> tuple[list[Held], int]:
    """The complaints behind a unit's figure, the longest held first, and how many there are."""
    values = _values(asked, organisation, now) | {"holder": holder, "limit": limit, "offset": offset}
    rows = _rows(OF_UNIT, values)
    keys: list[uuid.UUID] = [row[0] for row in rows]
    tickets = Ticket.objects.select_related("unit", "owner").in_bulk(keys)
    return [Held(tickets[key], seconds, is_open) for key, seconds, is_open, _n in rows], int(rows[0][3]) if rows else 0
