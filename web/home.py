"""今日: broken promises and those that break within two hours first, then what changed for real.

Frontline people land on the log page, executives on this week's report with open grave complaints above it.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alerts import queries as alert_queries
from complaints import desk, queries
from complaints.queries import Filters
from reports import queries as report_queries
from reports import weekly_issue
from reports.home import tiles
from tenancy.enums import Role
from web import start
from web.door import Visit, needs
from web.reports import sheet_context
from web.shell import is_frontline
from web.units import Switcher

SHOWN = 12


@needs("home:read")
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The first page of the day, by role."""
    if is_frontline(visit.seat):
        return redirect("log")
    if start.is_wanted(visit) and start.LATER not in request.session:
        return redirect("start")
    units = Switcher(request, visit)
    context: dict[str, Any] = {"units": units, "now": visit.now, "is_unfinished": start.is_wanted(visit)}
    if visit.seat.roles == {Role.EXECUTIVE}:
        return render(request, "report/executive.html", context | promises(visit, Filters(paths=visit.seat.paths)) | _report(visit))
    if visit.seat.may("complaints:read"):
        context |= promises(visit, units.narrow(Filters()))
    if visit.seat.may("metrics:read"):
        paths = (units.chosen.path,) if units.chosen else visit.seat.paths
        context["tiles"] = tiles(organisation=visit.organisation.id, now=visit.now, paths=paths)
    return render(request, "home/home.html", context)


def _report(visit: Visit) -> dict[str, Any]:
    """This week's report, which an executive comes for; opening it here counts as reading it."""
    found = report_queries.latest_of(visit.seat.member, organisation=visit.organisation.id)
    if found is None:
        return {"report": None}
    weekly_issue.opened(found, visit.seat.member, organisation=visit.organisation.id, now=visit.now)
    return {"report": found, **sheet_context(found, reader=visit.seat.member.name)}


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
