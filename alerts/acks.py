"""One tap from a mail or the application: “I have it in hand”. The link acknowledges and does nothing else.

The token names organisation, ticket and member; it opens no page of the application.
"""

from datetime import datetime

from alerts import notices
from alerts.models import Notice
from complaints import acknowledgements, queries
from complaints.acknowledgements import Said
from complaints.models import Acknowledgement, Ticket
from tenancy import tap_links
from tenancy.models import Member
from tenancy.tap_links import TapLink

SALT = "alerts.acknowledge"
LADDER = frozenset({"executives", "escalation"})


def token_for(notice: Notice) -> str:
    """The token of a notice's reader and ticket; the notice must have a ticket."""
    assert notice.ticket_id is not None
    return tap_links.token(TapLink(notice.organisation_id, notice.ticket_id, notice.recipient_id), salt=SALT)


def read(token: str) -> TapLink | None:
    """What the token names, or None."""
    return tap_links.read(token, salt=SALT)


def found(link: TapLink) -> Ticket | None:
    """The ticket of a link, in the open scope; None when it is gone."""
    return queries.by_id(link.subject, organisation=link.organisation)


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
