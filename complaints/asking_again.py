"""An offer above its maker's authority that nobody answers: asked again every ten minutes, three times at most.

The timer writes the step and its fact in one transaction under the row's lock, so each step is told once, whoever sweeps
and whoever dies. Who is told is `complaints.approvals.asked_again`; the telling is the alerts'.
"""

from datetime import datetime, timedelta

from complaints import clocks, lifecycle
from complaints.enums import ApprovalState
from complaints.models import Approval
from cxms.lib import dispatch, failpoints
from ledger.facts import record

EVERY = timedelta(minutes=10)
MOST = 3
BATCH = 50
DUE = """
    select organisation_id from complaints_approval where next_fire_at <= statement_timestamp()
    group by 1 order by min(next_fire_at)
"""
NEXT = "select min(next_fire_at) from complaints_approval where next_fire_at is not null"


def due_organisations() -> list[int]:
    """Organisations with an offer that waits too long. As the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """When the next offer is asked for again."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def ask_again(*, organisation: int) -> int:
    """Asks again for one batch of the offers that wait. Returns how many were looked at.

    After a standstill the next step comes ten minutes from now: what was missed is not made up for all at once.
    """
    now = clocks.database_now()
    rows = Approval.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        organisation_id=organisation, next_fire_at__lte=now, state=ApprovalState.WAITING
    )
    found = list(rows.select_related("ticket").order_by("next_fire_at", "id")[:BATCH])
    for row in found:
        _step(row, now)
    failpoints.reach("approvals.before_commit")
    return len(found)


def _step(row: Approval, now: datetime) -> None:
    if row.ticket.state not in lifecycle.UNSOLVED:
        row.next_fire_at = None
        row.save(update_fields=["next_fire_at"])
        return
    row.n_again += 1
    row.next_fire_at = now + EVERY if row.n_again < MOST else None
    row.save(update_fields=["n_again", "next_fire_at"])
    data = {"approval": str(row.id), "step": row.n_again}
    record("approval.waited", row.ticket_id, data, organisation=row.organisation_id, now=now, actor="clockwork")
