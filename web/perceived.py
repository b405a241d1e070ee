"""实测与感受: minutes beside feelings by week and by unit, where one moved without the other, and the halo check in words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from feedback import topics
from metrics.definitions.definition import Definition
from metrics.series import Point
from metrics.statistics import Estimate, Halo
from reports import changes, dashboards, perceived
from reports.perceived import FELT, MEASURED, HaloAsked, Move, Row
from tenancy import queries as tenancy
from web import exports, metric_filters, words
from web.door import Visit, needs
from web.metric_filters import Filters
from web.nps import interval
from web.units import Switcher

COLUMNS = (
    "cut", "code", "from", "to", "minutes", "minutes_low", "minutes_high", "within_share", "waits", "within_p", "sentiment", "sentiment_low",
    "sentiment_high", "voices", "sentiment_p", "mismatch",
)  # fmt: skip
OUTCOMES = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?format=csv` or xlsx gives the rows of both tables to take away."""
    units = Switcher(request, visit)
    organisation, touchpoints = visit.organisation.id, metric_filters.touchpoints_of(visit)
    filters = metric_filters.filters_of(request, visit, touchpoints)
    topic = request.GET.get("topic", "") if request.GET.get("topic", "") in perceived.TOPICS else perceived.TOPICS[0]
    found = perceived.beside(organisation=organisation, now=visit.now, where=filters.where, topic=topic, n_weeks=filters.weeks)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        rows = [_cells("week", row) for row in found.weeks] + [_cells("unit", row) for row in found.units]
        return exports.table(kind, COLUMNS, rows, name="measured-and-felt")
    wanted = {name: request.GET.get(name, "").replace("\x00", "")[:80] for name in ("outcome", "speed", "attitude")}
    asked = HaloAsked(wanted["outcome"] if wanted["outcome"] in perceived.OUTCOMES else "nps", wanted["speed"], wanted["attitude"])
    period = dashboards.weeks_until(visit.now, filters.weeks, organisation=organisation)
    chosen, items, halo = perceived.halo(organisation=organisation, period=period, where=filters.where, now=visit.now, asked=asked)
    names = {unit.code: unit.name for unit in tenancy.units_of(organisation=organisation, paths=visit.seat.paths)}
    retired = tenancy.retired_units(organisation=organisation, paths=visit.seat.paths)
    names |= {code: _("%(name)s（已停用）") % {"name": name} for code, name in retired.items()}
    named = topics.names(organisation=organisation)
    choices = [("topic", _("感受"), [(code, named.get(code, code)) for code in perceived.TOPICS], topic)]
    context = {
        "units": units, "found": found, "query": request.GET.urlencode(), "topic": named.get(topic, topic),
        "menus": [*(metric_filters.menu(*one) for one in choices), *metric_filters.menus(filters, touchpoints, with_by=False)],
        "tables": [
            ("week", _("按周，与前一周比"), [_row(row, f"W{row.period.from_date.isocalendar().week:02}", filters, topic) for row in reversed(found.weeks)]),
            ("unit", _("按门店，后半段与前半段比"), [_row(row, names[row.code], filters, topic, row.code, is_retired=row.code in retired) for row in found.units if row.code in names]),
        ],
        "holds": any(row.measured and row.measured.n or row.felt and row.felt.n for row in found.weeks),
        "chosen": chosen, "items": [(item, item.partition(".")[2]) for item in items], "outcomes": OUTCOMES.items(), "halo": halo,
        "kept": [(name, value) for name, value in request.GET.items() if name not in {"outcome", "speed", "attitude", "format"}],
        "said": _said(halo, chosen), "plain": _r(halo.plain) if halo else "", "partial": _r(halo.partial) if halo else "", "now": visit.now,
    }  # fmt: skip
    return render(request, "metrics/perceived.html", context)


def _row(row: Row, name: str, filters: Filters, topic: str, unit: str = "", *, is_retired: bool = False) -> dict[str, Any]:
    more: dict[str, Any] = {"unit": unit} if unit else {}
    # the list of voices narrows to living units
    voices = "" if is_retired else metric_filters.voices_behind(filters.where, row.period, score="sentiment", topic=topic, **more)
    return {
        "name": name, "row": row,
        "measured": _side(MEASURED, row.measured, row.measured_move, metric_filters.behind("waiting_time", filters.where, row.period, **more)),
        "within": _share(row.measured),
        "felt": _side(FELT, row.felt, row.felt_move, voices),
        "flag": {"measured_only": _("实测变了，感受没变"), "felt_only": _("感受变了，实测没变")}.get(row.mismatch, ""),
    }  # fmt: skip


def _side(definition: Definition, point: Point | None, move: Move, url: str) -> dict[str, Any]:
    if point is None or not point.n:
        return {"text": _("已隐藏") if point is not None and point.suppressed else "–", "url": ""}
    said = "" if move.p is None else (_("真实") if move.is_real else _("不明确")) + "，" + words.p_value(move.p)
    return {"text": changes.shown(definition, point.value), "margin": interval(definition, point), "n": point.n, "said": said, "url": url}


def _share(point: Point | None) -> str:
    return "" if point is None or point.components is None or not point.n else f"{100 * point.components['within_share']:.0f}%"


def _r(estimate: Estimate) -> str:
    if estimate.value is None:
        return "—"
    return f"{changes.signed(estimate.value, 2)}（{changes.signed(estimate.low, 2)} – {changes.signed(estimate.high, 2)}）"


def _said(halo: Halo | None, chosen: HaloAsked) -> str:
    if halo is None:
        return _("同一条回答里要有总体评分，也要有速度与态度两项评分，才能查光环。")
    given = {"n": f"{halo.n:,}", "least": 50, "outcome": OUTCOMES[chosen.outcome]}
    return {
        "too_few": _("太少：三项都答了的有 %(n)s 条，至少要 %(least)s 条。"),
        "constant": _("有一项没有变化，或两项完全一样，算不出来。"),
        "holds": _("态度相同的人里，觉得快与 %(outcome)s 仍然相关：速度自己说明了一些事。"),
        "halo": _("觉得快与 %(outcome)s 相关，但态度相同的人里就看不出相关了：可能是态度的光环。"),
        "none": _("觉得快与 %(outcome)s 看不出相关。"),
    }[halo.verdict] % given


def _cells(cut: str, row: Row) -> list[Any]:
    one, other = row.measured, row.felt
    left = [one.value, one.low, one.high, (one.components or {}).get("within_share"), one.n] if one else [None] * 5
    right = [other.value, other.low, other.high, other.n] if other else [None] * 4
    return [cut, row.code, row.period.from_date, row.period.to_date, *left, row.measured_move.p, *right, row.felt_move.p, row.mismatch]
