"""A complaint that comes by the log page or `POST /complaints`: intake and ticket in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import clocks, moves, tickets
from complaints.clocks import Moment
from complaints.models import Ticket
from complaints.tickets import Opening, TicketError
from cxms.lib.errors import DomainError
from feedback import analysis, intake, tree
from feedback.intake import Source
from feedback.models import Feedback
from feedback.shapes import RawVoice, Receipt

MAX_MOVES = 200


class ComplaintRejected(DomainError):
    """The voice itself was refused by the intake."""


@dataclass(frozen=True)
class Complaint:
    """A complaint as a door hands it over. `moves`: history, each {move, at, …fields}, in order."""

    voice: RawVoice
    severity: str = ""
    policy: str = ""
    topics: tuple[str, ...] = ()
    received_at: datetime | None = None
    moves: tuple[dict[str, Any], ...] = ()


def file(
    complaint: Complaint, *, organisation: int, source: Source, now: datetime, actor_name: str = ""
) -> tuple[Ticket, bool]:
    """Receives the voice, understands it, opens its ticket, plays its history. (ticket, fresh): a duplicate gives the first.

    The text is analysed at once, since its topics and gravity choose the policy; a stated severity wins.
    """
    with transaction.atomic():
        return _file(complaint, organisation, source, now, actor_name)


def _file(
    complaint: Complaint, organisation: int, source: Source, now: datetime, actor_name: str
) -> tuple[Ticket, bool]:
    received = complaint.received_at or now
    is_history = complaint.received_at is not None and now - received > timedelta(seconds=1)
    voice = replace(complaint.voice, occurred_at=complaint.voice.occurred_at or received)
    (receipt,) = intake.receive(
        [voice], organisation=organisation, source=source, now=now, received_at=received, announce=False
    )
    if receipt.status == "rejected":
        raise ComplaintRejected(receipt.detail, code=receipt.code, field=receipt.field)
    row = Feedback.objects.get(organisation_id=organisation, id=receipt.id)
    if receipt.status == "duplicate":
        there = Ticket.objects.filter(organisation_id=organisation, feedback_id=row.id).first()
        if there is not None:
            return there, False
    ticket = _open(complaint, row, receipt, is_history, organisation, source, now, actor_name)
    return ticket, True


def _open(
    complaint: Complaint,
    row: Feedback,
    receipt: Receipt,
    is_history: bool,
    organisation: int,
    source: Source,
    now: datetime,
    actor_name: str,
) -> Ticket:
    (understood,) = analysis.understand([row.text], organisation=organisation)
    analysis.write([(row.id, understood)], organisation=organisation, now=now)
    topics = complaint.topics or tuple(tree.codes_of(understood))
    opening = Opening(
        feedback=row,
        severity=complaint.severity or severity_of(understood.urgency, understood.red_line),
        topics=topics,
        policy=complaint.policy,
        reason="filed",
        is_history=is_history,
        has_moves=bool(complaint.moves),
    )
    ticket = tickets.open_ticket(opening, organisation=organisation, now=now, actor=source.actor, actor_name=actor_name)
    return _replay(ticket, complaint.moves, organisation, source.actor, is_history) if complaint.moves else ticket


def severity_of(urgency: int, red_line: bool) -> str:
    """A filed complaint is at least normal; urgency raises it. Pure."""
    return "critical" if red_line else "high" if urgency >= 2 else "normal"


def _replay(
    ticket: Ticket, history: tuple[dict[str, Any], ...], organisation: int, actor: str, is_history: bool
) -> Ticket:
    if len(history) > MAX_MOVES:
        raise TicketError(_("最多 %(most)d 步") % {"most": MAX_MOVES}, code="too_many", field="moves")
    for i, step in enumerate(history):
        try:
            ticket = moves.apply(
                ticket.id, str(step.get("move")), step, organisation=organisation, actor=actor, at=step.get("at")
            )
        except DomainError as error:
            raise type(error)(error.message, code=error.code, field=f"moves[{i}].{error.field}") from error
    moment = Moment(at=ticket.received_at, written_at=clocks.database_now(), actor=actor, is_history=is_history)
    clocks.catch_up(ticket, moment=moment)
    return ticket
