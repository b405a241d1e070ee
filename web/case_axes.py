"""为什么会离开, on the case page: where it stands on the two axes and why the facts say so; one tap confirms or corrects."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import axes
from complaints.enums import AxesState, LeftWith, Unmet
from complaints.models import Ticket
from cxms.lib.errors import DomainError
from web import forms
from web.door import Visit, needs
from web.seen import ticket_of


def context(ticket: Ticket, visit: Visit) -> dict[str, Any]:
    """What the rail shows; a duplicate is coded where it was merged to."""
    if ticket.duplicate_of_id is not None:
        return {}
    found, said = axes.standing(ticket), axes.reasons()
    suggestion = found.suggestion
    new = {"customer": str(ticket.customer_id or ""), "unit": ticket.unit.code if ticket.unit else "", "unmet": found.unmet, "left_with": found.left_with}
    return {
        "axes": found, "axes_state": AxesState(found.state).label,
        "axes_why": [said[why] for why in (suggestion.unmet_why, suggestion.left_why)],
        "unmets": Unmet.choices, "lefts": LeftWith.choices, "may_code": visit.seat.may("complaints:write"),
        "leaving_new": urlencode({name: value for name, value in new.items() if value}) if found.unmet and found.left_with else urlencode({name: new[name] for name in ("customer", "unit") if new[name]}),
    }  # fmt: skip


@require_POST
@needs("complaints:write")
def code(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Keeps what the person says; what was refused is said above the case."""
    ticket = ticket_of(visit, number)
    given = forms.typed(request, "unmet", "left_with")
    try:
        with transaction.atomic():
            axes.code(
                ticket, given["unmet"], given["left_with"], organisation=visit.organisation.id, version=forms.version(request),
                now=visit.now, actor=visit.actor, actor_name=visit.seat.member.name,
            )  # fmt: skip
        messages.success(request, _("两个轴编好了。"))
    except DomainError as error:
        messages.error(request, str(error.message))
    query = request.POST.get("query", "")
    return redirect(reverse("case", args=[number]) + (f"?{query}" if query else ""))
