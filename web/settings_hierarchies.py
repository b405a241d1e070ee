"""分组体系: the hierarchies beside the organisation's tree, the groups of one, and which store belonged where from when."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import groups, hierarchies, queries, trees
from tenancy.enums import UnitKind
from tenancy.models import FIRST_DAY, LAST_DAY, Hierarchy
from web import exports, forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
COLUMNS = ("hierarchy", "unit", "group", "from_date")
FIELDS = ("code", "name", "parent", "unit", "group", "from_date", "label", "to", "to_date")


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Those in use or retired; POST adds one."""
    form, organisation = Form({"code": "", "name": ""}), visit.organisation.id
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = Form(forms.typed(request, "code", "name"))
        try:
            with transaction.atomic():
                made = hierarchies.add(organisation=organisation, now=visit.now, actor=visit.actor, **form.values)
            messages.success(request, _("已加上 %(name)s。") % {"name": made.name})
            return redirect("settings-hierarchies-one", key=made.id)
        except DomainError as error:
            form = form.refused(error)
    is_retired = request.GET.get("state") == "retired"
    today = queries.local_today(visit.now, visit.organisation.timezone)
    rows = [
        (row, len(groups.groups(row.code, organisation=organisation)), sum(groups.n_stores(row.code, organisation=organisation, day=today).values()))
        for row in groups.hierarchies(organisation=organisation, is_retired=is_retired)
    ]
    n_stores = sum(unit.kind == UnitKind.STORE for unit in queries.units_of(organisation=organisation))
    context = {"rows": rows, "n_stores": n_stores, "is_retired": is_retired, "form": form, "may_write": visit.seat.may("settings:write")}
    return render(request, "settings/hierarchies.html", context, status=form.status)


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One hierarchy: its tree, its stores with their days, or (`export=csv`) the list that an import reads."""
    row = groups.one(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    if request.GET.get("export") in exports.KINDS and request.method == "GET":
        return exports.table(request.GET["export"], COLUMNS, groups.listed(row.code, organisation=row.organisation_id), name=f"hierarchy-{row.code}")
    form = Form(dict.fromkeys(FIELDS, "") | {"label": row.name})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = _take(request, visit, row)
        if form.status == 200:
            return redirect(f"{reverse('settings-hierarchies-one', args=[key])}?{request.GET.urlencode()}".rstrip("?"))
        row = groups.one(key, organisation=visit.organisation.id) or row
    return render(request, "settings/hierarchy.html", _context(request, visit, row, form), status=form.status)


def _context(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> dict[str, Any]:
    organisation, today = visit.organisation.id, queries.local_today(visit.now, visit.organisation.timezone)
    found = groups.groups(row.code, organisation=organisation)
    here = next((group for group in found if group.code == request.GET.get("group", "")), None)
    q = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    query = request.GET.copy()
    query.pop("page", None)
    held = groups.n_stores(row.code, organisation=organisation, day=today)
    inside = {group.path: sum(held.get(other.id, 0) for other in found if other.path.startswith(group.path)) for group in found}
    stores = [unit for unit in queries.units_of(organisation=organisation) if unit.kind == UnitKind.STORE]
    above = {group.path[: group.path.rstrip("/").rfind("/") + 1] for group in found}
    rows = groups.memberships(row.code, organisation=organisation, q=q, path=here.path if here else "")
    return {
        "row": row, "form": form, "here": here, "q": q, "query": query.urlencode(), "today": today,
        "nodes": [(group, inside[group.path]) for group in found], "n_in": sum(held.values()), "n_out": len(stores) - sum(held.values()),
        "open": [group for group in found if group.retired_at is None],
        "leaves": [group for group in found if group.retired_at is None and group.path not in above],
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")), "stores": stores,
        "always": FIRST_DAY, "never": LAST_DAY, "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip


def _take(request: HttpRequest, visit: Visit, row: Hierarchy) -> Form:
    """Does what one of the page's forms asks; the hierarchy's version guards them all."""
    form = Form(dict.fromkeys(FIELDS, "") | {name: forms.text(request, name) for name in FIELDS if name in request.POST})
    do = DOINGS.get(request.POST.get("do", ""))
    if do is None:
        raise Http404
    try:
        with transaction.atomic():
            said = do(request, visit, hierarchies.locked(row.id, organisation=visit.organisation.id, version=forms.version(request)), form)
    except DomainError as error:
        return form.refused(error)
    messages.success(request, said)
    return form


def _rename(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> str:
    hierarchies.change(
        row.id, name=form.values["label"], is_retired=request.POST.get("is_retired") == "on", version=None,
        organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
    )  # fmt: skip
    return _("%(name)s 已保存。") % {"name": form.values["label"]}


def _add(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> str:
    made = hierarchies.add_group(row, code=form.values["code"], name=form.values["name"], parent=form.values["parent"], now=visit.now, actor=visit.actor)
    return _("已加上 %(name)s。") % {"name": made.name}


def _change(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> str:
    code = request.GET.get("group", "").replace("\x00", "")[:64]
    group = hierarchies.change_group(row, code, name=form.values["label"], is_retired=request.POST.get("is_retired") == "on", now=visit.now, actor=visit.actor)
    return _("%(name)s 已保存。") % {"name": group.name}


def _place(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> str:
    unit = trees.by_code(form.values["unit"], organisation=visit.organisation.id)
    if unit is None:
        raise hierarchies.HierarchyError(_("没有门店 %(code)s") % {"code": form.values["unit"][:64]}, code="unknown_unit", field="unit")
    day = _day(form.values["from_date"], "from_date")
    if hierarchies.place(row, unit, form.values["group"], day, now=visit.now, actor=visit.actor):
        return _("%(name)s 从 %(day)s 起归入新的分组；以前的数还在原来的分组。") % {"name": unit.name, "day": day.isoformat()}
    return _("本来就是这样，没有改动。")


def _transfer(request: HttpRequest, visit: Visit, row: Hierarchy, form: Form) -> str:
    code = request.GET.get("group", "").replace("\x00", "")[:64]
    day = _day(form.values["to_date"], "to_date")
    n = hierarchies.transfer(row, code, form.values["to"], day, now=visit.now, actor=visit.actor)
    return _("%(n)d 家门店从 %(day)s 起移走；以前的数还在原来的分组。") % {"n": n, "day": day.isoformat()}


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise hierarchies.HierarchyError(_("写明从哪天起"), code="bad_date", field=field) from error


DOINGS: dict[str, Callable[[HttpRequest, Visit, Hierarchy, Form], str]] = {
    "rename": _rename, "group": _add, "change": _change, "place": _place, "transfer": _transfer,
}  # fmt: skip
