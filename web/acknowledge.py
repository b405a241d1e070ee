"""“知道了，我在跟进”: on the ticket and the notices, and by one tap from a mail, without a log-in.

The token in the address is the only authority and acknowledges only: GET shows a page with one button, so that a
machine that opens every link of a mail acknowledges nothing; POST does it, again and again with the same end.
"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from alerts import acks, snoozes
from complaints import acknowledgements, queries
from complaints.models import Ticket
from cxms.lib import clock
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import queries as tenancy_queries
from tenancy.models import Member
from tenancy.scope import organisation_scope
from web import forms, preferences
from web.door import Visit, needs, public
from web.middleware import LANGUAGE_COOKIE
from web.seen import ticket_of


@csrf_exempt
@public
def tap(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a link from a mail. A token that is not ours, too old, or of one who left, shows nothing."""
    link = acks.read(token)
    if link is None:
        return _safe(render(request, "acknowledge/gone.html", status=404))
    with organisation_scope(link.organisation):
        found = acks.found(link)
        if found is None:
            return _safe(render(request, "acknowledge/gone.html", status=404))
        ticket, member = found
        place = tenancy_queries.organisation(link.organisation)
        language = _language(request, member, place.language)
        with translation.override(language), timezone.override(tenancy_queries.zone(place.timezone)):
            if request.method == "POST":
                acks.acknowledge(ticket, member, organisation=link.organisation, now=clock.now(), via="link")
                return _safe(redirect(request.path))
            request.LANGUAGE_CODE = language
            return _safe(_page(request, ticket, member))


def _language(request: HttpRequest, member: Member, house: str) -> str:
    """The reader's own language, else what he chose here, else the house's, as the mail he came from; not his browser's."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    return member.user.language or (chosen if chosen in dict(settings.LANGUAGES) else house)


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


def _safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


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
