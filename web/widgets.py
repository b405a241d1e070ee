"""A widget drawn: its template with words, geometry and links, and its rows as they are exported.

Each kind is one function from what `reports.widget_figures` read. What the rows say is what the marks say, to the bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from complaints.queries import Filters as DeskFilters
from cxms.lib.periods import Period
from feedback import queries as voices
from feedback import topics
from feedback.queries import Filters as VoiceFilters
from improvement import queries as improvement
from metrics import grouping, targets
from metrics.definitions.table import BY_CODE
from metrics.series import Point
from metrics.targets import Book
from reports import aims, annotations, changes, figure_bars, figures, reasons, widget_figures
from reports.aims import Aim
from reports.figures import Sample
from reports.models import Annotation
from reports.widget_figures import Asked, Block, Line
from reports.widgets import Widget
from tenancy import queries as tenancy
from tenancy.enums import Channel
from web import desk_figure_rows, grouped, home, metric_filters, widget_leaving
from web.door import Visit
from web.feedback import lines_of
from web.improvement import cards
from web.nps import Dot, dots_of, interval, reasons_of, title

PIXELS = {3: 250, 4: 340, 6: 520, 8: 700, 12: 1080}
HIGH = {1: 150, 2: 240, 3: 400}
NARROW = 340
MIN_N = 30
FIGURES = ("metric", "label", "from", "to", "value", "low", "high", "n", "suppressed", "target", "verdict")


@dataclass(frozen=True)
class Drawn:
    """What stands in a widget's frame. template: the body; url: where its title leads; rows: the export, a list per row."""

    widget: Widget
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    columns: Sequence[str] = FIGURES
    rows: Sequence[Sequence[Any]] = field(default_factory=list)
    is_empty: bool = False

    @property
    def has_picture(self) -> bool:
        """Whether there is a figure to take away as SVG or PNG."""
        return not self.is_empty and self.widget.kind in {"number", "trend", "control", "bars", "tiers", "mix"}


@dataclass(frozen=True)
class Canvas:
    """What every kind draws with."""

    widget: Widget
    asked: Asked
    visit: Visit

    @property
    def width(self) -> float:
        """Of the figure, in its own units."""
        return PIXELS[self.widget.width]

    @property
    def height(self) -> float:
        """Of the figure, in its own units."""
        return HIGH[self.widget.height]

    def behind(self, metric: str, point: Point, **more: str) -> str:
        """The rows behind a point."""
        period = Period(point.from_date, point.to_date)
        return metric_filters.behind(metric, self.asked.where, period, weeks=max(self.asked.weeks, 13), **more)

    def page(self, metric: str) -> str:
        """The metric's own page under the same filters."""
        return metric_filters.page_of(metric, self.asked.where, weeks=max(self.asked.weeks, 13))

    def dot(self, line: Line, **more: str) -> Dot:
        """What a mark says and where it leads."""
        definition, point = BY_CODE[line.metric], line.point
        said = title(point, line.label or str(definition.label), definition)
        return Dot(said, self.behind(line.metric, point, **more), line.label, point.to_date > self.asked.whole.to_date, _shown(line), point.n)

    def drawn(self, template: str, block: Block, context: dict[str, Any], *, url: str = "") -> Drawn:
        """A widget of figures; empty when no line holds anything."""
        lines = [*block.whole, *block.lines] if self.widget.kind in {"bars", "table", "tiers"} else block.lines
        holds = any(line.point.n or line.point.suppressed or any((line.point.components or {}).values()) for line in lines)
        return Drawn(self.widget, f"dashboard/{template}.html", context, url, FIGURES, [self.row(line) for line in lines], not holds)

    @cached_property
    def book(self) -> Book:
        """The targets of the widget's metrics."""
        return targets.book(self.widget.metrics or ("nps",), organisation=self.asked.organisation)

    def aim(self, line: Line) -> Aim | None:
        """The target of a line's figure."""
        cell: dict[str, Any] = {} if not line.by else {"unit": line.code} if line.by == "unit" else {"cell": (line.by, line.code)}
        known = BY_CODE[line.metric].dimensions
        where = self.asked.where.without([name for name in self.asked.where.given() if name not in known])
        return aims.aim(self.book, line.metric, line.point, where, **cell)

    def row(self, line: Line) -> list[Any]:
        """A figure as it is exported."""
        aim = self.aim(line)
        return [*_row(line), aim.value if aim else None, (aim.verdict or "") if aim else ""]


