"""The points a rule is judged on: complete periods of the organisation's zone, one line per cell, gaps filled.

Reads only. Every point comes from `metrics.series`, hidden ones hidden, so an alert never says more than the page.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cxms.lib.periods import Grain, Period, split
from metrics.series import Point, Where, series

GRAINS: tuple[Grain, ...] = ("day", "week", "month")
WINDOW = 26
# a period is judged the morning after it ended, when what came late at night is in
SETTLE = timedelta(hours=6)


@dataclass(frozen=True)
class Watched:
    """What is read: metric, filters by code (unit among them), the dimension that is cut by, and the grain."""

    metric: str
    grain: Grain
    where: dict[str, str]
    by: str = ""


Cells = dict[str | None, list[Point]]


def running_from(now: datetime, zone: str, grain: Grain) -> date:
    """The first day of the period whose settled end is still to come: everything before it is complete."""
    day = (now - SETTLE).astimezone(ZoneInfo(zone)).date()
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def complete_at(first: date, zone: str, grain: Grain) -> datetime:
    """When the period that begins on `first` is complete and settled."""
    end = split(first, first + timedelta(days=32), grain)[0].to_date
    return datetime.combine(end, time(), tzinfo=ZoneInfo(zone)) + SETTLE


def before(end: date, grain: Grain, n: int) -> Period:
    """The `n` whole periods that end on `end`."""
    if grain != "month":
        return Period(end - timedelta(days=(7 if grain == "week" else 1) * n), end)
    first = end
    for _ in range(n):
        first = (first - timedelta(days=1)).replace(day=1)
    return Period(first, end)


def read(watched: Watched, period: Period, *, organisation: int, now: datetime) -> Cells:
    """Every cell's points over a run of whole periods, oldest first. Without `by` there is one cell, None."""
    found = series(
        organisation=organisation, metric=watched.metric, period=period, now=now, grain=watched.grain,
        by=(watched.by,) if watched.by else (), where=Where(**{name: str(value) for name, value in watched.where.items()}),  # type: ignore[arg-type]  # names of filters, never `paths`
    ).points  # fmt: skip
    steps = split(period.from_date, period.to_date, watched.grain)
    if not watched.by:
        return {None: found}
    cells: dict[str | None, dict[date, Point]] = {}
    for point in found:
        code = point.by[watched.by]
        if code is not None:
            cells.setdefault(code, {})[point.from_date] = point
    return {code: [known.get(step.from_date) or empty(step, {watched.by: code}) for step in steps] for code, known in sorted(cells.items(), key=str)}


def empty(step: Period, by: dict[str, str | None]) -> Point:
    """A period in which a cell has nothing: a gap, not zero."""
    return Point(step.from_date, step.to_date, by, None, 0, None, None, False, None)
