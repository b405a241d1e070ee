"""Control charts beyond the plain p chart: rates per exposure, shares of large samples, and the rules a pattern is read by.

The plain charts are in `charts`. Rules are read against a baseline that somebody froze; nothing here moves it.
"""

import math
from collections.abc import Sequence

from scipy import special

from metrics.statistics.charts import RUN, signals
from metrics.statistics.results import Chart, count_of, finite, positive

RANGE_TO_SIGMA = 1.128  # d2 of moving ranges of two: sigma is mR̄ / 1.128
TREND = 6
RULES = ("beyond", "run", "two_of_three", "trend")
DEFAULT_RULES = ("beyond", "run")


def u_chart(counts: Sequence[int], exposures: Sequence[float], u_bar: float | None = None) -> Chart:
    """A chart of events per unit of exposure, limits ū ± 3·√(ū/eᵢ), floored at 0; exposure 0 is a gap.

    u_bar: the frozen baseline, else Σcounts/Σexposures. Signals: beyond a limit, or the eighth in a row on one side.
    """
    hits, sizes = _pairs(counts, exposures)
    centre = (sum(hits) / math.fsum(sizes) if any(sizes) else None) if u_bar is None else positive(u_bar, "u_bar")
    return _chart(hits, sizes, centre, [math.sqrt(centre / size) if size and centre is not None else None for size in sizes], None)


def laney_p(defectives: Sequence[int], sizes: Sequence[int], p_bar: float | None = None, sigma_z: float | None = None) -> Chart:
    """Laney's p′ chart (2002): the limits of a p chart times σz, the spread there is beyond chance between periods.

    For large samples, where p limits are so narrow that every period signals. p_bar and sigma_z: the frozen baseline.
    """
    hits, n = _pairs(defectives, sizes)
    if any(hit > size for hit, size in zip(hits, n, strict=True)):
        raise ValueError("each period needs a size of at least its defectives")
    centre = (sum(hits) / math.fsum(n) if any(n) else None) if p_bar is None else finite(p_bar, "p_bar")
    if centre is not None and not 0 <= centre <= 1:
        raise ValueError(f"p_bar is a share: {p_bar!r}")
    errors = [math.sqrt(centre * (1 - centre) / size) if size and centre is not None else None for size in n]
    return _chart(hits, n, centre, _stretched(hits, n, centre, errors, sigma_z), 1.0)


def laney_u(counts: Sequence[int], exposures: Sequence[float], u_bar: float | None = None, sigma_z: float | None = None) -> Chart:
    """Laney's u′ chart: as `laney_p`, for events per exposure."""
    hits, sizes = _pairs(counts, exposures)
    centre = (sum(hits) / math.fsum(sizes) if any(sizes) else None) if u_bar is None else positive(u_bar, "u_bar")
    errors = [math.sqrt(centre / size) if size and centre is not None else None for size in sizes]
    return _chart(hits, sizes, centre, _stretched(hits, sizes, centre, errors, sigma_z), None)


def spread_of_z(values: Sequence[float | None], centre: float, errors: Sequence[float | None]) -> float | None:
    """σz: the mean moving range of (value - centre)/error, over 1.128. 1 is chance alone; None without two neighbours."""
    z = [None if v is None or not e else (v - centre) / e for v, e in zip(values, errors, strict=True)]
    present = [one for one in z if one is not None]
    ranges = [abs(later - earlier) for earlier, later in zip(present, present[1:], strict=False)]
    return math.fsum(ranges) / len(ranges) / RANGE_TO_SIGMA if ranges else None


def overdispersion(defectives: Sequence[int], sizes: Sequence[int]) -> float | None:
    """p of the χ² test that shares vary between periods by chance alone; None with fewer than two periods or no variation."""
    hits, n = _pairs(defectives, sizes)
    kept = [(hit, size) for hit, size in zip(hits, n, strict=True) if size]
    total = math.fsum(size for _, size in kept)
    centre = sum(hit for hit, _ in kept) / total if total else 0.0
    if len(kept) < 2 or not 0 < centre < 1:
        return None
    found = math.fsum((hit - size * centre) ** 2 / (size * centre * (1 - centre)) for hit, size in kept)
    return float(special.chdtrc(len(kept) - 1, found))


def broken_rules(
    values: Sequence[float | None], centre: float, sigmas: Sequence[float | None], rules: Sequence[str] = DEFAULT_RULES
) -> list[str]:
    """Which of `rules` the last value completes; gaps (None) are passed over. sigmas: a third of the way to each limit.

    beyond: past 3σ; run: the eighth (sixteenth …) in a row on one side; two_of_three: two of the last three past 2σ on
    one side, this one among them; trend: six in a row rising or falling. ValueError for an unknown rule.
    """
    if unknown := set(rules) - set(RULES):
        raise ValueError(f"unknown rules: {sorted(unknown)}")
    if not values or values[-1] is None or sigmas[-1] is None:
        return []
    known = [(v - centre, s) for v, s in zip(values, sigmas, strict=True) if v is not None and s is not None]
    last, sigma = known[-1]
    side = (last > 0) - (last < 0)
    past = [(gap > 0) == (last > 0) and abs(gap) > 2 * s for gap, s in known[-3:]]
    run = next((n for n, (gap, _) in enumerate(reversed(known)) if (gap > 0) - (gap < 0) != side), len(known))
    steps = [b[0] - a[0] for a, b in zip(known[-TREND:], known[-TREND + 1 :], strict=False)]
    found = {
        "beyond": abs(last) > 3 * sigma,
        "run": bool(side) and run % RUN == 0 and run > 0,
        "two_of_three": past[-1] and sum(past) >= 2,
        "trend": len(steps) == TREND - 1 and (all(s > 0 for s in steps) or all(s < 0 for s in steps)),
    }
    return [rule for rule in RULES if rule in rules and found[rule]]


def _pairs(counts: Sequence[int], sizes: Sequence[float]) -> tuple[list[int], list[float]]:
    if len(counts) != len(sizes):
        raise ValueError(f"{len(sizes)} sizes for {len(counts)} counts")
    return [count_of(count, "count") for count in counts], [positive(size, "size") for size in sizes]


def _stretched(
    hits: Sequence[int], sizes: Sequence[float], centre: float | None, errors: Sequence[float | None], sigma_z: float | None
) -> list[float | None]:
    if centre is None:
        return [None] * len(hits)
    rates = [hit / size if size else None for hit, size in zip(hits, sizes, strict=True)]
    spread = spread_of_z(rates, centre, errors) if sigma_z is None else positive(sigma_z, "sigma_z")
    return [None if error is None or spread is None else error * spread for error in errors]


def _chart(
    hits: Sequence[int], sizes: Sequence[float], centre: float | None, sigmas: Sequence[float | None], cap: float | None
) -> Chart:
    if centre is None:
        return Chart(None, [None] * len(hits), [None] * len(hits), [])
    lower = [None if s is None else max(centre - 3 * s, 0.0) for s in sigmas]
    upper = [None if s is None else (centre + 3 * s if cap is None else min(centre + 3 * s, cap)) for s in sigmas]
    rates = [hit / size if size else None for hit, size in zip(hits, sizes, strict=True)]
    return Chart(centre, lower, upper, signals(rates, centre, lower, upper))
