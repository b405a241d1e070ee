"""触点: the catalogue in its order, by stage; one touchpoint with name, stage and owner."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import queries, touchpoints, trees
from tenancy.models import Touchpoint
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """In order; POST adds one."""
    form = Form({"code": "", "name": "", "stage": ""})
    organisation = visit.organisation.id
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = Form(forms.typed(request, "code", "name", "stage"))
        try:
            with transaction.atomic():
                touchpoints.add(organisation=organisation, now=visit.now, actor=visit.actor, **form.values)
            messages.success(request, _("已加上 %(name)s。") % {"name": form.values["name"]})
            return redirect("settings-touchpoints")
        except DomainError as error:
            form = form.refused(error)
    is_retired = request.GET.get("state") == "retired"
    rows = touchpoints.catalogue(organisation=organisation, is_retired=is_retired)
    context: dict[str, Any] = {
        "rows": rows,
        "stages": list(dict.fromkeys(row.stage for row in rows if row.stage)),
        "is_retired": is_retired,
        "form": form,
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/touchpoints.html", context, status=form.status)


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One touchpoint; `do=up` and `do=down` move it in the order."""
    organisation = visit.organisation.id
    row = touchpoints.one(key, organisation=organisation)
    if row is None:
        raise Http404
    form = Form(_values(row))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        if request.POST.get("do") in {"up", "down"}:
            step = -1 if request.POST["do"] == "up" else 1
            with transaction.atomic():
                touchpoints.move(key, step, organisation=organisation, now=visit.now, actor=visit.actor)
            return redirect("settings-touchpoints")
        form = _change(request, visit, row)
        if form.status == 200:
            messages.success(request, _("%(name)s 已保存。") % {"name": form.values["name"]})
            return redirect("settings-touchpoints")
        row = touchpoints.one(key, organisation=organisation) or row
    found = touchpoints.catalogue(organisation=organisation)
    context: dict[str, Any] = {
        "row": row,
        "form": form,
        "stages": list(dict.fromkeys(other.stage for other in found if other.stage)),
        "units": queries.units_of(organisation=organisation),
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/touchpoint.html", context, status=form.status)


def _values(row: Touchpoint) -> dict[str, Any]:
    owner = row.owner_unit.code if row.owner_unit else ""
    return {"name": row.name, "stage": row.stage, "owner": owner, "is_retired": row.retired_at is not None}


def _change(request: HttpRequest, visit: Visit, row: Touchpoint) -> Form:
    values: dict[str, Any] = forms.typed(request, "name", "stage", "owner")
    values["is_retired"] = request.POST.get("is_retired") == "on"
    organisation = visit.organisation.id
    try:
        owner = trees.by_code(values["owner"], organisation=organisation) if values["owner"] else None
        if values["owner"] and owner is None:
            raise touchpoints.TouchpointError(_("没有这个单元"), code="unknown_unit", field="owner")
        with transaction.atomic():
            touchpoints.change(
                row.id, organisation=organisation, version=forms.version(request), name=values["name"], stage=values["stage"],
                owner=owner, is_retired=values["is_retired"], now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return Form(values).refused(error, _values(touchpoints.one(row.id, organisation=organisation) or row))
    return Form(values)
