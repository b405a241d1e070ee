"""门店成绩单: a unit's figures, praise and what to work on, for whoever sees the unit; and the list that leads there."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from complaints.queries import Filters as DeskFilters
from feedback import topics
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where
from reports import changes, dashboards, people_card, pulse, store_card
from reports.store_card import WEEKS, Card
from tenancy import queries, trees
from tenancy.models import Unit
from web import cards, exports, home, metric_filters
from web.door import Visit, needs
from web.nps import interval, share_text, title

PAGE = 50


@dataclass(frozen=True)
class Line:
    """A unit of the list with its NPS."""

    unit: Unit
    point: Point | None
    value: str
    margin: str
    rows: str


def seen(visit: Visit, code: str) -> Unit:
    """The open unit of this code if it lies in the person's subtrees; else it never existed."""
    unit = trees.by_code(code, organisation=visit.organisation.id)
    if unit is None or not visit.seat.sees(unit.path):
        raise Http404
    return unit


@require_GET
@needs("metrics:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The units one sees, in the order of the tree, each with the NPS of the last 13 whole weeks. No order of merit."""
    organisation = visit.organisation.id
    q = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    mine = {unit.id for unit in queries.units_of(organisation=organisation, paths=visit.seat.paths)}
    found = [unit for unit in trees.units(organisation=organisation, q=q) if unit.id in mine]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    period = dashboards.whole_weeks(visit.now, WEEKS[0], organisation=organisation)
    points = dashboards.by_subtree(list(page.object_list), period=period, organisation=organisation, now=visit.now)
    lines = [_line(unit, points.get(unit.code), period) for unit in page.object_list]
    context = {"page": page, "lines": lines, "q": q, "query": urlencode({"q": q}) if q else "", "period": period}
    return render(request, "card/units.html", context)


def _line(unit: Unit, point: Point | None, period: Any) -> Line:
    rows = metric_filters.behind("nps", Where(unit=unit.code), period)
    value = "" if point is None else changes.signed(point.value, 0)
    return Line(unit, point, value, interval(BY_CODE["nps"], point) if point else "", rows)


@require_GET
@needs("metrics:read")
def card(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One unit's scorecard; `?format=csv` or xlsx gives its figures to take away."""
    unit = seen(visit, code)
    organisation = visit.organisation.id
    weeks = next((n for n in WEEKS if str(n) == request.GET.get("weeks", "")), WEEKS[0])
    found = store_card.card(unit, organisation=organisation, now=visit.now, n_weeks=weeks)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        rows = [cards.row(f.definition, f.point, f.before, f.change, f.standing) for f in found.figures]
        return exports.table(kind, cards.FIGURES, rows, name=f"scorecard-{unit.code}")
    names = topics.names(organisation=organisation)
    context: dict[str, Any] = {
        "unit": unit,
        "card": found,
        "weeks": weeks,
        "spans": [(n, _("近 %(n)d 周") % {"n": n}) for n in WEEKS],
        "tiles": [_tile(figure, found, weeks) for figure in found.figures],
        "topics": [_topic(point, found, names) for point in found.topics],
        "work_on": _work_on(found, names),
        "pulse": _pulse(unit, organisation, visit),
        "quotes": cards.quotes(found.praise, organisation),
        "praise_url": praise_url(unit),
        "may_act": visit.seat.may("actions:write"),
    }
    if visit.seat.may("complaints:read"):
        context |= _promises(visit, unit)
    return render(request, "card/unit.html", context)


def _tile(figure: store_card.Figure, found: Card, weeks: int) -> cards.Tile:
    rows = metric_filters.behind(figure.definition.code, Where(unit=found.unit.code), found.period, weeks=weeks)
    return cards.tile(figure.definition, figure.point, figure.change, figure.weeks, rows=rows, standing=figure.standing)


def _pulse(unit: Unit, organisation: int, visit: Visit) -> dict[str, Any] | None:
    """What the people of the unit said of working here in the last closed round."""
    found = pulse.of_unit(unit.code, organisation=organisation, now=visit.now)
    if found is None or (not found.point.n and not found.point.suppressed):
        return None
    shown = cards.tile(found.definition, found.point, found.change, [], rows=reverse("definition", args=["enps"]))
    return {"tile": shown, "day": found.day, "may_open": visit.seat.may("people:read")}


def _topic(point: Point, found: Card, names: dict[str, str]) -> dict[str, Any]:
    definition, code = BY_CODE["sentiment"], str(point.by["topic"])
    feel = {1: "pos", -1: "neg"}.get(people_card.leaning(point), "")
    return {
        "name": names.get(code, code), "point": point, "feel": feel, "value": changes.shown(definition, point.value),
        "margin": interval(definition, point), "said": title(point, names.get(code, code), definition),
        "url": metric_filters.behind("sentiment", Where(unit=found.unit.code), found.period, topic=code),
    }  # fmt: skip


def _work_on(found: Card, names: dict[str, str]) -> dict[str, Any] | None:
    row = found.work_on
    if row is None:
        return None
    url = metric_filters.voices_behind(Where(unit=found.unit.code), found.period, nps="detractor", topic=row.topic)
    share = row.detractors
    bounds = f"{share_text(share.low or 0.0)} – {share_text(share.high or 0.0)}"
    return {"row": row, "name": names.get(row.topic, row.topic), "share": share_text(share.value or 0.0), "bounds": bounds, "url": url}


def praise_url(unit: Unit) -> str:
    """The wall of thanks of the unit."""
    return f"{reverse('praise-wall')}?{urlencode({'unit': unit.code})}"


def _promises(visit: Visit, unit: Unit) -> dict[str, Any]:
    found = home.promises(visit, DeskFilters(unit=unit.code, paths=visit.seat.paths))
    return {**found, "shown": [row for _name, group in found["groups"] for row in group][:5]}
