"""加权: the answers of a period weighted so that customers' tiers and channels stand as the organisation says they do.

Called by the doors. The shares describe the whole organisation, so only its own figure is weighted, narrowed by nothing. A
weighted figure is shown only where every cell it is made of may be shown: it then tells nothing that they do not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from metrics import statistics
from metrics.definitions.definition import Components, scaled
from metrics.models import WeightMargins
from metrics.series import Point, Where, series
from metrics.statistics import Estimate
from metrics.statistics.weights import CAP
from tenancy import audit
from tenancy.enums import Channel
from tenancy.models import Unit

DIMENSIONS = ("tier", "channel")
METRICS = ("nps", "csat")
LEAST = 30  # effective answers, below which a figure is only an indication
MOST_VALUES = 50
Shares = Mapping[str, Mapping[str, float]]


class WeightingError(DomainError):
    """The shares cannot be kept as given."""


@dataclass(frozen=True)
class Cell:
    """A value of a dimension. Percents: what it is to be, what it is among the answers used, what weighting made of it."""

    dimension: str
    code: str
    wanted: float
    n: int | None
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Weighted:
    """A figure beside its weighted self, over [from_date, to_date).

    state: shown; few (shown, effective_n below 30); hidden (a cell is); empty (nobody to weight); narrowed; off (no shares).
    All figures but `plain` are None unless shown or few. missing: (dimension, code, percent) that nobody answered for.
    hidden: (dimension, code) of hidden cells; n_outside: answers of a value that no share names, left out; codes None: without one.
    """

    metric: str
    state: str
    plain: Point
    by: tuple[str, ...]
    margins: WeightMargins | None
    estimate: Estimate | None = None
    effective_n: float | None = None
    n_capped: int | None = None
    n_rounds: int | None = None
    is_converged: bool | None = None
    n_outside: int | None = None
    cells: list[Cell] = field(default_factory=list)
    missing: list[tuple[str, str, float]] = field(default_factory=list)
    hidden: list[dict[str, str | None]] = field(default_factory=list)
    cap: float = CAP


# ---- the shares ----------------------------------------------------------------------------------------------------


def latest(*, organisation: int) -> WeightMargins | None:
    """The version in force."""
    return versions(organisation=organisation).first()


def versions(*, organisation: int) -> QuerySet[WeightMargins]:
    """All versions, newest first."""
    return WeightMargins.objects.filter(organisation_id=organisation).order_by("-version")


def save(given: Mapping[str, Mapping[str, Any]], source: str, *, on: int, organisation: int, now: datetime, actor: str) -> WeightMargins:
    """Keeps a new version. given: {dimension: {code: percent as typed}}, empty ones left out; on: the version it was written from.

    The same shares and source again change nothing. Raises WeightingError, `stale` when somebody was faster.
    """
    there = WeightMargins.objects.select_for_update().filter(organisation_id=organisation).order_by("-version").first()
    if (there.version if there else 0) != on:
        raise _stale()
    shares, said = checked(given), " ".join(source.split())
    if not said:
        raise WeightingError(_("写明份额的出处：文件、网址或谁说的"), code="missing", field="source")
    if len(said) > 300:
        raise WeightingError(_("最多 %(most)d 字") % {"most": 300}, code="too_long", field="source")
    if there is not None and (there.shares, there.source) == (shares, said):
        return there
    if there is None and not shares:
        raise WeightingError(_("写下至少一组份额"), code="missing")
    try:
        with transaction.atomic():
            row = WeightMargins.objects.create(organisation_id=organisation, version=on + 1, shares=shares, source=said, saved_at=now, saved_by=actor[:120])
    except IntegrityError as error:  # the first version, written twice in the same instant
        raise _stale() from error
    audit.note("weighting.saved", f"v{row.version}", organisation=organisation, actor=actor, now=now, detail={"shares": shares, "source": said})
    return row


def checked(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Shares in percent, cleaned: known dimensions, two values or more, 100 together. Raises WeightingError."""
    found: dict[str, dict[str, float]] = {}
    for name, typed in given.items():
        if name not in DIMENSIONS:
            raise WeightingError(_("份额只按客户等级或渠道给"), code="unknown_dimension", field=name)
        shares = {code: _percent(value, name) for code, value in typed.items() if str(value).strip()}
        if not shares:
            continue
        if unknown := [code for code in shares if not code or len(code) > 40 or (name == "channel" and code not in Channel.values)]:
            raise WeightingError(_("没有 %(code)s 这个值") % {"code": unknown[0][:40]}, code="unknown_value", field=name)
        if not 2 <= len(shares) <= MOST_VALUES:
            raise WeightingError(_("一组份额要有 2 到 %(most)d 个值") % {"most": MOST_VALUES}, code="bad_count", field=name)
        total = round(sum(shares.values()), 2)
        if abs(total - 100) > 0.5:
            raise WeightingError(_("一组份额加起来是 100%%，现在是 %(total)s%%") % {"total": f"{total:g}"}, code="bad_sum", field=name)
        found[name] = shares
    return found


