"""One complaint: queue, case, promises. 还原 → 方案 → 反思, every step one move; what was typed is never lost."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from alerts import notices
from alerts import queries as alert_queries
from complaints import desk, links, queries
from complaints.enums import PauseReason, Severity
from complaints.models import Ticket
from customers import queries as customer_queries
from cxms.lib.errors import DomainError
from cxms.lib.text import mask_name
from tenancy import queries as tenancy_queries
from web import case_moves, preferences, timeline
from web.customer_links import address
from web.desk import QUEUE_SIZE, filters_of, kept, rows_of
from web.door import Visit, needs
from web.units import Switcher

TABS = ("recon", "solution", "reflection", "all")
TAB_OF = {"reconstruct": "recon", "propose": "solution", "accept": "solution", "decline": "solution", "reflect": "reflection"}
YEAR_DAYS = 365


@dataclass(frozen=True)
class Typed:
    """What a form held when its move was refused, and why."""

    move: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    error: DomainError | None = None


def ticket_of(visit: Visit, number: str) -> Ticket:
    """The ticket when this person may see it: in his subtrees, or in his hands. Else not found."""
    ticket = queries.by_number(number, organisation=visit.organisation.id)
    if ticket is None:
        raise Http404
    path = ticket.unit.path if ticket.unit else "/"
    if not (visit.seat.sees(path) or visit.seat.sees_all or ticket.owner_id == visit.seat.member.id):
        raise Http404
    return ticket


@needs("complaints:read")
def case(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The workbench. Opening it reads every notice the person has about the ticket."""
    ticket = ticket_of(visit, number)
    if "X-CX-Live" not in request.headers:
        notices.read_of_ticket(ticket, visit.seat.member, organisation=visit.organisation.id, now=visit.now)
    return _page(request, visit, ticket, Typed())