def draw(widget: Widget, asked: Asked, visit: Visit) -> Drawn:
    """The widget as this reader sees it now."""
    return DRAW[widget.kind](Canvas(widget, asked.of(widget), visit))


def _shown(line: Line) -> str:
    return changes.shown(BY_CODE[line.metric], line.point.value)


def _row(line: Line) -> list[Any]:
    point = line.point
    label = line.code or line.label
    return [line.metric, label, point.from_date, point.to_date, point.value, point.low, point.high, point.n, point.suppressed]


def _number(canvas: Canvas) -> Drawn:
    block = widget_figures.number(canvas.widget, canvas.asked)
    (line,) = block.lines
    definition = BY_CODE[line.metric]
    decimals = max(definition.decimals, 1) if definition.unit == "points" else definition.decimals
    said = changes.words(block.change, decimals)
    samples = [Sample(None, one.point.value, one.point.low, one.point.high) for one in block.whole]
    context = {
        "line": line, "value": _shown(line), "margin": interval(definition, line.point), "change": block.change,
        "said": f"{block.change.arrow} {said}" if said else "", "spark": figures.sparkline(samples, width=canvas.width),
        "aim": canvas.aim(line), "url": canvas.behind(line.metric, line.point), "is_few": (line.point.n or 0) < MIN_N, "weeks": canvas.asked.weeks,
    }  # fmt: skip
    return canvas.drawn("number", block, context, url=canvas.page(line.metric))


def _lines_of(
    canvas: Canvas, samples: Sequence[Sample[Dot]], before: Sequence[float | None], notes: Sequence[Annotation], aimed: Sequence[float | None] = ()
) -> list[dict[str, Any]]:
    """The same line for a desk and for a phone, with the annotations' places."""
    (metric,) = canvas.widget.metrics
    limits = (-100.0, 100.0) if BY_CODE[metric].unit == "points" else None
    made = []
    shapes: tuple[tuple[str, dict[str, Any]], ...] = (("wide", {"width": canvas.width, "height": canvas.height, "right": 84}), ("narrow", {"width": NARROW, "height": 220, "left": 38, "right": 16, "labels": 5}))
    for name, shape in shapes:
        figure = figures.trend(samples, before, aimed, limits=limits, **shape)
        flags = [{"x": figure.marks[at].x, "n": number} for number, at in _weeks_of(notes, canvas.asked.running.from_date) if at < len(figure.marks)]
        made.append({"name": name, "figure": figure, "flags": flags})
    return made


