"""指标: the NPS page, the plain page of any metric, and its definition. The filter bar's state is the URL.

Figures come from `reports.dashboards`, geometry from `reports.figures`; here they only get their names and links.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cxms.lib.periods import Period
from feedback import topics
from metrics import grouping, published, queries, targets
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.published import Index
from metrics.series import Point
from metrics.targets import Book
from reports import aims, changes, dashboards, figures
from reports.aims import Aim
from reports.dashboards import NpsPage, Place, Ranking, Week
from reports.figures import Sample
from reports.reasons import Reason
from tenancy import queries as tenancy
from web import desk_figure_rows, grouped, metric_filters, settings_exposures, weighting, words
from web.door import Visit, needs
from web.metric_filters import Filters
from web.units import Switcher

WIDE, NARROW = 1128, 340
NBSP = "\u00a0"


@dataclass(frozen=True)
class Dot:
    """What a mark says and where it leads."""

    title: str
    url: str
    label: str
    is_running: bool = False
    value_text: str = ""
    n: int | None = None


@needs("metrics:read")
def nps(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The NPS page."""
    units = Switcher(request, visit)
    touchpoints = metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints, with_groups=True)
    choices = grouped.Choices(visit.organisation.id)
    page = dashboards.nps_page(
        organisation=visit.organisation.id, now=visit.now, where=filters.where, n_weeks=filters.weeks, by=filters.by
    )
    url_of = partial(filters.drill, page.period)
    book = targets.book(["nps"], organisation=visit.organisation.id)
    aim_of = partial(aims.aim, book, "nps", where=filters.where)
    library = _library(request, visit, "nps")
    context = {
        **library,
        "units": units,
        "page": page,
        "definitions": queries.register(),
        "menus": metric_filters.menus(filters, touchpoints, groups=choices),
        "cut": choices.by.get(filters.by, ""),
        "has_groups": bool(choices.by),
        "query": request.GET.urlencode(),
        "head": _head(page, filters),
        "trends": _trends(page, filters, book, library["index"]),
        "rows": _table(page, filters, aim_of),
        "aim": aim_of(page.head.point) if page.head else None,
        "beside": beside(book, "nps", visit),
        "weighting": weighting.line("nps", page.period, filters, visit, _with(request)),
        "dots": dots_of(page.ranking, url_of, fold=10_000 if request.GET.get("fold") == "0" else 8),
        "places": [(place, None if place.group else aim_of(place.point, unit=place.code)) for place in [one for tier in page.ranking.tiers for one in tier] + page.ranking.grey],
        "unfold": "?" + _with(request, fold="0"),
        "reasons": reasons_of(page.reasons.rows, url_of, visit.organisation.id),
        "may_act": visit.seat.may("actions:write"),
        "now": visit.now,
    }
    return render(request, "metrics/nps.html", context)


def _with(request: HttpRequest, **more: str) -> str:
    query = request.GET.copy()
    for name, value in more.items():
        query[name] = value
    return query.urlencode()


# ---- the head ------------------------------------------------------------------------------------------------------


def _head(page: NpsPage, filters: Filters) -> dict[str, Any] | None:
    """The last week in one line: value, margin, comparisons, mix."""
    if page.head is None:
        return None
    point = page.head.point
    found = point.components or {"promoters": 0, "passives": 0, "detractors": 0}
    counts = [found["promoters"], found["passives"], found["detractors"]]
    n = sum(counts)
    groups = (("promoter", _("推荐")), ("passive", _("中立")), ("detractor", _("贬损")))
    period = Period(point.from_date, point.to_date)
    return {
        "week": page.head,
        "point": point,
        "value": changes.signed(point.value, 0),
        "margin": changes.plus_minus(point.margin, 1).strip(NBSP),
        "changes": [
            {"words": _change(change), "kind": change.kind, "against": against, "p": words.p_value(change.p)}
            for change, against in ((page.to_last_week, _("比上周")), (page.to_last_year, _("比去年同周")))
        ],
        "mix": [
            {
                "slice": part, "label": label, "group": group,
                "share": changes.number(100 * count / n, 1) if n else "—",
                "url": filters.drill(period, nps=group),
            }
            for part, count, (group, label) in zip(figures.mix(counts), counts, groups, strict=True)
        ],
        "url": filters.drill(period, nps="any"),
    }  # fmt: skip


