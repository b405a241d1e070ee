"""The sweep: locks the clocks of one organisation whose next instant has come, works the truth out afresh, writes levels.

Eight sweepers at once write nothing twice: SKIP LOCKED, a row lock per clock, a unique key behind it. It never takes a
ticket's lock, so it cannot deadlock with a move.
"""

import uuid
from collections import defaultdict
from datetime import datetime
from typing import Any

from complaints import clocks, hours_counted
from complaints.clocks import Moment
from complaints.models import Clock, Pause
from cxms.lib import dispatch, failpoints
from ledger.facts import record_many

DUE = """
    select organisation_id from complaints_clock where next_fire_at <= statement_timestamp()
    group by 1 order by min(next_fire_at)
"""
NEXT = "select min(next_fire_at) from complaints_clock where next_fire_at is not null"
BATCH = 50


def due_organisations() -> list[int]:
    """Organisations with a clock that fires now, the longest waiting first. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """The next instant at which any clock of the house fires."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def sweep(*, organisation: int) -> int:
    """Settles one batch of due clocks of an organisation in the open scope. Returns how many were settled."""
    asked_at = clocks.database_now()
    rows = list(
        Clock.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(organisation_id=organisation, next_fire_at__lte=asked_at)
        .select_related("ticket")
        .order_by("next_fire_at")[:BATCH]
    )
    if not rows:
        return 0
    # after the locks: a stop that committed before us is seen, one that comes after us waits
    now = clocks.database_now()
    pauses: dict[object, list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(organisation_id=organisation, ticket__in={row.ticket_id for row in rows}):
        pauses[pause.ticket_id].append(pause)
    hours_counted.attach(rows)
    for row in rows:
        moment = Moment(at=now, written_at=now, actor="clockwork", is_history=row.ticket.is_history)
        clocks.settle(row, pauses[row.ticket_id], until=now, moment=moment)
    _tell_expired(rows, pauses, now, organisation)
    failpoints.reach("sweep.before_commit")
    return len(rows)


def _tell_expired(rows: list[Clock], pauses: dict[object, list[Pause]], now: datetime, organisation: int) -> None:
    """A hold that has ended by itself: its follower writes it on the ticket, under the ticket's lock, which no sweep takes."""
    over = {
        row.ticket_id: pause
        for row in rows
        for pause in pauses[row.ticket_id]
        if pause.to_at is None and pause.expires_at <= now
    }
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = [
        ("hold.expired", ticket, {"pause": str(pause.id), "reason": pause.reason}) for ticket, pause in over.items()
    ]
    if facts:
        record_many(facts, organisation=organisation, now=now, actor="clockwork")
