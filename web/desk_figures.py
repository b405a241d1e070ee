"""承诺台的数: attainment per clause, answers, holds, reopening; every number with n and interval, and the cases behind it."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from complaints import figures
from complaints.enums import PauseReason
from complaints.received import Asked
from cxms.lib.periods import Period
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Series, Where, series
from tenancy import queries
from web import desk_figure_rows, words
from web.desk import kept
from web.door import Visit, needs
from web.units import Switcher

WEEKS = (4, 13, 26)
RATES = (
    "first_response", "time_to_acknowledge", "resolution_rate", "resolution_throughput", "reopen_rate", "closed_loop_rate", "pause_rate",
)  # fmt: skip
CUTS = ("", "week", "unit")
CLAUSES = ("met", "breached", "running", "paused", "excused", "cancelled")


@dataclass(frozen=True)
class Cell:
    """A figure as the page shows it; `exact` is the value as the API gives it, to the last bit."""

    label: str
    metric: str
    point: Point
    unit: str
    decimals: int
    url: str = ""
    extra: str = ""
    part_url: str = ""

    @property
    def n_part(self) -> int | None:
        """How many of n the value is a share of, where it is one."""
        found = (self.point.components or {}).get(BY_CODE[self.metric].numerator_part)
        return None if found is None else int(found)

    @property
    def exact(self) -> str:
        """The value as JSON writes it."""
        return "" if self.point.value is None else repr(self.point.value)

    @property
    def has_interval(self) -> bool:
        """Whether there is one."""
        return self.point.low is not None and self.point.high is not None


@dataclass(frozen=True)
class Clause:
    """One clause's attainment and where each of its counts leads."""

    cell: Cell
    counts: tuple[tuple[str, int, str], ...]


class Page:
    """What the URL asks for, and the figures of it."""

    def __init__(self, request: HttpRequest, visit: Visit, units: Switcher) -> None:
        self.request, self.visit, self.units = request, visit, units
        self.weeks = next((n for n in WEEKS if str(n) == request.GET.get("weeks")), WEEKS[0])
        self.by = next((name for name in CUTS if name == request.GET.get("by")), "")
        self.metric = next((code for code in ("promise_attainment", *RATES) if code == request.GET.get("metric")), "promise_attainment")
        today = queries.local_today(visit.now, visit.organisation.timezone)
        self.period = Period(today - timedelta(days=7 * self.weeks - 1), today + timedelta(days=1))
        self.paths = () if visit.seat.sees_all else tuple(visit.seat.paths)
        self.where = Where(unit=units.code, paths=tuple(visit.seat.paths))

    def read(self, metric: str, *, by: Sequence[str] = (), grain: Any = "all") -> Series:
        """The one source of figures."""
        return series(
            organisation=self.visit.organisation.id, metric=metric, period=self.period, now=self.visit.now, by=by, grain=grain, where=self.where
        )

    def rows_of(self, metric: str, point: Point, part: str = "n") -> str:
        """Where the rows behind a count of a point are listed; a hidden point opens nothing."""
        if point.suppressed:
            return ""
        return desk_figure_rows.url_of(metric, Period(point.from_date, point.to_date), part, self.units.code, point.by)

    def cell(self, found: Series, point: Point, label: str) -> Cell:
        """One point of a metric; its value and n open its rows, what it is a share of opens those."""
        parts, metric = point.components or {}, found.metric
        extra = _("九成 %(p90)s 分以内") % {"p90": f"{parts['p90']:.0f}"} if parts.get("p90") is not None else ""
        part = found.definition.numerator_part
        part_url = self.rows_of(metric, point, part) if part else ""
        return Cell(label, metric, point, found.unit, found.definition.decimals, self.rows_of(metric, point), extra, part_url)

    def rates(self) -> list[Cell]:
        """One line per metric, over the whole period."""
        found = [self.read(metric) for metric in RATES]
        return [self.cell(one, one.points[0], str(one.definition.label)) for one in found]

    def levels(self) -> list[Cell]:
        """How soon each rung of the ladder is answered."""
        found = self.read("time_to_acknowledge", by=("level",))
        return [self.cell(found, point, desk_figure_rows.level(point.by["level"])) for point in found.points]

    def clauses(self) -> list[Clause]:
        """Attainment per clause, every count leading to its cases."""
        found = self.read("promise_attainment", by=("clause",))
        made = []
        for point in found.points:
            parts = point.components or {}
            counts = tuple((name, parts.get(name, 0), self.rows_of(found.metric, point, name)) for name in CLAUSES)
            made.append(Clause(self.cell(found, point, desk_figure_rows.clause(point.by["clause"] or "")), counts))
        return made

    def cut(self) -> list[Cell]:
        """The chosen metric by week or by unit."""
        if not self.by:
            return []
        if self.by == "week":
            found = self.read(self.metric, grain="week")
            return [self.cell(found, point, point.from_date.isoformat()) for point in found.points]
        names = {unit.code: unit.name for unit in self.units.units}
        found = self.read(self.metric, by=("unit",))
        return [self.cell(found, point, names.get(point.by["unit"] or "", _("没有单元"))) for point in found.points]

    def pauses(self) -> list[figures.PauseRow]:
        """Who pauses, why, for how long."""
        asked = Asked(self.period.from_date, self.period.to_date, self.units.code, self.paths)
        return figures.pauses(asked, organisation=self.visit.organisation.id, now=self.visit.now)

    def paused_url(self, row: figures.PauseRow) -> str:
        """Where the cases one person paused for one reason are listed."""
        found = desk_figure_rows.url_of("pause_rate", self.period, "paused", self.units.code, {})
        return f"{found}&{urlencode({'who': row.actor, 'reason': row.reason})}"


