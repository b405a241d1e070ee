"""驱动因素: what goes with an outcome. Scores of attributes, or what the same answers speak of, against NPS, CSAT, CES or CSI.

Every answer that `metrics.series` counts, read once as columns; the arithmetic is `metrics.statistics.key_drivers`.
Page, API and file ask `drivers`. Associated with, never caused by.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from cxms.lib.periods import Period
from metrics import statistics
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.relations import RELATIONS
from metrics.series import Where, parameters, series, source_of
from metrics.statistics import Association, Estimate, KeyDrivers
from reports.reasons import MIN_N, NOT_A_REASON

OUTCOMES = ("nps", "csat", "ces", "csi")
SOURCES = ("items", "topics")
CROSSES = ("mean", "median", "target")
ITEM_KINDS = ["csi", "csat", "ces", "stars"]
MOST = 20
MIN_N_MENTIONS = 10
Column = npt.NDArray[np.float64]

_ROWS = """with o as materialized (
  select feedback_id, y, row_number() over (order by feedback_id) - 1 as at from (
    select r.feedback_id, min(100 * (r.value - r.scale_min) / (r.scale_max - r.scale_min))::float8 as y {source} {spoken} group by 1) x)
"""
_SPOKEN = (
    "and exists (select 1 from feedback_analysis w join feedback_feedback v on v.organisation_id = w.organisation_id"
    " and v.id = w.feedback_id and v.text <> '' where w.organisation_id = r.organisation_id and w.feedback_id = r.feedback_id and w.is_current)"
)
_OUTCOME = "select '', string_agg(at::text, ','), string_agg(y::text, ',') from o"
_ITEMS = """select a.kind || '.' || a.item, string_agg(o.at::text, ','),
  string_agg((100 * (a.value - a.scale_min) / (a.scale_max - a.scale_min))::float8::text, ',')
  from o join feedback_score a on a.organisation_id = %(org)s and a.feedback_id = o.feedback_id and a.item <> '' and not a.excluded
  and a.kind = any(%(kinds)s) and a.local_day >= %(from_date)s and a.local_day < %(to_date)s group by 1"""
_TOPICS = """select t.code, string_agg(o.at::text, ','), string_agg(t.felt::text, ',')
  from o join feedback_analysis a on a.organisation_id = %(org)s and a.feedback_id = o.feedback_id and a.is_current
  cross join lateral (select m ->> 'code' as code, sign(sum((m ->> 'sentiment')::float8)) as felt
    from jsonb_array_elements(a.topics) m group by 1) t where t.code <> %(not_a_reason)s group by 1"""


@dataclass(frozen=True)
class Asked:
    """What is set against what, and where the cross of the chart lies: at (importance in %, performance 0..100) for targets."""

    outcome: str = "nps"
    source: str = "items"
    method: str = "relative"
    cross: str = "mean"
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class Driver:
    """An attribute or topic. importance: in % (of R², or 100·|r|); performance: mean on 0..100 (a topic: its feeling), with interval."""

    code: str
    n: int
    found: Association
    importance: float
    performance: Estimate
    quadrant: str


@dataclass(frozen=True)
class Drivers:
    """The drivers, the heaviest first. problem: as `KeyDrivers`, or hidden. cross: (importance, performance)."""

    definition: Definition
    asked: Asked
    n: int | None
    found: KeyDrivers
    problem: str
    rows: list[Driver] = field(default_factory=list)
    cross: tuple[float, float] | None = None
    is_own_index: bool = False


def drivers(*, organisation: int, period: Period, where: Where, now: datetime, asked: Asked) -> Drivers:
    """The drivers of an outcome over a period's counted answers. KeyError for an unknown outcome."""
    definition = BY_CODE[asked.outcome]
    (whole,) = series(organisation=organisation, metric=asked.outcome, period=period, where=where, now=now).points
    if whole.suppressed:
        return Drivers(definition, asked, None, KeyDrivers(0, 0), "hidden")
    y, told = answers_of(definition, organisation, period, where, now, asked.source)
    if y.size < MIN_N:
        told = {}  # fewer than five name people: nobody learns what they spoke of
    worked = statistics.key_drivers(y, {code: _column(y, *pair, asked.source) for code, pair in told.items()}, asked.method)
    return _placed(Drivers(definition, asked, len(y), worked, worked.problem), told)


