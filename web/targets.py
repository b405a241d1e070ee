"""目标与竞品: what figures are to reach and what others reached, with history and source; setting one, withdrawing a wrong one."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from metrics import queries, targets
from metrics.definitions.table import BY_CODE
from metrics.enums import Basis
from metrics.models import Target
from metrics.series import Where, last_days, series
from metrics.targets import DIMENSIONS, Wanted
from reports import aims, changes
from reports.aims import Aim
from tenancy import queries as tenancy
from tenancy.trees import below
from web import exports, forms, metric_filters
from web.door import Visit, needs
from web.forms import Form
from web.nps import interval

PER_PAGE = 30
DAYS = 28
MOST_NOW = 12
FIELDS = ("metric", "value", "from_date", "basis", "unit", "dimension", "code", "competitor", "source", "note")
COLUMNS = ("metric", "unit", "dimension", "code", "competitor", "from", "value", "basis", "source", "note", "set_at", "set_by", "withdrawn_at", "reason")


@dataclass(frozen=True)
class Standing:
    """A target in force beside the figure it is for, of the last 28 days."""

    row: Target
    label: str
    cell: str
    value_text: str
    margin: str
    n_text: str
    aim: Aim | None
    url: str


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What holds, what others reached, and every entry ever made; POST sets one. `?format=csv` takes the entries away."""
    form = Form(dict.fromkeys(FIELDS, "") | {"metric": _metric(request), "from_date": _today(visit).isoformat(), "basis": Basis.OWN})
    if request.method == "POST":
        if not visit.seat.may("targets:write"):
            raise Http404
        form = Form(forms.typed(request, *FIELDS, most=400))
        try:
            key = forms.key_of(request, visit.organisation.id)
            with transaction.atomic():
                targets.put(key, Wanted(**form.values), organisation=visit.organisation.id, now=visit.now, actor=visit.actor, paths=visit.seat.paths)
            messages.success(request, _("目标存好了，从它的日子起生效。"))
            return redirect(f"{reverse('targets')}?metric={form.values['metric']}")
        except DomainError as error:
            form = form.refused(error)
    rows = _seen(visit, _metric(request))
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_cells(row) for row in rows], name="targets")
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form, "page": shown, "rows": [_entry(row, visit) for row in shown], "standing": _standing(visit, list(rows)), "metric": _metric(request),
        "query": f"metric={_metric(request)}" if _metric(request) else "", "definitions": queries.register(), "units": tenancy.units_of(organisation=visit.organisation.id, paths=visit.seat.paths),
        "dimensions": [(name, _dimension(name)) for name in DIMENSIONS], "bases": Basis.choices, "token": new_id().hex,
        "may_set": visit.seat.may("targets:write"), "as_of": visit.now,
    }  # fmt: skip
    return render(request, "targets/page.html", context, status=form.status)


@require_POST
@needs("targets:write")
def withdraw(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a wrong one out, with a reason; one of a unit outside one's subtrees never existed."""
    there = Target.objects.filter(organisation_id=visit.organisation.id, id=key).select_related("unit").first()
    if there is None or not _is_own(there, visit):
        raise Http404
    try:
        with transaction.atomic():
            row = targets.withdraw(key, forms.text(request, "reason"), organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("targets")
    if row is None:
        raise Http404
    messages.success(request, _("撤回了；之前的那个重新有效。"))
    return redirect(f"{reverse('targets')}?metric={there.metric}")


def _is_own(row: Target, visit: Visit) -> bool:
    """Whether the person may set and withdraw it: of a unit of his, and of the whole organisation for who sees all of it."""
    return visit.seat.sees(row.unit.path) if row.unit else visit.seat.sees_all


def _metric(request: HttpRequest) -> str:
    asked = request.GET.get("metric", "")
    return asked if asked in BY_CODE else ""


def _today(visit: Visit) -> Any:
    return tenancy.local_today(visit.now, visit.organisation.timezone)


def _seen(visit: Visit, metric: str) -> QuerySet[Target]:
    """Entries of the whole organisation, of the person's subtrees, and of units above them; newest first."""
    rows = Target.objects.filter(organisation_id=visit.organisation.id).select_related("unit").order_by("-from_date", "-set_at", "-id")
    if not visit.seat.sees_all:
        above = [path[: end + 1] for path in visit.seat.paths for end in range(1, len(path)) if path[end] == "/"]
        rows = rows.filter(Q(unit__isnull=True) | Q(unit__path__in=above) | below(visit.seat.paths))
    return rows.filter(metric=metric) if metric else rows


def _standing(visit: Visit, rows: list[Target]) -> list[Standing]:
    """The newest begun one of each series of targets, by metric and place, with its present figure where the person sees it."""
    today, newest = _today(visit), {}
    for row in reversed(rows):
        if row.withdrawn_at is None and not row.competitor and row.from_date <= today:
            newest[row.metric, row.unit_id, row.dimension, row.code] = row
    order = list(BY_CODE)
    kept = sorted(newest.values(), key=lambda row: (order.index(row.metric), row.unit.path if row.unit else "", row.code))
    return [_now(visit, row, today) for row in kept[:MOST_NOW]]


def _now(visit: Visit, row: Target, today: Any) -> Standing:
    definition = BY_CODE[row.metric]
    narrowed: dict[str, Any] = {row.dimension: row.code} if row.dimension else {}
    where = Where(unit=row.unit.code if row.unit else "", **narrowed)
    is_seen = visit.seat.sees(row.unit.path) if row.unit else visit.seat.sees_all
    if not is_seen:
        return Standing(row, str(definition.label), _cell(row), "", "", "", None, "")
    period = last_days(today + timedelta(days=1), DAYS)
    (point,) = series(organisation=visit.organisation.id, metric=row.metric, period=period, where=where, now=visit.now).points
    said = _("已隐藏，防止认出个人") if point.suppressed else f"n = {point.n or 0:,}"
    found = aims.aim(_book_of(row), row.metric, point, where)
    shown = "—" if point.suppressed else changes.shown(definition, point.value)
    return Standing(row, str(definition.label), _cell(row), shown, interval(definition, point), said, found, metric_filters.behind(row.metric, where, period))


def _book_of(row: Target) -> targets.Book:
    return targets.Book([row], {row.unit.code: tuple(row.unit.path.strip("/").split("/"))} if row.unit else {})


def _entry(row: Target, visit: Visit) -> dict[str, Any]:
    is_link = row.source.startswith(("https://", "http://"))
    label = BY_CODE[row.metric].label if row.metric in BY_CODE else row.metric
    return {"row": row, "label": label, "cell": _cell(row), "value": aims.plain(row.metric, row.value), "is_link": is_link, "may_withdraw": visit.seat.may("targets:write") and _is_own(row, visit), "by": row.set_by.removeprefix("user:")}


def _cell(row: Target) -> str:
    return f"{_dimension(row.dimension)} {row.code}" if row.dimension else ""


def _dimension(name: str) -> str:
    names = {"channel": _("渠道"), "touchpoint": _("触点"), "tier": _("客户等级"), "topic": _("主题"), "clause": _("承诺条款")}
    return names.get(name, name)


def _cells(row: Target) -> list[Any]:
    return [
        row.metric, row.unit.code if row.unit else "", row.dimension, row.code, row.competitor, row.from_date, float(row.value), row.basis, row.source,
        row.note, row.set_at, row.set_by, row.withdrawn_at, row.reason,
    ]  # fmt: skip
