"""今日: broken promises and those that break within two hours first, then what changed for real.

Frontline people land on the log page; executives find open grave complaints above everything else.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alerts import queries as alert_queries
from complaints import desk, queries
from complaints.queries import Filters
from reports.home import tiles
from tenancy.enums import Role
from web.door import Visit, needs
from web.shell import is_frontline
from web.units import Switcher

SHOWN = 12


@needs("home:read")
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The first page of the day, by role."""
    if is_frontline(visit.seat):
        return redirect("log")
    units = Switcher(request, visit)
    context: dict[str, Any] = {"units": units, "now": visit.now}
    if visit.seat.may("complaints:read"):
        context |= promises(visit, units.narrow(Filters()))
    if visit.seat.may("metrics:read"):
        paths = (units.chosen.path,) if units.chosen else visit.seat.paths
        context["tiles"] = tiles(organisation=visit.organisation.id, now=visit.now, paths=paths)
    return render(request, "home/home.html", context)


def promises(visit: Visit, filters: Filters) -> dict[str, Any]:
    """The panel: counts, broken rows, rows due within two hours, and who was told of each."""
    organisation, now = visit.organisation.id, visit.now
    broken = desk.breached(filters, organisation=organisation, now=now, limit=SHOWN)
    soon = desk.due_soon(filters, organisation=organisation, now=now, limit=SHOWN)
    grave = desk.grave(filters, organisation=organisation, now=now) if Role.EXECUTIVE in visit.seat.roles else []
    told = alert_queries.latest_of_tickets([row.ticket.id for row in broken + soon], organisation=organisation)
    counts = queries.counts(filters, organisation=organisation, now=now)
    return {
        "sees_promises": True,
        "groups": (("breached", broken), ("due_soon", soon)),
        "grave": grave,
        "told": told,
        "counts": counts,
        "mark": mark(grave + broken + soon),
        "member": visit.seat.member,
    }


def mark(rows: Iterable[desk.Row]) -> str:
    """A fingerprint of what a list shows; it differs as soon as a row came, went, moved or changed its state."""
    parts = [(row.ticket.number, row.ticket.version, row.clock.state if row.clock else "") for row in rows]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@needs("home:read")
def pulse(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The foot of the sidebar: whether the promise engine is alive. Asked for every quarter minute."""
    return render(request, "_shared/engine.html")