def _change(change: changes.Change) -> str:
    return f"{change.arrow} {said}" if (said := changes.words(change, 1)) else ""


# ---- the trend -----------------------------------------------------------------------------------------------------


def title(point: Point, name: str, definition: Definition) -> str:
    """What a mark says: value, interval, n."""
    if point.suppressed:
        return f"{name}：" + _("已隐藏，防止认出个人")
    if point.value is None:
        return f"{name}：" + _("没有数据")
    decimals = max(definition.decimals, 1)
    low, high = changes.number(point.low, decimals), changes.number(point.high, decimals)
    bounds = f"（{low} – {high}）" if point.low is not None else ""
    value = changes.signed(point.value, decimals) if definition.unit == "points" else changes.number(point.value, decimals)
    return f"{name}：{value}{bounds}，n = {point.n:,}"


def _week_name(week: Week) -> str:
    return _("本周至今") if week.is_running else f"W{week.number:02}"


def _trends(page: NpsPage, filters: Filters, book: Book, index: Index | None) -> list[dict[str, Any]]:
    """The same line for a desk and for a phone."""
    samples = []
    for week in page.weeks:
        point, name = week.point, _week_name(week)
        url = filters.drill(Period(point.from_date, point.to_date), nps="any")
        dot = Dot(title(point, name, page.definition), url, name, week.is_running, changes.signed(point.value, 1), point.n)
        samples.append(Sample(dot, point.value, point.low, point.high, week.is_running))
    before = [week.before for week in page.weeks]
    aimed = aims.line(book, "nps", [week.point for week in page.weeks], filters.where)
    beside = published.line(index, [week.point.from_date.year for week in page.weeks]) if index else []
    wide = figures.trend(samples, before, aimed, beside, width=WIDE, limits=(-100, 100))
    narrow = figures.trend(samples, before, aimed, beside, width=NARROW, height=220, left=38, right=16, labels=5, limits=(-100, 100))
    return [{"name": "wide", "figure": wide}, {"name": "narrow", "figure": narrow}]


def _table(page: NpsPage, filters: Filters, aim_of: Callable[..., Aim | None]) -> list[dict[str, Any]]:
    """What the trend says, in rows."""
    return [
        {
            "name": _week_name(week),
            "point": week.point,
            "before": week.before,
            "aim": aim_of(week.point),
            "url": filters.drill(Period(week.point.from_date, week.point.to_date), nps="any"),
        }
        for week in reversed(page.weeks)
    ]


# ---- tiers and reasons ---------------------------------------------------------------------------------------------


def dots_of(ranking: Ranking, url_of: Callable[..., str], *, fold: int = 8, wide: float = 494) -> list[dict[str, Any]]:
    """Units in tiers by NPS, for a desk and for a phone; `url_of(nps=, unit=)` says where a dot leads."""

    def sample(place: Place) -> Sample[Dot]:
        point = place.point
        said = title(point, place.name, BY_CODE["nps"])
        url = url_of(nps="any", **place.asks)
        return Sample(Dot(said, url, place.name, False, changes.signed(point.value, 0), point.n), point.value, point.low, point.high)

    tiers = [[sample(place) for place in tier] for tier in ranking.tiers]
    grey = [sample(place) for place in ranking.grey]
    shape: dict[str, Any] = {"n_hidden": ranking.n_hidden, "reference": ranking.whole.value, "fold": fold}
    desk = figures.dots(tiers, grey, width=wide, **shape)
    narrow = figures.dots(tiers, grey, width=NARROW, left=104, right=102, **shape)
    return [{"name": "wide", "figure": desk}, {"name": "narrow", "figure": narrow}]


