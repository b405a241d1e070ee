"""加权: a metric beside its weighted self, cell by cell, and the shares it is weighted to."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers import queries as customers
from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from metrics import weighting
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.models import WeightMargins
from metrics.weighting import Weighted
from reports import changes, dashboards
from tenancy.enums import Channel
from web import exports, forms, metric_filters
from web.door import Visit, needs
from web.forms import Form
from web.metric_filters import Filters
from web.units import Switcher

COLUMNS = (
    "row", "dimension", "code", "from", "to", "state", "value", "low", "high", "n", "effective_n", "cap", "n_capped", "n_rounds", "is_converged",
    "n_outside", "share_wanted", "share_before", "share_after", "version", "source",
)  # fmt: skip
MOST_VERSIONS = 20
FIRST = "share-"


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """The figure beside its weighted self; POST keeps new shares. `?by=tier` weights by one of two; `?format=csv` takes it away."""
    if code not in weighting.METRICS:
        raise Http404
    form = _form(weighting.latest(organisation=visit.organisation.id))
    if request.method == "POST":
        if not visit.seat.may("targets:write"):
            raise Http404
        form = Form(_typed(request))
        try:
            _save(request, visit)
            messages.success(request, _("份额存好了，加权的数按它算。"))
            return redirect("weighted", code)
        except DomainError as error:
            form = form.refused(error)
    touchpoints = metric_filters.touchpoints_of(visit)
    units = Switcher(request, visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=visit.organisation.id)
    asked = tuple(name for name in weighting.DIMENSIONS if name == request.GET.get("by", ""))
    found = weighting.weighted(code, period, organisation=visit.organisation.id, now=visit.now, where=filters.where, by=asked)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, _lines(found), name=f"{code}-weighted")
    context = _context(found, period, filters, visit, form) | {
        "units": units, "menus": metric_filters.menus(filters, touchpoints, with_by=False), "query": request.GET.urlencode(), "by": asked[0] if asked else "",
        "download": "?" + urlencode({**request.GET.dict(), "format": "csv"}),
    }  # fmt: skip
    return render(request, "metrics/weighted.html", context, status=form.status)


def line(code: str, period: Period, filters: Filters, visit: Visit, query: str) -> dict[str, str]:
    """The weighted figure in one line of the metric's page; without shares only the way there, to who may set some."""
    if code not in weighting.METRICS:
        return {}
    url = reverse("weighted", args=[code]) + (f"?{query}" if query else "")
    if weighting.latest(organisation=visit.organisation.id) is None:
        return {"url": url}
    found = weighting.weighted(code, period, organisation=visit.organisation.id, now=visit.now, where=filters.where)
    said = _state(found)
    if found.estimate is None:
        return {"url": url, "note": said}
    notes = [said, "" if found.is_converged else _("份额没有全对上")]
    definition = BY_CODE[code]
    return {
        "url": url, "value": changes.shown(definition, found.estimate.value), "margin": changes.interval(definition, found.estimate),
        "effective": _effective(found), "note": "，".join(note for note in notes if note),
    }  # fmt: skip


# ---- the page ------------------------------------------------------------------------------------------------------


def _context(found: Weighted, period: Period, filters: Filters, visit: Visit, form: Form) -> dict[str, Any]:
    definition = BY_CODE[found.metric]
    names = {"tier": _("客户等级"), "channel": _("渠道")}
    return {
        "definition": definition, "found": found, "state": _state(found), "plain": _plain(found, definition), "form": form,
        "value": changes.shown(definition, found.estimate.value) if found.estimate else "—",
        "margin": changes.interval(definition, found.estimate) if found.estimate else "",
        "effective": _effective(found), "said": _said(found),
        "rows_url": metric_filters.behind(found.metric, filters.where, period),
        "cells": [_cell(one, found, filters, period, names) for one in found.cells],
        "ways": [("", _("全部份额"))] + [(name, names[name]) for name in (found.margins.shares if found.margins else {})],
        "fields": [{"name": name, "label": names[name], "values": _values(name, form, visit), "wrong": form.wrong.get(name, "")} for name in weighting.DIMENSIONS],
        "versions": [_version(row, names) for row in weighting.versions(organisation=visit.organisation.id)[:MOST_VERSIONS]],
        "may_set": visit.seat.may("targets:write"), "now": visit.now, "least": weighting.LEAST,
    }  # fmt: skip


def _plain(found: Weighted, definition: Definition) -> dict[str, str]:
    point = found.plain
    if point.suppressed:
        return {"value": "—", "margin": "", "n": _("已隐藏，防止认出个人")}
    margin = "" if point.components is None else changes.interval(definition, definition.estimate(point.components))
    return {"value": changes.shown(definition, point.value), "margin": margin, "n": f"n = {point.n or 0:,}"}


def _effective(found: Weighted) -> str:
    return "" if found.effective_n is None else changes.number(found.effective_n, 1)


def _state(found: Weighted) -> str:
    """Why there is no weighted figure, or that it is only an indication."""
    return {
        "few": _("有效样本量不足 30，仅供参考"),
        "hidden": _("有一格不到 5 个回答，不加权，防止认出个人"),
        "empty": _("没有可以加权的回答"),
        "narrowed": _("份额是全公司的，筛过的数不加权"),
        "off": _("还没有份额"),
    }.get(found.state, "")


