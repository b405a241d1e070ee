"""Changing a dashboard: every press is one step that is saved at once and can be taken back. Works without a script."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cxms.lib.errors import DomainError
from metrics.definitions.table import METRICS
from reports import annotations, saved_dashboards, widgets
from reports.models import Dashboard
from reports.widgets import KINDS, Widget
from tenancy import queries as tenancy
from tenancy.enums import Channel
from tenancy.models import Unit
from web import grouped, metric_filters
from web.dashboards import READERS, context_of, found, widget_of
from web.door import Visit, needs
from web.feedback import day_of
from web.forms import Form, key_of, text, version
from web.units import Switcher

Step = Callable[[list[Widget]], list[Widget]]
FIELDS = ("kind", "title", "by", "weeks", "unit", "touchpoint", "channel", "width", "height", "text")


def _own(visit: Visit, key: uuid.UUID) -> Dashboard:
    """One that this person may change; one he only reads is 404 here."""
    row = found(visit, key)
    if not saved_dashboards.is_his(row, visit.seat):
        raise Http404
    return row


@require_GET
@needs("metrics:read")
def edit(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The dashboard with handles on every widget, and what can be added."""
    return _page(request, visit, _own(visit, key))


def _page(request: HttpRequest, visit: Visit, row: Dashboard, *, said: str = "", status: int = 200) -> HttpResponse:
    more = {
        "kinds": list(KINDS.values()), "can_undo": saved_dashboards.last_of(row) is not None, "said": said,
        "roles": [(role.value, role.label, role.value in row.roles) for role in READERS], "is_all": saved_dashboards.EVERYBODY in row.roles,
        "annotations": _annotations(visit), "places": Switcher(request, visit).units,
    }  # fmt: skip
    return render(request, "dashboard/edit.html", context_of(request, visit, row, **more), status=status)


def _annotations(visit: Visit) -> list[Any]:
    return annotations.latest(organisation=visit.organisation.id, paths=visit.seat.paths)


