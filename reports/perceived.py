"""实测与感受: waiting as events measured it beside what customers feel of it, by week and by unit, and the halo check.

Moves are told of the share within the target (two shares) and of the mean feeling (Welch), each row against what was before
it, Holm over the rows of a table. A row is flagged when one of the two moved and the other did not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from cxms.lib.periods import Period
from metrics import statistics
from metrics.definitions.table import BY_CODE
from metrics.hiding import HIDDEN_BELOW
from metrics.series import Point, Where, series
from metrics.statistics import Halo, Test
from reports import dashboards, drivers
from tenancy import queries

LEVEL = 0.05
TOPICS = ("waiting_time", "delivery_speed")
OUTCOMES = ("nps", "csat", "ces")
MEASURED = BY_CODE["waiting_time"]
FELT = BY_CODE["sentiment"]


@dataclass(frozen=True)
class Move:
    """A side's step against what was before. p is Holm-adjusted over the table; None where nothing can be told."""

    difference: float | None
    p: float | None

    @property
    def is_real(self) -> bool:
        """More than chance."""
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True)
class Row:
    """A week, or a unit over the later half. mismatch: measured_only, felt_only, or ""."""

    code: str
    period: Period
    measured: Point | None
    felt: Point | None
    measured_move: Move
    felt_move: Move

    @property
    def mismatch(self) -> str:
        """One moved and the other, which could be told too, did not."""
        told = self.measured_move.p is not None and self.felt_move.p is not None
        if not told or self.measured_move.is_real == self.felt_move.is_real:
            return ""
        return "measured_only" if self.measured_move.is_real else "felt_only"


@dataclass(frozen=True)
class Beside:
    """Everything of the page: whole weeks, oldest first; units by code; the halves that units are compared over."""

    period: Period
    earlier: Period
    later: Period
    weeks: list[Row]
    units: list[Row]


def beside(*, organisation: int, now: datetime, where: Where, topic: str, n_weeks: int = 13) -> Beside:
    """Both sides over the last whole weeks. ValueError for a topic that is none of `TOPICS`."""
    if topic not in TOPICS:
        raise ValueError(topic)
    running = dashboards.weeks_until(now, n_weeks, organisation=organisation)
    period = Period(running.from_date, running.to_date - timedelta(weeks=1))
    middle = period.to_date - timedelta(weeks=n_weeks // 2)
    earlier, later = Period(middle - timedelta(weeks=n_weeks // 2), middle), Period(middle, period.to_date)

    def both(span: Period, **more: Any) -> tuple[list[Point], list[Point]]:
        asked: dict[str, Any] = {"organisation": organisation, "period": span, "now": now, **more}
        narrowed = Where(paths=where.paths, **{**where.given(), "topic": topic})
        return series(metric="waiting_time", where=where, **asked).points, series(metric="sentiment", where=narrowed, **asked).points

    measured, felt = both(period, grain="week")
    spans = [Period(point.from_date, point.to_date) for point in measured]
    weeks = _rows([(str(span.from_date), span) for span in spans], measured, felt, [None, *measured[:-1]], [None, *felt[:-1]])
    now_, before = both(later, by=("unit",)), both(earlier, by=("unit",))
    sides = [{point.by["unit"]: point for point in points if point.by["unit"]} for points in (*now_, *before)]
    held = {code for side in sides[:2] for code, point in side.items() if code and (point.n or point.suppressed)}
    retired = queries.retired_units(organisation=organisation)
    codes = sorted(code for code in {*sides[0], *sides[1]} if code and (code in held or code not in retired))
    cells = [[side.get(code) for code in codes] for side in sides]
    units = _rows([(code, later) for code in codes], *cells)
    return Beside(period, earlier, later, weeks, units)


def _rows(
    keys: Sequence[tuple[str, Period]], measured: Sequence[Point | None], felt: Sequence[Point | None],
    measured_before: Sequence[Point | None], felt_before: Sequence[Point | None],
) -> list[Row]:  # fmt: skip
    steps = _moves(measured, measured_before, _shares)
    feels = _moves(felt, felt_before, _means)
    sides = zip(keys, measured, felt, steps, feels, strict=True)
    return [Row(code, period, one, other, step, feel) for (code, period), one, other, step, feel in sides]


def _moves(now: Sequence[Point | None], before: Sequence[Point | None], test: Callable[..., Test]) -> list[Move]:
    """The test of each pair whose both sides are open and hold something; Holm over them."""
    found = [
        test(a.components, b.components) if a and b and a.components and b.components and a.n and b.n else None
        for a, b in zip(now, before, strict=True)
    ]
    adjusted = iter(statistics.holm([one.p for one in found if one and one.p is not None]))
    return [Move(None if one is None else one.difference, None if one is None or one.p is None else next(adjusted)) for one in found]


def _shares(a: Mapping[str, Any], b: Mapping[str, Any]) -> Test:
    return statistics.compare_shares(a["within"], a["n"], b["within"], b["n"])


def _means(a: Mapping[str, Any], b: Mapping[str, Any]) -> Test:
    return statistics.mean_difference((a["n"], a["sum"], a["sum_of_squares"]), (b["n"], b["sum"], b["sum_of_squares"]))


@dataclass(frozen=True)
class HaloAsked:
    """Which attribute is speed, which is attitude, and what is the whole; items as `kind.item`."""

    outcome: str = "nps"
    speed: str = ""
    attitude: str = ""


SPEED_WORDS = ("wait", "speed", "delivery", "等", "速度", "送达", "配送")
ATTITUDE_WORDS = ("attitude", "staff", "service", "态度", "服务")


def halo(*, organisation: int, period: Period, where: Where, now: datetime, asked: HaloAsked) -> tuple[HaloAsked, list[str], Halo | None]:
    """The items that may be chosen, those chosen (guessed by their names where they are not named), and the check.

    None where the answers are hidden, there are not two items, or one to four answered all three. Respondents who answered all three only.
    """
    definition = BY_CODE[asked.outcome]
    (whole,) = series(organisation=organisation, metric=asked.outcome, period=period, where=where, now=now).points
    if whole.suppressed or not whole.n:
        return asked, [], None
    y, told = drivers.answers_of(definition, organisation, period, where, now, "items")
    items = sorted(told)
    speed = asked.speed if asked.speed in told else _guess(items, SPEED_WORDS, "")
    attitude = asked.attitude if asked.attitude in told else _guess(items, ATTITUDE_WORDS, speed)
    chosen = HaloAsked(asked.outcome, speed, attitude)
    if not speed or not attitude or speed == attitude:
        return chosen, items, None
    columns = []
    for code in (speed, attitude):
        column = np.full(len(y), np.nan)
        places, values = told[code]
        column[places.astype(np.int64)] = values
        columns.append(column)
    full = ~(np.isnan(columns[0]) | np.isnan(columns[1]))
    if 0 < full.sum() < HIDDEN_BELOW:
        return chosen, items, None
    return chosen, items, statistics.partial_correlation(columns[0][full].tolist(), y[full].tolist(), columns[1][full].tolist())


def _guess(items: Sequence[str], words: Sequence[str], taken: str) -> str:
    return next((item for item in items if item != taken and any(word in item.lower() for word in words)), "")
