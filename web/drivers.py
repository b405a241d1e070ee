"""驱动因素: which attributes or topics go with an outcome, how surely, and where importance and performance part."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cxms.lib.periods import Period
from feedback import topics
from metrics.hiding import HIDDEN_BELOW
from metrics.statistics import associations
from reports import changes, dashboards, drivers, figure_planes
from reports.drivers import Asked, Driver, Drivers
from reports.figure_planes import Spot
from web import exports, metric_filters
from web.door import Visit, needs
from web.metric_filters import Filters
from web.units import Switcher

COLUMNS = (
    "driver", "name", "n", "weight", "low", "high", "share", "vif", "performance", "performance_low", "performance_high", "quadrant",
)  # fmt: skip
HIGH_VIF = 5.0
BAR = 220.0


@dataclass(frozen=True)
class Mark:
    """What a point of the chart says and where it leads."""

    name: str
    title: str
    url: str
    quadrant: str


def asked_of(request: HttpRequest) -> Asked:
    """What the URL asks for; what is not offered is not asked."""
    given = request.GET.get
    chosen = {
        name: given(name, "") if given(name, "") in offered else offered[0]
        for name, offered in (("outcome", drivers.OUTCOMES), ("source", drivers.SOURCES), ("method", associations.METHODS), ("cross", drivers.CROSSES))
    }
    at = None
    if chosen["cross"] == "target":
        numbers = [_number(given(name, "")) for name in ("importance", "performance")]
        at = None if None in numbers else (numbers[0] or 0.0, numbers[1] or 0.0)
    return Asked(**chosen, at=at)


def _number(text: str) -> float | None:
    """A number from 0 to 100, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 100 else None


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives the same rows to take away."""
    units = Switcher(request, visit)
    organisation, touchpoints = visit.organisation.id, metric_filters.touchpoints_of(visit)
    filters, asked = metric_filters.filters_of(request, visit, touchpoints), asked_of(request)
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=organisation)
    found = drivers.drivers(organisation=organisation, period=period, where=filters.where, now=visit.now, asked=asked)
    names = topics.names(organisation=organisation)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        rows = [drivers.shown_row(row) | {"name": _name(row, asked, names)} for row in found.rows]
        return exports.table(kind, COLUMNS, [[row[name] for name in COLUMNS] for row in rows], name="drivers")
    query = request.GET.copy()
    kept = [(name, value) for name, value in query.items() if name not in {"importance", "performance", "cross", "format"}]
    context = {
        "units": units,
        "menus": [*_menus(asked), *metric_filters.menus(filters, touchpoints, with_by=False)],
        "query": query.urlencode(),
        "kept": kept,
        "asked": asked,
        "period": period,
        "found": found,
        "problem": _problem(found),
        "warnings": _warnings(found, names),
        "rows": _rows(found, names, filters, period),
        "planes": _planes(found, names, filters, period),
        "all_url": filters.drill(period, **_outcome_rows(asked)),
        "quadrants": quadrants(),
        "now": visit.now,
    }
    return render(request, "metrics/drivers.html", context)


def quadrants() -> dict[str, str]:
    """The four quadrants as they are called (Martilla & James 1977)."""
    return {"concentrate": _("集中改进"), "keep_up": _("继续保持"), "low_priority": _("暂缓"), "overkill": _("可能过度投入")}


def _menus(asked: Asked) -> list[metric_filters.Menu]:
    outcomes = {"nps": "NPS", "csat": _("满意度 CSAT"), "ces": _("费力度 CES"), "csi": _("满意度指数 CSI")}
    sources = {"items": _("分项评分"), "topics": _("提到的主题")}
    methods = {"relative": _("相对权重（Johnson）"), "shapley": _("Shapley 分解"), "pearson": _("Pearson 相关"), "spearman": _("Spearman 等级相关")}
    crosses = {"mean": _("平均数"), "median": _("中位数"), "target": _("目标值")}
    return [
        metric_filters.menu("outcome", _("结果"), outcomes.items(), asked.outcome),
        metric_filters.menu("source", _("因素"), sources.items(), asked.source),
        metric_filters.menu("method", _("方法"), methods.items(), asked.method),
        metric_filters.menu("cross", _("十字线"), crosses.items(), asked.cross),
    ]


def _outcome_rows(asked: Asked) -> dict[str, str]:
    return {"nps": "any"} if asked.outcome == "nps" else {"score": asked.outcome}


def _name(row: Driver, asked: Asked, names: dict[str, str]) -> str:
    return named(row.code, asked.source, names)


def named(code: str, source: str, names: dict[str, str]) -> str:
    """A topic by its name, an attribute by the usual word for it, else by its own code as it was sent."""
    if source == "topics":
        return names.get(code, code)
    item = code.partition(".")[2]
    return attributes().get(item, item)


def attributes() -> dict[str, str]:
    """The usual attributes of a satisfaction index by name."""
    return {
        "product": _("产品"), "price": _("价格"), "service": _("服务"), "environment": _("环境"), "speed": _("速度"), "after_sales": _("售后"),
        "staff": _("员工"), "quality": _("质量"), "delivery": _("配送"), "brand": _("品牌"), "parking": _("停车"),
    }  # fmt: skip


def _problem(found: Drivers) -> str:
    """Why there are no drivers, and what would help; "" where there are."""
    said = {
        "hidden": _("这个范围里的回答太少，已隐藏，防止认出个人。"),
        "few": _("需要 %(wanted)d 条同时答了结果与因素的回答（至少 50 条，每个因素 10 条），现有 %(n)d 条。") % {"wanted": found.found.n_wanted, "n": found.found.n}
        if found.found.n >= HIDDEN_BELOW else _("回答还不够：至少要 50 条，每个因素 10 条。"),
        "flat": _("这段时间的结果没有变化，没有什么可以解释。"),
        "none": _("没有可用的因素：同一条回答里要有结果，也要有分项评分或写下的话。"),
        "many": _("Shapley 分解最多 12 个因素。换用相对权重，或缩小范围。"),
    }  # fmt: skip
    return said.get(found.problem, "")


def _warnings(found: Drivers, names: dict[str, str]) -> list[str]:
    source, said = found.asked.source, []
    if found.is_own_index:
        said.append(_("满意度指数就是由这些分项算出来的，所以解释比例接近 100%；这里只能看分项之间谁的份量大。"))
    for why, text in (("constant", _("没有变化，不参与：%(names)s。")), ("few", _("回答不足 50 条，不参与：%(names)s。"))):
        listed = [named(code, source, names) for code, reason in found.found.left_out.items() if reason == why]
        if listed:
            said.append(text % {"names": "、".join(listed)})
    if found.found.is_mended:
        said.append(_("各对因素由不同的人回答，相关矩阵自相矛盾，已换成最接近的合理矩阵；结果只作参考。"))
    high = [named(row.code, source, names) for row in found.rows if row.found.vif is None or row.found.vif > HIGH_VIF]
    if high:
        said.append(_("与其他因素高度重叠（VIF 大于 5），单独的份量不稳：%(names)s。") % {"names": "、".join(high)})
    return said


def _rows(found: Drivers, names: dict[str, str], filters: Filters, period: Period) -> list[dict[str, Any]]:
    most = max((max(abs(row.found.low), abs(row.found.high), abs(row.found.weight)) for row in found.rows), default=1.0) or 1.0
    labels = quadrants()
    return [
        {
            "row": row, "number": number, "name": _name(row, found.asked, names), "url": _url(row, found.asked, filters, period),
            "weight": changes.number(row.found.weight, 3),
            "bounds": f"{changes.number(row.found.low, 3)} – {changes.number(row.found.high, 3)}",
            "share": "" if row.found.share is None else f"{row.found.share:.1f}%",
            "vif": "∞" if row.found.vif is None else changes.number(row.found.vif, 1),
            "performance": changes.number(row.performance.value, 1),
            "performance_bounds": f"{changes.number(row.performance.low, 1)} – {changes.number(row.performance.high, 1)}",
            "quadrant": labels[row.quadrant], "is_negative": row.found.weight < 0,
            "bar": round(BAR * abs(row.found.weight) / most, 1),
            "low": round(BAR * min(abs(row.found.low), abs(row.found.high)) / most, 1) if row.found.low * row.found.high > 0 else 0,
            "high": round(BAR * max(abs(row.found.low), abs(row.found.high)) / most, 1),
        }
        for number, row in enumerate(found.rows, start=1)
    ]  # fmt: skip


def _url(row: Driver, asked: Asked, filters: Filters, period: Period) -> str:
    name = "topic" if asked.source == "topics" else "item"
    return filters.drill(period, **_outcome_rows(asked), **{name: row.code})


def _planes(found: Drivers, names: dict[str, str], filters: Filters, period: Period) -> list[dict[str, Any]]:
    """The chart of importance and performance, for a desk and for a phone."""
    if found.cross is None:
        return []
    spots = [_spot(row, found.asked, names, filters, period) for row in found.rows]
    at = (found.cross[1], found.cross[0])
    return [
        {"name": "wide", "figure": figure_planes.plane(spots, at, limits=(0, 100))},
        {"name": "narrow", "figure": figure_planes.plane(spots, at, width=340, height=380, limits=(0, 100))},
    ]


def _spot(row: Driver, asked: Asked, names: dict[str, str], filters: Filters, period: Period) -> Spot[Mark]:
    name, scale = _name(row, asked, names), row.importance / abs(row.found.weight) if row.found.weight else 0.0
    bounds = sorted(abs(scale * bound) for bound in (row.found.low, row.found.high))
    if row.found.low * row.found.high < 0:
        bounds[0] = 0.0
    value = row.performance.value or 0.0
    said = _("%(name)s：重要性 %(a)s，表现 %(b)s，%(where)s，n = %(n)s") % {
        "name": name, "a": changes.number(row.importance, 1), "b": changes.number(value, 1), "where": quadrants()[row.quadrant], "n": f"{row.n:,}",
    }  # fmt: skip
    low, high = row.performance.low, row.performance.high
    n_letters = sum(1.0 if ord(char) > 0x2E80 else 0.6 for char in name)
    across = (value, value if low is None else low, value if high is None else high)
    return Spot(Mark(name, said, _url(row, asked, filters, period), row.quadrant), across, (row.importance, bounds[0], bounds[1]), n_letters)
