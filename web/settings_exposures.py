"""业务量: what complaints are divided by, whose count of it, what was told by hand or file, and batches to take back."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers import exposures
from customers.models import CustomerEvent, Exposure, ExposureBatch
from cxms.lib.errors import DomainError
from tenancy import organisations, queries, tables
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
FIELDS = ("day", "unit", "kind", "count", "source")
DAYS = 28


def kinds() -> dict[str, str]:
    """The usual kinds by name; any other is shown by its code."""
    return {
        "order": _("订单"), "visit": _("到店"), "stay": _("入住"), "trip": _("行程"), "call": _("来电"), "parcel": _("包裹"),
        "active_customer": _("活跃客户"), "delivery": _("配送"), "repair": _("维修"),
    }  # fmt: skip


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What counts now, what there is, the rows with their filters in the URL; POST keeps one typed row."""
    form = Form(dict.fromkeys(FIELDS, ""))
    if request.method == "POST":
        form = _typed(request, visit)
        if form.status == 200:
            messages.success(request, _("已写入；不对的话，可以整批撤回。"))
            return redirect("settings-exposures")
    organisation, get = visit.organisation.id, request.GET
    kind, source = get.get("kind", "").replace("\x00", "")[:24], get.get("source", "").replace("\x00", "")[:40]
    rows = Exposure.objects.filter(organisation_id=organisation).select_related("unit").order_by("-local_day", "kind", "source", "unit__code")
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(source=source) if source else rows
    names, told = kinds(), exposures.told(organisation=organisation)
    today = queries.local_today(visit.now, visit.organisation.timezone)
    events = CustomerEvent.objects.filter(organisation_id=organisation, local_day__gte=today - timedelta(days=DAYS), local_day__lt=today)
    counted = list(events.order_by("kind").values_list("kind").annotate(n=Count("id")))
    query = get.copy()
    query.pop("page", None)
    offered = dict.fromkeys([*names, *(row.kind for row in told), *(name for name, _n in counted)])
    context: dict[str, Any] = {
        "place": queries.organisation(organisation), "names": names, "told": [(row, names.get(row.kind, row.kind)) for row in told],
        "counted": [(code, names.get(code, code), n) for code, n in counted], "days": DAYS,
        "kinds": [(code, names.get(code, code)) for code in offered], "sources": sorted({row.source for row in told}),
        "page": Paginator(rows, PAGE).get_page(get.get("page")), "query": query.urlencode(), "kind": kind, "source": source, "form": form,
        "batches": ExposureBatch.objects.filter(organisation_id=organisation).order_by("-at")[:20],
        "units": queries.units_of(organisation=organisation), "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip
    return render(request, "settings/exposures.html", context, status=form.status)


def _typed(request: HttpRequest, visit: Visit) -> Form:
    if not visit.seat.may("settings:write"):
        raise Http404
    form = Form(forms.typed(request, *FIELDS))
    values = {name: str(form.values[name]) for name in FIELDS}
    try:
        exposures.checked(**values)
        rows: tables.Rows = [(1, values)]
        with transaction.atomic():
            plan = exposures.plan(rows, organisation=visit.organisation.id)
            if plan.wrong:
                raise exposures.ExposureError(plan.wrong[0].said, code=plan.wrong[0].code, field="unit")
            exposures.carry_out(plan, organisation=visit.organisation.id, now=visit.now, actor=visit.actor, how="typed")
    except DomainError as error:
        return form.refused(error)
    return form


@require_POST
@needs("settings:write")
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Which kind, and whose count of it, stands under the complaint rate."""
    kind, source = forms.text(request, "kind", 24), forms.text(request, "source", 40)
    known = {row.source for row in exposures.told(organisation=visit.organisation.id)}
    if not exposures.KIND.match(kind) or (source and source not in known):
        raise Http404
    try:
        with transaction.atomic():
            organisations.choose_exposure(visit.organisation.id, kind, source, version=forms.version(request), now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("已选定；投诉率从现在起除以它，过去的日子也一样。"))
    return redirect("settings-exposures")


@require_POST
@needs("settings:write")
def undo(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a batch back."""
    try:
        with transaction.atomic():
            n = exposures.undo(key, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        raise Http404 from error
    messages.success(request, _("撤回了 %(n)d 行；后来又写过的没有动。") % {"n": n})
    return redirect("settings-exposures")
