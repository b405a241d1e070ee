"""Which tickets a person may see: those in his subtrees, or in his hands. Used by every page about one ticket."""

from django.http import Http404

from complaints import holding, queries
from complaints.models import Ticket
from web.door import Visit


def ticket_of(visit: Visit, number: str) -> Ticket:
    """The ticket when this person may see it: in his subtrees, or in his hands. Else not found."""
    ticket = queries.by_number(number, organisation=visit.organisation.id)
    if ticket is None:
        raise Http404
    if not may_see(visit, ticket):
        raise Http404
    return ticket


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
