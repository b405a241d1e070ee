"""The figures of a widget: lines of points, read with `metrics.series`. What is drawn, listed and exported are these lines.

A period is whole weeks of the organisation's zone. Comparisons leave the running week out; lines of weeks show it hollow.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from cxms.lib.periods import Period, same_week_last_year
from metrics import changes, grouping, statistics
from metrics.changes import Change
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from metrics.statistics import Chart
from reports import dashboards
from reports.dashboards import Ranking
from reports.models import Annotation
from reports.widgets import Widget
from tenancy import groups, queries

MOST_LINES = 40


@dataclass(frozen=True)
class Asked:
    """What the page asks of every widget: whose figures, over how many weeks, through which filters."""

    organisation: int
    now: datetime
    weeks: int
    where: Where

    def of(self, widget: Widget) -> "Asked":
        """The same for one widget: its own filters and span come first; a reader's subtrees stay."""
        given = {**self.where.given(), **widget.where}
        return replace(self, weeks=widget.weeks or self.weeks, where=Where(paths=self.where.paths, **given))

    @property
    def this_week(self) -> date:
        """The Monday of the running week."""
        zone = queries.organisation(self.organisation).timezone
        return dashboards.monday_of(queries.local_today(self.now, zone))

    @property
    def whole(self) -> Period:
        """The last whole weeks."""
        return Period(self.this_week - timedelta(weeks=self.weeks), self.this_week)

    @property
    def running(self) -> Period:
        """The last whole weeks and the running one."""
        return Period(self.this_week - timedelta(weeks=self.weeks), self.this_week + timedelta(weeks=1))


@dataclass(frozen=True)
class Line:
    """A figure under a name. `by`: the dimension it is cut by, if any, with `code`."""

    metric: str
    label: str
    point: Point
    by: str = ""
    code: str = ""


@dataclass(frozen=True)
class Block:
    """What a widget shows. lines: all its figures, in order; the rest belongs to one kind each."""

    lines: list[Line] = field(default_factory=list)
    change: Change = changes.NONE
    before: list[float | None] = field(default_factory=list)
    whole: list[Line] = field(default_factory=list)
    chart: Chart | None = None
    ranking: Ranking | None = None
    notes: list[Annotation] = field(default_factory=list)
    n_more: int = 0


def read(metric: str, asked: Asked, period: Period, **more: Any) -> list[Point]:
    """The points of a metric through the widget's filters, those a metric does not have left out."""
    definition = BY_CODE[metric]
    unknown = [name for name in asked.where.given() if name not in definition.dimensions]
    where = asked.where.without(unknown)
    return series(organisation=asked.organisation, metric=metric, period=period, where=where, now=asked.now, **more).points


def number(widget: Widget, asked: Asked) -> Block:
    """The last whole weeks against as many before, and the weeks as a small line."""
    (metric,) = widget.metrics
    definition = BY_CODE[metric]
    (point,) = read(metric, asked, asked.whole)
    earlier = Period(asked.whole.from_date - timedelta(weeks=asked.weeks), asked.whole.from_date)
    (before,) = read(metric, asked, earlier)
    change = changes.compare(definition, point.components, before.components)
    weeks = [_week(metric, one) for one in read(metric, asked, asked.whole, grain="week")]
    return Block([Line(metric, "", point)], change=change, whole=weeks)


def trend(widget: Widget, asked: Asked) -> Block:
    """Weeks with last year's."""
    (metric,) = widget.metrics
    points = read(metric, asked, asked.running, grain="week")
    past = read(metric, asked, same_week_last_year(asked.running), grain="week")
    return Block([_week(metric, one) for one in points], before=[one.value for one in past])


def control(widget: Widget, asked: Asked) -> Block:
    """Whole weeks as single values with their natural limits (XmR): what is beyond them is a signal."""
    (metric,) = widget.metrics
    points = read(metric, asked, asked.whole, grain="week")
    return Block([_week(metric, one) for one in points], chart=statistics.xmr([one.value for one in points]))


def by_of(widget: Widget, asked: Asked) -> str:
    """What a widget is cut by; groups stand over the whole a reader sees, so within a unit its stores stand instead."""
    return "unit" if widget.by.startswith(grouping.BY) and asked.where.unit else widget.by


def cut(widget: Widget, asked: Asked, names: dict[str, str]) -> Block:
    """Metrics cut by a dimension: a line per cell and metric, cells by the first metric's n; `names` by code."""
    lines, whole = [], []
    order: dict[str, int] = {}
    by = by_of(widget, asked)
    where = grouping.cut(by, asked.where) if by.startswith(grouping.BY) else asked.where
    name = grouping.GROUP if where.hierarchy else by
    for metric in widget.metrics:
        for point in read(metric, replace(asked, where=where), asked.whole, by=(name,)):
            code = f"{where.hierarchy}/{point.by[name] or groups.UNGROUPED}" if where.hierarchy else point.by[name]
            if code is not None and (code in names or name not in {"unit", "touchpoint"}):
                order.setdefault(code, -(point.n or 0))
                lines.append(Line(metric, names.get(code, code), point, name, code))
        (total,) = read(metric, asked, asked.whole)
        whole.append(Line(metric, "", total))
    shown = sorted(order, key=lambda code: (order[code], names.get(code, code)))[:MOST_LINES]
    place = {code: index for index, code in enumerate(shown)}
    kept = sorted((line for line in lines if line.code in place), key=lambda line: (place[line.code], widget.metrics.index(line.metric)))
    return Block(kept, whole=whole, n_more=len(order) - len(shown))


def tiers(widget: Widget, asked: Asked) -> Block:
    """Stores by NPS."""
    ranking = dashboards.ranking(organisation=asked.organisation, period=asked.whole, where=asked.where, now=asked.now)
    places = [place for tier in ranking.tiers for place in tier] + ranking.grey
    lines = [Line("nps", place.name, place.point, "unit", place.code) for place in places]
    return Block(lines, ranking=ranking, whole=[Line("nps", "", ranking.whole)])


def mix(widget: Widget, asked: Asked) -> Block:
    """Promoters, passives and detractors of each whole week."""
    return Block([_week("nps", one) for one in read("nps", asked, asked.whole, grain="week")])


def promises(widget: Widget, asked: Asked) -> Block:
    """Attainment by clause, the running week's promises too: what still runs is told apart."""
    points = read("promise_attainment", asked, asked.running, by=("clause",))
    return Block([Line("promise_attainment", str(one.by["clause"]), one, "clause", str(one.by["clause"])) for one in points])


def _week(metric: str, point: Point) -> Line:
    return Line(metric, f"W{point.from_date.isocalendar().week:02}", point)
