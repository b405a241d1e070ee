"""“知道了，我在跟进”: on the ticket and the notices, and by one tap from a mail, without a log-in. The link only acknowledges."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from alerts import acks, snoozes
from complaints import acknowledgements, queries
from complaints.models import Ticket
from cxms.lib import clock
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy.models import Member
from tenancy.tap_links import TapLink
from web import forms, preferences, tap_pages
from web.door import Visit, needs, public
from web.seen import ticket_of


@csrf_exempt
@public
def tap(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link from a mail. A token that is not ours, too old, or of one who left, shows nothing."""
    return tap_pages.answer(request, acks.read(token), _ticket, _answer, gone="acknowledge/gone.html")


def _ticket(link: TapLink, member: Member) -> Ticket | None:
    return acks.found(link)


def _answer(request: HttpRequest, ticket: Ticket, member: Member) -> HttpResponse:
    if request.method == "POST":
        acks.acknowledge(ticket, member, organisation=ticket.organisation_id, now=clock.now(), via="link")
        return redirect(request.path)
    return _page(request, ticket, member)


def _page(request: HttpRequest, ticket: Ticket, member: Member) -> HttpResponse:
    organisation, now = ticket.organisation_id, clock.now()
    views = queries.clock_views([ticket], organisation=organisation, now=now)[ticket.id]
    live = [view for view in views if view.clock.cycle == ticket.cycle and not view.is_stopped and view.due_at]
    context = {
        "ticket": ticket,
        "member": member,
        "clauses": sorted(live, key=lambda view: str(view.due_at))[:3],
        "is_done": ticket.state in acknowledgements.DONE,
        "mine": acks.mine(ticket, member, organisation=organisation, now=now),
        "others": [row for row in acks.latest(ticket, organisation=organisation) if row.member_id != member.id],
    }
    return render(request, "acknowledge/tap.html", context)


def shown(ticket: Ticket, visit: Visit) -> dict[str, Any]:
    """What the ticket's page says of acknowledgements, and whether it offers the button."""
    organisation = visit.organisation.id
    return {
        "rows": acks.latest(ticket, organisation=organisation),
        "mine": acks.mine(ticket, visit.seat.member, organisation=organisation, now=visit.now),
        "is_asked": acks.is_asked(ticket, organisation=organisation),
        "asleep": snoozes.of_ticket(ticket, organisation=organisation, now=visit.now),
        "minutes": snoozes.MINUTES,
        "token": new_id().hex,
    }


@require_POST
@needs("complaints:write")
def acknowledge(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The button on the ticket and on a notice."""
    ticket = ticket_of(visit, number)
    said = acks.acknowledge(ticket, visit.seat.member, organisation=visit.organisation.id, now=visit.now, via="app")
    if said.row is None:
        messages.success(request, _("这宗投诉已解决，不用再跟进提醒。"))
    else:
        messages.success(request, _("记下了：你在跟进。半小时内不再重复提醒；没有动静会再提醒。"))
    return redirect(preferences.back(request)) if request.POST.get("next") else redirect("case", number)


@require_POST
@needs("complaints:write")
def snooze(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """No warnings about this ticket for a while, with a reason; breaches come all the same."""
    ticket = ticket_of(visit, number)
    organisation, minutes = visit.organisation.id, forms.text(request, "minutes", 4)
    try:
        row = snoozes.snooze(
            forms.key_of(request, organisation), ticket, visit.seat.member, minutes=int(minutes) if minutes.isascii() and minutes.isdigit() else 0,
            reason=forms.text(request, "reason"), organisation=organisation, now=visit.now,
        )  # fmt: skip
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        at = timezone.localtime(row.until).strftime("%H:%M")
        messages.success(request, _("到 %(at)s 为止，这宗投诉快到期时不提醒你；失约照样提醒。") % {"at": at})
    return redirect("case", number)
