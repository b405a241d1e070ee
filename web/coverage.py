"""覆盖热图: where customers meet us, and where we hear from them — stores × touchpoints, each cell with n and interval."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from metrics import targets
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from metrics.targets import Book
from reports import changes, dashboards
from tenancy import queries
from web import exports, metric_filters
from web.door import Visit, needs
from web.nps import interval, title
from web.units import Switcher

CODE = "touchpoint_coverage"
METRIC = BY_CODE[CODE]
PAGE = 25
MIN_N = 30
COLUMNS = ("unit", "touchpoint", "from", "to", "value", "low", "high", "n", "suppressed")


@require_GET
@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The map of one's subtrees or of `?unit=`; `?format=csv` or xlsx gives its cells to take away."""
    units = Switcher(request, visit)
    organisation, touchpoints = visit.organisation.id, metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    period = dashboards.whole_weeks(visit.now, filters.weeks, organisation=organisation)
    where = Where(unit=filters.where.unit, paths=visit.seat.paths)
    asked: dict[str, Any] = {"organisation": organisation, "metric": CODE, "period": period, "now": visit.now, "where": where}
    cells = series(**asked, by=("unit", "touchpoint")).points
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_row(point) for point in cells], name="coverage")
    (whole,) = series(**asked).points
    book = targets.book([CODE], organisation=organisation)
    seen = {point.by["touchpoint"] for point in cells}
    heads = [(code, name) for code, name in touchpoints.items() if code in seen]
    below = {str(point.by["touchpoint"]): point for point in series(**asked, by=("touchpoint",)).points}
    names = {unit.code: unit.name for unit in queries.units_of(organisation=organisation, paths=visit.seat.paths)}
    by_place = {(str(p.by["unit"]), str(p.by["touchpoint"])): p for p in cells}
    rows = [code for code in names if any((code, head) in by_place for head, _name in heads)]
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    drawn = _Drawn(book, filters.weeks, where)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "units": units, "menus": [metric_filters.menus(filters, touchpoints, with_by=False)[0]], "query": query.urlencode(), "heads": heads, "page": shown,
        "lines": [(code, names[code], [drawn.cell(by_place.get((code, head)), code, head) for head, _name in heads]) for code in shown.object_list],
        "total": [drawn.cell(below.get(head), where.unit, head) for head, _name in heads], "whole": drawn.cell(whole, where.unit, ""),
        "has_target": any(not row.competitor for row in book.rows), "definition": METRIC,
    }  # fmt: skip
    return render(request, "metrics/coverage.html", context)


class _Drawn:
    """Cells in words under one set of targets."""

    def __init__(self, book: Book, weeks: int, where: Where) -> None:
        self.book, self.weeks, self.where = book, weeks, where

    def cell(self, point: Point | None, unit: str, touchpoint: str) -> dict[str, Any]:
        """A share with its interval; step 0 (nothing heard) … 5 of its shade, and how it stands to the target."""
        if point is None or (not point.n and not point.suppressed):
            return {}
        step = 0 if not point.value else min(5, 1 + int(point.value // 20))
        more = {"touchpoint": touchpoint} if touchpoint else {}
        return {
            "point": point, "value": changes.shown(METRIC, point.value), "margin": interval(METRIC, point), "step": step,
            "is_few": (point.n or 0) < MIN_N, "verdict": self._verdict(point, unit, touchpoint), "said": title(point, "", METRIC).strip("："),
            "url": metric_filters.page_of(CODE, Where(unit=unit, paths=self.where.paths), weeks=self.weeks, **more),
        }  # fmt: skip

    def _verdict(self, point: Point, unit: str, touchpoint: str) -> str:
        own = self.book.of(CODE, point, self.where, unit=unit, cell=("touchpoint", touchpoint)) if touchpoint else None
        return targets.verdict(METRIC, point, own or self.book.of(CODE, point, self.where, unit=unit)) or ""


def _row(point: Point) -> Sequence[Any]:
    place = [point.by["unit"], point.by["touchpoint"], point.from_date, point.to_date]
    return [*place, point.value, point.low, point.high, point.n, point.suppressed]
