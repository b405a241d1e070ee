"""One complaint: queue, case, promises. 还原 → 方案 → 反思, every step one move; what was typed is never lost."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from alerts import notices
from alerts import queries as alert_queries
from complaints import approvals, attachments, authority, desk, drafts, links, queries, reconstruction, similar
from complaints.enums import ContactWay, PauseReason, Severity
from complaints.models import Move, Ticket
from cxms.lib.errors import DomainError
from cxms.lib.text import mask_name
from tenancy import queries as tenancy_queries
from web import (
    acknowledge,
    case_axes,
    case_handover,
    case_links,
    case_moves,
    case_reconstruction,
    case_reflection,
    case_solution,
    case_writing,
    preferences,
    reached,
    timeline,
)
from web.customer_links import address
from web.desk import QUEUE_SIZE, filters_of, kept, rows_of
from web.door import Visit, needs
from web.seen import seen_paths, ticket_of
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
    version: str = ""

    @property
    def is_stale(self) -> bool:
        """Somebody was faster."""
        return self.error is not None and self.error.code == "stale_version"

    @property
    def form(self) -> str:
        """The form it was typed in, as drafts know it."""
        return drafts.FORM_OF.get(self.move, self.move)

    @property
    def words(self) -> list[tuple[str, str]]:
        """(field, text) of everything typed."""
        return [(name, str(value)) for name, value in self.fields.items() if isinstance(value, str) and value.strip()]


@needs("complaints:read")
def case(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The workbench. Opening it reads every notice the person has about the ticket."""
    ticket = ticket_of(visit, number)
    if "X-CX-Live" not in request.headers:
        notices.read_of_ticket(ticket, visit.seat.member, organisation=visit.organisation.id, now=visit.now)
    with case_reconstruction.at_the_store(ticket, visit):
        return _page(request, visit, ticket, Typed())


@require_POST
@needs("complaints:write")
def moves(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """One move; refused, the page comes back with everything that was typed and the reason."""
    ticket = ticket_of(visit, number)
    move = request.POST.get("move", "")
    fields = case_moves.fields_of(request.POST.dict(), request.POST.getlist("cite"))
    version = request.POST.get("version", "")
    try:
        files = attachments.cleaned(request.FILES.getlist("files"))
        wanted = case_handover.fields_of(move, {k: v for k, v in fields.items() if k != "typed"}, visit)
        moved = case_moves.apply(ticket, move, wanted, version, visit, files)
    except DomainError as error:
        fresh, typed = ticket_of(visit, number), Typed(move, fields.get("typed", fields), error, version)
        case_writing.keep(ticket, typed.form, dict(typed.fields), visit)
        with case_reconstruction.at_the_store(ticket, visit):
            return _page(request, visit, fresh, typed, status=case_moves.status_of(error))
    case_writing.sent(ticket, move, request.POST.getlist("template"), visit)
    messages.success(request, case_moves.AFTER["ask" if move == "propose" and approvals.waiting(moved) else move]())
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
    handed = case_handover.context(ticket, offered, visit) | case_links.context(ticket, offered, visit)
    handed |= case_reflection.context(ticket, offered, bool(reflections), visit)
    mine = drafts.of(ticket, visit.seat.member, organisation=organisation)
    context: dict[str, Any] = {
        "ticket": ticket,
        "drafts": mine,
        "since": timeline.entries(ticket, case_writing.since(line, typed.version if typed.is_stale else ""), [], [], []),
        "tab": _tab(request, ticket, typed),
        "typed": typed,
        "v": _adopted(request, visit, ticket, _values(ticket, typed, case_writing.kept(mine))),
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
        "mentionable": case_writing.mentionable(ticket),
        **case_solution.context(ticket, line, visit),
        **case_reconstruction.cites(ticket, typed.fields if typed.form == "reconstruct" else None, mine.get("reconstruct"), visit),
        "me": visit.seat.member,
        **_clauses(ticket, clocks, visit),
        **_around(request, ticket, visit),
        "acked": acknowledge.shown(ticket, visit),
        **handed,
        **case_axes.context(ticket, visit),
    }
    context["citing"] = context["tab"] == "recon" and "reconstruct" in offered
    context["entries"] = _entries(ticket, line, visit)
    return render(request, "case/case.html", context, status=status)


def _entries(ticket: Ticket, line: list[Move], visit: Visit) -> list[timeline.Entry]:
    """Everything that tells of the case, in one line."""
    told = alert_queries.of_ticket(ticket.id, organisation=ticket.organisation_id)
    earlier = reconstruction.events(ticket), reconstruction.voices(ticket, seen_paths(visit))
    found = timeline.entries(ticket, line, queries.escalations(ticket), told, *earlier) + reached.lines(ticket)
    return sorted(found, key=lambda entry: entry.at)


def _clauses(ticket: Ticket, clocks: list[queries.ClockView], visit: Visit) -> dict[str, Any]:
    shown = [view for view in clocks if view.clock.cycle == ticket.cycle or not view.is_stopped]
    broken = [view for view in clocks if view.clock.breached_at and view.state != "excused"]
    return {
        "clauses": [(view, case_moves.next_warning(view, visit.now)) for view in shown],
        "broken": broken,
        "excused": [view for view in clocks if view.state == "excused"],
        "contact_ways": ContactWay.choices,
        "contact_hours": (1, 2, 4, 24, 72),
        "extendable": case_moves.extendable(ticket, clocks),
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
        "others": [other for other in others if other.id != ticket.id],
        "n_year": desk.n_of_customer(customer, organisation=organisation, since=since) if customer else 0,
        "similar": similar.of(ticket, paths=visit.seat.paths),
        "link": address(links.token_for(ticket.id, organisation=organisation)),
    }


def _values(ticket: Ticket, typed: Typed, kept_: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    """What each form starts with: the typed text after a refusal, else the draft, else what the ticket already tells."""
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
    started = {**kept_, "reconstruct": {**known, **kept_.get("reconstruct", {})}, "accept": {"who": people[0] if ticket.customer else ""}}
    return {**started, typed.move: typed.fields, typed.form: typed.fields} if typed.move else started


def _adopted(request: HttpRequest, visit: Visit, ticket: Ticket, values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """“采用此方案”: a similar case's offer stands in the form, below what was typed there."""
    wanted = request.GET.get("adopt", "")[:24]
    currency = authority.in_force(organisation=visit.organisation.id).currency
    found = similar.solution(wanted, ticket, paths=visit.seat.paths, currency=currency) if wanted else {}
    if not found:
        return values
    typed = values.get("propose", {})
    text = "\n".join(part for part in (str(typed.get("text", "")), found["text"]) if part)
    return {**values, "propose": {**found, **{name: value for name, value in typed.items() if value}, "text": text}}


def _lost(typed: Typed, offered: set[str]) -> list[str]:
    """Texts of a refused move whose form is no longer offered: shown so that they can be copied."""
    if typed.error is None or typed.move in offered:
        return []
    return [value for value in typed.fields.values() if isinstance(value, str) and len(value) > 3]
