"""按分组: a metric side by side over the groups of a hierarchy, with those of no group and the whole; as a page, CSV and XLSX."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.periods import Period
from metrics import grouping, queries
from metrics.definitions.definition import Definition
from metrics.series import Point, series
from reports import changes, dashboards
from reports.dashboards import Place
from web import exports, grouped, metric_filters
from web.door import Visit, needs
from web.metric_filters import Filters
from web.nps import interval
from web.units import Switcher

COLUMNS = ("metric", "hierarchy", "group", "name", "from", "to", "value", "low", "high", "n", "suppressed")
MIN_N = 30


@dataclass(frozen=True)
class Row:
    """A group as the table shows it. deeper: the page one level on, where it has groups or stores below."""

    name: str
    code: str
    point: Point
    value: str
    interval: str
    url: str
    deeper: str = ""
    is_few: bool = False


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """The groups of the hierarchy that `by` names, the first one there is without; `format=csv|xlsx` for the same rows."""
    definition = queries.definition(code)
    if definition is None or not grouping.cuts(definition):
        raise Http404
    choices = grouped.Choices(visit.organisation.id)
    if request.GET.get("unit"):
        query = request.GET.copy()
        query.pop("unit")
        return redirect(f"{request.path}?{query.urlencode()}")
    touchpoints = metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints, with_groups=True)
    offered = {by: name for by, name in choices.offered(filters.where).items() if by.startswith(grouping.BY)}
    by = filters.by if filters.by in offered else next(iter(offered), "")
    where = filters.where.without([name for name in filters.where.given() if name not in {*definition.dimensions, grouping.GROUP}])
    period = dashboards.whole_weeks(visit.now, filters.weeks, organisation=visit.organisation.id)
    asked: dict[str, Any] = {"organisation": visit.organisation.id, "metric": code, "period": period, "now": visit.now, "where": where}
    places = dashboards.by_group(by, **asked) if by else []
    (whole,) = series(**asked).points
    if request.GET.get("format") in exports.KINDS:
        rows = [_exported(definition, by, place.code, place.name, place.point) for place in places]
        total = _exported(definition, by, "", _("合计"), whole)
        return exports.table(request.GET["format"], COLUMNS, [*rows, total], name=f"{code}-groups")
    query = request.GET.copy()
    query.pop("format", None)
    every = metric_filters.menus(filters, touchpoints, with_by=False, groups=choices)
    context: dict[str, Any] = {
        "definition": definition, "definitions": queries.register(), "by": by, "hierarchy": offered.get(by, ""), "query": query.urlencode(),
        "menus": [every[0], metric_filters.menu("by", _("按"), offered.items(), by), *every[1:]] if by else [],
        "rows": [_row(definition, place, by, period, filters) for place in places],
        "whole": _whole(definition, whole, period, filters), "period": period, "now": visit.now, "units": Switcher(request, visit),
        "may_write": visit.seat.may("settings:write"), "here": choices.names(where.hierarchy).get(where.group, "") if where.group else "",
    }  # fmt: skip
    return render(request, "metrics/groups.html", context)


def _row(definition: Definition, place: Place, by: str, period: Period, filters: Filters) -> Row:
    point = place.point
    url = metric_filters.behind(definition.code, filters.where.without(["group"]), period, weeks=filters.weeks, group=place.group)
    page = metric_filters.page_of(definition.code, filters.where.without(["group"]), weeks=filters.weeks, group=place.group)
    is_few = point.n is not None and point.n < MIN_N
    return Row(place.name, place.code, point, changes.shown(definition, point.value), interval(definition, point), url, page, is_few)


def _whole(definition: Definition, point: Point, period: Period, filters: Filters) -> Row:
    url = metric_filters.behind(definition.code, filters.where, period, weeks=filters.weeks)
    return Row(_("合计"), "", point, changes.shown(definition, point.value), interval(definition, point), url)


def _exported(definition: Definition, by: str, code: str, name: str, point: Point) -> list[Any]:
    hierarchy = by.removeprefix(grouping.BY).partition("@")[0]
    return [
        definition.code, hierarchy, code, name, point.from_date, point.to_date, point.value, point.low, point.high, point.n, point.suppressed,
    ]  # fmt: skip