def _column(y: Column, places: Column, values: Column, source: str) -> Column:
    """A value an answer: NaN where the attribute was not answered, 0 where the topic was not spoken of."""
    column = np.zeros(len(y)) if source == "topics" else np.full(len(y), np.nan)
    column[places.astype(np.int64)] = values
    return column


def _placed(start: Drivers, told: Mapping[str, tuple[Column, Column]]) -> Drivers:
    """Each driver with its performance and quadrant."""
    asked = start.asked
    weights = {code: 100 * abs(row.weight) if row.share is None else row.share for code, row in start.found.rows.items()}
    means = {code: _performance(told[code][1], is_topic=asked.source == "topics") for code in weights}
    cross = statistics.ipa(
        {code: (weights[code], means[code].value or 0.0) for code in weights},
        "median" if asked.cross == "median" else "mean",
        asked.at if asked.cross == "target" else None,
    )
    rows = [Driver(code, means[code].n, row, weights[code], means[code], cross.quadrants[code]) for code, row in start.found.rows.items()]
    middle = None if cross.importance is None or cross.performance is None else (cross.importance, cross.performance)
    is_own = asked.outcome == "csi" and any(row.code.startswith("csi.") for row in rows)
    return replace(start, rows=rows, cross=middle, is_own_index=is_own)


def _performance(values: Column, *, is_topic: bool) -> Estimate:
    """The mean of the answers; of a topic that of its mentions, −1..1 put on 0..100."""
    values = 50 + 50 * values if is_topic else values
    return statistics.mean_estimate(len(values), float(values.sum()), float((values**2).sum()), low_clip=0, high_clip=100)


def answers_of(
    definition: Definition, organisation: int, period: Period, where: Where, now: datetime, source: str
) -> tuple[Column, dict[str, tuple[Column, Column]]]:
    """The outcome of every answer on 0..100, and per driver the places of the answers that have it with their values.

    At most twenty drivers, those with the most answers; a topic has ten mentions.
    """
    read = definition.reads[0]
    is_topic = source == "topics"
    rows = _ROWS.format(source=source_of(read, RELATIONS[read.relation].rows, (), where), spoken=_SPOKEN if is_topic else "")
    values = parameters(read, organisation, period, where, now) | {"kinds": ITEM_KINDS, "not_a_reason": NOT_A_REASON}
    with connection.cursor() as cursor:
        cursor.execute(f"{rows} {_OUTCOME} union all {_TOPICS if is_topic else _ITEMS}", values)
        told = {code: (_numbers(places), _numbers(given)) for code, places, given in cursor.fetchall()}
    places, outcome = told.pop("")
    y = np.zeros(len(outcome))
    y[places.astype(np.int64)] = outcome
    least = MIN_N_MENTIONS if is_topic else 1
    most = sorted((code for code in told if len(told[code][0]) >= least), key=lambda code: (-len(told[code][0]), code))[:MOST]
    return y, {code: told[code] for code in most}


def _numbers(told: str | None) -> Column:
    return np.fromstring(told, sep=",") if told else np.zeros(0)


def shown_row(row: Driver) -> dict[str, Any]:
    """A driver as the API and the file give it, every bit of it."""
    return {
        "driver": row.code, "n": row.n, "weight": row.found.weight, "low": row.found.low, "high": row.found.high,
        "share": row.found.share, "vif": row.found.vif, "performance": row.performance.value,
        "performance_low": row.performance.low, "performance_high": row.performance.high, "quadrant": row.quadrant,
    }  # fmt: skip
