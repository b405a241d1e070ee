"""NPS 原因: why promoters recommend and detractors do not, topic by topic, and what each topic does to the score."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cxms.lib.periods import Period
from feedback import topics
from metrics.statistics import Estimate
from reports import changes, dashboards, reason_mix
from reports import reasons as why
from reports.reason_mix import Mixed
from reports.reasons import Reason
from web import exports, metric_filters
from web.door import Visit, needs
from web.metric_filters import Filters
from web.nps import bounds, share_text
from web.units import Switcher

COLUMNS = (
    "topic", "name", "n", "n_detractors", "detractors_share", "detractors_low", "detractors_high", "n_promoters", "promoters_share",
    "promoters_low", "promoters_high", "lift", "lift_low", "lift_high", "is_real", "impact_points", "impact_low", "impact_high",
)  # fmt: skip
MOST = 200


@needs("metrics:read")
def reasons(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives the same rows to take away."""
    units = Switcher(request, visit)
    organisation, touchpoints = visit.organisation.id, metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=organisation)
    asked: dict[str, Any] = {"organisation": organisation, "period": period, "where": filters.where}
    found = why.reasons(**asked, now=visit.now, limit=MOST, names={unit.code: unit.name for unit in units.units})
    names = topics.names(organisation=organisation)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_cells(row, names) for row in found.rows], name="nps-reasons")
    rows = [_row(row, names, filters, period) for row in found.rows]
    context = {
        "units": units,
        "menus": metric_filters.menus(filters, touchpoints, with_by=False),
        "query": request.GET.urlencode(),
        "period": period,
        "found": found,
        "sides": [("detractor", [r for r in rows if not r["row"].is_praise]), ("promoter", [r for r in rows if r["row"].is_praise])],
        "mix": [_mixed(row, names, filters, period) for row in reason_mix.mix(**asked)],
        "may_act": visit.seat.may("actions:write"),
    }
    return render(request, "metrics/reasons.html", context)


def _row(row: Reason, names: dict[str, str], filters: Filters, period: Period) -> dict[str, Any]:
    return {
        "row": row,
        "name": names.get(row.topic, row.topic),
        "url": filters.drill(period, nps="any", topic=row.topic),
        "n_urls": {side: filters.drill(period, nps=side, topic=row.topic) for side in ("detractor", "promoter")},
        "detractors": share_text(row.detractors.value or 0.0),
        "promoters": share_text(row.promoters.value or 0.0),
        "lift": changes.number(row.lift, 1),
        "lift_bounds": bounds(row.lift_low, row.lift_high),
        "impact": changes.signed(row.impact.value, 1),
        "impact_bounds": bounds(row.impact.low, row.impact.high),
    }


def _mixed(row: Mixed, names: dict[str, str], filters: Filters, period: Period) -> dict[str, Any]:
    sides = ((row.survey, row.n_survey, "survey"), (row.review, row.n_review, "review"))
    return {
        "name": names.get(row.topic, row.topic),
        "is_real": row.is_real,
        "cells": [
            {
                "share": share_text(e.value or 0.0), "bounds": f"{share_text(e.low or 0.0)} – {share_text(e.high or 0.0)}",
                "n": n, "url": filters.drill(period, channel=channel, topic=row.topic),
            }
            if n is not None
            else {"n": None}
            for e, n, channel in sides
        ],
    }  # fmt: skip


def _cells(row: Reason, names: dict[str, str]) -> list[Any]:
    def of(estimate: Estimate) -> list[Any]:
        return [estimate.value, estimate.low, estimate.high]

    lift = [row.lift, row.lift_low, row.lift_high]
    head = [row.topic, names.get(row.topic, row.topic), row.n]
    return [*head, row.n_detractors, *of(row.detractors), row.n_promoters, *of(row.promoters), *lift, row.is_real, *of(row.impact)]
