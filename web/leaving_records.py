"""流失记录: the list with its filters in the URL and its file; writing one, correcting one, withdrawing one."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import leaving, leaving_list
from complaints.axes import Place, place_of
from complaints.enums import AxesState, LeavingReason, LeavingSource, LeftWith, Unmet
from complaints.leaving_list import Wanted
from complaints.models import LeavingRecord
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from cxms.lib.text import mask_name
from feedback import masking
from tenancy import queries as tenancy
from web import exports, forms
from web.desk import one_of, places
from web.door import Visit, needs
from web.forms import Form
from web.leaving import day_of
from web.units import Switcher

PAGE = 50
FIELDS = ("day", "customer", "unit", "reason", "unmet", "left_with", "note")
ASKED = ("from", "to", "unit", "reason", "source", "axes")
COLUMNS = ("id", "external_id", "day", "customer", "reference", "unit", "reason", "unmet", "left_with", "note", "source", "told_at")


@needs("complaints:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The records, newest first; `?format=csv` or xlsx gives all of them to take away."""
    units = Switcher(request, visit)
    wanted, given = _wanted(request, visit, units.code)
    rows = leaving_list.records(wanted, organisation=visit.organisation.id)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [cells(row) for row in rows], name="leaving-records")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "units": units, "page": page, "shown": [_shown(row) for row in page.object_list], "given": given, "query": urlencode(given),
        "reasons": LeavingReason.choices, "sources": LeavingSource.choices, "places": [one for one in places(given.get("axes", "")) if one[0] != str(Place(state=AxesState.SUGGESTED.value))], "may_write": visit.seat.may("complaints:write"),
        "may_import": visit.seat.may("settings:write"), "is_filtered": bool(set(given) - {"unit"}),
    }  # fmt: skip
    return render(request, "leaving/records.html", context)


def _wanted(request: HttpRequest, visit: Visit, unit: str) -> tuple[Wanted, dict[str, str]]:
    """What the URL asks for, and the same as values to keep; what is not offered is not asked."""
    get = {name: request.GET.get(name, "").replace("\x00", "")[:64] for name in ASKED}
    first, last, place = day_of(get["from"]), day_of(get["to"]), place_of(get["axes"])
    get |= {
        "from": get["from"] if first else "", "to": get["to"] if last else "", "axes": get["axes"] if place else "",
        "reason": one_of(get["reason"], LeavingReason.values), "source": one_of(get["source"], LeavingSource.values),
    }  # fmt: skip
    paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
    wanted = Wanted(first, last, unit, paths, get["reason"], get["source"], place or Place())
    return wanted, {name: value for name, value in get.items() if value}


def cells(row: LeavingRecord) -> list[Any]:
    """A record as a row of the file; personal data in what was typed is written over."""
    return [
        str(row.id), row.external_id, row.local_day, row.customer.external_id or str(row.customer_id) if row.customer else None,
        masking.covered(row.reference), row.unit.code if row.unit else None, row.reason, row.unmet, row.left_with,
        masking.covered(row.note), row.source, row.told_at,
    ]  # fmt: skip


def _shown(row: LeavingRecord) -> dict[str, Any]:
    return {"row": row, "who": mask_name(row.customer.name) if row.customer else masking.hidden(row.reference), "note": masking.hidden(row.note)}


@needs("complaints:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A fresh record; the URL may fill in customer, unit and the axes."""
    if request.method == "POST":
        form = Form(forms.typed(request, *FIELDS, most=400))
        return _kept(request, visit, form, forms.key_of(request, visit.organisation.id), None)
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    given = {name: request.GET.get(name, "").replace("\x00", "")[:120] for name in ("customer", "unit", "unmet", "left_with")}
    return _form(request, visit, Form({**dict.fromkeys(FIELDS, ""), "day": today.isoformat(), **given}), None)


@needs("complaints:write")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One record, to be corrected."""
    row = _seen(visit, key)
    if request.method == "POST":
        return _kept(request, visit, Form(forms.typed(request, *FIELDS, most=400)), row.id, row)
    who = (row.customer.external_id or str(row.customer_id)) if row.customer else row.reference
    values = {name: getattr(row, name) for name in ("reason", "unmet", "left_with", "note")}
    return _form(request, visit, Form({**values, "day": row.local_day.isoformat(), "customer": who, "unit": row.unit.code if row.unit else ""}), row)


@require_POST
@needs("complaints:write")
def withdraw(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a wrong record out of every count."""
    row = _seen(visit, key)
    try:
        with transaction.atomic():
            leaving.withdraw(row.id, organisation=visit.organisation.id, version=forms.version(request), now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("desk-leaving-one", key)
    messages.success(request, _("撤回了，不再算在任何数里。"))
    return redirect("desk-leaving-records")


def _seen(visit: Visit, key: uuid.UUID) -> LeavingRecord:
    paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
    row = leaving_list.one(key, organisation=visit.organisation.id, paths=paths)
    if row is None:
        raise Http404
    return row


def _kept(request: HttpRequest, visit: Visit, form: Form, key: uuid.UUID, row: LeavingRecord | None) -> HttpResponse:
    paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
    try:
        with transaction.atomic():
            leaving.record(
                key, leaving.checked({**form.values, "external_id": ""}), organisation=visit.organisation.id, version=forms.version(request),
                now=visit.now, actor=visit.actor, paths=paths,
            )  # fmt: skip
    except DomainError as error:
        return _form(request, visit, form.refused(error), row)
    messages.success(request, _("流失记录存好了。"))
    return redirect("desk-leaving-records")


def _form(request: HttpRequest, visit: Visit, form: Form, row: LeavingRecord | None) -> HttpResponse:
    context = {
        "form": form, "row": row, "token": request.POST.get("token") or new_id().hex, "reasons": LeavingReason.choices, "unmets": Unmet.choices,
        "lefts": LeftWith.choices, "units": tenancy.units_of(organisation=visit.organisation.id, paths=visit.seat.paths), "most": leaving.MOST["note"],
        "sees_all": visit.seat.sees_all,
    }  # fmt: skip
    return render(request, "leaving/one.html", context, status=form.status)
