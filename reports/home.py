"""The number tiles of 今日: five figures of the last seven complete days against the seven before.

“真实” only when the metric's own test says so. Each tile is one statement or two: days are read once and added up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.periods import Period
from metrics import targets
from metrics.definitions.definition import Components, Definition
from metrics.definitions.table import BY_CODE
from metrics.hiding import HIDDEN_BELOW
from metrics.series import Point, Where, series
from metrics.statistics import Estimate
from metrics.targets import Book
from reports import aims, changes, figures
from reports.aims import Aim
from reports.changes import Change
from reports.figures import Sample, Spark
from tenancy import queries

N_WEEKS = 10
DAYS = 7


@dataclass(frozen=True)
class Tile:
    """A number tile, ready to print. change_kind: better, worse, unclear, none; definition: one sentence."""

    label: str
    n_text: str
    value_text: str
    margin_text: str
    change_text: str
    change_kind: str
    spark: Spark | None
    where_text: str
    url: str
    definition: str
    aim: Aim | None = None


@dataclass(frozen=True)
class _Spec:
    """Which metric a tile shows and what it is called there."""

    metric: str
    label: str
    n_text: str
    where: Where


def tiles(*, organisation: int, now: datetime, paths: Sequence[str]) -> list[Tile]:
    """The five tiles of the subtrees `paths`, in order; url is the page of the metric."""
    seen = tuple(paths)
    specs = (
        _Spec("nps", _("NPS"), _("n = %(n)s"), Where(paths=seen)),
        _Spec("csi", _("满意度指数 CSI"), _("n = %(n)s"), Where(paths=seen)),
        _Spec("complaint_rate", _("投诉率，每万单"), "", Where(paths=seen)),
        _Spec("ces", _("费力度 CES，1–7"), _("n = %(n)s"), Where(paths=seen)),
        _Spec("promise_attainment", _("2 小时方案守约率"), _("n = %(n)s"), Where(paths=seen, clause="solution")),
    )
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    book = targets.book([spec.metric for spec in specs], organisation=organisation)
    return [_tile(spec, organisation, today, now, book) for spec in specs]


def _tile(spec: _Spec, organisation: int, today: date, now: datetime, book: Book) -> Tile:
    definition = BY_CODE[spec.metric]
    windows = _windows(spec, organisation, today, now)
    estimates = [_estimate(definition, found) for found in windows]
    last, before = estimates[-1], estimates[-2]
    change = changes.compare(definition, _open(windows[-1], last), _open(windows[-2], before))
    decimals = max(definition.decimals, 1) if definition.unit == "points" else definition.decimals
    return Tile(
        label=spec.label,
        n_text=_n_text(spec, windows[-1], last),
        value_text=changes.shown(definition, last.value) if _is_open(last) else "—",
        margin_text=changes.interval(definition, last) if _is_open(last) else "",
        change_text=f"{change.arrow} {said}" if (said := changes.words(change, decimals)) else "",
        change_kind=change.kind,
        spark=_spark(estimates),
        where_text=_where_text(last, change),
        url="/metrics/nps" if spec.metric == "nps" else f"/metrics/{spec.metric}",
        definition=f"{definition.formula}。{definition.exclusions}",
        aim=aims.aim(book, spec.metric, _point(last, today), spec.where),
    )


def _point(last: Estimate, today: date) -> Point:
    """The seven days as a point, hidden where few answered."""
    period = (today - timedelta(days=DAYS), today)
    if not _is_open(last):
        return Point(*period, {}, None, None, None, None, True, None)
    return Point(*period, {}, last.value, last.n, last.low, last.high, False, None)


def _windows(spec: _Spec, organisation: int, today: date, now: datetime) -> list[Components]:
    """The components of the last N_WEEKS runs of seven days, oldest first."""
    period = Period(today - timedelta(days=DAYS * N_WEEKS), today)
    days = series(
        organisation=organisation, metric=spec.metric, period=period, grain="day", where=spec.where, now=now, raw=True
    ).points
    return [_sum(days[start : start + DAYS]) for start in range(0, DAYS * N_WEEKS, DAYS)]


def _sum(days: Sequence[Point]) -> Components:
    """Additive components of several days."""
    found: dict[str, Any] = {}
    for day in days:
        for name, value in (day.components or {}).items():
            found[name] = found.get(name, 0) + value
    return found


def _estimate(definition: Definition, found: Components) -> Estimate:
    return definition.estimate(found)


def _is_open(estimate: Estimate) -> bool:
    return not 1 <= estimate.n < HIDDEN_BELOW


def _open(found: Components, estimate: Estimate) -> Components | None:
    """Components that may be shown; None where they would name a person."""
    return found if _is_open(estimate) else None


def _n_text(spec: _Spec, found: Components, estimate: Estimate) -> str:
    if not _is_open(estimate):
        return _("n < 5")
    if spec.metric == "complaint_rate":
        return f"{found['complaints']:,} / {found['exposures']:,}"
    return spec.n_text % {"n": f"{estimate.n:,}"}


def _spark(estimates: Sequence[Estimate]) -> Spark | None:
    samples = [
        Sample(None, e.value, e.low, e.high) if _is_open(e) else Sample(None, None) for e in estimates
    ]
    spark = figures.sparkline(samples)
    return spark if spark.now_x is not None else None


def _where_text(last: Estimate, change: Change) -> str:
    if not _is_open(last):
        return _("已隐藏，防止认出个人")
    if last.value is None:
        return _("近 7 天没有数据")
    if last.n < 30:
        return _("n 不足 30，仅供参考")
    if change.kind == "none":
        return _("近 7 天；前 7 天没有可比数据")
    return _("近 7 天，对比前 7 天")
