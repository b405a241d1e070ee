"""The customer's promise page by signed link: no log-in, no tier, no staff jargon. 您 to customers.

The token in the address is the only authority. CSRF checks do not apply: nothing here acts by a cookie, and with
`Referrer-Policy: no-referrer` browsers send no origin to check.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from complaints import attachments, authority, file_kinds, linking, links, moves, offers, queries, tickets
from complaints.enums import ClockState
from complaints.models import Move, Ticket
from complaints.queries import ClockView
from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import queries as tenancy_queries
from tenancy.scope import organisation_scope
from web import case_files, preferences
from web.door import public
from web.middleware import LANGUAGE_COOKIE

SHOWN = {"reply", "message", "propose", "accept", "decline"}
ACTOR = "customer"
MAX_BODY = file_kinds.MAX_FILES * file_kinds.MAX_BYTES + 1_000_000


@csrf_exempt
@public
def promise(request: HttpRequest, token: str) -> HttpResponse:
    """The page; POST answers the offer or leaves a message. A token that is not ours, or too old, shows nothing."""
    found = links.read(token)
    if found is None:
        return _safe(render(request, "customer/gone.html", status=404))
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
        # nothing of it has been read yet
        return _safe(render(request, "accounts/too_large.html", status=413))
    if request.method == "POST" and request.POST.get("language") in dict(settings.LANGUAGES):
        answer = redirect(request.path)
        preferences.remember(answer, LANGUAGE_COOKIE, request.POST["language"])
        return _safe(answer)
    organisation, ticket_id = found
    with organisation_scope(organisation):
        ticket = queries.by_id(ticket_id, organisation=organisation)
        if ticket is None:
            return _safe(render(request, "customer/gone.html", status=404))
        ticket = linking.thread_of(ticket)
        place = tenancy_queries.organisation(organisation)
        zone = tenancy_queries.zone((ticket.unit.timezone if ticket.unit else "") or place.timezone)
        with timezone.override(zone):
            if request.method == "POST":
                return _safe(_act(request, ticket, place.name))
            return _safe(_page(request, ticket, place.name))


def _safe(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is neither stored nor told to other sites, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _act(request: HttpRequest, ticket: Ticket, place: str) -> HttpResponse:
    move, fields = _move(request)
    try:
        files = attachments.cleaned(request.FILES.getlist("files")) if move in {"message", "decline"} else []
        with transaction.atomic():
            tickets.locked(ticket.id, organisation=ticket.organisation_id)
            if not offers.sent_before(ticket, str(fields.get("form", ""))):
                moves.apply(ticket.id, move, fields, organisation=ticket.organisation_id, actor=ACTOR, files=files)
    except DomainError as error:
        # the state may have moved on since he opened the page; his words stay in the box
        fresh = queries.by_id(ticket.id, organisation=ticket.organisation_id) or ticket
        said = _("进度刚刚有变化，请看看现在的情况") if error.code == "move_not_allowed" else str(error.message)
        return _page(request, fresh, place, said=said, typed={**fields, "move": move}, status=409)
    return redirect(f"{request.path}?done={move}")


def _move(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    answer, text = request.POST.get("answer"), request.POST.get("text", "")[:4000]
    form = {"form": request.POST.get("form", "")[:64]}
    if answer == "accept":
        return "accept", {"consent": ACTOR, "option": request.POST.get("option", ""), **form}
    if answer == "decline":
        return "decline", {"reason": request.POST.get("reason", "").strip() or _("客户没有说明"), **form}
    if answer == "call":
        return "message", {"text": _("请给我打电话。"), **form}
    if answer == "rate":
        return "rate", {"score": request.POST.get("score", ""), "text": text[:2000], **form}
    return "message", {"text": text, **form}


@public
def file(request: HttpRequest, token: str, key: uuid.UUID) -> HttpResponse:
    """A file the customer sees: his own, or one of a reply or an offer. Whatever else there is does not exist here."""
    found = links.read(token)
    if found is None:
        return _safe(render(request, "customer/gone.html", status=404))
    with organisation_scope(found[0]):
        ticket = queries.by_id(found[1], organisation=found[0])
        row = attachments.one(linking.thread_of(ticket), key, for_customer=True) if ticket else None
        if row is None:
            return _safe(render(request, "customer/gone.html", status=404))
        return _safe(case_files.answer(row, is_shown=request.GET.get("show") == "1"))


def _page(
    request: HttpRequest,
    ticket: Ticket,
    place: str,
    *,
    said: str = "",
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    views = queries.clock_views([ticket], organisation=ticket.organisation_id, now=now)[ticket.id]
    views = [view for view in views if view.clock.kind != "reflection" and view.clock.cycle == ticket.cycle]
    hero = _hero(views)
    proposal = ticket.proposal if ticket.proposal.get("answer") != "reopened" else {}
    whole = queries.timeline(ticket)
    line = [move for move in whole if move.kind in SHOWN]
    context = {
        "ticket": ticket,
        "place": place,
        "hero": hero,
        "kept": [view for view in views if view is not hero],
        **_offer(ticket, proposal),
        "rating": offers.rating(whole, ticket.cycle),
        "scores": SCORES,
        "pause": queries.open_pause(ticket, now=now),
        "form": uuid.uuid4().hex,
        "accept": file_kinds.ACCEPT,
        "is_done": ticket.state in {"resolved", "closed"},
        "line": [(move, _words(move), by(move, place), move.data.get("files") or ()) for move in line],
        "token": (request.resolver_match.kwargs if request.resolver_match else {}).get("token", ""),
        "said": said,
        "typed": typed or {},
        "done": request.GET.get("done", "") if status == 200 else "",
        "now": now,
        "key": uuid.uuid5(ticket.id, "page").hex,
        "is_merged": bool(ticket.duplicate_of_id) or _asked(request) != ticket.id,
    }
    return render(request, "customer/promise.html", context, status=status)


def _offer(ticket: Ticket, proposal: dict[str, Any]) -> dict[str, Any]:
    """What we offer him, and whether he may still say yes or no."""
    return {
        "proposal": proposal,
        "options": offers.options_of(proposal),
        "chosen": offers.chosen(proposal),
        "currency": authority.in_force(organisation=ticket.organisation_id).currency,
        "may_answer": bool(proposal) and not proposal.get("answer") and ticket.state in {"proposed", "resolved"},
    }


def _asked(request: HttpRequest) -> uuid.UUID | None:
    """The ticket the address itself names."""
    match = request.resolver_match
    found = links.read(str(match.kwargs.get("token", ""))) if match else None
    return found[1] if found else None


def _hero(views: Sequence[ClockView]) -> ClockView | None:
    """The promise the customer waits for: the next that runs, else the solution itself."""
    live = [v for v in views if not v.is_stopped and v.clock.kind != "notify" and v.state != ClockState.WAITING]
    order = {"solution": 0, "resolution": 1, "reconstruction": 2}
    ranked = sorted(live or views, key=lambda v: order.get(v.clock.kind, 3))
    return ranked[0] if ranked else None


SCORES = (
    (1, gettext_lazy("很不满意")),
    (2, gettext_lazy("不满意")),
    (3, gettext_lazy("一般")),
    (4, gettext_lazy("满意")),
    (5, gettext_lazy("很满意")),
)


def by(move: Move, place: str) -> str:
    """Who speaks to him: a person by the name he goes by, a system in the house's name."""
    return place if move.actor.startswith("key:") or not move.actor_name else move.actor_name


def _words(move: Move) -> str:
    if move.kind == "accept":
        said = _("您接受了方案") if move.data.get("consent") == ACTOR else _("您口头同意了方案")
        return f"{said} {move.data['option']}" if move.data.get("option") else said
    if move.kind == "decline":
        return str(move.data.get("reason", ""))
    return str(move.data.get("text", ""))
