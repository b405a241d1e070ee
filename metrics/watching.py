"""Is this point worth an alert? Pure: a condition and points in, a verdict out. `alerts.metric_runs` reads, writes and tells.

Four kinds: a threshold on the value or on the bound of its interval; a control chart against a frozen baseline; a change
from the period before, by the metric's own test; no data where there used to be some. A point with fewer than `min_n`
answers, or a hidden one, is never judged: it is unknown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from metrics import statistics
from metrics.changes import SHARES, TESTS, Share
from metrics.definitions.definition import Definition
from metrics.series import Point
from metrics.statistics.limits import DEFAULT_RULES, RANGE_TO_SIGMA, spread_of_z

KINDS = ("threshold", "chart", "change", "absence")
SIDES = ("below", "above")
BOUNDS = ("value", "interval")
MIN_N = 30
MIN_BASELINE = 8
GOOD_BASELINE = 12
LARGE = 2_000  # from so many a period p and u limits are Laney's
REGULAR = 4  # silence is news only where there were data in so many periods
COMPLAINT_RATE = Share("complaints", ("exposures",))


@dataclass(frozen=True)
class Condition:
    """What is watched for. side: below, above, or "" for either way; limit: in the metric's unit; level: of the test."""

    kind: str
    side: str = ""
    limit: float | None = None
    bound: str = "value"
    rules: tuple[str, ...] = DEFAULT_RULES
    level: float = 0.05
    at_least: int = 1
    n_periods: int = 1
    min_n: int = MIN_N


@dataclass(frozen=True)
class Baseline:
    """A frozen centre in the metric's unit. chart: p, u, p′, u′ or XmR; spread: σz of the first four, sigma of XmR."""

    chart: str
    centre: float
    spread: float
    n_periods: int


@dataclass(frozen=True)
class Verdict:
    """state: fires, quiet, unknown; why: which rule, or why nothing can be told; against: limit, centre or former value.

    lower and upper: chart limits at this point. p is two-sided, p_adjusted Holm's over the family of the run.
    """

    state: str
    why: str
    value: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    against: float | None = None
    against_n: int | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    p_adjusted: float | None = None


def can(kind: str, definition: Definition) -> bool:
    """True when a metric can be watched this way: a change needs the metric's own test."""
    return kind in KINDS and (kind != "change" or definition.code in TESTS)


def evaluate(condition: Condition, definition: Definition, points: Sequence[Point], baseline: Baseline | None = None) -> Verdict:
    """The verdict on the last of `points` (oldest first, equal steps, gaps with n 0).

    A change comes back with its p and is settled by `settle`, together with the others of the run.
    """
    point = points[-1]
    if condition.kind == "absence":
        return _absence(condition, points)
    plain = Verdict("quiet", "", point.value, point.n, point.low, point.high)
    if point.suppressed:
        return replace(plain, state="unknown", why="hidden")
    if point.value is None:
        return replace(plain, state="unknown", why="no_data")
    if _is_thin(condition, definition, point):
        return replace(plain, state="unknown", why="few")
    if condition.kind == "threshold":
        return _threshold(condition, plain)
    if condition.kind == "chart":
        return _chart(condition, definition, points, baseline, plain)
    return _change(condition, definition, points, plain)


def settle(verdicts: Sequence[Verdict], conditions: Sequence[Condition]) -> list[Verdict]:
    """The verdicts of one run, changes corrected for their number (Holm): which of them are real."""
    tested = [index for index, verdict in enumerate(verdicts) if conditions[index].kind == "change" and verdict.p is not None]
    adjusted = dict(zip(tested, statistics.holm([verdicts[index].p or 0.0 for index in tested]), strict=True))
    settled = list(verdicts)
    for index, p in adjusted.items():
        verdict, condition = verdicts[index], conditions[index]
        down = (verdict.value or 0.0) < (verdict.against or 0.0)
        wanted = not condition.side or (condition.side == "below") == down
        fires = p < condition.level and wanted and verdict.value != verdict.against
        settled[index] = replace(verdict, state="fires" if fires else "quiet", why="changed" if fires else "", p_adjusted=p)
    return settled


def baseline_of(condition: Condition, definition: Definition, points: Sequence[Point]) -> Baseline | None:
    """The baseline of these periods, without those that signal themselves; None with fewer than eight that can be told."""
    kept = [point for point in points if _is_known(condition, definition, point)]
    made = _baseline(definition, kept)
    if made is None or len(kept) < MIN_BASELINE:
        return None
    quiet = [point for point in kept if (s := _sigma(definition, made, point)) is not None and abs((point.value or 0.0) - made.centre) <= 3 * s]
    return _baseline(definition, quiet) if len(quiet) >= MIN_BASELINE else None


def _is_thin(condition: Condition, definition: Definition, point: Point) -> bool:
    """A count speaks for itself; every other figure needs the reliability of `min_n`."""
    return definition.unit != "count" and (point.n or 0) < condition.min_n


def _is_known(condition: Condition, definition: Definition, point: Point) -> bool:
    return not point.suppressed and point.value is not None and not _is_thin(condition, definition, point)


