"""Customers' mails: an answer to one of our letters goes to its ticket, anything else is a new voice.

An answer on a duplicate goes to the one that was kept, and both timelines say so; as long as it is not certain that the kept
one is his too, his words stay on his own and the kept one is only told that they are there.

An answer is believed only when it comes from the customer's own address: whoever guesses a number reaches nothing. Our
letters carry `<ticket-ID-SEQ@…>` as Message-ID and the number in the subject.
"""

import re
import uuid
from datetime import datetime

from complaints import linking, moves
from complaints.models import Ticket
from customers.cards import Card
from customers.identities import normal_email
from cxms.lib.errors import DomainError
from feedback import intake, mailboxes
from feedback.enums import MailOutcome
from feedback.intake import Source
from feedback.models import MailMessage
from feedback.shapes import RawVoice
from ledger.facts import record

OURS = re.compile(r"<ticket-([0-9a-f-]{36})-\d+@")


def take(message_id: uuid.UUID, *, organisation: int, now: datetime) -> None:
    """Decides about one kept mail, once."""
    row = (
        MailMessage.objects.select_for_update(of=("self",))
        .filter(organisation_id=organisation, id=message_id, outcome=MailOutcome.WAITING)
        .select_related("mailbox", "mailbox__unit")
        .first()
    )
    if row is None:
        return
    ticket = thread_of(row)
    kept = linking.thread_of(ticket) if ticket is not None else None
    if ticket is not None and kept is not None and _say(kept, row, organisation):
        _tell_other(ticket, kept, organisation, now)
        mailboxes.settled(row, MailOutcome.REPLY, ticket=kept.number)
        return
    unit = row.mailbox.unit.code if row.mailbox.unit else ""
    text = row.text if not row.subject or row.text.startswith(row.subject) else f"{row.subject}\n{row.text}".strip()
    voice = RawVoice(
        channel="email",
        text=text,
        external_id=row.message_id[:120],
        occurred_at=row.received_at,
        customer=Card(email=row.from_email, name=row.from_name),
        unit=unit,
        metadata={"subject": row.subject},
    )
    source = Source(b"", "message/rfc822", f"mailbox:{row.mailbox_id}")
    (receipt,) = intake.receive([voice], organisation=organisation, source=source, now=now)
    mailboxes.settled(row, MailOutcome.VOICE, feedback=receipt.id)


def thread_of(row: MailMessage) -> Ticket | None:
    """The ticket a mail answers: by our letter's id, by an earlier mail of the thread, by the number in the subject."""
    tickets = Ticket.objects.filter(organisation_id=row.organisation_id).select_related("customer")
    found: Ticket | None = None
    ids = [match.group(1) for reference in row.references if (match := OURS.match(reference))]
    if ids:
        found = tickets.filter(id=ids[-1]).first()
    if found is None and row.references:
        earlier = MailMessage.objects.filter(
            organisation_id=row.organisation_id, message_id__in=row.references, feedback_id__isnull=False
        )
        found = tickets.filter(feedback_id__in=list(earlier.values_list("feedback_id", flat=True))).first()
    if found is None and row.ticket_number:
        found = tickets.filter(number=row.ticket_number).first()
    if found is None or found.customer is None or found.customer.email != normal_email(row.from_email):
        return None
    return found


def _tell_other(ticket: Ticket, kept: Ticket, organisation: int, now: datetime) -> None:
    """The timeline that did not get the words says where they are; in a transaction of its own, as all that links two tickets."""
    if ticket.duplicate_of_id is None:
        return
    kind, number, other = ("passed", kept.number, ticket.id) if kept.id != ticket.id else ("heard", ticket.number, ticket.duplicate_of_id)
    data = {"kind": kind, "other": str(other), "number": number, "ended": False}
    record("ticket.linked", ticket.id, data, organisation=organisation, now=now, actor="customer")


def _say(ticket: Ticket, row: MailMessage, organisation: int) -> bool:
    """The customer's words on the ticket; a closed one may refuse, then the mail is a voice of its own."""
    try:
        moves.apply(
            ticket.id, "message", {"text": row.text[:4000] or row.subject, "received_at": row.received_at},
            organisation=organisation, actor="customer", actor_name="",
        )  # fmt: skip
    except DomainError:
        return False
    return True