def _weeks_of(notes: Sequence[Annotation], first: date) -> list[tuple[int, int]]:
    return [(number, (note.day - first) // timedelta(weeks=1)) for number, note in enumerate(notes, start=1)]


def _notes(canvas: Canvas, period: Period) -> list[Annotation]:
    organisation = canvas.asked.organisation
    units = tenancy.units_of(organisation=organisation, paths=canvas.asked.where.paths or ("/",))
    chosen = next((unit.path for unit in units if unit.code == canvas.asked.where.unit), None)
    path = chosen or (units[0].path if units else "/")
    return annotations.over(period, organisation=organisation, path=path)


def _trend(canvas: Canvas) -> Drawn:
    block = widget_figures.trend(canvas.widget, canvas.asked)
    notes = _notes(canvas, canvas.asked.running)
    samples = []
    for line in block.lines:
        dot = canvas.dot(line)
        samples.append(Sample(dot, line.point.value, line.point.low, line.point.high, dot.is_running))
    found = [canvas.aim(line) for line in block.lines]
    aimed = [None if one is None else one.value for one in found]
    context = {"trends": _lines_of(canvas, samples, block.before, notes, aimed), "notes": notes, "signs": BY_CODE[block.lines[0].metric].unit == "points"}
    return canvas.drawn("trend", block, context, url=canvas.page(block.lines[0].metric))


def _control(canvas: Canvas) -> Drawn:
    block = widget_figures.control(canvas.widget, canvas.asked)
    chart = block.chart
    samples, signals = [], set(chart.signals) if chart else set()
    for index, line in enumerate(block.lines):
        low, high = (chart.lower[index], chart.upper[index]) if chart else (None, None)
        samples.append(Sample(canvas.dot(line), line.point.value, low, high))
    centre = [chart.centre if chart else None] * len(samples)
    trends = _lines_of(canvas, samples, centre, [])
    for trend in trends:
        trend["signals"] = [mark for index, mark in enumerate(trend["figure"].marks) if index in signals and mark.y is not None]
    said = [line.label for index, line in enumerate(block.lines) if index in signals]
    context = {"trends": trends, "said": said, "signs": BY_CODE[block.lines[0].metric].unit == "points", "n_weeks": len(samples)}
    return canvas.drawn("control", block, context, url=canvas.page(block.lines[0].metric))


def _names(canvas: Canvas) -> dict[str, str]:
    """What the codes of the widget's cut are called."""
    organisation, by = canvas.asked.organisation, widget_figures.by_of(canvas.widget, canvas.asked)
    if by.startswith(grouping.BY):
        hierarchy = grouping.cut(by, canvas.asked.where).hierarchy
        return {grouped.key_of(hierarchy, code): name for code, name in grouped.Choices(organisation).names(hierarchy).items()}
    if by == "unit":
        units = tenancy.units_of(organisation=organisation, paths=canvas.asked.where.paths or ("/",))
        return {unit.code: unit.name for unit in units}
    if by == "touchpoint":
        return metric_filters.touchpoints_of(canvas.visit)
    if by == "channel":
        return {str(value): str(label) for value, label in Channel.choices}
    return topics.names(organisation=organisation) if by == "topic" else {}


def _bars(canvas: Canvas) -> Drawn:
    block = widget_figures.cut(canvas.widget, canvas.asked, _names(canvas))
    most = {1: 4, 2: 7, 3: 12}[canvas.widget.height]
    samples = []
    for line in block.lines[:most]:
        dot = canvas.dot(line, **{line.by: line.code})
        samples.append(Sample(dot, line.point.value, line.point.low, line.point.high, (line.point.n or 0) < MIN_N))
    whole = block.whole[0]
    context = {
        "bars": figure_bars.rows(samples, whole.point.value, width=canvas.width, left=min(130, canvas.width * 0.32)),
        "whole": _shown(whole), "n_more": block.n_more + max(0, len(block.lines) - most),
    }  # fmt: skip
    return canvas.drawn("bars", block, context, url=canvas.page(whole.metric))


def _tiers(canvas: Canvas) -> Drawn:
    block = widget_figures.tiers(canvas.widget, canvas.asked)
    url_of: Callable[..., str] = partial(metric_filters.voices_behind, canvas.asked.where, canvas.asked.whole)
    dots = dots_of(block.ranking, url_of, fold=4, wide=canvas.width) if block.ranking else []
    unfold = metric_filters.page_of("nps", canvas.asked.where, weeks=max(canvas.asked.weeks, 13)) + "&fold=0"
    return canvas.drawn("tiers", block, {"dots": dots, "unfold": unfold}, url=canvas.page("nps"))


def _mix(canvas: Canvas) -> Drawn:
    block = widget_figures.mix(canvas.widget, canvas.asked)
    groups = (("detractor", "detractors", _("贬损")), ("passive", "passives", _("中立")), ("promoter", "promoters", _("推荐")))
    items = []
    for line in block.lines:
        found = line.point.components or {}
        counts = [found.get(name, 0) for _group, name, _label in reversed(groups)]
        items.append((canvas.dot(line), counts))
    columns = figure_bars.columns(items, width=canvas.width, height=canvas.height, labels=int(canvas.width // 44))
    labels = [(group, label) for group, _name, label in reversed(groups)]
    drawn = canvas.drawn("mix", block, {"columns": columns, "labels": labels}, url=canvas.page("nps"))
    names = ("promoters", "passives", "detractors")
    rows = [[*canvas.row(line), *((line.point.components or {}).get(name) for name in names)] for line in block.lines]
    return Drawn(**{**drawn.__dict__, "columns": (*FIGURES, *names), "rows": rows})


def _table(canvas: Canvas) -> Drawn:
    block = widget_figures.cut(canvas.widget, canvas.asked, _names(canvas))
    heads = [(BY_CODE[code], canvas.page(code)) for code in canvas.widget.metrics]
    whole = {line.metric: line for line in block.whole}
    by_code: dict[str, dict[str, Line]] = {}
    for line in block.lines:
        by_code.setdefault(line.code, {})[line.metric] = line
    most = {1: 4, 2: 10, 3: 18}[canvas.widget.height]
    rows = []
    for key, cells in list(by_code.items())[:most]:
        label = next(iter(cells.values())).label
        url = reverse("unit-card", args=[key]) if next(iter(cells.values())).by == "unit" else ""
        rows.append((label, [_cell(canvas, cells.get(code), whole[code]) for code in canvas.widget.metrics], url))
    total = [_cell(canvas, whole[code], whole[code]) for code in canvas.widget.metrics]
    context = {"heads": heads, "table": rows, "total": total, "n_more": block.n_more + max(0, len(by_code) - most)}
    return canvas.drawn("table", block, context)


def _cell(canvas: Canvas, line: Line | None, whole: Line) -> dict[str, Any]:
    """A figure of a table; better or worse when its interval leaves the whole's value out."""
    if line is None:
        return {}
    point, definition = line.point, BY_CODE[line.metric]
    feel = arrow = ""
    if point.low is not None and point.high is not None and whole.point.value is not None and (point.n or 0) >= MIN_N:
        above, below = point.low > whole.point.value, point.high < whole.point.value
        arrow = "▲" if above else "▼" if below else ""
        feel = "" if not arrow else "better" if above == (definition.direction > 0) else "worse"
    more = {line.by: line.code} if line.by else {}
    return {
        "point": point, "value": _shown(line), "margin": interval(definition, point), "feel": feel, "arrow": arrow,
        "url": canvas.behind(line.metric, point, **more), "said": title(point, line.label, definition), "aim": canvas.aim(line),
    }  # fmt: skip


def _reasons(canvas: Canvas) -> Drawn:
    asked = canvas.asked
    limit = {1: 1, 2: 3, 3: 5}[canvas.widget.height]
    names = {unit.code: unit.name for unit in tenancy.units_of(organisation=asked.organisation, paths=asked.where.paths or ("/",))}
    found = reasons.reasons(organisation=asked.organisation, period=asked.whole, where=asked.where, now=asked.now, limit=limit, names=names)
    url_of: Callable[..., str] = partial(metric_filters.voices_behind, asked.where, asked.whole)
    context = {"reasons": reasons_of(found.rows, url_of, asked.organisation), "found": found}
    rows = [[row.topic, row.n, row.n_detractors, row.n_promoters, row.lift, row.lift_low, row.lift_high, row.is_real, row.impact.value, row.impact.low, row.impact.high] for row in found.rows]
    columns = ("topic", "n", "detractors", "promoters", "lift", "low", "high", "real", "impact_points", "impact_low", "impact_high")
    return Drawn(canvas.widget, "dashboard/reasons.html", context, canvas.page("nps"), columns, rows, not rows)


def _quotes(canvas: Canvas) -> Drawn:
    where, period = canvas.asked.where, canvas.asked.running
    filters = VoiceFilters(
        unit=where.unit, channel=where.channel, touchpoint=where.touchpoint, from_date=period.from_date, to_date=period.to_date, paths=where.paths
    )
    rows = voices.voices(filters, organisation=canvas.asked.organisation).exclude(text="").filter(excluded_at__isnull=True)
    newest = rows.select_related("unit", "staff", "touchpoint", "customer")[: {1: 2, 2: 4, 3: 8}[canvas.widget.height]]
    lines = lines_of(list(newest), canvas.asked.organisation)
    said = [["".join(part.text or f"[{part.mask}]" for part in line.parts), line.row.occurred_at, line.row.unit.code if line.row.unit else ""] for line in lines]
    url = metric_filters.voices_behind(where, period)
    return Drawn(canvas.widget, "dashboard/quotes.html", {"lines": lines}, url, ("text", "at", "unit"), said, not lines)


def _promises(canvas: Canvas) -> Drawn:
    block = widget_figures.promises(canvas.widget, canvas.asked)
    cells = [{**_cell(canvas, line, line), "label": desk_figure_rows.clause(line.code), "components": line.point.components} for line in block.lines]
    return canvas.drawn("promises", block, {"cells": cells}, url=canvas.page("promise_attainment"))


def _cases(canvas: Canvas) -> Drawn:
    where = canvas.asked.where
    if not canvas.visit.seat.may("complaints:read"):
        return Drawn(canvas.widget, "dashboard/cases.html", {}, "", (), [], True)
    found = home.promises(canvas.visit, DeskFilters(unit=where.unit, paths=where.paths))
    shown = [row for _name, group in found["groups"] for row in group][: {1: 2, 2: 5, 3: 10}[canvas.widget.height]]
    rows = [[row.ticket.number, row.ticket.title, row.clock.due_at if row.clock else None] for row in shown]
    context = {**found, "shown": shown, "unit": where.unit}
    return Drawn(canvas.widget, "dashboard/cases.html", context, "", ("case", "title", "due"), rows)


def _leaving(canvas: Canvas) -> Drawn:
    if not canvas.visit.seat.may("complaints:read"):
        return Drawn(canvas.widget, "dashboard/leaving.html", {}, "", (), [], True)
    found, context, url = widget_leaving.table(canvas.asked, () if canvas.visit.seat.sees_all else tuple(canvas.visit.seat.paths))
    is_empty = not found.n + found.n_open
    return Drawn(canvas.widget, "dashboard/leaving.html", context | {"may_see_cases": True}, url, widget_leaving.COLUMNS, widget_leaving.rows(found), is_empty)


def _actions(canvas: Canvas) -> Drawn:
    filters = improvement.Filters(unit=canvas.asked.where.unit, paths=canvas.asked.where.paths)
    found = improvement.actions(filters, organisation=canvas.asked.organisation).exclude(state="closed")
    shown = cards(list(found[: {1: 2, 2: 4, 3: 8}[canvas.widget.height]]), canvas.visit)
    rows = [[card.row.title, card.row.metric, card.row.due_date, card.row.state, card.row.verdict] for card in shown]
    return Drawn(canvas.widget, "dashboard/actions.html", {"cards": shown}, "", ("action", "metric", "due", "state", "verdict"), rows, not shown)


def _note(canvas: Canvas) -> Drawn:
    return Drawn(canvas.widget, "dashboard/note.html", {}, "", (), [])


DRAW: dict[str, Callable[[Canvas], Drawn]] = {
    "number": _number,
    "trend": _trend,
    "control": _control,
    "bars": _bars,
    "tiers": _tiers,
    "mix": _mix,
    "table": _table,
    "reasons": _reasons,
    "quotes": _quotes,
    "promises": _promises,
    "leaving": _leaving,
    "cases": _cases,
    "actions": _actions,
    "note": _note,
}
