"""Figures of the desk that name people or list cases: who pauses how much and why, and what nobody has touched yet.

Rates, medians and attainment come from `metrics.series`. Whoever has fewer than five cases is shown without numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Q

from complaints.enums import State
from complaints.models import Ticket
from complaints.received import Asked

HIDDEN_BELOW = 5
OLDEST = 10
PAUSES = """
    select m.actor, max(m.actor_name), p.reason, count(*), count(distinct p.ticket_id),
        sum(greatest(0, extract(epoch from least(coalesce(p.to_at, p.expires_at), %(now)s) - p.from_at)))::float8,
        count(distinct p.ticket_id) filter (where near.cap)
    from complaints_ticket t
    join feedback_feedback f on f.organisation_id = t.organisation_id and f.id = t.feedback_id
        and f.excluded_at is null and f.deleted_at is null
    left join tenancy_unit u on u.organisation_id = t.organisation_id and u.id = t.unit_id
    join complaints_pause p on p.organisation_id = t.organisation_id and p.ticket_id = t.id and p.from_at <= %(now)s
    cross join lateral (select m.actor, m.actor_name from complaints_move m where m.organisation_id = t.organisation_id
        and m.ticket_id = t.id and m.at <= p.from_at and m.kind in ('hold', 'propose', 'visit') order by m.seq desc limit 1) m
    cross join lateral (select sum(extract(epoch from least(coalesce(q.to_at, q.expires_at), %(now)s) - q.from_at)) >= 4 * 86400 as cap
        from complaints_pause q where q.organisation_id = t.organisation_id and q.ticket_id = t.id and q.cycle = p.cycle) near
    where t.organisation_id = %(organisation)s and t.local_day >= %(from)s and t.local_day < %(to)s and t.duplicate_of_id is null
        and (%(unit)s = '' or u.path like %(inside)s) and (%(all)s or u.path like any(%(paths)s))
    group by m.actor, p.reason order by 6 desc, 1, 3
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
    values: dict[str, Any] = {
        "organisation": organisation, "now": now, "from": asked.from_date, "to": asked.to_date, "unit": asked.unit,
        "inside": f"%/{asked.unit}/%", "all": not asked.paths, "paths": [f"{path}%" for path in asked.paths],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(PAUSES, values)
        return [_row(*row) for row in cursor.fetchall()]


def _row(actor: str, name: str, reason: str, n: int, n_tickets: int, seconds: float, n_near_cap: int) -> PauseRow:
    known = name or actor.rpartition(":")[2]
    if n_tickets < HIDDEN_BELOW:
        return PauseRow(actor, known, reason, None, None, None, None)
    return PauseRow(actor, known, reason, n, n_tickets, seconds, n_near_cap)


def untouched(*, organisation: int, unit: str = "", paths: Sequence[str] = (), limit: int = OLDEST) -> tuple[list[Ticket], int]:
    """The oldest cases nobody has laid a hand on, and how many there are."""
    rows = Ticket.objects.filter(organisation_id=organisation, state=State.NEW, duplicate_of__isnull=True)
    if unit:
        rows = rows.filter(unit__path__contains=f"/{unit}/")
    if paths:
        rows = rows.filter(reduce(or_, (Q(unit__path__startswith=path) for path in paths)))
    return list(rows.select_related("unit").order_by("received_at", "id")[:limit]), rows.count()
