"""方案 on the ticket's page: the options, what this person may give himself, and the offer that waits for somebody's word."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import approvals, authority, offers
from complaints.enums import ApprovalState
from complaints.file_kinds import ACCEPT
from complaints.models import Approval, Move, Ticket
from cxms.lib.errors import DomainError
from web import forms, timeline
from web.door import Visit, needs
from web.seen import ticket_of


def context(ticket: Ticket, line: Sequence[Move], visit: Visit) -> dict[str, Any]:
    """What the solution tab shows besides the ticket."""
    organisation = visit.organisation.id
    limits = authority.in_force(organisation=organisation)
    limit = authority.limit_of(visit.user.email, limits.currency, organisation=organisation)
    given = offers.given_before(ticket).get(limits.currency)
    asked = approvals.of_ticket(ticket)
    pending = next((row for row in asked if row.state == ApprovalState.WAITING), None)
    refused = asked[0] if asked and asked[0].state == ApprovalState.REFUSED and asked[0].cycle == ticket.cycle else None
    return {
        "accept": ACCEPT,
        "options": offers.options_of(ticket.proposal),
        "chosen": offers.chosen(ticket.proposal),
        "kinds": list(offers.KINDS.items()),
        "numbers": ("", "2", "3"),
        "currencies": list(limits.amounts),
        "currency": limits.currency,
        "limit": timeline.money(str(limit), limits.currency) if limit is not None else "",
        "limit_plain": str(limit) if limit is not None else "",
        "given": timeline.money(str(given or 0), limits.currency),
        "rating": offers.rating(line, ticket.cycle),
        "refused_offer": refused,
        **(waiting(pending, visit) if pending is not None else {}),
    }


def waiting(row: Approval, visit: Visit) -> dict[str, Any]:
    """The offer that waits, whether this person may decide it, and who is asked."""
    row = approvals.by_id(row.id, organisation=visit.organisation.id) or row
    return {
        "pending": row,
        "pending_options": offers.options_of(row.fields),
        "pending_amount": timeline.money(str(row.amount), row.currency),
        "pending_late": minutes_late(row, visit.now),
        "may_decide": approvals.may_decide(row, visit.seat.member),
        "asked_people": approvals.asked_so_far(row),
    }


def minutes_late(row: Approval, now: datetime) -> int:
    """How many minutes past the ten the answer is; 0 in time."""
    return max(0, int((now - row.due_at).total_seconds() // 60))


@require_POST
@needs("complaints:write")
def decide(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """One tap in the application: yes, or no with a reason."""
    ticket = ticket_of(visit, number)
    try:
        row = approvals.by_id(uuid.UUID(request.POST.get("approval", "")), organisation=visit.organisation.id)
    except ValueError:
        row = None
    if row is None or row.ticket_id != ticket.id:
        raise Http404
    approve = request.POST.get("do") == "approve"
    try:
        done = approvals.decide(row, visit.seat.member, approve=approve, reason=forms.text(request, "reason", 400), now=visit.now)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, said(done))
    return redirect(f"/promises/{ticket.number}/?tab=solution")


def said(row: Approval) -> str:
    """What became of an offer, in a sentence."""
    names = {"name": row.decided_name, "at": timezone.localtime(row.decided_at or row.asked_at).strftime("%H:%M")}
    if row.state == ApprovalState.APPROVED:
        return _("%(name)s %(at)s 批准，方案已给客户。") % names
    if row.state == ApprovalState.REFUSED:
        return _("%(name)s %(at)s 不批，提方案的人会收到理由。") % names
    return _("这个方案已收回，不用再批。")
