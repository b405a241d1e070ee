"""Which tickets and voices a person may see: those in his subtrees, tickets in his hands. Used by every page about one of them."""

import uuid

from django.http import Http404

from complaints import holding, queries
from complaints.models import Ticket
from feedback import first
from feedback import queries as voices
from feedback.models import Feedback
from tenancy.enums import ClassifyFirst
from web.door import Visit

# a list does not wait until more of a backlog is counted
MOST = 1000


def ticket_of(visit: Visit, number: str) -> Ticket:
    """The ticket when this person may see it: in his subtrees, or in his hands. Else not found."""
    ticket = queries.by_number(number, organisation=visit.organisation.id)
    if ticket is None:
        raise Http404
    if not may_see(visit, ticket):
        raise Http404
    return ticket


def voice_of(visit: Visit, key: uuid.UUID) -> Feedback:
    """The voice if it lies in the person's subtrees and is first-classified where the rule asks for it; else it never existed."""
    row = voices.voice(key, organisation=visit.organisation.id, paths=visit.seat.paths)
    if row is None or not (visit.seat.sees_all or (row.unit is not None and visit.seat.sees(row.unit.path))):
        raise Http404
    return row


def is_office(visit: Visit) -> bool:
    """True for whoever works the first step: he corrects labels and sees the whole organisation."""
    return visit.seat.may("labels:write") and visit.seat.sees_all


def n_unclassified(visit: Visit) -> int | None:
    """How many voices wait for a person's first word, counted to MOST and one; None where there is no first step for this person."""
    if visit.organisation.classify_first != ClassifyFirst.PERSON or not is_office(visit):
        return None
    return first.count(first.Filters(), organisation=visit.organisation.id, most=MOST + 1)


def unclassified(visit: Visit, ids: list[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the voices that wait for a person's first word."""
    is_on = visit.organisation.classify_first == ClassifyFirst.PERSON
    return first.among(ids, organisation=visit.organisation.id) if is_on else set()


def may_see(visit: Visit, ticket: Ticket) -> bool:
    """True for whoever works where it happened, where it is or was held, where it is offered to; and for its owner."""
    seat = visit.seat
    if seat.sees_all or ticket.owner_id == seat.member.id:
        return True
    if any(unit is not None and seat.sees(unit.path) for unit in (ticket.unit, ticket.holder, ticket.offered)):
        return True
    return any(seat.sees(row.unit.path) for row in holding.of_ticket(ticket))


def seen_paths(visit: Visit) -> tuple[str, ...]:
    """The subtrees this person sees; "/" for who sees the whole organisation and what has no unit."""
    return ("/",) if visit.seat.sees_all else tuple(visit.seat.paths)