@require_POST
@needs("complaints:write")
def moves(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """One move; refused, the page comes back with everything that was typed and the reason."""
    ticket = ticket_of(visit, number)
    move = request.POST.get("move", "")
    fields = case_moves.fields_of(request.POST.dict())
    try:
        case_moves.apply(ticket, move, fields, request.POST.get("version", ""), visit)
    except DomainError as error:
        fresh = ticket_of(visit, number)
        return _page(request, visit, fresh, Typed(move, fields, error), status=case_moves.status_of(error))
    messages.success(request, case_moves.AFTER[move]())
    if request.POST.get("next"):
        return redirect(preferences.back(request))
    tab = case_moves.NEXT_TAB.get(move) or request.POST.get("tab", "")
    query = "&".join(part for part in (request.POST.get("query", ""), f"tab={tab}" if tab in TABS else "") if part)
    return redirect(reverse("case", args=[number]) + (f"?{query}" if query else ""))


def _tab(request: HttpRequest, ticket: Ticket, typed: Typed) -> str:
    wanted = TAB_OF.get(typed.move) or request.POST.get("tab") or request.GET.get("tab", "")
    if wanted in TABS:
        return wanted
    if ticket.state in {"resolved", "closed"}:
        return "reflection"
    return "solution" if ticket.reconstruction.get("signed") else "recon"


def _page(request: HttpRequest, visit: Visit, ticket: Ticket, typed: Typed, status: int = 200) -> HttpResponse:
    organisation, now = visit.organisation.id, visit.now
    clocks = queries.clock_views([ticket], organisation=organisation, now=now)[ticket.id]
    pause = queries.open_pause(ticket, now=now)
    line = queries.timeline(ticket)
    reflections = [move for move in line if move.kind == "reflect" and move.cycle == ticket.cycle]
    offered = case_moves.offered(ticket, clocks, pause, visit.seat, is_reflected=bool(reflections))
    context: dict[str, Any] = {
        "ticket": ticket,
        "tab": _tab(request, ticket, typed),
        "typed": typed,
        "v": _values(ticket, typed),
        "may": offered,
        "lost": _lost(typed, offered),
        "pause": pause,
        "reflection": reflections[-1] if reflections else None,
        "is_held": pause is not None and ticket.state in queries.OPEN,
        "query": kept(request) or request.POST.get("query", ""),
        "last_move": line[-1] if line else None,
        "reasons": PauseReason.choices if visit.seat.may("complaints:manage") else PauseReason.choices[:1],
        "severities": Severity.choices,
        "members": tenancy_queries.members_of(organisation=organisation) if "assign" in offered else [],
        "me": visit.seat.member,
        **_clauses(ticket, clocks, visit),
        **_around(request, ticket, visit),
    }
    told = alert_queries.of_ticket(ticket.id, organisation=organisation)
    context["entries"] = timeline.entries(ticket, line, queries.escalations(ticket), told, context["events"])
    return render(request, "case/case.html", context, status=status)


def _clauses(ticket: Ticket, clocks: list[queries.ClockView], visit: Visit) -> dict[str, Any]:
    shown = [view for view in clocks if view.clock.cycle == ticket.cycle or not view.is_stopped]
    broken = [view for view in clocks if view.clock.breached_at and view.state != "excused"]
    return {
        "clauses": [(view, case_moves.next_warning(view, visit.now)) for view in shown],
        "broken": broken,
        "mark": f"{ticket.version} {[view.state for view in clocks]}",
    }


def _around(request: HttpRequest, ticket: Ticket, visit: Visit) -> dict[str, Any]:
    """The queue on the left, the customer and similar cases on the right."""
    organisation, now = visit.organisation.id, visit.now
    filters = filters_of(request, visit, Switcher(request, visit))
    found = queries.tickets(filters, organisation=organisation, now=now)
    queue = rows_of(list(found[:QUEUE_SIZE]), filters, visit)
    numbers = [row.ticket.number for row in queue]
    i = numbers.index(ticket.number) if ticket.number in numbers else -1
    customer = ticket.customer_id
    since = now - timedelta(days=YEAR_DAYS)
    others = desk.open_of_customer(customer, organisation=organisation) if customer else []
    return {
        "queue": queue,
        "n_queue": found.order_by().count() if len(queue) == QUEUE_SIZE else len(queue),
        "earlier": numbers[i - 1] if i > 0 else "",
        "later": numbers[i + 1] if i + 1 < len(numbers) else "",
        "events": customer_queries.recent_events(customer, organisation=organisation, limit=6) if customer else [],
        "others": [other for other in others if other.id != ticket.id],
        "n_year": desk.n_of_customer(customer, organisation=organisation, since=since) if customer else 0,
        "similar": queries.similar(ticket),
        "link": address(links.token_for(ticket.id, organisation=organisation)),
    }


def _values(ticket: Ticket, typed: Typed) -> dict[str, dict[str, Any]]:
    """What each form starts with: the typed text after a refusal, else what the ticket already tells."""
    received = timezone.localtime(ticket.received_at)
    people = [_("客户 %(name)s") % {"name": mask_name(ticket.customer.name)}] if ticket.customer else []
    people += [_("接待 %(name)s") % {"name": ticket.staff.name}] if ticket.staff else []
    places = [ticket.unit.name] if ticket.unit else []
    places += [_("触点：%(name)s") % {"name": ticket.touchpoint.name}] if ticket.touchpoint else []
    known = {
        "who": _("；").join(people),
        "when": _("%(at)s 收到投诉") % {"at": received.strftime("%m-%d %H:%M")},
        "where": _("，").join(places),
    }
    return {"reconstruct": known, typed.move: typed.fields}


def _lost(typed: Typed, offered: set[str]) -> list[str]:
    """Texts of a refused move whose form is no longer offered: shown so that they can be copied."""
    if typed.error is None or typed.move in offered:
        return []
    return [value for value in typed.fields.values() if isinstance(value, str) and len(value) > 3]
