"""指标告警: the rules that watch the figures; each tried on the last 26 periods before it is saved."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from alerts import metric_alerts, metric_backtest, metric_check, metric_rules
from alerts.metric_backtest import Backtest, Line
from alerts.metric_check import MetricRuleError, Wanted
from alerts.metric_words import UNKNOWN, figure, period, reason
from alerts.models import MetricRule
from cxms.lib.errors import DomainError
from metrics.series import Where
from reports import figures
from reports.figures import Sample
from web import forms, metric_rule_form
from web.door import Visit, needs
from web.forms import Form
from web.metric_filters import behind
from web.metric_rule_form import Words
from web.nps import Dot


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every rule in words, with the last time it fired."""
    organisation, words = visit.organisation.id, Words(visit)
    last = {row.rule_id: row for row in reversed(metric_alerts.alerts(organisation=organisation)[:500])}
    lines = [
        {
            "rule": rule, "metric": dict(words.metrics).get(rule.metric, rule.metric), "last": last.get(rule.id),
            "effect": words.condition(rule.metric, rule.condition, rule.grain), "chips": words.scope(rule.unit.name, rule.where, rule.by),
        }
        for rule in metric_rules.rules(organisation=organisation)
    ]  # fmt: skip
    return render(request, "settings/metric_rules.html", {"lines": lines, "may_write": visit.seat.may("policies:write")})


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One rule; `?try=1` shows what it would have done."""
    rule = metric_rules.one(key, organisation=visit.organisation.id)
    if rule is None:
        raise Http404
    return _page(request, visit, key, rule)


@needs("settings:read")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new rule; opened from a page of figures it starts with that metric and scope."""
    return _page(request, visit, forms.key_of(request, visit.organisation.id), None)


def _page(request: HttpRequest, visit: Visit, key: uuid.UUID, rule: MetricRule | None) -> HttpResponse:
    may, words, tried = visit.seat.may("policies:write"), Words(visit), None
    form = Form(metric_rule_form.values_of(rule) if rule else metric_rule_form.asked(request.GET))
    if request.method == "POST":
        if not may:
            raise Http404
        form, tried = _posted(request, visit, key, rule)
        if form.status == 200 and tried is None:
            return redirect("settings-metric-rules")
    elif rule and "try" in request.GET:
        tried = _tried(metric_check.check(form.values, organisation=visit.organisation.id), visit)
    context = {
        "rule": rule, "form": form, "words": words, "may_write": may, "name": rule.name if rule else _("新规则"),
        "version": (rule.version if rule else 0) if request.method == "GET" else forms.version(request),
        "token": request.POST.get("token") or uuid.uuid4().hex, **_shown(tried, words),
    }  # fmt: skip
    return render(request, "settings/metric_rule.html", context, status=form.status)


def _tried(wanted: Wanted, visit: Visit) -> dict[str, Any]:
    return {"wanted": wanted, "found": metric_backtest.run(wanted, organisation=visit.organisation.id, now=visit.now)}


def _posted(request: HttpRequest, visit: Visit, key: uuid.UUID, rule: MetricRule | None) -> tuple[Form, dict[str, Any] | None]:
    values = metric_rule_form.typed(request)
    form, do = Form(values), request.POST.get("do")
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    version = forms.version(request) if rule else None
    try:
        with transaction.atomic():
            if do == "remove" and rule:
                metric_rules.remove(key, version=version, **where)
                messages.success(request, _("这条规则不再用；已发的告警都在。"))
                return form, None
            if do == "rebase" and rule:
                metric_rules.rebase(key, values["note"], version=version, **where)
                messages.success(request, _("基线已换成最近 26 期。"))
                return form, None
            wanted = metric_check.check(values, organisation=visit.organisation.id)
            if do == "try":
                return form, _tried(wanted, visit)
            metric_rules.put(key, wanted, version=version, **where)
    except MetricRuleError as error:
        if error.code == "not_found":
            raise Http404 from error
        return form.refused(error), None
    except DomainError as error:
        return form.refused(error), None
    messages.success(request, _("规则已存，下一期完整以后照它看。"))
    return form, None


# ---- the back-test ---------------------------------------------------------------------------------------------------


def _shown(tried: dict[str, Any] | None, words: Words) -> dict[str, Any]:
    if tried is None:
        return {"tried": None}
    found: Backtest = tried["found"]
    wanted: Wanted = tried["wanted"]
    grain = wanted.grain
    unknown = {verdict.why for line in found.lines for verdict in line.verdicts if verdict.state == "unknown"}
    return {
        "tried": found,
        "t_dates": [period(grain, one.from_date, one.to_date) for one in found.fired_on],
        "t_lines": [_line(line, wanted, found, words) for line in found.lines[: metric_backtest.MOST_LINES]],
        "t_more": max(0, found.n_cells - metric_backtest.MOST_LINES),
        "t_unknown": [UNKNOWN[why]() for why in sorted(unknown)],
    }


def _line(line: Line, wanted: Wanted, found: Backtest, words: Words) -> dict[str, Any]:
    """A cell: its line with a mark where it would have fired, each mark leading to its rows, and the same in words."""
    watched = metric_backtest.watched(wanted)
    scope = watched.where | ({wanted.by: line.code} if wanted.by and line.code else {})
    inside = Where(**scope)  # type: ignore[arg-type]  # names of filters, never `paths`
    fired, rows, samples = set(line.fired), [], []
    for index, (step, verdict) in enumerate(zip(found.periods, line.verdicts, strict=True)):
        url = behind(wanted.metric, inside, step)
        name = period(wanted.grain, step.from_date, step.to_date)
        point = line.points[index]
        values = {"value": point.value, "low": point.low, "high": point.high, "n": point.n}
        said = figure(found.definition, values) or _("没有数据")
        samples.append(Sample(Dot(f"{name}：{said}", url, name), point.value, point.low, point.high, index not in fired))
        if index in fired:
            why = reason(found.definition, verdict.__dict__, _plain(wanted))
            rows.append({"when": name, "said": said, "why": why, "url": url})
    return {
        "name": words.cell(wanted.by, line.code), "figures": figures.watched(samples),
        "rows": rows, "n_unknown": sum(verdict.state == "unknown" for verdict in line.verdicts), "baseline": line.baseline,
    }  # fmt: skip


def _plain(wanted: Wanted) -> dict[str, Any]:
    return {"bound": wanted.condition.bound, "n_periods": wanted.condition.n_periods}
