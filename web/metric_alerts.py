"""告警: what the rules found, figures as they were; acknowledged by whoever has it in hand, slept on for some days."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from alerts import metric_alerts, notices, queries
from alerts.metric_words import figure, period, reason
from alerts.models import MetricAlert, MetricCell
from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from metrics import queries as register
from metrics.series import Where
from reports import figures
from reports.figures import Sample
from web import forms, metric_rule_form
from web.door import Visit, needs
from web.forms import Form
from web.metric_filters import behind, page_of
from web.metric_rule_form import Words
from web.nps import Dot

PAGE = 50


@needs("metrics:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Alerts, newest first, filtered by metric and by whether somebody has them in hand."""
    metric = request.GET.get("metric", "")
    metric = metric if register.definition(metric) else ""
    is_open = request.GET.get("state") == "open"
    rows = metric_alerts.alerts(organisation=visit.organisation.id, paths=visit.seat.paths, metric=metric, is_open=is_open)
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    lines = [{"alert": alert, "metric": _metric(alert), "when": period(alert.grain, alert.from_date, alert.to_date)} for alert in shown.object_list]
    context = {
        "lines": lines, "page": shown, "query": query.urlencode(), "metric": metric, "is_open": is_open,
        "metrics": [(row.code, str(row.label)) for row in register.register()], "may_set": visit.seat.may("settings:read"),
        "may_write": visit.seat.may("policies:write"),
    }  # fmt: skip
    return render(request, "alerts/list.html", context)


def _metric(alert: MetricAlert) -> str:
    definition = register.definition(alert.metric)
    return str(definition.label) if definition else alert.metric


@needs("metrics:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One alert: every cell the reader may see, as it was; POST takes it in hand or sleeps on its rule."""
    where: dict[str, Any] = {"organisation": visit.organisation.id}
    alert = metric_alerts.one(key, paths=visit.seat.paths, **where)
    if alert is None:
        raise Http404
    form = Form({"days": "7", "reason": "", "remark": ""})
    if request.method == "POST":
        form = _posted(request, visit, alert)
        if form.status == 200:
            return redirect("metric-alert", key=alert.id)
    cells = metric_alerts.cells(alert, paths=visit.seat.paths, **where)
    words = Words(visit)
    _read(alert, visit)
    context = {
        "alert": alert, "metric": _metric(alert), "when": period(alert.grain, alert.from_date, alert.to_date), "form": form,
        "effect": words.condition(alert.metric, alert.condition, alert.grain), "chips": metric_rule_form.alert_scope(alert, words),
        "cells": [_cell(alert, cell, words) for cell in cells], "days": metric_alerts.SNOOZE_DAYS,
        "asleep": metric_alerts.asleep(alert.rule, visit.seat.member, now=visit.now, **where), "may_set": visit.seat.may("settings:read"),
    }  # fmt: skip
    return render(request, "alerts/one.html", context, status=form.status)


def _read(alert: MetricAlert, visit: Visit) -> None:
    """Opening an alert reads its notice."""
    notice = queries.of_alert(alert.id, visit.seat.member, organisation=visit.organisation.id)
    if notice is not None:
        with transaction.atomic():
            notices.read(notice.id, visit.seat.member, organisation=visit.organisation.id, now=visit.now)


def _posted(request: HttpRequest, visit: Visit, alert: MetricAlert) -> Form:
    form = Form(forms.typed(request, "days", "reason", "remark"))
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now}
    try:
        with transaction.atomic():
            if request.POST.get("do") == "snooze":
                days = form.values["days"]
                metric_alerts.snooze(alert.rule, visit.seat.member, days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0, reason=form.values["reason"], **where)
                messages.success(request, _("这条规则这几天只响铃，不发消息。"))
            else:
                metric_alerts.acknowledge(alert.id, visit.seat.member, form.values["remark"], **where)
                messages.success(request, _("记下了：你在跟进。"))
    except DomainError as error:
        return form.refused(error)
    return form


def _cell(alert: MetricAlert, cell: MetricCell, words: Words) -> dict[str, Any]:
    """A cell as it was: the figure, why it fired, its 26 periods, and the rows and the page of figures as they are now."""
    definition = register.definition(alert.metric)
    if definition is None:
        return {}
    unit = {} if alert.rule.unit.parent_id is None else {"unit": alert.rule.unit.code}
    scope = unit | dict(alert.where) | ({alert.by: cell.code} if alert.by and cell.code else {})
    inside = Where(**{name: str(value) for name, value in scope.items()})  # type: ignore[arg-type]  # names of filters
    samples = [_sample(alert, step, inside, index == len(cell.trend) - 1) for index, step in enumerate(cell.trend)]
    return {
        "name": words.cell(alert.by, cell.code, cell.label), "said": figure(definition, cell.figures),
        "why": reason(definition, cell.figures, alert.condition), "figures": figures.watched(samples),
        "rows": behind(alert.metric, inside, Period(alert.from_date, alert.to_date)), "page": page_of(alert.metric, inside, weeks=26),
    }  # fmt: skip


def _sample(alert: MetricAlert, step: dict[str, Any], inside: Where, is_it: bool) -> Sample[Dot]:
    days = Period(date.fromisoformat(step["from"]), date.fromisoformat(step["to"]))
    name = period(alert.grain, days.from_date, days.to_date)
    definition = register.definition(alert.metric)
    said = figure(definition, step) if definition and not step["suppressed"] else _("已隐藏，防止认出个人")
    return Sample(Dot(f"{name}：{said or _('没有数据')}", behind(alert.metric, inside, days), name), step["value"], step["low"], step["high"], not is_it)