@require_POST
@needs("metrics:read")
def step(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One step: earlier, later, wider, narrower, higher, lower, remove, undo."""
    row, part, do = _own(visit, key), text(request, "widget", 12), text(request, "do", 12)
    steps: dict[str, Step] = {
        "earlier": lambda rows: widgets.moved(rows, part, -1),
        "later": lambda rows: widgets.moved(rows, part, 1),
        "wider": lambda rows: widgets.resized(rows, part, width=1),
        "narrower": lambda rows: widgets.resized(rows, part, width=-1),
        "higher": lambda rows: widgets.resized(rows, part, height=1),
        "lower": lambda rows: widgets.resized(rows, part, height=-1),
        "remove": lambda rows: widgets.without(rows, part),
    }
    guard: dict[str, Any] = {"version": version(request), "now": visit.now, "actor": visit.actor}
    try:
        with transaction.atomic():
            if do == "undo":
                saved_dashboards.undo(row, **guard)
            elif do in steps:
                saved_dashboards.change(row, steps[do], **guard)
    except DomainError as error:
        return _page(request, visit, found(visit, key), said=str(error.message), status=409 if error.code == "stale" else 400)
    anchor = f"#w-{part}" if part and do != "remove" else ""
    return redirect(reverse("dashboard-edit", args=[key]) + anchor)


@needs("metrics:read")
def widget(request: HttpRequest, visit: Visit, key: uuid.UUID, part: str) -> HttpResponse:
    """The form of one widget; `part` "new" with `?kind=` makes one."""
    row = _own(visit, key)
    kind = text(request, "kind", 16) if request.method == "POST" else request.GET.get("kind", "")[:16]
    there = None if part == "new" else widget_of(row, part)
    kind = there.kind if there else kind
    if kind not in KINDS:
        raise Http404
    if request.method == "POST":
        return _put(request, visit, row, kind, there)
    values: dict[str, Any] = {**(there.kept() if there else {"kind": kind, "width": KINDS[kind].width, "height": KINDS[kind].height})}
    values |= values.get("where") or {}
    return _form(request, visit, row, there, Form(values))


def _put(request: HttpRequest, visit: Visit, row: Dashboard, kind: str, there: Widget | None) -> HttpResponse:
    typed: dict[str, Any] = {name: text(request, name, widgets.LONGEST) for name in FIELDS}
    typed["metrics"] = [code[:40] for code in request.POST.getlist("metrics")]
    size = {name: int(typed[name]) if str(typed[name]).isascii() and str(typed[name]).isdigit() else 0 for name in ("weeks", "width", "height")}
    wanted = Widget(
        there.id if there else key_of(request, visit.organisation.id).hex[:12], kind, typed["title"], tuple(typed["metrics"]), typed["by"],
        where={name: typed[name] for name in ("unit", "touchpoint", "channel")}, text=typed["text"], **size,
    )  # fmt: skip
    try:
        with transaction.atomic():
            one = widgets.checked(wanted)
            saved_dashboards.change(
                row, lambda rows: widgets.put(rows, one), version=version(request), now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        return _form(request, visit, found(visit, row.id), there, Form({**typed, "kind": kind}).refused(error))
    return redirect(reverse("dashboard-edit", args=[row.id]) + f"#w-{one.id}")


def _form(request: HttpRequest, visit: Visit, row: Dashboard, there: Widget | None, form: Form) -> HttpResponse:
    kind = KINDS[str(form.values["kind"])]
    cuts = {"unit": _("单元"), "channel": _("渠道"), "touchpoint": _("触点"), "tier": _("客户等级"), "topic": _("主题")}
    context = {
        **context_of(request, visit, row), "form": form, "kind": kind, "there": there,
        "definitions": [(one.code, one.label) for one in METRICS], "cuts": [*((code, cuts[code]) for code in kind.by), *(grouped.Choices(visit.organisation.id).by.items() if kind.by else ())],
        "spans": [(n, _("近 %(n)d 周") % {"n": n}) for n in widgets.WEEKS], "widths": _widths(), "heights": _heights(),
        "touchpoints": list(metric_filters.touchpoints_of(visit).items()), "channels": [(str(v), str(label)) for v, label in Channel.choices],
        "places": Switcher(request, visit).units,
    }  # fmt: skip
    return render(request, "dashboard/widget_form.html", context, status=form.status)


def _widths() -> list[tuple[int, str]]:
    return [(3, _("四分之一")), (4, _("三分之一")), (6, _("一半")), (8, _("三分之二")), (12, _("整行"))]


def _heights() -> list[tuple[int, str]]:
    return [(1, _("矮")), (2, _("中")), (3, _("高"))]


@require_POST
@needs("metrics:read")
def describe(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Name and readers (`do=save`), or away with it (`do=remove`)."""
    row = _own(visit, key)
    roles = [role[:16] for role in request.POST.getlist("roles")]
    guard: dict[str, Any] = {"version": version(request), "now": visit.now, "actor": visit.actor}
    try:
        with transaction.atomic():
            if text(request, "do", 8) == "remove":
                saved_dashboards.remove(row, **guard)
                messages.success(request, _("看板“%(name)s”已删，数都还在。") % {"name": row.name})
                return redirect("dashboards")
            saved_dashboards.describe(row, text(request, "name", 80), roles, **guard)
    except DomainError as error:
        return _page(request, visit, found(visit, key), said=str(error.message), status=409 if error.code == "stale" else 400)
    messages.success(request, _("已存。"))
    return redirect("dashboard-edit", key)


@require_POST
@needs("metrics:read")
def annotate(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Writes (`do=add`) or takes away (`do=remove`) what happened on a day."""
    row, organisation = _own(visit, key), visit.organisation.id
    if text(request, "do", 8) == "remove":
        there = annotations.one_of(_uuid(text(request, "annotation", 36)), organisation=organisation, paths=visit.seat.paths)
        if there is None:
            raise Http404
        annotations.remove(there, now=visit.now, actor=visit.actor)
        return redirect(reverse("dashboard-edit", args=[key]) + "#annotations")
    day, unit = day_of(text(request, "day", 10)), _place(request, visit)
    if day is None:
        return _page(request, visit, row, said=_("写上哪一天"), status=400)
    try:
        annotations.add(
            key_of(request, organisation), unit, day, text(request, "text"), visit.seat.member, organisation=organisation, now=visit.now,
            actor=visit.actor,
        )  # fmt: skip
    except DomainError as error:
        return _page(request, visit, row, said=str(error.message), status=400)
    return redirect(reverse("dashboard-edit", args=[key]) + "#annotations")


def _place(request: HttpRequest, visit: Visit) -> Unit:
    """The unit an annotation belongs to: one of his, his highest unless he says otherwise."""
    units = tenancy.units_of(organisation=visit.organisation.id, paths=visit.seat.paths)
    wanted = text(request, "unit", 64)
    chosen = next((unit for unit in units if unit.code == wanted), None) if wanted else next(iter(units), None)
    if chosen is None:
        raise Http404
    return chosen


def _uuid(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise Http404 from error
