"""门店检查: a store walked through on a phone, what came of it, and the checklist; the index beside what customers say."""

import re
import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from metrics.definitions import service_environment as environment
from metrics.series import Point, Where, series
from reports import changes, dashboards
from surveys import inspections
from surveys.inspection_scoring import KINDS, Item
from surveys.models import Checklist, Inspection
from tenancy.enums import UnitKind
from web import exports, forms
from web.door import Visit, needs
from web.forms import Form
from web.nps import interval
from web.units import Switcher

PER_PAGE = 30
BLANK = 3
COLUMNS = ("unit", "day", "score", "failed", "version", "inspector", "note", "withdrawn")


@needs("metrics:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every unit's index of the last thirteen weeks with its two halves, and the inspections behind; `?format=csv` or xlsx."""
    units = Switcher(request, visit)
    rows = inspections.inspections(organisation=visit.organisation.id)
    seen = [unit.id for unit in units.units if not units.chosen or unit.path.startswith(units.chosen.path)]
    rows = rows.filter(unit_id__in=seen)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_cells(row) for row in rows], name="inspections")
    period = dashboards.weeks_until(visit.now, 13, organisation=visit.organisation.id)
    asked: dict[str, Any] = {"organisation": visit.organisation.id, "metric": "service_environment", "period": period, "now": visit.now}
    where = Where(unit=units.code, paths=visit.seat.paths)
    (whole,) = series(**asked, where=where).points
    names = {unit.code: unit.name for unit in units.units}
    found = [(names[code], _halves(point)) for point in series(**asked, where=where, by=("unit",)).points if (code := point.by["unit"] or "") in names]
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "units": units, "whole": _halves(whole), "rows": found, "page": shown, "query": query.urlencode(), "may_write": visit.seat.may("inspections:write"),
        "may_set": visit.seat.may("settings:write"), "has_list": inspections.latest(organisation=visit.organisation.id) is not None, "now": visit.now,
    }  # fmt: skip
    return render(request, "inspection/list.html", context)


def _halves(point: Point) -> dict[str, Any]:
    """The index and its two halves, each with n and interval."""
    definition, components = environment.DEFINITION, point.components
    if components is None:
        return {"is_hidden": True}
    made: dict[str, Any] = {"value": changes.shown(definition, point.value), "margin": interval(definition, point)}
    for name, estimate in (("inspected", environment.inspected(components)), ("felt", environment.felt(components))):
        made[name] = {"value": changes.number(estimate.value, 1), "margin": changes.interval(definition, estimate), "n": estimate.n}
    return made


def _cells(row: Inspection) -> list[Any]:
    return [row.unit.code, row.local_day, float(row.score), " ".join(row.failed), row.version, row.inspector, row.note, row.withdrawn_at is not None]


