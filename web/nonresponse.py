"""未回答: who was asked and who answered, side by side, with a plain warning where they differ."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cxms.lib.periods import Period
from metrics.definitions.table import BY_CODE
from metrics.nonresponse import CODE, Cut, Group, NonResponse, nonresponse
from reports import changes, dashboards
from tenancy import queries
from tenancy.models import Touchpoint
from web import desk_figure_rows, exports, metric_filters, words
from web.door import Visit, needs
from web.metric_filters import Filters
from web.units import Switcher

METRIC = BY_CODE[CODE]
MIN_N = 30
WEIGHED = ("tier", "channel")
COLUMNS = (
    "dimension", "code", "name", "from", "to", "n", "answered", "not_answered", "value", "low", "high", "asked_share", "answered_share", "suppressed",
    "chi_square", "freedom", "p", "verdict",
)  # fmt: skip


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives the same rows."""
    units, touchpoints = Switcher(request, visit), metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=visit.organisation.id)
    found = nonresponse(organisation=visit.organisation.id, period=period, now=visit.now, where=filters.where)
    names = _Names(visit)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        return exports.table(kind, COLUMNS, _lines(found, names), name="nonresponse")
    may_open = visit.seat.may("complaints:manage")
    drawn = [_cut(cut, names, period, filters, may_open=may_open) for cut in found.cuts]
    differing = [cut for cut in found.cuts if cut.verdict == "differs"]
    context = {
        "definition": METRIC, "units": units, "menus": metric_filters.menus(filters, touchpoints, with_by=False), "query": request.GET.urlencode(),
        "download": "?" + urlencode({**request.GET.dict(), "format": "csv"}), "period": period, "now": visit.now, "cuts": drawn,
        "whole": _row(Group(None, found.whole, None, None), "", "", period, filters, may_open=may_open),
        "warnings": [_warning(cut, names) for cut in differing], "weighable": any(cut.dimension in WEIGHED for cut in differing),
    }  # fmt: skip
    return render(request, "metrics/nonresponse.html", context)


class _Names:
    """What dimensions and their codes are called."""

    def __init__(self, visit: Visit) -> None:
        self.units = {unit.code: unit.name for unit in queries.units_of(organisation=visit.organisation.id, paths=visit.seat.paths)}
        self.touchpoints = dict(Touchpoint.objects.filter(organisation=visit.organisation).values_list("code", "name"))

    def of(self, dimension: str, group: Group) -> str:
        """A group by its name."""
        code = group.code
        if code is None:
            return words.without(dimension)
        if dimension == "unit":
            name = self.units.get(code, code)
            return _("%(name)s，不含下级") % {"name": name} if group.is_own else name
        return {"touchpoint": lambda: self.touchpoints.get(code, code), "channel": lambda: words.channel(code)}.get(dimension, lambda: code)()


def dimensions() -> dict[str, str]:
    """What the dimensions are called."""
    return {"tier": _("客户等级"), "unit": _("单元"), "touchpoint": _("触点"), "channel": _("渠道")}


def _cut(cut: Cut, names: _Names, period: Period, filters: Filters, *, may_open: bool) -> dict[str, Any]:
    left = len([group for group in cut.groups if not group.point.suppressed]) - len(cut.test.used)
    return {
        "cut": cut, "name": dimensions()[cut.dimension], "verdict": _verdict(cut, left),
        "rows": [_row(group, names.of(cut.dimension, group), cut.dimension, period, filters, may_open=may_open) for group in cut.groups],
    }  # fmt: skip


def _verdict(cut: Cut, left: int) -> str:
    """What the test says of a dimension, in a sentence."""
    if cut.p is None:
        return _("只有一组可比，不检验。")
    told = {"p": words.p_value(cut.p), "chi": changes.number(cut.test.chi_square, 1), "freedom": cut.test.freedom}
    said = _("各组的回答率有差别（χ² = %(chi)s，自由度 %(freedom)s，%(p)s）。") if cut.verdict == "differs" else _("看不出差别，也不等于没有（χ² = %(chi)s，自由度 %(freedom)s，%(p)s）。")
    return said % told + (_("%(n)s 组太小，没有参加检验。") % {"n": left} if left else "")


def _warning(cut: Cut, names: _Names) -> str:
    assert cut.most and cut.least  # a dimension that differs has both
    told = {
        "cut": dimensions()[cut.dimension], "most": names.of(cut.dimension, cut.most), "high": changes.shown(METRIC, cut.most.point.value),
        "least": names.of(cut.dimension, cut.least), "low": changes.shown(METRIC, cut.least.point.value),
    }  # fmt: skip
    return _("回答的人与被问的人不一样。按%(cut)s：%(most)s 回答了 %(high)s，%(least)s 只有 %(low)s。没有加权的数更多是前者的声音。") % told


def _row(group: Group, name: str, dimension: str, period: Period, filters: Filters, *, may_open: bool) -> dict[str, Any]:
    point = group.point
    urls = {part: _url(part, group, dimension, period, filters) for part in ("n", "answered")} if may_open and not point.suppressed else {}
    return {
        "name": name, "point": point, "answered": group.n_answered, "urls": urls, "is_few": point.n is not None and point.n < MIN_N,
        "value": changes.shown(METRIC, point.value), "interval": "" if point.low is None else f"{changes.number(point.low, 1)} – {changes.number(point.high, 1)}",
        "asked": _percent(group.asked_share), "heard": _percent(group.answered_share),
    }  # fmt: skip


def _url(part: str, group: Group, dimension: str, period: Period, filters: Filters) -> str:
    """The rows of a count: a subtree narrows as the filter of units does, every other group as a cell."""
    where = filters.where
    cell: dict[str, str | None] = {name: code for name, code in where.given().items() if name != "unit"}
    is_subtree = dimension == "unit" and not group.is_own
    if dimension and not is_subtree:
        cell[dimension] = group.code
    return desk_figure_rows.url_of(CODE, period, part, (group.code or "") if is_subtree else where.unit, cell)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{changes.number(share, 1)}%"


def _lines(found: NonResponse, names: _Names) -> list[list[Any]]:
    whole = Group(None, found.whole, None, None)
    return [_line("", "", whole, found, [None] * 4)] + [
        _line(cut.dimension, names.of(cut.dimension, group), group, found, [cut.test.chi_square, cut.test.freedom, cut.p, cut.verdict])
        for cut in found.cuts for group in cut.groups
    ]  # fmt: skip


def _line(dimension: str, name: str, group: Group, found: NonResponse, test: list[Any]) -> list[Any]:
    point, answered = group.point, group.n_answered
    quiet = None if answered is None or point.n is None else point.n - answered
    days = [found.period.from_date, found.period.to_date]
    return [
        dimension, group.code or "", name, *days, point.n, answered, quiet, point.value, point.low, point.high, group.asked_share, group.answered_share,
        point.suppressed, *test,
    ]  # fmt: skip

