"""The line of an action's metric by week, with the days it began and falls due."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cxms.lib.periods import Period
from improvement.models import Action
from metrics.definitions.definition import Definition
from metrics.series import Where, series
from reports import changes, figures
from reports.figures import Sample, Trend

WIDTH, HEIGHT, LEFT, RIGHT = 720.0, 190.0, 46.0, 16.0


@dataclass(frozen=True)
class Label:
    """What a mark says."""

    label: str
    title: str


@dataclass(frozen=True)
class Chart:
    """The figure, where the start, the due date and the target lie on it."""

    figure: Trend[Label]
    start_x: float | None
    due_x: float | None
    target_y: float | None


def chart(
    row: Action, definition: Definition | None, *, organisation: int, now: datetime, today: date
) -> Chart | None:
    """The weeks from before the baseline to now; None when nothing is known."""
    if definition is None:
        return None
    first = row.start_date - timedelta(days=row.n_days)
    first -= timedelta(days=first.weekday())
    last = max(min(today, row.due_date), row.start_date) + timedelta(days=7)
    last -= timedelta(days=last.weekday())
    where = Where(paths=(row.unit.path,), **row.where)
    points = series(
        organisation=organisation, metric=row.metric, period=Period(first, last), grain="week", where=where, now=now
    ).points
    samples = []
    for point in points:
        name = f"{point.from_date:%m-%d}"
        n = "n < 5" if point.suppressed else f"n = {point.n:,}"
        title = f"{name} {changes.shown(definition, point.value)} {n}"
        samples.append(Sample(Label(name, title), point.value, point.low, point.high, point.to_date > today))
    figure = figures.trend(samples, width=WIDTH, height=HEIGHT, left=LEFT, right=RIGHT, labels=9)
    return Chart(figure, _x(row.start_date, first, len(points)), _x(row.due_date, first, len(points)), _y(figure, row.target))


def _x(day: date, first: date, n_weeks: int) -> float | None:
    """Where a day lies between the weeks' marks, which stand at each week's Monday."""
    if n_weeks < 2:
        return None
    weeks = (day - first).days / 7
    if not 0 <= weeks <= n_weeks - 1:
        return None
    return round(LEFT + weeks / (n_weeks - 1) * (WIDTH - RIGHT - LEFT), 1)


def _y(figure: Trend[Label], target: float | None) -> float | None:
    if target is None or len(figure.ticks) < 2:
        return None
    low, high = figure.ticks[0], figure.ticks[-1]
    if not low.value <= target <= high.value:
        return None
    return round(figures.Axis(low.value, high.value, low.at, high.at)(target), 1)
