"""反思 on the case page: whys one after the other, the cause from the tree, the prevention, and what came back since."""

from datetime import timedelta
from typing import Any

from complaints import causes, recurrence, reflections
from complaints.models import Ticket
from tenancy import queries
from web.door import Visit

DUE_DAYS = 14


def context(ticket: Ticket, offered: set[str], is_reflected: bool, visit: Visit) -> dict[str, Any]:
    """What the tab shows; a reflection that does not count yet may be completed, and closing waits for it."""
    organisation = visit.organisation.id
    row = reflections.of_ticket(ticket)
    is_signed = row is not None and row.signed_at is not None
    is_demanded = reflections.is_demanded(ticket)
    if is_demanded and not is_signed:
        offered.discard("close")
        if is_reflected and visit.seat.may("complaints:write") and ticket.state in {"resolved", "closed"}:
            offered.add("reflect")
    found: dict[str, Any] = {"learned": row, "is_demanded": is_demanded, "marks": recurrence.marks(ticket)}
    if "reflect" not in offered:
        return found
    today = queries.local_today(visit.now, visit.organisation.timezone)
    return found | {
        "causes": causes.tree(organisation=organisation),
        "owners": queries.members_of(organisation=organisation),
        "whys": range(1, reflections.FIVE_WHYS + 1),
        "due": (today + timedelta(days=DUE_DAYS)).isoformat(),
        "tomorrow": (today + timedelta(days=1)).isoformat(),
    }
