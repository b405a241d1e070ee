"""A rule tried on the past before it is saved: when it would have fired in the last 26 periods, and whom it would have told.

Reads only, with the figures as they are now. A chart's baseline is the 26 periods before those; changes are corrected
within the rule, for what the other rules of a run would have tested is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from alerts import metric_reading, metric_rules
from alerts.metric_check import Wanted
from alerts.metric_reading import WINDOW, Watched
from cxms.lib.periods import Period, split
from metrics import queries as register
from metrics import watching
from metrics.definitions.definition import Definition
from metrics.series import Point
from metrics.watching import Baseline, Verdict
from tenancy import queries

MOST_LINES = 8


@dataclass(frozen=True)
class Line:
    """A cell over the tried periods: its points, the verdict on each, and the baseline of a chart."""

    code: str | None
    points: list[Point]
    verdicts: list[Verdict]
    baseline: Baseline | None

    @property
    def fired(self) -> list[int]:
        """Where it would have fired."""
        return [index for index, verdict in enumerate(self.verdicts) if verdict.state == "fires"]


@dataclass(frozen=True)
class Backtest:
    """What the rule would have done. n_fired counts alerts (one a period); n_told those within the budget."""

    definition: Definition
    periods: list[Period]
    lines: list[Line] = field(default_factory=list)
    n_cells: int = 0
    n_fired: int = 0
    n_told: int = 0
    n_unknown: int = 0
    as_of: datetime | None = None

    @property
    def fired_on(self) -> list[Period]:
        """The periods in which it would have fired."""
        return [period for index, period in enumerate(self.periods) if any(index in line.fired for line in self.lines)]


def run(wanted: Wanted, *, organisation: int, now: datetime) -> Backtest:
    """The last 26 complete periods, judged one by one as the timer would have."""
    watched = metric_rules.watched_of(wanted)
    definition = register.definition(wanted.metric)
    if definition is None:
        raise KeyError(wanted.metric)
    end = metric_reading.running_from(now, queries.organisation(organisation).timezone, watched.grain)
    whole = metric_reading.before(end, watched.grain, 2 * WINDOW)
    cells = metric_reading.read(watched, whole, organisation=organisation, now=now)
    periods = split(whole.from_date, whole.to_date, watched.grain)
    lines = [_line(wanted, definition, code, points) for code, points in cells.items()]
    lines = _settled(wanted, lines)
    told = _budgeted(periods[WINDOW:], lines, wanted.budget)
    kept = sorted(lines, key=lambda line: -len(line.fired))
    return Backtest(
        definition, periods[WINDOW:], kept, len(lines), len({i for line in lines for i in line.fired}), told,
        sum(verdict.state == "unknown" for line in lines for verdict in line.verdicts), now,
    )  # fmt: skip


def _line(wanted: Wanted, definition: Definition, code: str | None, points: Sequence[Point]) -> Line:
    condition = wanted.condition
    base = watching.baseline_of(condition, definition, points[:WINDOW]) if condition.kind == "chart" else None
    verdicts = [watching.evaluate(condition, definition, points[index - WINDOW + 1 : index + 1], base) for index in range(WINDOW, len(points))]
    return Line(code, list(points[WINDOW:]), verdicts, base)


def _settled(wanted: Wanted, lines: Sequence[Line]) -> list[Line]:
    """Each period a family of its own."""
    columns = [watching.settle(list(column), [wanted.condition] * len(lines)) for column in zip(*[line.verdicts for line in lines], strict=True)]
    return [Line(line.code, line.points, [column[index] for column in columns], line.baseline) for index, line in enumerate(lines)]


def _budgeted(periods: Sequence[Period], lines: Sequence[Line], budget: int) -> int:
    """How many alerts would have been told: at most `budget` in any seven days."""
    told: list[date] = []
    for index, period in enumerate(periods):
        if any(index in line.fired for line in lines) and sum(day > period.to_date - timedelta(days=7) for day in told) < budget:
            told.append(period.to_date)
    return len(told)


def watched(wanted: Wanted) -> Watched:
    """What the rule reads."""
    return metric_rules.watched_of(wanted)
