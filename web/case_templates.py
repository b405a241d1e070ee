"""口径 on the ticket's page: the list that `/` opens, every template filled for this ticket."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from complaints import desk, links, queries, reply_templates
from complaints.models import Ticket
from cxms.lib import pinyin
from web.customer_links import address
from web.door import Visit, needs
from web.seen import ticket_of


def values(ticket: Ticket, visit: Visit) -> dict[str, str]:
    """What the variables are on this ticket, for this person."""
    organisation = visit.organisation
    views = queries.clock_views([ticket], organisation=organisation.id, now=visit.now)[ticket.id]
    next_end = desk.urgent([view for view in views if view.clock.kind not in {"notify", "reflection"}], broken=False)
    due = next_end.due_at if next_end is not None and not next_end.is_stopped else None
    return {
        # who sees the customer as 陈** writes the greeting himself
        "customer": ticket.customer.name if ticket.customer and visit.seat.may("originals:read") else "",
        "number": ticket.number,
        "store": ticket.unit.name if ticket.unit else "",
        "due": timezone.localtime(due).strftime("%m-%d %H:%M") if due is not None and due > visit.now else "",
        "handler": visit.seat.member.name,
        "organisation": organisation.name,
        "link": address(links.token_for(ticket.id, organisation=organisation.id)),
    }


@needs("complaints:write")
def templates(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The templates that suit the ticket, filled."""
    ticket = ticket_of(visit, number)
    filler = values(ticket, visit)
    found = []
    for row in reply_templates.of_ticket(ticket, organisation=visit.organisation.id):
        filled = reply_templates.fill(row.text, filler)
        found.append((row, filled, f"{row.name.lower()} {pinyin.initials(row.name)}"))
    return render(request, "case/templates.html", {"found": found})