def _percent(value: Any, name: str) -> float:
    try:
        percent = round(float(str(value).strip().rstrip("%")), 2)
    except ValueError as error:
        raise WeightingError(_("写一个百分数"), code="bad_value", field=name) from error
    if not 0 < percent <= 100:
        raise WeightingError(_("份额大于 0，最多 100"), code="out_of_range", field=name)
    return percent


def _stale() -> WeightingError:
    return WeightingError(_("你打开这一页以后，有人存过新的份额。请对照现在的，再存一次。"), code="stale", field="version")


# ---- the figure ----------------------------------------------------------------------------------------------------


def weighted(
    metric: str, period: Period, *, organisation: int, now: datetime, where: Where | None = None, by: Sequence[str] = (), raw: bool = False
) -> Weighted:
    """A metric of METRICS beside its weighted self. by: the dimensions to weight by, all that have shares unless given."""
    where, margins = where or Where(), latest(organisation=organisation)
    asked: dict[str, Any] = {"organisation": organisation, "metric": metric, "period": period, "now": now, "where": where, "raw": raw}
    (plain,) = series(**asked).points
    shares: Shares = margins.shares if margins else {}
    names = tuple(name for name in DIMENSIONS if name in shares and (not by or name in by))
    if not names:
        return Weighted(metric, "off", plain, (), margins)
    if where.subtrees or _is_narrowed(where, organisation):
        return Weighted(metric, "narrowed", plain, names, margins)
    cells = series(**asked, by=names).points
    if plain.suppressed or any(cell.suppressed for cell in cells):
        return Weighted(metric, "hidden", plain, names, margins, hidden=[cell.by for cell in cells if cell.suppressed])
    return _figure(metric, plain, cells, names, margins, shares)


def _is_narrowed(where: Where, organisation: int) -> bool:
    given = where.given()
    top = Unit.objects.filter(organisation_id=organisation, code=given.pop("unit", ""), parent__isnull=True).exists() if "unit" in given else True
    return bool(given) or not top


def _figure(metric: str, plain: Point, cells: Sequence[Point], names: tuple[str, ...], margins: WeightMargins | None, shares: Shares) -> Weighted:
    inside = [cell for cell in cells if cell.n and all((cell.by[name] or "") in shares[name] for name in names)]
    rows = [{name: cell.by[name] or "" for name in names} for cell in inside]
    counts = [cell.n or 0 for cell in inside]
    seen = {name: {row[name] for row in rows} for name in names}
    missing = [(name, code, share) for name in names for code, share in shares[name].items() if code not in seen[name]]
    n_outside = (plain.n or 0) - sum(counts)
    if not rows:
        return Weighted(metric, "empty", plain, names, margins, n_outside=n_outside, missing=missing)
    wanted = {name: {code: share for code, share in shares[name].items() if code in seen[name]} for name in names}
    made = statistics.rake(rows, wanted, CAP, counts)
    state = "shown" if made.effective_n >= LEAST else "few"
    estimate = _estimate(metric, made.values, [cell.components or {} for cell in inside])
    told = [_cell(name, code, shares[name][code], rows, counts, made.values) for name in names for code in shares[name]]
    return Weighted(
        metric, state, plain, names, margins, estimate, made.effective_n, made.n_capped, made.n_rounds, made.is_converged, n_outside, told, missing,
    )  # fmt: skip


def _cell(name: str, code: str, wanted: float, rows: Sequence[Mapping[str, str]], counts: Sequence[int], weights: Sequence[float]) -> Cell:
    here = [(n, weight) for row, n, weight in zip(rows, counts, weights, strict=True) if row[name] == code]
    n, total = sum(n for n, _weight in here), sum(counts)
    return Cell(name, code, wanted, n, 100 * n / total, 100 * sum(n * weight for n, weight in here) / total)


def _estimate(metric: str, weights: Sequence[float], cells: Sequence[Components]) -> Estimate:
    """The weighted figure in the metric's unit, from the sums of each cell."""
    groups = [(weight, *pair) for weight, found in zip(weights, cells, strict=True) for pair in _scores(metric, found)]
    columns: dict[str, Any] = {"counts": [n for _weight, _score, n in groups]}
    w, scores = [weight for weight, _score, _n in groups], [score for _weight, score, _n in groups]
    if metric == "nps":
        return statistics.weighted_nps(w, scores, **columns)
    return scaled(statistics.weighted_share(w, scores, **columns), 100)


def _scores(metric: str, found: Components) -> list[tuple[int, int]]:
    """(score, how many) of a cell's answers."""
    if metric == "nps":
        return [(1, found["promoters"]), (0, found["passives"]), (-1, found["detractors"])]
    return [(1, found["satisfied"]), (0, found["answered"] - found["satisfied"])]
