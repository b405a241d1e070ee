"""例会: today's agenda of a unit, ten minutes, decisions kept. Made by the system, read aloud by people."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from improvement import huddles, queries
from reports import huddle as agenda_of
from reports.huddle import Kept
from tenancy import queries as tenancy
from tenancy.models import Unit
from web import words
from web.door import Visit, needs
from web.units import Switcher


def _unit(request: HttpRequest, visit: Visit) -> tuple[Unit, Switcher]:
    """The unit of the URL, else the highest the person sits over."""
    units = Switcher(request, visit)
    chosen = units.chosen or next(iter(units.units), None)
    if chosen is None:
        raise Http404
    return chosen, units


@needs("actions:read")
def huddle(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The agenda."""
    return _page(request, visit)


def _page(request: HttpRequest, visit: Visit, *, typed: str = "", said: str = "", status: int = 200) -> HttpResponse:
    unit, units = _unit(request, visit)
    organisation = visit.organisation.id
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    held = queries.huddle(unit, today, organisation=organisation)
    found = agenda_of.agenda(unit, today, organisation=organisation, now=visit.now)
    context = {
        "unit": unit,
        "units": units,
        "agenda": found,
        "kept": _named(found.kept),
        "huddle": held,
        "decisions": queries.decisions(held) if held else [],
        "streak": queries.streak(unit, today, organisation=organisation),
        "today": today,
        "now": visit.now,
        "token": uuid.uuid4().hex,
        "typed": typed,
        "said": said,
        "may_write": visit.seat.may("actions:write"),
    }
    return render(request, "huddle/huddle.html", context, status=status)


KEPT = {
    "executives": lambda: words.promise("notify", 60),
    "reconstruction": lambda: words.promise("reconstruction", 3600),
    "solution": lambda: words.promise("solution", 7200),
    "reflection": lambda: words.promise("reflection", 0),
}


def _named(rows: list[Kept]) -> list[tuple[str, Kept]]:
    """The clauses in the order of the promise, those of other policies after them."""
    order = {code: i for i, code in enumerate(KEPT)}
    ranked = sorted(rows, key=lambda row: (order.get(row.clause, len(order)), row.clause))
    return [(KEPT[row.clause]() if row.clause in KEPT else row.clause, row) for row in ranked]


@require_POST
@needs("actions:write")
def step(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Begin, decide, end."""
    unit, _units = _unit(request, visit)
    organisation = visit.organisation.id
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    row = huddles.begin(unit, today, member=visit.seat.member, organisation=organisation, now=visit.now)
    try:
        if request.POST.get("do") == "decide":
            token, text = request.POST.get("token", "") or uuid.uuid4().hex, request.POST.get("text", "")
            huddles.decide(
                row, text, token=token, organisation=organisation, now=visit.now, actor_name=visit.seat.member.name
            )
        elif request.POST.get("do") == "end":
            text = request.POST.get("n_present", "")
            huddles.end(row, int(text) if text.isdecimal() and len(text) < 5 else 0, now=visit.now)
            messages.success(request, _("例会结束，决定已记下"))
    except DomainError as error:
        return _page(request, visit, typed=request.POST.get("text", ""), said=str(error.message), status=400)
    query = f"?unit={unit.code}" if request.GET.get("unit") else ""
    return redirect(reverse("huddle") + query)
