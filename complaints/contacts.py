"""Trying to reach the customer: by phone, WeChat, mail or in person, reached or not, and when to try again.

Who is reached has had a human answer: it stops the first-response clause as a reply does, and it is what the closed-loop
rate counts. Called by the moves; the follower asks the customer again once the case is solved.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from complaints.hand import Hand
from complaints.models import Move, Ticket
from customers import events
from customers.cards import Card
from customers.events import RawEvent

REACHED = "contacted"
RECOVERY = "recovery"


def _contact(hand: Hand) -> str | None:
    ticket, at = hand.ticket, hand.moment.at
    hours = hand.fields.pop("next_hours", None)
    if hours:
        hand.fields["next_at"] = (at + timedelta(hours=hours)).isoformat()
    wanted = hand.fields.get("next_at")
    ticket.contact_due_at = datetime.fromisoformat(wanted) if wanted else None
    ticket.contact_fire_at = None if hand.moment.is_history else ticket.contact_due_at
    if not hand.fields["reached"]:
        return None
    if ticket.first_reply_at is None:
        ticket.first_reply_at = at
    return REACHED


EFFECTS: dict[str, Callable[[Hand], str | None]] = {"contact": lambda hand: _contact(hand)}


def kind_of(move: Move) -> str:
    """What a contact move is to the clocks: only one that reached the customer stops anything."""
    return REACHED if move.kind == "contact" and move.data.get("reached") else move.kind


def ask_again(ticket_id: uuid.UUID, *, organisation: int, now: datetime) -> bool:
    """A case is solved: its customer has an event of kind `recovery`, and a survey of that kind asks him, if he is rested.

    Once a cycle. False when nobody can be asked: no customer, history, or the ticket is open again.
    """
    rows = Ticket.objects.filter(organisation_id=organisation, id=ticket_id).select_related("customer", "unit", "touchpoint")
    ticket = rows.first()
    if ticket is None or ticket.customer is None or ticket.resolved_at is None or ticket.is_history:
        return False
    customer = ticket.customer
    card = Card(external_id=customer.external_id or "", phone=customer.phone, email=customer.email)
    event = RawEvent(
        external_id=f"{RECOVERY}:{ticket.number}:{ticket.cycle}", kind=RECOVERY, occurred_at=ticket.resolved_at, customer=card,
        unit=ticket.unit.code if ticket.unit else "", touchpoint=ticket.touchpoint.code if ticket.touchpoint else "",
        metadata={"ticket": ticket.number, "cycle": ticket.cycle},
    )  # fmt: skip
    (receipt,) = events.receive([event], organisation=organisation, now=now)
    return receipt.status == "accepted"
