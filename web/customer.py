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
from django.views.decorators.csrf import csrf_exempt

from complaints import links, moves, queries
from complaints.enums import ClockState
from complaints.models import Move, Ticket
from complaints.queries import ClockView
from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import queries as tenancy_queries
from tenancy.scope import organisation_scope
from web import preferences
from web.door import public
from web.middleware import LANGUAGE_COOKIE

SHOWN = {"reply", "message", "propose", "accept", "decline"}
ACTOR = "customer"


@csrf_exempt
@public
def promise(request: HttpRequest, token: str) -> HttpResponse:
    """The page; POST answers the offer or leaves a message. A token that is not ours, or too old, shows nothing."""
    found = links.read(token)
    if found is None:
        return _safe(render(request, "customer/gone.html", status=404))
    if request.method == "POST" and request.POST.get("language") in dict(settings.LANGUAGES):
        answer = redirect(request.path)
        preferences.remember(answer, LANGUAGE_COOKIE, request.POST["language"])
        return _safe(answer)
    organisation, ticket_id = found
    with organisation_scope(organisation):
        ticket = queries.by_id(ticket_id, organisation=organisation)
        if ticket is None:
            return _safe(render(request, "customer/gone.html", status=404))
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
        with transaction.atomic():
            moves.apply(ticket.id, move, fields, organisation=ticket.organisation_id, actor=ACTOR, actor_name="")
    except DomainError as error:
        # the state may have moved on since he opened the page; his words stay in the box
        fresh = queries.by_id(ticket.id, organisation=ticket.organisation_id) or ticket
        said = _("进度刚刚有变化，请看看现在的情况") if error.code == "move_not_allowed" else str(error.message)
        return _page(request, fresh, place, said=said, typed=fields, status=409)
    return redirect(f"{request.path}?done={move}")


def _move(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    if request.POST.get("answer") == "accept":
        return "accept", {"consent": ACTOR}
    if request.POST.get("answer") == "decline":
        return "decline", {"reason": request.POST.get("reason", "").strip() or _("客户没有说明")}
    if request.POST.get("answer") == "call":
        return "message", {"text": _("请给我打电话。")}
    return "message", {"text": request.POST.get("text", "")[:4000]}


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
    line = [move for move in queries.timeline(ticket) if move.kind in SHOWN]
    context = {
        "ticket": ticket,
        "place": place,
        "hero": hero,
        "kept": [view for view in views if view is not hero],
        "proposal": proposal,
        "offer": [part for part in str(proposal.get("text", "")).splitlines() if part.strip()],
        "may_answer": bool(proposal) and not proposal.get("answer") and ticket.state in {"proposed", "resolved"},
        "is_done": ticket.state in {"resolved", "closed"},
        "line": [(move, _words(move)) for move in line],
        "said": said,
        "typed": typed or {},
        "done": request.GET.get("done", "") if status == 200 else "",
        "now": now,
        "key": uuid.uuid5(ticket.id, "page").hex,
    }
    return render(request, "customer/promise.html", context, status=status)


def _hero(views: Sequence[ClockView]) -> ClockView | None:
    """The promise the customer waits for: the next that runs, else the solution itself."""
    live = [v for v in views if not v.is_stopped and v.clock.kind != "notify" and v.state != ClockState.WAITING]
    order = {"solution": 0, "resolution": 1, "reconstruction": 2}
    ranked = sorted(live or views, key=lambda v: order.get(v.clock.kind, 3))
    return ranked[0] if ranked else None


def _words(move: Move) -> str:
    if move.kind == "accept":
        return _("您接受了方案") if move.data.get("consent") == ACTOR else _("您口头同意了方案")
    if move.kind == "decline":
        return str(move.data.get("reason", ""))
    return str(move.data.get("text", ""))
