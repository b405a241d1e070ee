"""员工: the people who are measured, by number; added, moved, gone and back, or brought by CSV."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import queries, staff, trees
from tenancy.models import Staff, Unit
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The list with its filters in the URL; POST adds a person."""
    form = Form({"employee_no": "", "name": "", "unit": ""})
    if request.method == "POST":
        made, form = _add(request, visit)
        if made is not None:
            messages.success(request, _("已加上 %(name)s。") % {"name": made.name})
            return redirect("settings-staff")
    organisation = visit.organisation.id
    get = request.GET
    q, code = get.get("q", "").replace("\x00", "").strip()[:80], get.get("unit", "").replace("\x00", "")[:64]
    unit = trees.by_code(code, organisation=organisation) if code else None
    has_left = get.get("state") == "left"
    rows = trees.staff(organisation=organisation, q=q, path=unit.path if unit else "", has_left=has_left)
    query = get.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "page": Paginator(rows if unit or not code else rows.none(), PAGE).get_page(get.get("page")),
        "query": query.urlencode(),
        "q": q,
        "code": code,
        "has_left": has_left,
        "form": form,
        "units": queries.units_of(organisation=organisation),
        "may_write": visit.seat.may("settings:write"),
        "is_filtered": bool(q or code or has_left),
    }
    return render(request, "settings/staff.html", context, status=form.status)


def _unit(code: str, visit: Visit) -> Unit:
    found = trees.by_code(code, organisation=visit.organisation.id)
    if found is None:
        raise staff.StaffError(_("选一个单元"), code="unknown_unit", field="unit")
    return found


def _add(request: HttpRequest, visit: Visit) -> tuple[Staff | None, Form]:
    form = Form(forms.typed(request, "employee_no", "name", "unit"))
    values = form.values
    if not visit.seat.may("settings:write"):
        raise Http404
    try:
        with transaction.atomic():
            made = staff.add(
                organisation=visit.organisation.id, employee_no=values["employee_no"], name=values["name"],
                unit=_unit(values["unit"], visit), now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return None, form.refused(error)
    return made, form


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One person."""
    row = trees.person(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    form = Form(_values(row))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = _change(request, visit, row)
        if form.status == 200:
            messages.success(request, _("%(name)s 已保存。") % {"name": form.values["name"]})
            return redirect("settings-staff")
        row = trees.person(key, organisation=visit.organisation.id) or row
    context = {
        "row": row, "form": form, "units": queries.units_of(organisation=visit.organisation.id), "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip
    return render(request, "settings/person.html", context, status=form.status)


def _values(row: Staff) -> dict[str, Any]:
    return {"name": row.name, "unit": row.unit.code, "has_left": row.left_at is not None}


def _change(request: HttpRequest, visit: Visit, row: Staff) -> Form:
    values: dict[str, Any] = {**forms.typed(request, "name", "unit"), "has_left": request.POST.get("has_left") == "on"}
    try:
        with transaction.atomic():
            staff.change(
                row.id, organisation=visit.organisation.id, version=forms.version(request), name=values["name"],
                unit=_unit(values["unit"], visit), has_left=values["has_left"], now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return Form(values).refused(error, _values(trees.person(row.id, organisation=visit.organisation.id) or row))
    return Form(values)
