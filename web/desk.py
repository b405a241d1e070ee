"""承诺台: every complaint by its next deadline. Views and filters travel in the URL."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from alerts import queries as alert_queries
from complaints import axes, bulk, desk, queries, saved_views
from complaints.axes import Place
from complaints.enums import AxesState, ClockState, LeftWith, Severity, State, Unmet
from complaints.models import SavedView, Ticket
from complaints.queries import Filters
from feedback import topics
from tenancy import queries as tenancy_queries
from tenancy.enums import Channel, Role
from tenancy.models import Member
from web.door import Visit, needs
from web.forms import Form
from web.home import mark
from web.units import Switcher

PAGE_SIZE = 30
QUEUE_SIZE = 30
VIEWS = ("open", "breached", "due_soon", "held", "unassigned", "to_accept", "resolved")
DUE = (30, 60, 120, 240, 1440)
ORDERS = ("due", *queries.ORDERS)
CLOCKS = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
# what a saved view keeps of the URL
KEPT = ("view", "q", "unit", "severity", "state", "owner", "topic", "tier", "channel", "clock", "contact", "verdict", "paused", "axes", "from", "to", "due", "order")
NARROWING = ("q", "severity", "state", "owner", "topic", "tier", "channel", "clock", "contact", "verdict", "paused", "axes", "from", "to", "due")
MORE = ("state", "owner", "tier", "channel", "clock", "contact", "axes", "due", "order")


@dataclass(frozen=True)
class View:
    """A tab of the desk."""

    name: str
    label: str
    n: int | None
    query: str
    is_here: bool
    saved: SavedView | None = None


def one_of(value: str, options: Sequence[str], default: str = "") -> str:
    """The value when it is one of the options, else the default."""
    return value if value in options else default


def filters_from(get: QueryDict, visit: Visit) -> Filters:
    """The filters a query string names, inside the person's subtrees; what is unknown means any."""
    due = get.get("due", "")
    return Filters(
        view=one_of(get.get("view", ""), (*VIEWS, "all"), "open"),
        q=get.get("q", "").replace("\x00", "").strip()[:80],
        unit=get.get("unit", "").replace("\x00", "")[:64],
        severity=one_of(get.get("severity", ""), Severity.values),
        state=one_of(get.get("state", ""), State.values),
        owner=_owner(get.get("owner", ""), visit),
        topic=get.get("topic", "").replace("\x00", "")[:40],
        tier=get.get("tier", "").replace("\x00", "")[:40],
        channel=one_of(get.get("channel", ""), Channel.values),
        clock=one_of(get.get("clock", ""), CLOCKS),
        verdict=_verdict(get.get("verdict", "")),
        paused=one_of(get.get("paused", ""), ("1",)),
        axes=get.get("axes", "") if axes.place_of(get.get("axes", "")) else "",
        from_date=_day(get.get("from", "")),
        to_date=_day(get.get("to", "")),
        contact=one_of(get.get("contact", ""), ("due",)),
        due_minutes=int(due) if due.isascii() and due.isdigit() and len(due) < 6 else 0,
        order=one_of(get.get("order", ""), ORDERS, "due"),
        paths=visit.seat.paths,
    )


def _verdict(value: str) -> str:
    """“clause:verdict” of a figure that was opened."""
    clause, _colon, verdict = value.replace("\x00", "")[:80].rpartition(":")
    return f"{clause}:{verdict}" if verdict in ClockState.values else ""


def _day(value: str) -> date | None:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2100 else None


def _owner(value: str, visit: Visit) -> str:
    """`me`, `none`, or a member's key → what the filter looks for."""
    if value in {"", "none"}:
        return value
    if value == "me":
        return visit.user.email
    try:
        key = uuid.UUID(value)
    except ValueError:
        return ""
    found = Member.objects.filter(organisation_id=visit.organisation.id, id=key).select_related("user").first()
    return found.user.email if found else ""


def filters_of(request: HttpRequest, visit: Visit, units: Switcher) -> Filters:
    """The filters in the URL; an unknown view is the open one, `owner=me` is the person himself."""
    return replace(filters_from(request.GET, visit), unit=units.code)


def kept(request: HttpRequest, **changed: str | None) -> str:
    """The URL's query with some parts changed; None drops one. The page number is always dropped."""
    query = request.GET.copy()
    for name in ("page", "tab"):
        query.pop(name, None)
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return query.urlencode()


