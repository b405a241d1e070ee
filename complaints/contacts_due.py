"""A customer was to be tried again and the time has come: said once per attempt that was promised.

The timer takes the ticket's lock, clears the instant and records the fact in one transaction. Who is told is the alerts'.
"""

from datetime import datetime

from complaints import clocks, lifecycle
from complaints.models import Ticket
from cxms.lib import dispatch, failpoints
from ledger.facts import record

BATCH = 50
DUE = """
    select organisation_id from complaints_ticket where contact_fire_at <= statement_timestamp()
    group by 1 order by min(contact_fire_at)
"""
NEXT = "select min(contact_fire_at) from complaints_ticket where contact_fire_at is not null"


def due_organisations() -> list[int]:
    """Organisations with a customer to be tried again now. As the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """When the next customer is to be tried again."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def remind(*, organisation: int) -> int:
    """Records `contact.due` for one batch of tickets that are not solved. Returns how many were looked at."""
    now = clocks.database_now()
    rows = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(organisation_id=organisation, contact_fire_at__lte=now)
    found = list(rows.order_by("contact_fire_at", "id")[:BATCH])
    for row in found:
        if row.state in lifecycle.UNSOLVED and row.contact_due_at is not None:
            data = {"due_at": row.contact_due_at.isoformat()}
            record("contact.due", row.id, data, organisation=organisation, now=now, actor="clockwork")
        row.contact_fire_at = None
        row.save(update_fields=["contact_fire_at"])
    failpoints.reach("contacts.before_commit")
    return len(found)
