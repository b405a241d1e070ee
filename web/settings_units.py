"""组织单元: the tree, one unit with its place, hours and history, and the list that comes by CSV."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import calendars, queries, trees, units
from tenancy.enums import UnitKind
from tenancy.models import Unit
from web import forms, importing, start_steps
from web.door import Visit, needs
from web.forms import Form
from web.settings_calendars import name_of

PAGE = 100


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tree, parents before children; POST adds a unit."""
    form = Form({"code": "", "name": "", "kind": UnitKind.STORE, "parent": ""})
    if request.method == "POST":
        made, form = _add(request, visit)
        if made is not None:
            messages.success(request, _("已加上 %(name)s。") % {"name": made.name})
            return redirect("settings-units")
    state = "retired" if request.GET.get("state") == "retired" else "open"
    q = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    rows = trees.units(organisation=visit.organisation.id, q=q, is_retired=state == "retired")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "page": page,
        "query": query.urlencode(),
        "q": q,
        "state": state,
        "form": form,
        "kinds": _kinds(),
        "n_staff": trees.n_staff([row.id for row in page.object_list], organisation=visit.organisation.id),
        "units": queries.units_of(organisation=visit.organisation.id),
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/units.html", context, status=form.status)


def _kinds() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in UnitKind.choices if value != UnitKind.HEADQUARTERS]


def _add(request: HttpRequest, visit: Visit) -> tuple[Unit | None, Form]:
    form = Form(forms.typed(request, "code", "name", "kind", "parent"))
    values = form.values
    if not visit.seat.may("settings:write"):
        raise Http404
    try:
        parent = trees.by_code(values["parent"], organisation=visit.organisation.id)
        if parent is None:
            raise units.UnitError(_("选一个上级"), code="no_parent", field="parent")
        if not values["name"]:
            raise units.UnitError(_("缺名称"), code="no_name", field="name")
        with transaction.atomic():
            made = units.add(
                organisation=visit.organisation.id, code=values["code"], kind=values["kind"], name=values["name"][:120],
                parent=parent, now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return None, form.refused(error)
    return made, form


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One unit: what it is called and which hours it keeps, where it hangs, closing it."""
    unit = trees.unit(key, organisation=visit.organisation.id)
    if unit is None:
        raise Http404
    form = Form(_values(unit))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        done, form = _change(request, visit, unit)
        if done:
            return redirect("settings-units-one", key=key)
        unit = trees.unit(key, organisation=visit.organisation.id) or unit
    found = queries.units_of(organisation=visit.organisation.id)
    context: dict[str, Any] = {
        "unit": unit,
        "form": form,
        "kinds": _kinds(),
        "calendars": [(row.code, name_of(row.code)) for row in calendars.all_current(organisation=visit.organisation.id)],
        "kept": name_of(queries.calendar_code(unit.parent, organisation=visit.organisation.id)) if unit.parent else "",
        "parents": [row for row in found if not row.path.startswith(unit.path)],
        "placements": trees.placements(unit),
        "zones": start_steps.zones(),
        "today": queries.local_today(visit.now, visit.organisation.timezone),
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/unit.html", context, status=form.status)


def _values(unit: Unit) -> dict[str, Any]:
    parent = unit.parent.code if unit.parent else ""
    return {
        "name": unit.name, "kind": unit.kind, "timezone": unit.timezone, "calendar": unit.calendar, "parent": parent, "from_date": "",
    }  # fmt: skip


def _change(request: HttpRequest, visit: Visit, unit: Unit) -> tuple[bool, Form]:
    values = _values(unit) | {name: forms.text(request, name) for name in _values(unit) if name in request.POST}
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    version, do = forms.version(request), request.POST.get("do")
    try:
        with transaction.atomic():
            if do == "retire":
                units.retire(unit.id, version=version, **where)
                messages.success(request, _("%(name)s 已停用，过去的数字都还在。") % {"name": unit.name})
            elif do == "reopen":
                units.reopen(unit.id, version=version, **where)
                messages.success(request, _("%(name)s 又在用了。") % {"name": unit.name})
            elif do == "move":
                _move(values, version, visit, unit)
                messages.success(request, _("%(name)s 已搬，以前的日子仍算在原来的上级下面。") % {"name": unit.name})
            else:
                wanted = {name: values[name] for name in ("name", "kind", "timezone", "calendar")}
                units.change(unit.id, version=version, **where, **wanted)
                messages.success(request, _("%(name)s 已保存。") % {"name": values["name"]})
    except DomainError as error:
        return False, Form(values).refused(error, _values(trees.unit(unit.id, organisation=visit.organisation.id) or unit))
    return True, Form(values)


def _move(values: dict[str, Any], version: int, visit: Visit, unit: Unit) -> None:
    parent = trees.by_code(values["parent"], organisation=visit.organisation.id)
    if parent is None or parent.id == unit.parent_id:
        raise units.UnitError(_("选一个和现在不同的上级"), code="no_parent", field="parent")
    try:
        from_date = date.fromisoformat(values["from_date"])
    except ValueError as error:
        raise units.UnitError(_("写明从哪天起"), code="bad_date", field="from_date") from error
    if not date(2000, 1, 1) <= from_date <= queries.local_today(visit.now, visit.organisation.timezone):
        raise units.UnitError(_("搬迁日最晚是今天"), code="bad_date", field="from_date")
    row = units.locked(unit.id, organisation=visit.organisation.id, version=version)
    units.move(
        organisation=visit.organisation.id, unit=row, parent=parent, from_date=from_date, now=visit.now, actor=visit.actor
    )


@needs("settings:write")
def upload(request: HttpRequest, visit: Visit, slug: str) -> HttpResponse:
    """Units or staff by CSV: preview, then all of it or nothing."""
    if slug not in importing.KINDS:
        raise Http404
    found = importing.take(request, visit, slug)
    if found.done:
        messages.success(request, found.done)
        return redirect("desk-leaving-records" if slug == "leaving" else f"settings-{slug}")
    return render(request, "settings/import.html", {"upload": found, "slug": slug}, status=found.status)
