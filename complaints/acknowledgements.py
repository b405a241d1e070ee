"""Acknowledging: “I have it in hand”, in the application or by one tap from a mail. Alerts ask these rows before they repeat.

It moves nothing: no clock, no state, no version, so nobody's open form grows stale by it.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from complaints import ladder, tickets
from complaints.enums import State
from complaints.models import Acknowledgement, Escalation, Move, Ticket
from cxms.lib.ids import new_id
from ledger.facts import record
from tenancy.models import Member

DONE = (State.RESOLVED, State.CLOSED)


@dataclass(frozen=True)
class Said:
    """What came of a tap. `fresh`: a new row was written; row None: the ticket is done, there is nothing to hold."""

    row: Acknowledgement | None
    fresh: bool


def acknowledge(
    ticket_id: uuid.UUID, member: Member, *, level: int, organisation: int, now: datetime, actor: str, via: str
) -> Said:
    """Writes that the member, who stands at `level` of the ticket's ladder, has it in hand. Again while it lasts: no-op.

    Stamps the escalations up to that level, records `complaint.acknowledged`. Raises TicketError not_found.
    """
    ticket = tickets.locked(ticket_id, organisation=organisation)
    if ticket.state in DONE:
        return Said(None, False)
    standing = lasting(ticket, member, organisation=organisation, now=now)
    if standing is not None and standing.level >= level:
        return Said(standing, False)
    row = Acknowledgement.objects.create(
        id=new_id(), organisation_id=organisation, ticket=ticket, member=member, cycle=ticket.cycle, level=level, at=now, via=via
    )
    fired = Escalation.objects.filter(organisation_id=organisation, ticket=ticket, cycle=ticket.cycle, acknowledged_at=None)
    ids = [escalation.id for escalation in fired if ladder.number(escalation.level) <= level]
    Escalation.objects.filter(organisation_id=organisation, id__in=ids).update(acknowledged_at=now, acknowledged_by=actor[:120])
    data = {"member": str(member.id), "level": level, "via": via}
    record("complaint.acknowledged", ticket.id, data, organisation=organisation, now=now, actor=actor)
    return Said(row, True)


def of_ticket(ticket: Ticket, *, organisation: int) -> list[Acknowledgement]:
    """Everybody who acknowledged the ticket, in order."""
    rows = Acknowledgement.objects.filter(organisation_id=organisation, ticket=ticket)
    return list(rows.select_related("member").order_by("at", "id"))


def active_at(ticket: Ticket, *, organisation: int) -> datetime | None:
    """When the ticket last moved."""
    rows = Move.objects.filter(organisation_id=organisation, ticket=ticket).exclude(kind__in=("opened", "notified"))
    return rows.order_by("-seq").values_list("recorded_at", flat=True).first()


def lasting(ticket: Ticket, member: Member, *, organisation: int, now: datetime) -> Acknowledgement | None:
    """The member's own acknowledgement of this cycle that still holds, or None."""
    rows = Acknowledgement.objects.filter(organisation_id=organisation, ticket=ticket, cycle=ticket.cycle, member=member)
    row = rows.select_related("member").order_by("-at").first()
    moved = active_at(ticket, organisation=organisation)
    if row is None or max(row.at, moved or row.at) + ladder.ACK_LASTS <= now:
        return None
    return row