@needs("complaints:manage")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page; `?csv=1` gives every figure of it as rows."""
    units = Switcher(request, visit)
    asked = Page(request, visit, units)
    if request.GET.get("csv"):
        return _csv(asked)
    oldest, n_untouched = figures.untouched(organisation=visit.organisation.id, now=visit.now, unit=units.code, paths=asked.paths)
    labels = {"": _("合计"), "week": _("按周"), "unit": _("按单元")}
    reasons = dict(PauseReason.choices)
    context: dict[str, Any] = {
        "units": units, "asked": asked, "rates": asked.rates(), "levels": asked.levels(), "clauses": asked.clauses(), "cut": asked.cut(),
        "pauses": [(row, reasons.get(row.reason, row.reason), words.span(row.seconds or 0), asked.paused_url(row)) for row in asked.pauses()],
        "oldest": oldest, "n_untouched": n_untouched, "now": visit.now,
        "untouched_url": f"{reverse('desk')}?{urlencode({'view': 'open', 'state': 'new', 'order': 'oldest'} | ({'unit': units.code} if units.code else {}))}",
        "spans": [(n, kept(request, weeks=str(n), csv=None), n == asked.weeks) for n in WEEKS],
        "cuts": [(labels[name], kept(request, by=name, csv=None), name == asked.by) for name in CUTS],
        "metrics": [(code, str(BY_CODE[code].label)) for code in ("promise_attainment", *RATES)],
        "csv_url": kept(request, csv="1"), "to_date": asked.period.to_date - timedelta(days=1),
        "holding_url": _route("desk-holding"), "recurrence_url": _route("desk-recurrence"),
    }  # fmt: skip
    return render(request, "desk/figures.html", context)


def _route(name: str) -> str:
    """A page that another part of the product may bring."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _csv(asked: Page) -> HttpResponse:
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="desk-figures.csv"'
    out = csv.writer(answer)
    out.writerow(["metric", "by", "from", "to", "value", "low", "high", "n", "suppressed"])
    for found, name in _everything(asked):
        for point in found.points:
            by = point.by.get(name) or "" if name else ""
            numbers = ["" if value is None else repr(value) for value in (point.value, point.low, point.high, point.n)]
            out.writerow([found.metric, _safe(by), point.from_date, point.to_date, *numbers, point.suppressed])
    return answer


def _everything(asked: Page) -> Iterable[tuple[Series, str]]:
    yield asked.read("promise_attainment", by=("clause",)), "clause"
    yield asked.read("time_to_acknowledge", by=("level",)), "level"
    for metric in ("promise_attainment", *RATES):
        yield asked.read(metric), ""
        yield asked.read(metric, grain="week"), ""
        yield asked.read(metric, by=("unit",)), "unit"


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