def reasons_of(rows: Sequence[Reason], url_of: Callable[..., str], organisation: int) -> list[dict[str, Any]]:
    """Reasons with their bars and words; `url_of(nps=, topic=)` says where one leads."""
    most = max([share for row in rows for share in (row.detractors.high or 0, row.promoters.high or 0)], default=1.0)
    names = topics.names(organisation=organisation)
    return [_reason(row, most, url_of, names) for row in rows]


def _reason(row: Reason, most: float, url_of: Callable[..., str], names: Mapping[str, str]) -> dict[str, Any]:
    left, right = ((e.value or 0.0, e.low or 0.0, e.high or 0.0) for e in (row.detractors, row.promoters))
    side = "promoter" if row.is_praise else "detractor"
    said = _("真实") if row.is_real else _("尚不明确")
    return {
        "row": row,
        "name": names.get(row.topic, row.topic),
        "bars": figures.bars(left, right, most),
        "left": share_text(left[0]),
        "right": share_text(right[0]),
        "lift": changes.number(row.lift, 1),
        "lift_bounds": bounds(row.lift_low, row.lift_high),
        "impact": changes.signed(row.impact.value, 1),
        "impact_bounds": bounds(row.impact.low, row.impact.high),
        "said": _("推荐者的理由，") + said if row.is_praise else said,
        "url": url_of(nps="any", topic=row.topic),
        "side_url": url_of(nps=side, topic=row.topic),
        "n_side": row.n_promoters if row.is_praise else row.n_detractors,
    }


def bounds(low: float | None, high: float | None) -> str:
    """“2.1 – 2.3”, or nothing."""
    return "" if low is None or high is None else f"{changes.number(low, 1)}{NBSP}–{NBSP}{changes.number(high, 1)}"


def share_text(share: float) -> str:
    """A share (0..1) as reasons write it."""
    return f"{100 * share:.1f}%" if share < 0.1 else f"{100 * share:.0f}%"


# ---- any metric ----------------------------------------------------------------------------------------------------


