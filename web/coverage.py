"""覆盖热图: where customers meet us, and where we hear from them — stores × touchpoints, each cell with n and interval."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cxms.lib.periods import Period
from metrics import targets
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from metrics.targets import Book
from reports import changes, dashboards
from tenancy import queries
from web import desk_figure_rows, exports, metric_filters
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
    retired = queries.retired_units(organisation=organisation, paths=visit.seat.paths)
    # of a unit that is no more only what it counted in the period
    cells = [point for point in series(**asked, by=("unit", "touchpoint")).points if point.by["unit"] not in retired or point.n or point.suppressed]
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, [_row(point) for point in cells], name="coverage")
    (whole,) = series(**asked).points
    book = targets.book([CODE], organisation=organisation)
    seen = {point.by["touchpoint"] for point in cells}
    heads = [(code, name) for code, name in touchpoints.items() if code in seen]
    below = {str(point.by["touchpoint"]): point for point in series(**asked, by=("touchpoint",)).points}
    names = {unit.code: unit.name for unit in queries.units_of(organisation=organisation, paths=visit.seat.paths)}
    names |= {code: _("%(name)s（已停用）") % {"name": name} for code, name in retired.items()}
    by_place = {(str(p.by["unit"]), str(p.by["touchpoint"])): p for p in cells}
    rows = [code for code in names if any((code, head) in by_place for head, _name in heads)]
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    drawn = _Drawn(book, filters.weeks, where, may_open=visit.seat.may("complaints:manage"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "units": units, "menus": [metric_filters.menus(filters, touchpoints, with_by=False)[0]], "query": query.urlencode(), "heads": heads, "page": shown,
        "lines": [(code, names[code], code not in retired, [drawn.cell(by_place.get((code, head)), code, head) for head, _name in heads]) for code in shown.object_list],
        "total": [drawn.cell(below.get(head), "", head) for head, _name in heads], "whole": drawn.cell(whole, "", ""),
        "has_target": any(not row.competitor for row in book.rows), "definition": METRIC,
    }  # fmt: skip
    return render(request, "metrics/coverage.html", context)


class _Drawn:
    """Cells in words under one set of targets."""

    def __init__(self, book: Book, weeks: int, where: Where, *, may_open: bool) -> None:
        self.book, self.weeks, self.where, self.may_open = book, weeks, where, may_open

    def cell(self, point: Point | None, unit: str, touchpoint: str) -> dict[str, Any]:
        """A share with its interval, of a unit's own rows or ("") of all below the one looked at; step 0 (nothing heard) … 5 of its shade, and how it stands to the target."""
        if point is None or (not point.n and not point.suppressed):
            return {}
        step = 0 if not point.value else min(5, 1 + int(point.value // 20))
        return {
            "point": point, "value": changes.shown(METRIC, point.value), "margin": interval(METRIC, point), "step": step,
            "is_few": (point.n or 0) < MIN_N, "verdict": self._verdict(point, unit or self.where.unit, touchpoint), "said": title(point, "", METRIC).strip("："),
            "url": self._url(point, unit, touchpoint),
        }  # fmt: skip

    def _url(self, point: Point, unit: str, touchpoint: str) -> str:
        """The rows of n; the metric's own page for who may not open them."""
        cell: dict[str, str | None] = {"unit": unit} if unit else {}
        if touchpoint:
            cell["touchpoint"] = touchpoint
        if self.may_open:
            return desk_figure_rows.url_of(CODE, Period(point.from_date, point.to_date), "n", self.where.unit, cell)
        more = {"touchpoint": touchpoint} if touchpoint else {}
        return metric_filters.page_of(CODE, Where(unit=unit or self.where.unit, paths=self.where.paths), weeks=self.weeks, **more)

    def _verdict(self, point: Point, unit: str, touchpoint: str) -> str:
        own = self.book.of(CODE, point, self.where, unit=unit, cell=("touchpoint", touchpoint)) if touchpoint else None
        return targets.verdict(METRIC, point, own or self.book.of(CODE, point, self.where, unit=unit)) or ""


def _row(point: Point) -> Sequence[Any]:
    place = [point.by["unit"], point.by["touchpoint"], point.from_date, point.to_date]
    return [*place, point.value, point.low, point.high, point.n, point.suppressed]