@needs("inspections:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The checklist on a phone; POST files the inspection."""
    units = Switcher(request, visit)
    checklist = inspections.latest(organisation=visit.organisation.id)
    if checklist is None:
        return redirect("inspections-checklist" if visit.seat.may("settings:write") else "inspections")
    stores = [unit for unit in units.units if unit.kind in {UnitKind.STORE, UnitKind.TEAM} and unit.retired_at is None]
    form = Form({"unit": units.code, "note": "", "answers": {}, "token": new_id().hex})
    if request.method == "POST":
        checklist = Checklist.objects.filter(organisation=visit.organisation, version=forms.version(request)).first() or checklist
        answers = {item.code: int(value) for item in inspections.items_of(checklist) if (value := request.POST.get(f"a-{item.code}", "")) in set("012345")}
        form = Form({"unit": forms.text(request, "unit"), "note": forms.text(request, "note", 500), "answers": answers, "token": forms.text(request, "token", 64)})
        unit = next((one for one in stores if one.code == form.values["unit"]), None)
        if unit is None:
            form = form.refused(inspections.InspectionError(_("选一家门店"), code="unknown_unit", field="unit"))
            return _sheet(request, checklist, stores, form)
        try:
            with transaction.atomic():
                row = inspections.inspect(
                    forms.key_of(request, visit.organisation.id), unit, checklist.version, answers, form.values["note"],
                    organisation=visit.organisation.id, now=visit.now, actor=visit.actor, actor_name=visit.seat.member.name,
                )  # fmt: skip
            return redirect("inspection", row.id)
        except DomainError as error:
            form = form.refused(error)
    return _sheet(request, checklist, stores, form)


def _sheet(request: HttpRequest, checklist: Checklist, stores: Any, form: Form) -> HttpResponse:
    items = [
        {"item": item, "picked": form.values["answers"].get(item.code), "choices": [(1, _("是")), (0, _("否"))] if item.kind == "yes" else [(n, str(n)) for n in range(1, 6)]}
        for item in inspections.items_of(checklist)
    ]  # fmt: skip
    return render(request, "inspection/new.html", {"items": items, "checklist": checklist, "stores": stores, "form": form}, status=form.status)


def _found(visit: Visit, key: uuid.UUID) -> Inspection:
    row = inspections.inspections(organisation=visit.organisation.id).filter(id=key).first()
    if row is None or not visit.seat.sees(row.unit.path):
        raise Http404
    return row


@needs("metrics:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One inspection: its answers, what failed."""
    row = _found(visit, key)
    checklist = Checklist.objects.get(organisation=visit.organisation, version=row.version)
    lines = [(item, _said(item, row.answers.get(item.code)), item.code in row.failed) for item in inspections.items_of(checklist)]
    return render(request, "inspection/one.html", {"row": row, "lines": lines, "may_write": visit.seat.may("inspections:write")})


def _said(item: Item, value: int | None) -> str:
    if value is None:
        return _("不适用")
    return (_("是") if value else _("否")) if item.kind == "yes" else f"{value} / 5"


@require_POST
@needs("inspections:write")
def withdraw(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a wrong one out of the figures."""
    with transaction.atomic():
        inspections.withdraw(_found(visit, key), now=visit.now, actor=visit.actor)
    messages.success(request, _("撤回了，不再计入。"))
    return redirect("inspection", key)


@needs("settings:read")
def checklist(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The checklist in force, to be changed into a new version."""
    held = inspections.latest(organisation=visit.organisation.id)
    rows, form = (inspections.items_of(held) if held else inspections.starting()), Form({})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        rows = _typed(request)
        try:
            with transaction.atomic():
                inspections.save(rows, on=forms.version(request), organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
            messages.success(request, _("检查表存好了；做过的检查仍按当时的版本。"))
            return redirect(reverse("inspections"))
        except DomainError as error:
            form = form.refused(error)
    shown = [*rows, *[Item("", "", 1) for _blank in range(BLANK)]]
    context = {"rows": list(enumerate(shown)), "version": held.version if held else 0, "form": form, "kinds": KINDS, "may_write": visit.seat.may("settings:write")}
    return render(request, "inspection/checklist.html", context, status=form.status)


def _typed(request: HttpRequest) -> list[Item]:
    """The lines with words, in order; a new one is named by the first free number."""
    found: list[Item] = []
    taken = Counter(request.POST.getlist("code"))
    labels, weights, kinds = (request.POST.getlist(name) for name in ("label", "weight", "kind"))
    for at, (code, label) in enumerate(zip(request.POST.getlist("code"), labels, strict=False)):
        words = " ".join(label.replace("\x00", "").split())
        if not words:
            continue
        number = next(n for n in range(1, 10_000) if not taken[f"item_{n}"])
        name = code if re.fullmatch(r"[a-z][a-z0-9_]{0,31}", code) else f"item_{number}"
        taken[name] += 1
        weight = weights[at] if at < len(weights) else ""
        kind = kinds[at] if at < len(kinds) else "yes"
        found.append(Item(name, words, float(weight) if re.fullmatch(r"\d{1,3}(\.\d{1,2})?", weight) else 0.0, kind, str(at) in request.POST.getlist("critical")))
    return found
