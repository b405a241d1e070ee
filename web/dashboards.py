"""看板: the list, one dashboard, a widget by itself, the wall, and each widget's rows to take away. The URL holds the filters."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers import queries as customers
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from metrics.series import Where
from reports import saved_dashboards, widgets
from reports.models import Dashboard
from reports.widget_figures import Asked
from reports.widgets import WEEKS, Widget
from tenancy.enums import Channel, Role
from web import exports, forms, metric_filters
from web.door import Visit, needs
from web.forms import Form
from web.metric_filters import Menu
from web.units import Switcher
from web.widgets import draw

READERS = (Role.ADMIN, Role.CX_MANAGER, Role.EXECUTIVE, Role.REGION_MANAGER, Role.STORE_MANAGER, Role.ANALYST)
DEFAULT_WEEKS = 13


@dataclass(frozen=True)
class Page:
    """What the URL asks of a dashboard."""

    asked: Asked
    menus: list[Menu]
    query: str


def page_of(request: HttpRequest, visit: Visit) -> Page:
    """The filters of the URL; a value that is not offered is not asked."""
    touchpoints = metric_filters.touchpoints_of(visit)
    channels = {str(value): str(label) for value, label in Channel.choices}
    given = {name: request.GET.get(name, "") for name in ("weeks", "touchpoint", "channel", "unit", "tier")}
    weeks = next((n for n in WEEKS if str(n) == given["weeks"]), DEFAULT_WEEKS)
    touchpoint = given["touchpoint"] if given["touchpoint"] in touchpoints else ""
    channel = given["channel"] if given["channel"] in channels else ""
    tiers = customers.tiers(organisation=visit.organisation.id)
    tier = given["tier"] if given["tier"] in tiers else ""
    where = Where(unit=given["unit"], touchpoint=touchpoint, channel=channel, tier=tier, paths=visit.seat.paths)
    every = [("", _("全部"))]
    menus = [
        metric_filters.menu("weeks", _("时间"), [(str(n), _("近 %(n)d 周") % {"n": n}) for n in WEEKS], str(weeks)),
        metric_filters.menu("touchpoint", _("触点"), [*every, *touchpoints.items()], touchpoint),
        metric_filters.menu("channel", _("渠道"), [*every, *channels.items()], channel),
    ]
    if tiers:
        menus.append(metric_filters.menu("tier", _("客户等级"), [*every, *((one, one) for one in tiers)], tier))
    return Page(Asked(visit.organisation.id, visit.now, weeks, where), menus, request.GET.urlencode())


def found(visit: Visit, key: uuid.UUID) -> Dashboard:
    """A dashboard this person may open; else it never existed."""
    row = saved_dashboards.one_of(key, visit.seat, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    return row


def widget_of(row: Dashboard, key: str) -> Widget:
    """One of its widgets, or 404."""
    one = next((one for one in widgets.read(row.widgets) if one.id == key), None)
    if one is None:
        raise Http404
    return one


@require_GET
@needs("metrics:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One's own dashboards and those shared, and the ready-made ones to begin with."""
    return _listing(request, visit, Form({"name": "", "preset": ""}))


def _listing(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    rows = saved_dashboards.of_seat(visit.seat, organisation=visit.organisation.id)
    presets = [
        {"code": code, "name": name, "kinds": [widgets.KINDS[one.kind].label for one in ready]}
        for code, (name, ready) in saved_dashboards.presets().items()
    ]
    context = {
        "rows": [(row, saved_dashboards.is_his(row, visit.seat), readers_text(row.roles)) for row in rows],
        "presets": presets, "form": form, "token": new_id().hex, "member": visit.seat.member,
    }  # fmt: skip
    return render(request, "dashboard/list.html", context, status=form.status)


def readers_text(roles: Sequence[str]) -> str:
    """Who it is shared with, in words."""
    if not roles:
        return _("只有自己")
    if saved_dashboards.EVERYBODY in roles:
        return _("所有看指标的人")
    return "、".join(str(Role(role).label) for role in roles if role in Role.values)


@require_POST
@needs("metrics:read")
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new one: empty, ready-made (`preset`), or a copy of one that may be read (`copy`)."""
    organisation = visit.organisation.id
    name, preset, copy = (forms.text(request, field, 80) for field in ("name", "preset", "copy"))
    presets = saved_dashboards.presets()
    rows: list[Widget] = []
    if preset in presets:
        name, rows = name or presets[preset][0], presets[preset][1]
    elif copy:
        source = found(visit, _key(copy))
        name, rows = name or _("%(name)s 副本") % {"name": source.name[:50]}, widgets.read(source.widgets)
    try:
        with transaction.atomic():
            row = saved_dashboards.add(
                forms.key_of(request, organisation), name, rows, visit.seat, organisation=organisation, now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        return _listing(request, visit, Form({"name": name, "preset": preset}).refused(error))
    messages.success(request, _("看板“%(name)s”已建。") % {"name": row.name})
    return redirect("dashboard" if rows else "dashboard-edit", row.id)


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error


@require_GET
@needs("metrics:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One dashboard; every widget is fetched by itself, so that a slow one holds up no other."""
    row = found(visit, key)
    return render(request, "dashboard/page.html", context_of(request, visit, row))


def context_of(request: HttpRequest, visit: Visit, row: Dashboard, **more: Any) -> dict[str, Any]:
    """What the dashboard's frame shows."""
    page = page_of(request, visit)
    rows = widgets.read(row.widgets)
    return {
        "units": Switcher(request, visit), "row": row, "widgets": [(one, widgets.KINDS[one.kind]) for one in rows], "menus": page.menus,
        "query": page.query, "is_his": saved_dashboards.is_his(row, visit.seat), "token": new_id().hex, "now": visit.now, **more,
    }  # fmt: skip


@require_GET
@needs("metrics:read")
def wall(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The same on a wall: no frame, dark, larger, every widget fetched again each minute."""
    return render(request, "dashboard/wall.html", context_of(request, visit, found(visit, key)))


@require_GET
@needs("metrics:read")
def widget(request: HttpRequest, visit: Visit, key: uuid.UUID, part: str) -> HttpResponse:
    """A widget's body; `?as=csv` and `?as=xlsx` give its rows."""
    row = found(visit, key)
    Switcher(request, visit)  # a unit he does not see is not found
    page = page_of(request, visit)
    drawn = draw(widget_of(row, part), page.asked, visit)
    wanted = request.GET.get("as", "")
    if wanted in exports.KINDS:
        return exports.table(wanted, drawn.columns, drawn.rows, name=f"{drawn.widget.kind}-{drawn.widget.id}", title=drawn.widget.label)
    query = request.GET.copy()
    query.pop("as", None)
    context = {"drawn": drawn, "widget": drawn.widget, "row": row, "query": query.urlencode(), "own_url": reverse("dashboard-widget", args=[row.id, part])}
    return render(request, "dashboard/widget.html", {**context, **drawn.context})
