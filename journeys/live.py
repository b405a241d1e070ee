"""What the figures say of each touchpoint of a map: metric, trend, feeling, evidence, and which are moments of truth.

Everything is read with `metrics.series` by touchpoint; a map of fifty columns asks as often as one of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from cxms.lib.periods import Period
from metrics import changes
from metrics.changes import Change
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from tenancy import queries

ENOUGH = 30
N_SPARK = 8


@dataclass(frozen=True)
class Live:
    """A touchpoint as it stands. feeling: −2..+2 with its bounds, None without data; evidence: 0, 1 or 2 dots; spark:
    value, low, high of the last eight weeks; moment: a moment of truth."""

    touchpoint: str
    metric: str
    point: Point | None
    change: Change
    n_voices: int
    reach_share: float
    feeling: tuple[float, float, float] | None
    n_feeling: int
    evidence: int
    spark: list[tuple[float | None, float | None, float | None]]
    weight: float = 0.0
    is_moment: bool = False


def live(
    columns: Sequence[dict[str, Any]], *, organisation: int, paths: tuple[str, ...], now: datetime, n_days: int = 28
) -> dict[str, Live]:
    """The state of every touchpoint of a map over the last `n_days` whole days, by code."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    period = Period(today - timedelta(days=n_days), today)
    asked: dict[str, Any] = {"organisation": organisation, "where": Where(paths=paths), "now": now, "by": ("touchpoint",)}
    volume = _by_code(series(**asked, metric="volume", period=period).points)
    feelings = _by_code(series(**asked, metric="sentiment", period=period).points)
    total = sum(point.n or 0 for point in volume.values())
    metrics = {metric for column in columns if (metric := column["metric"])}
    read = {metric: _metric(metric, period, today, asked) for metric in metrics}
    found = {}
    for column in columns:
        code, metric = column["touchpoint"], column["metric"]
        points, before, spark = read.get(metric, ({}, {}, {}))
        said = volume.get(code)
        n = said.n or 0 if said is not None else 0
        found[code] = Live(
            touchpoint=code,
            metric=metric,
            point=points.get(code),
            change=_change(metric, points.get(code), before.get(code)),
            n_voices=n,
            reach_share=n / total if total else 0.0,
            feeling=_feeling(feelings.get(code)),
            n_feeling=(feelings[code].n or 0) if code in feelings else 0,
            evidence=0 if n == 0 else 2 if n >= ENOUGH else 1,
            spark=spark.get(code, []),
        )
    return _with_moments(found)


def _by_code(points: Sequence[Point]) -> dict[str, Point]:
    return {str(point.by["touchpoint"]): point for point in points if point.by["touchpoint"]}


def _metric(
    metric: str, period: Period, today: date, asked: dict[str, Any]
) -> tuple[dict[str, Point], dict[str, Point], dict[str, list[tuple[float | None, float | None, float | None]]]]:
    """This period's points, those of the period before, and the weeks for the small line."""
    before = Period(period.from_date - timedelta(days=period.n_days), period.from_date)
    monday = today - timedelta(days=today.weekday())
    weeks = Period(monday - timedelta(weeks=N_SPARK), monday)
    spark: dict[str, dict[date, Point]] = {}
    for point in series(**asked, metric=metric, period=weeks, grain="week").points:
        spark.setdefault(str(point.by["touchpoint"]), {})[point.from_date] = point
    starts = [weeks.from_date + timedelta(weeks=i) for i in range(N_SPARK)]
    lines = {
        code: [(p.value, p.low, p.high) if (p := of.get(start)) else (None, None, None) for start in starts]
        for code, of in spark.items()
    }
    return (
        _by_code(series(**asked, metric=metric, period=period).points),
        _by_code(series(**asked, metric=metric, period=before).points),
        lines,
    )


def _change(metric: str, now: Point | None, before: Point | None) -> Change:
    if not metric or now is None or before is None:
        return changes.NONE
    return changes.compare(BY_CODE[metric], now.components, before.components)


def _feeling(point: Point | None) -> tuple[float, float, float] | None:
    """Sentiment −1..1 on the map's scale −2..+2, with its interval."""
    if point is None or point.value is None:
        return None
    low = point.value if point.low is None else point.low
    high = point.value if point.high is None else point.high
    return 2 * point.value, max(2 * low, -2.0), min(2 * high, 2.0)


def _with_moments(found: dict[str, Live]) -> dict[str, Live]:
    """The rule: among touchpoints with thirty voices or more, reach × distance of the feeling from the map's own mean;
    those above the mean of these weights are moments of truth, a third of the columns at most."""
    known = [row for row in found.values() if row.evidence == 2 and row.feeling is not None]
    if len(known) < 2:
        return found
    n = sum(row.n_feeling for row in known) or 1
    mean = sum((row.feeling or (0.0,))[0] * row.n_feeling for row in known) / n
    weights = {row.touchpoint: row.reach_share * abs((row.feeling or (0.0,))[0] - mean) for row in known}
    bar = sum(weights.values()) / len(weights)
    ranked = sorted(weights, key=lambda code: (-weights[code], code))
    chosen = {code for code in ranked[: max(1, len(found) // 3)] if weights[code] > bar}
    return {
        code: replace(row, weight=weights.get(code, 0.0), is_moment=code in chosen) for code, row in found.items()
    }
