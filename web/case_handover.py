"""转交: the offer of a complaint to another unit on its page, the answer to it, and where its hours went."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints import handovers, holding
from complaints.models import Handover, Ticket
from complaints.move_fields import MoveFieldError
from tenancy import queries
from tenancy.enums import UnitKind
from tenancy.models import Unit
from web.door import Visit

ANSWERS = {"accept_handover", "refuse_handover"}


def fields_of(move: str, fields: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """A form's local time as an instant; every other move's fields as they are. Raises MoveFieldError."""
    typed = fields.get("by")
    if move != "hand_over" or not typed:
        return fields
    try:
        found = datetime.fromisoformat(str(typed))
    except ValueError as error:
        raise MoveFieldError(_("时间要写成 年-月-日 时:分"), code="bad_instant", field="by") from error
    zone = queries.zone(visit.organisation.timezone)
    return {**fields, "by": found if found.tzinfo else found.replace(tzinfo=zone)}


def context(ticket: Ticket, offered: set[str], visit: Visit) -> dict[str, Any]:
    """What the page shows of hand-overs; takes out of `offered` what is not this person's to do."""
    row = handovers.pending(ticket) if ticket.offered_id else None
    if row is not None and not _may_answer(row, visit):
        offered -= ANSWERS
    if row is not None and _may_answer(row, visit) and not visit.seat.sees_all:
        offered.discard("withdraw_handover")
    rows = holding.of_ticket(ticket)
    found = {
        "handover": row,
        "holder": holding.holder_of(ticket),
        "hours": holding.shares(rows, now=visit.now),
        "n_stints": len(rows),
        "now": visit.now,
    }
    return found | ({"departments": _units(ticket, visit)} if "hand_over" in offered else {})


def _may_answer(row: Handover, visit: Visit) -> bool:
    path = row.to_unit.path
    is_theirs = visit.seat.sees(path) or any(mine.startswith(path) for mine in visit.seat.paths)
    return is_theirs and row.asked_by != visit.actor


def _units(ticket: Ticket, visit: Visit) -> list[Unit]:
    """Whom it can be handed to: departments first, then those nearest to the top of the tree."""
    here = holding.holder_of(ticket)
    found = [unit for unit in queries.units_of(organisation=visit.organisation.id) if unit != here]
    return sorted(found, key=lambda unit: (unit.kind != UnitKind.DEPARTMENT, unit.depth, unit.path))