def views_of(request: HttpRequest, filters: Filters, visit: Visit) -> list[View]:
    """The house's tabs and the person's saved ones, with their counts."""
    labels = {
        "open": _("未结"),
        "breached": _("已失约"),
        "due_soon": _("2 小时内"),
        "held": _("暂停"),
        "unassigned": _("未指派"),
        "to_accept": _("待我部门接收"),
        "resolved": _("已解决"),
    }
    counts = queries.counts(filters, organisation=visit.organisation.id, now=visit.now)
    saved = request.GET.get("saved", "")
    found = [
        View(name, labels[name], counts.get(name), kept(request, view=name, saved=None), name == filters.view and not saved)
        for name in VIEWS
    ]
    for row in saved_views.of_seat(visit.seat, organisation=visit.organisation.id):
        asked = filters_from(QueryDict(row.query), visit)
        n = queries.n_tickets(asked, organisation=visit.organisation.id, now=visit.now)
        found.append(View("saved", row.name, n, f"{row.query}&saved={row.id}".lstrip("&"), str(row.id) == saved, row))
    return found


def worth_keeping(request: HttpRequest) -> str:
    """The part of the URL a saved view remembers, in a fixed order."""
    query = QueryDict(mutable=True)
    for name in KEPT:
        if request.GET.get(name):
            query[name] = request.GET[name][:80]
    return query.urlencode()


@needs("complaints:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The dense list."""
    return page_of(request, visit, Form({}))


def page_of(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    """The list with a form on it: what a refused bulk move or view was to be, and why it was refused."""
    units = Switcher(request, visit)
    filters = filters_of(request, visit, units)
    organisation = visit.organisation.id
    found = queries.tickets(filters, organisation=organisation, now=visit.now)
    page: Page[Ticket] = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = rows_of(list(page.object_list), filters, visit)
    told = alert_queries.latest_of_tickets([row.ticket.id for row in rows], organisation=organisation)
    views = views_of(request, filters, visit)
    context: dict[str, Any] = {
        "units": units,
        "filters": filters,
        "views": views,
        "saved": next((view.saved for view in views if view.saved and view.is_here), None),
        "page": page,
        "rows": rows,
        "told": told,
        "mark": mark(rows),
        "form": form,
        "may_write": visit.seat.may("complaints:write"),
        "may_manage": visit.seat.may("complaints:manage"),
        "most": bulk.MOST,
        "token": uuid.uuid4().hex,
        "me": visit.seat.member,
        "roles": Role.choices,
        "query": kept(request),
        "worth": worth_keeping(request),
        "only_mine": kept(request, owner=None if filters.owner else "me"),
        "cleared": kept(request, unit=None, saved=None, **dict.fromkeys(NARROWING)),
        "is_filtered": bool(filters.unit or any(request.GET.get(name) for name in NARROWING)),
        **_choices(request, visit),
    }
    return render(request, "desk/list.html", context, status=form.status)


def _choices(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    organisation = visit.organisation.id
    return {
        "severities": Severity.choices,
        "states": [choice for choice in State.choices if choice[0] != State.WAITING],
        "clocks": [(clock, ClockState(clock).label) for clock in CLOCKS],
        "dues": DUE,
        "places": places(request.GET.get("axes", "")),
        "channels": Channel.choices,
        "tiers": desk.tiers(organisation=organisation),
        "members": tenancy_queries.members_of(organisation=organisation),
        "topics": topics.names(organisation=organisation),
        "given": {name: request.GET.get(name, "") for name in KEPT},
        "n_more": sum(bool(request.GET.get(name)) for name in MORE),
    }


def places(asked: str = "") -> list[tuple[str, str]]:
    """What a list may be narrowed to on the two axes of why customers leave, and the place asked for where it is another."""
    found = [(str(Place(state=state.value)), str(state.label)) for state in AxesState]
    found += [(str(Place(unmet=one.value, state=axes.SET)), str(one.label)) for one in Unmet]
    found += [(str(Place(left_with=one.value, state=axes.SET)), str(one.label)) for one in LeftWith]
    place = axes.place_of(asked)
    return found if place is None or asked in dict(found) else [*found, (asked, named(place))]


def named(place: Place) -> str:
    """A place in words."""
    parts = [str(kind(value).label) for kind, value in ((Unmet, place.unmet), (LeftWith, place.left_with)) if value]
    if place.state and place.state != axes.SET:
        parts.append(str(AxesState(place.state).label))
    return " · ".join(parts) or _("已编码和建议")


def rows_of(tickets: Sequence[Ticket], filters: Filters, visit: Visit) -> list[desk.Row]:
    """Rows with the promise the view asks about."""
    broken = {"breached": True, "due_soon": False}.get(filters.view)
    return desk.rows(tickets, organisation=visit.organisation.id, now=visit.now, broken=broken)
