"""One tap from a mail or the application: “I have it in hand”. The link acknowledges and does nothing else.

The token names organisation, ticket and member, is signed, and expires; it opens no page of the application.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core import signing

from alerts import notices
from alerts.models import Notice
from complaints import acknowledgements, queries
from complaints.acknowledgements import Said
from complaints.models import Acknowledgement, Ticket
from tenancy.models import Member

SALT = "alerts.acknowledge"
MAX_AGE_SECONDS = 3 * 86400
LADDER = frozenset({"executives", "escalation"})


@dataclass(frozen=True)
class Link:
    """What a token names."""

    organisation: int
    ticket: uuid.UUID
    member: uuid.UUID


def token_for(notice: Notice) -> str:
    """The token of a notice's reader and ticket."""
    names = [notice.organisation_id, str(notice.ticket_id), str(notice.recipient_id)]
    return signing.dumps(names, salt=SALT, compress=True)


def read(token: str) -> Link | None:
    """What the token names when it is ours and not older than three days, else None."""
    try:
        organisation, ticket, member = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
        return Link(int(organisation), uuid.UUID(ticket), uuid.UUID(member))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def found(link: Link) -> tuple[Ticket, Member] | None:
    """Ticket and member of a link, in the open scope; None when he has left or the ticket is gone."""
    ticket = queries.by_id(link.ticket, organisation=link.organisation)
    rows = Member.objects.filter(organisation_id=link.organisation, id=link.member, left_at__isnull=True, user__is_active=True)
    member = rows.select_related("user").first()
    return (ticket, member) if ticket is not None and member is not None else None


def acknowledge(ticket: Ticket, member: Member, *, organisation: int, now: datetime, via: str) -> Said:
    """The member has it in hand, at his place on the ladder; his notices of the ticket are read by it."""
    level = notices.level_of(ticket, member)
    actor = f"user:{member.user.email}"
    said = acknowledgements.acknowledge(ticket.id, member, level=level, organisation=organisation, now=now, actor=actor, via=via)
    notices.read_of_ticket(ticket, member, organisation=organisation, now=now)
    return said


def latest(ticket: Ticket, *, organisation: int) -> list[Acknowledgement]:
    """The last word of each person in this cycle, the newest first."""
    rows = [row for row in acknowledgements.of_ticket(ticket, organisation=organisation) if row.cycle == ticket.cycle]
    return sorted({row.member_id: row for row in rows}.values(), key=lambda row: row.at, reverse=True)


def mine(ticket: Ticket, member: Member, *, organisation: int, now: datetime) -> Acknowledgement | None:
    """The member's acknowledgement that still holds."""
    return acknowledgements.lasting(ticket, member, organisation=organisation, now=now)


def is_asked(ticket: Ticket, *, organisation: int) -> bool:
    """True when somebody was told of the ticket by the ladder and it is not done: then it can be acknowledged."""
    told = Notice.objects.filter(organisation_id=organisation, ticket=ticket, purpose__in=LADDER)
    return ticket.state not in acknowledgements.DONE and told.exists()
