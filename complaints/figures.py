"""Figures of the desk that name people or list cases: who pauses how much and why, and what nobody has touched yet.

Rates, medians and attainment come from `metrics.series`. Whoever has fewer than five cases is shown without numbers.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from complaints import queries
from complaints.enums import State
from complaints.models import Ticket
from complaints.queries import Filters
from complaints.received import Asked

HIDDEN_BELOW = 5
OLDEST = 10
_PAUSED = """
    from complaints_ticket t
    join feedback_feedback f on f.organisation_id = t.organisation_id and f.id = t.feedback_id
        and f.excluded_at is null and f.deleted_at is null
    left join tenancy_unit u on u.organisation_id = t.organisation_id and u.id = t.unit_id
    join complaints_pause p on p.organisation_id = t.organisation_id and p.ticket_id = t.id and p.from_at <= %(now)s
    cross join lateral (select m.actor, m.actor_name from complaints_move m where m.organisation_id = t.organisation_id
        and m.ticket_id = t.id and m.at <= p.from_at and m.kind in ('hold', 'propose', 'visit') order by m.seq desc limit 1) m
    where t.organisation_id = %(organisation)s and t.local_day >= %(from)s and t.local_day < %(to)s and t.duplicate_of_id is null
        and (%(unit)s = '' or u.path like %(inside)s) and (%(all)s or u.path like any(%(paths)s))
"""
_SECONDS = "extract(epoch from least(coalesce({0}.to_at, {0}.expires_at), %(now)s) - {0}.from_at)"
_NEAR_CAP = (
    f"(select sum({_SECONDS.format('q')}) >= 4 * 86400 from complaints_pause q where q.organisation_id = t.organisation_id"
    " and q.ticket_id = t.id and q.cycle = p.cycle)"
)
PAUSES = f"""
    select actor, max(actor_name), reason, count(*), count(distinct ticket_id), sum(greatest(0, seconds))::float8,
        count(distinct ticket_id) filter (where near_cap)
    from (select m.actor, m.actor_name, p.reason, p.ticket_id, {_SECONDS.format('p')} as seconds, {_NEAR_CAP} as near_cap {_PAUSED}) x
    group by actor, reason order by 6 desc, 1, 3
"""
PAUSED_BY = f"""
    select t.id, t.local_day, count(*), sum(greatest(0, {_SECONDS.format('p')}))::float8, count(*) over () {_PAUSED}
        and m.actor = %(actor)s and p.reason = %(reason)s
    group by t.id, t.local_day order by t.local_day desc, t.id limit %(limit)s offset %(offset)s
"""


@dataclass(frozen=True)
class PauseRow:
    """What one person paused for one reason. With fewer than five cases only the name and the reason are told."""

    actor: str
    name: str
    reason: str
    n_pauses: int | None
    n_tickets: int | None
    seconds: float | None
    n_near_cap: int | None

    @property
    def suppressed(self) -> bool:
        """Too few cases to say anything of a person."""
        return self.n_tickets is None


def pauses(asked: Asked, *, organisation: int, now: datetime) -> list[PauseRow]:
    """Paused hours by person and reason, the most first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(PAUSES, _values(asked, organisation, now))
        return [_row(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Paused:
    """A case somebody paused for a reason, how often and for how long."""

    ticket: uuid.UUID
    day: date
    n_pauses: int
    seconds: float


def paused_by(
    asked: Asked, actor: str, reason: str, *, organisation: int, now: datetime, limit: int, offset: int = 0
) -> tuple[list[Paused], int]:
    """The cases behind one row of `pauses`, the newest day first, and how many there are (0 past the end)."""
    values = _values(asked, organisation, now) | {"actor": actor, "reason": reason, "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(PAUSED_BY, values)
        rows = cursor.fetchall()
    return [Paused(*row[:4]) for row in rows], int(rows[0][4]) if rows else 0


def _values(asked: Asked, organisation: int, now: datetime) -> dict[str, Any]:
    return {
        "organisation": organisation, "now": now, "from": asked.from_date, "to": asked.to_date, "unit": asked.unit,
        "inside": f"%/{asked.unit}/%", "all": not asked.paths, "paths": [f"{path}%" for path in asked.paths],
    }  # fmt: skip


def _row(actor: str, name: str, reason: str, n: int, n_tickets: int, seconds: float, n_near_cap: int) -> PauseRow:
    known = name or actor.rpartition(":")[2]
    if n_tickets < HIDDEN_BELOW:
        return PauseRow(actor, known, reason, None, None, None, None)
    return PauseRow(actor, known, reason, n, n_tickets, seconds, n_near_cap)


def untouched(
    *, organisation: int, now: datetime, unit: str = "", paths: Sequence[str] = (), limit: int = OLDEST
) -> tuple[list[Ticket], int]:
    """The oldest cases nobody has laid a hand on, and how many there are: the desk's queue of the new ones."""
    asked = Filters(view="open", state=State.NEW, order="oldest", unit=unit, paths=tuple(paths))
    found = queries.tickets(asked, organisation=organisation, now=now)
    return list(found[:limit]), found.order_by().count()