def _threshold(condition: Condition, plain: Verdict) -> Verdict:
    limit, is_below = condition.limit or 0.0, condition.side == "below"
    seen = plain.value
    if condition.bound == "interval":
        # surely beyond: the whole interval is
        seen = plain.high if is_below else plain.low
    found = replace(plain, against=limit)
    if seen is None:
        return replace(found, state="unknown", why="no_interval")
    fires = seen < limit if is_below else seen > limit
    return replace(found, state="fires", why=condition.side) if fires else found


def _change(condition: Condition, definition: Definition, points: Sequence[Point], plain: Verdict) -> Verdict:
    now, before = points[-1], points[-2] if len(points) > 1 else None
    test = TESTS.get(definition.code)
    if before is None or not _is_known(condition, definition, before) or test is None:
        return replace(plain, state="unknown", why="nothing_before")
    p = test(now.components or {}, before.components or {}).p
    found = replace(plain, against=before.value, against_n=before.n, p=p)
    return found if p is not None else replace(found, state="unknown", why="no_test")


def _absence(condition: Condition, points: Sequence[Point]) -> Verdict:
    """Fires in the period that completes the silence, not again while it lasts."""
    silent = [_is_silent(condition, point) for point in points]
    run = next((n for n, one in enumerate(reversed(silent)) if not one), len(silent))
    point = points[-1]
    # n of a hidden point stays hidden
    plain = Verdict("quiet", "", None, point.n, None, None, against=float(condition.at_least))
    if silent.count(False) < REGULAR:
        return replace(plain, state="unknown", why="never_regular")
    return replace(plain, state="fires", why="silent") if run == condition.n_periods else plain


def _is_silent(condition: Condition, point: Point) -> bool:
    if point.suppressed:
        return condition.at_least >= 5
    return (point.n or 0) < condition.at_least


def _chart(condition: Condition, definition: Definition, points: Sequence[Point], baseline: Baseline | None, plain: Verdict) -> Verdict:
    if baseline is None:
        return replace(plain, state="unknown", why="no_baseline")
    known = [point if _is_known(condition, definition, point) else None for point in points]
    sigmas = [None if point is None else _sigma(definition, baseline, point) for point in known]
    values = [None if point is None else point.value for point in known]
    broken = statistics.broken_rules(values, baseline.centre, sigmas, condition.rules)
    sigma, value = sigmas[-1] or 0.0, plain.value or 0.0
    found = replace(plain, against=baseline.centre, lower=baseline.centre - 3 * sigma, upper=baseline.centre + 3 * sigma)
    found = _clipped(found, definition)
    wanted = not condition.side or (condition.side == "below") == (value < baseline.centre)
    return replace(found, state="fires", why=broken[0]) if broken and wanted else found


def _clipped(verdict: Verdict, definition: Definition) -> Verdict:
    """Limits end where the metric does."""
    ends = {"%": (0.0, 100.0), "points": (-100.0, 100.0), "0–100": (0.0, 100.0), "mean 1–7": (1.0, 7.0), "−1..1": (-1.0, 1.0)}
    low, high = ends.get(definition.unit, (0.0, math.inf))
    return replace(verdict, lower=max(verdict.lower or 0.0, low), upper=min(verdict.upper or 0.0, high))


# ---- baselines -----------------------------------------------------------------------------------------------------


def _share(definition: Definition) -> tuple[Share | None, float]:
    """How a metric's points are counts of a size, and what makes the rate the metric's unit."""
    if definition.code == "complaint_rate":
        return COMPLAINT_RATE, 10_000.0
    return SHARES.get(definition.code), 100.0


def _baseline(definition: Definition, points: Sequence[Point]) -> Baseline | None:
    if len(points) < 2:
        return None
    share, factor = _share(definition)
    if share is None:
        values = [point.value or 0.0 for point in points]
        ranges = [abs(b - a) for a, b in zip(values, values[1:], strict=False)]
        return Baseline("XmR", math.fsum(values) / len(values), math.fsum(ranges) / len(ranges) / RANGE_TO_SIGMA, len(values))
    pairs = [share.of(point.components or {}) for point in points]
    centre = sum(hits for hits, _ in pairs) / max(sum(size for _, size in pairs), 1)
    chart = "u" if definition.code == "complaint_rate" else "p"
    errors = [_error(chart, centre, size) for _, size in pairs]
    rates = [hits / size if size else None for hits, size in pairs]
    large = sum(size for _, size in pairs) / len(pairs) > LARGE
    spread = (spread_of_z(rates, centre, errors) if large else None) or 1.0
    return Baseline(chart + ("′" if large else ""), centre * factor, spread, len(pairs))


def _sigma(definition: Definition, baseline: Baseline, point: Point) -> float | None:
    """A third of the way from the centre to the limit, in the metric's unit, for this point's size."""
    if baseline.chart == "XmR":
        return baseline.spread
    share, factor = _share(definition)
    if share is None or point.components is None:
        return None
    error = _error(baseline.chart[0], baseline.centre / factor, share.of(point.components)[1])
    return None if error is None else error * baseline.spread * factor


def _error(chart: str, centre: float, size: int) -> float | None:
    if not size:
        return None
    return math.sqrt(centre / size) if chart == "u" else math.sqrt(centre * (1 - centre) / size)
