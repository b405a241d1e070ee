"""Control charts: what is noise and what is a signal. Freezing and re-basing a baseline is for the alert rules."""

import math
from collections.abc import Sequence
from fractions import Fraction

from metrics.statistics.results import Chart, count_of, finite

XMR_LIMIT = 2.66  # 3/d2 for moving ranges of two, as Wheeler rounds it
RANGE_LIMIT = 3.27  # D4 for moving ranges of two
RUN = 8  # so many in a row on one side of the centre are a signal


def p_chart(defectives: Sequence[int], sizes: Sequence[int] | int, p_bar: float | None = None) -> Chart:
    """A chart of shares with limits p̄ ± 3·√(p̄(1-p̄)/nᵢ) for each period's own size, floored at 0 and capped at 1.

    sizes: one a period, or one for all; p_bar: the frozen baseline, else Σdefectives/Σsizes. A period of size 0 is a gap:
    no limits, no signal, and a run passes over it. Signals: beyond a limit, or the eighth and later in a row on one side.
    """
    hits = [count_of(count, "defectives") for count in defectives]
    given = [sizes] * len(hits) if isinstance(sizes, int) else sizes
    n = [count_of(size, "size") for size in given]
    if len(n) != len(hits) or any(hit > size for hit, size in zip(hits, n, strict=True)):
        raise ValueError("each period needs a size of at least its defectives")
    if p_bar is not None and not 0 <= finite(p_bar, "p_bar") <= 1:
        raise ValueError(f"p_bar is a share: {p_bar!r}")
    centre = (sum(hits) / sum(n) if sum(n) else None) if p_bar is None else float(p_bar)
    if centre is None:
        return Chart(None, [None] * len(n), [None] * len(n), [])
    margins = [3 * math.sqrt(centre * (1 - centre) / size) if size else None for size in n]
    lower = [None if margin is None else max(centre - margin, 0.0) for margin in margins]
    upper = [None if margin is None else min(centre + margin, 1.0) for margin in margins]
    shares = [hit / size if size else None for hit, size in zip(hits, n, strict=True)]
    return Chart(centre, lower, upper, signals(shares, centre, lower, upper))


def xmr(values: Sequence[float | None]) -> Chart:
    """A chart of single values, limits X̄ ± 2.66·mR̄ (Wheeler); None is a gap, and no range is taken across it.

    Without two neighbouring values there are no limits. Signals as for `p_chart`.
    """
    known = [None if value is None else finite(value, "value") for value in values]
    present = [value for value in known if value is not None]
    centre = float(sum(map(Fraction, present)) / len(present)) if present else None
    mean_range = _mean_range(known)
    if centre is None or mean_range is None:
        return Chart(centre, [None] * len(known), [None] * len(known), [])
    low = finite(centre - XMR_LIMIT * mean_range, "lower limit")
    high = finite(centre + XMR_LIMIT * mean_range, "upper limit")
    lower = [None if value is None else low for value in known]
    upper = [None if value is None else high for value in known]
    return Chart(centre, lower, upper, signals(known, centre, lower, upper))


def moving_range_limit(values: Sequence[float | None]) -> float | None:
    """The upper limit of the moving ranges, 3.27·mR̄; the lower is 0. None without two neighbouring values."""
    mean_range = _mean_range([None if value is None else finite(value, "value") for value in values])
    return None if mean_range is None else RANGE_LIMIT * mean_range


def _mean_range(values: Sequence[float | None]) -> float | None:
    pairs = zip(values, values[1:], strict=False)
    ranges = [abs(later - earlier) for earlier, later in pairs if earlier is not None and later is not None]
    return finite(math.fsum(ranges) / len(ranges), "mean range") if ranges else None


def signals(
    values: Sequence[float | None],
    centre: float,
    lower: Sequence[float | None],
    upper: Sequence[float | None],
) -> list[int]:
    """Where a value lies beyond its limits, or is the eighth or later in a row on one side of the centre."""
    found, run, run_side = [], 0, 0
    for index, (value, low, high) in enumerate(zip(values, lower, upper, strict=True)):
        if value is None or low is None or high is None:
            continue
        side = (value > centre) - (value < centre)
        run = run + 1 if side == run_side else 1
        run_side = side
        if value < low or value > high or (side and run >= RUN):
            found.append(index)
    return found