def _said(found: Weighted) -> list[str]:
    """What a reader must know of the weighted figure, in sentences."""
    said = []
    if found.state == "hidden":
        cells = ["×".join(_name(name, code) for name, code in cell.items()) for cell in found.hidden[:6]]
        if cells:
            said.append(_("藏起来的格：%(cells)s。取更长的时间，或只按一组份额加权。") % {"cells": "、".join(cells)})
    for name, code, share in found.missing:
        said.append(_("没有人回答：%(cell)s，占 %(share)s%%。加权的数不代表他们，其余按比例补满。") % {"cell": _name(name, code), "share": f"{share:g}"})
    if found.n_outside:
        said.append(_("%(n)s 个回答的等级或渠道没有份额，没有算进加权的数。") % {"n": f"{found.n_outside:,}"})
    if found.is_converged is not None:
        said.append(_converged(found))
        said.append(_("权重限在 %(low)s 到 %(cap)s 之间，%(n)s 个回答在边上。") % {"low": f"{1 / found.cap:g}", "cap": f"{found.cap:g}", "n": f"{found.n_capped:,}"})
    return said


def _converged(found: Weighted) -> str:
    if found.is_converged:
        return _("%(n)s 轮后收敛：加权后的份额与要的一致。") % {"n": found.n_rounds}
    if found.n_capped:
        return _("没有收敛：权重有上下限，份额没有全对上，看下表“加权后”一栏。")
    return _("没有收敛：有的组合没有人回答，两组份额不能同时对上。只按一组份额加权，或取更长的时间。")


def _name(name: str, code: str | None) -> str:
    if not code:
        return {"tier": _("没有等级"), "channel": _("没有渠道")}[name]
    return str(Channel(code).label) if name == "channel" and code in Channel.values else code


def _cell(one: weighting.Cell, found: Weighted, filters: Filters, period: Period, names: dict[str, str]) -> dict[str, Any]:
    after = "—" if one.after is None or not one.n else f"{changes.number(one.after, 1)}%"
    before = "—" if one.before is None else f"{changes.number(one.before, 1)}%"
    # the rows of a cell are those of the list only where no other share leaves answers of it out
    more: dict[str, str] = metric_filters.ROWS[found.metric] | {one.dimension: one.code}
    url = metric_filters.voices_behind(filters.where, period, **more) if len(found.by) == 1 else ""
    return {"dimension": names[one.dimension], "name": _name(one.dimension, one.code), "wanted": f"{one.wanted:g}%", "n": one.n, "before": before, "after": after, "url": url}


def _lines(found: Weighted) -> list[list[Any]]:
    """The export: the figure as it is, weighted, and a line a cell."""
    point, made, margins = found.plain, found.estimate, found.margins
    days, of = [point.from_date, point.to_date, found.state], [margins.version, margins.source] if margins else ["", ""]
    told = [found.effective_n, found.cap, found.n_capped, found.n_rounds, found.is_converged, found.n_outside]
    bounds = [made.value, made.low, made.high, made.n] if made else [None] * 4
    lines = [
        ["plain", "", "", *days, point.value, point.low, point.high, point.n, *[None] * 9, *of],
        ["weighted", "", "", *days, *bounds, *told, *[None] * 3, *of],
    ]
    lines += [["cell", one.dimension, one.code, *days, *[None] * 3, one.n, *[None] * 6, one.wanted, one.before, one.after, *of] for one in found.cells]
    return lines


# ---- the shares ----------------------------------------------------------------------------------------------------


def _form(row: WeightMargins | None) -> Form:
    values: dict[str, Any] = {name: {} for name in weighting.DIMENSIONS} | {"source": "", "version": 0}
    if row is not None:
        shown = {name: {code: f"{share:g}" for code, share in shares.items()} for name, shares in row.shares.items()}
        values |= shown | {"source": row.source, "version": row.version}
    return Form(values)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The form as it was sent: fields are called share-tier-金卡; a new tier comes by name and share."""
    values: dict[str, Any] = {name: {} for name in weighting.DIMENSIONS}
    for field in request.POST:
        name, _dash, code = field.removeprefix(FIRST).partition("-")
        if field.startswith(FIRST) and name in values and "\x00" not in code:
            values[name][code] = forms.text(request, field, 12)
    return values | {"source": forms.text(request, "source", 400), "version": forms.version(request)}


def _save(request: HttpRequest, visit: Visit) -> None:
    values = _typed(request)
    given = {name: values[name] for name in weighting.DIMENSIONS}
    with transaction.atomic():
        weighting.save(given, values["source"], on=values["version"], organisation=visit.organisation.id, now=visit.now, actor=visit.actor)


def _values(name: str, form: Form, visit: Visit) -> list[dict[str, str]]:
    """A box per value: those the organisation has, and those the shares name."""
    held = form.values[name]
    codes = list(Channel.values) if name == "channel" else customers.tiers(organisation=visit.organisation.id)
    return [{"field": f"{FIRST}{name}-{code}", "label": _name(name, code), "value": held.get(code, "")} for code in dict.fromkeys([*codes, *held])]


def _version(row: WeightMargins, names: dict[str, str]) -> dict[str, Any]:
    shares = [(names[name], "、".join(f"{_name(name, code)} {share:g}%" for code, share in found.items())) for name, found in row.shares.items()]
    return {"row": row, "shares": shares, "by": row.saved_by.removeprefix("user:"), "is_link": row.source.startswith(("https://", "http://"))}