@needs("metrics:read")
def metric(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """The plain page of a metric: its weeks as a line and in rows."""
    definition = queries.definition(code)
    if definition is None:
        raise Http404
    units = Switcher(request, visit)
    touchpoints = metric_filters.touchpoints_of(visit)
    choices = grouped.Choices(visit.organisation.id)
    filters = metric_filters.filters_of(request, visit, touchpoints, with_groups=grouping.cuts(definition))
    points, whole = dashboards.metric_page(
        organisation=visit.organisation.id, metric=code, now=visit.now, where=filters.where, n_weeks=filters.weeks
    )
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    book = targets.book([code], organisation=visit.organisation.id)
    library = _library(request, visit, code)
    context = {
        **library,
        "aim": aims.aim(book, code, whole, filters.where),
        "beside": beside(book, code, visit),
        "weighting": weighting.line(code, Period(whole.from_date, whole.to_date), filters, visit, _with(request)),
        "extras": _extras(definition, whole, filters, visit),
        "definition": definition,
        "definitions": queries.register(),
        "units": units,
        "menus": metric_filters.menus(filters, touchpoints, with_by=False, groups=choices),
        "has_groups": grouping.cuts(definition) and bool(choices.by),
        "query": request.GET.urlencode(),
        "may_act": visit.seat.may("actions:write"),
        "whole": whole,
        "value": changes.shown(definition, whole.value),
        "margin": interval(definition, whole),
        "is_unstable": definition.unstable(whole.components),
        "trends": _plain_trends(points, definition, filters, today, aims.line(book, code, points, filters.where), library["index"]),
        "rows": [{"aim": aims.aim(book, code, p, filters.where), "name": _name(p, today), "point": p, "value": changes.shown(definition, p.value), "margin": interval(definition, p)} for p in reversed(points)],
        "now": visit.now,
    }  # fmt: skip
    return render(request, "metrics/metric.html", context)


def _extras(definition: Definition, whole: Point, filters: Filters, visit: Visit) -> list[dict[str, str]]:
    """What a metric tells beside its value, each with the rows of its count where the page of rows can narrow to them."""
    if whole.components is None or not whole.n:
        return []
    may_open = visit.seat.may("complaints:manage") and set(filters.where.given()) <= {"unit"}
    period, made = Period(whole.from_date, whole.to_date), []
    for one in definition.extras:
        found = one.estimate(whole.components)
        sign = "%" if one.unit == "%" else ""
        bounds = f"（{changes.number(found.low, 1)} – {changes.number(found.high, 1)}{sign}）" if found.low is not None else ""
        url = desk_figure_rows.url_of(definition.code, period, one.code, filters.where.unit, {}) if may_open and one.code in definition.parts else ""
        made.append({"label": str(one.label), "text": changes.number(found.value, 1) + (sign if found.value is not None else ""), "bounds": bounds, "url": url})
    return made


def _library(request: HttpRequest, visit: Visit, metric: str) -> dict[str, Any]:
    """The published indices that may stand beside a metric, and the one the URL asks for."""
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    offered = published.indices(organisation=visit.organisation.id, metric=metric)
    index = next((one for one in offered if one.code == request.GET.get("index", "")), None)
    indices = [(one, one.until(today.year), "?" + _with(request, index="" if one == index else one.code)) for one in offered]
    return {"indices": indices, "index": index, "public": _public(index, today)}


def _public(index: Index | None, today: date) -> str:
    """What the line of a published index is called: whose it is not, and of which year."""
    found = index.until(today.year) if index else None
    if index is None or found is None:
        return ""
    words = {"name": index.label, "value": aims.plain(index.metric, found.value), "year": found.year}
    return _("公开数据，不是本公司：%(name)s %(value)s（%(year)s）") % words


def beside(book: Book, metric: str, visit: Visit) -> list[dict[str, Any]]:
    """What others reached, newest first told by name."""
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    return [{"row": row, "value": aims.plain(metric, row.value)} for row in book.competitors(metric, today)]


def interval(definition: Definition, point: Point) -> str:
    """The interval of a point as the metric writes it; empty where it is hidden."""
    return "" if point.components is None else changes.interval(definition, definition.estimate(point.components))


def _name(point: Point, today: date) -> str:
    return _("本周至今") if point.to_date > today else f"W{point.from_date.isocalendar().week:02}"


def _plain_trends(
    points: Sequence[Point], definition: Definition, filters: Filters, today: date, aimed: Sequence[float | None], index: Index | None
) -> list[dict[str, Any]]:
    samples = []
    for point in points:
        name = _name(point, today)
        url = filters.drill(Period(point.from_date, point.to_date))
        is_running = point.to_date > today
        dot = Dot(title(point, name, definition), url, name, is_running, changes.shown(definition, point.value), point.n)
        samples.append(Sample(dot, point.value, point.low, point.high, is_running))
    beside = published.line(index, [point.from_date.year for point in points]) if index else []
    wide = figures.trend(samples, (), aimed, beside, width=WIDE)
    narrow = figures.trend(samples, (), aimed, beside, width=NARROW, height=220, left=38, right=16, labels=5)
    return [{"name": "wide", "figure": wide}, {"name": "narrow", "figure": narrow}]


@needs("metrics:read")
def definition(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """What a metric means, exactly."""
    found = queries.definition(code)
    if found is None:
        raise Http404
    context: dict[str, Any] = {"definition": found, "definitions": queries.register()}
    if code == "complaint_rate":
        kind, source = visit.organisation.complaint_exposure, visit.organisation.exposure_source
        context["exposure"] = (settings_exposures.kinds().get(kind, kind), source)
    return render(request, "metrics/definition.html", context)
