"""Who hears that a customer is to be tried again: the owner, or who stands in; nobody owns it, the queue; then the next rung."""

import uuid
from datetime import datetime

from alerts import notices, people, reach
from alerts.models import Notice
from complaints import queries

PURPOSE = "contact"


def tell(ticket_id: uuid.UUID, due_at: datetime, *, organisation: int, now: datetime) -> list[Notice]:
    """One notice per person and promised attempt; one that was made meanwhile reminds nobody. Quiet hours hold."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None or ticket.contact_due_at != due_at:
        return []
    rungs = people.owner_rungs(ticket, now=now)
    known = people.persons([key for rung in rungs for key in rung], ticket=ticket, now=now)
    decision = reach.decide(rungs, known, n_own=1, is_urgent=False)
    key, data = f"{PURPOSE}:{ticket.id}:{due_at.isoformat()}", {"due_at": due_at.isoformat()}
    return notices.tell_decided(ticket, decision, PURPOSE, key, data, organisation=organisation, now=now)
