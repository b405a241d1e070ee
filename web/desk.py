"""承诺台: every complaint by its next deadline. Views and filters travel in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from alerts import queries as alert_queries
from complaints import desk, queries
from complaints.enums import Severity
from complaints.models import Ticket
from complaints.queries import Filters
from feedback.nlp.taxonomy import topic_labels
from web.door import Visit, needs
from web.home import mark
from web.units import Switcher

PAGE_SIZE = 30
QUEUE_SIZE = 30
VIEWS = ("open", "breached", "due_soon", "held", "unassigned", "resolved")


@dataclass(frozen=True)
class View:
    """A tab of the desk."""

    name: str
    label: str
    n: int | None
    query: str
    is_here: bool


def filters_of(request: HttpRequest, visit: Visit, units: Switcher) -> Filters:
    """The filters in the URL; an unknown view is the open one, `owner=me` is the person himself."""
    get = request.GET
    view = get.get("view", "open")
    owner = visit.user.email if get.get("owner") == "me" else ""
    severity = get.get("severity", "")
    return units.narrow(
        Filters(
            view=view if view in VIEWS else "open",
            q=get.get("q", "").strip()[:80],
            severity=severity if severity in Severity.values else "",
            owner=owner,
            topic=get.get("topic", "")[:40],
        )
    )


def kept(request: HttpRequest, **changed: str | None) -> str:
    """The URL's query with some parts changed; None drops one. The page number is always dropped."""
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("tab", None)
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return query.urlencode()


def views_of(request: HttpRequest, filters: Filters, visit: Visit) -> list[View]:
    """The tabs with their counts."""
    labels = {
        "open": _("未结"),
        "breached": _("已失约"),
        "due_soon": _("2 小时内"),
        "held": _("暂停"),
        "unassigned": _("未指派"),
        "resolved": _("已解决"),
    }
    counts = queries.counts(filters, organisation=visit.organisation.id, now=visit.now)
    return [
        View(name, labels[name], counts.get(name), kept(request, view=name), name == filters.view) for name in VIEWS
    ]


@needs("complaints:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The dense list."""
    units = Switcher(request, visit)
    filters = filters_of(request, visit, units)
    found = queries.tickets(filters, organisation=visit.organisation.id, now=visit.now)
    page: Page[Ticket] = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = rows_of(list(page.object_list), filters, visit)
    told = alert_queries.latest_of_tickets([row.ticket.id for row in rows], organisation=visit.organisation.id)
    context: dict[str, Any] = {
        "units": units,
        "filters": filters,
        "views": views_of(request, filters, visit),
        "page": page,
        "rows": rows,
        "told": told,
        "mark": mark(rows),
        "severities": Severity.choices,
        "topics": topic_labels(),
        "query": kept(request),
        "only_mine": kept(request, owner=None if filters.owner else "me"),
        "cleared": kept(request, q=None, severity=None, topic=None, owner=None, unit=None),
        "is_filtered": bool(filters.q or filters.severity or filters.topic or filters.owner or filters.unit),
    }
    return render(request, "desk/list.html", context)


def rows_of(tickets: Sequence[Ticket], filters: Filters, visit: Visit) -> list[desk.Row]:
    """Rows with the promise the view asks about."""
    broken = {"breached": True, "due_soon": False}.get(filters.view)
    return desk.rows(tickets, organisation=visit.organisation.id, now=visit.now, broken=broken)
