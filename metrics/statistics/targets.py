"""A figure against a target: reached or missed only when the whole interval lies on that side of it."""

from metrics.statistics.results import Estimate, finite

REACHED, MISSED, UNCLEAR = "reached", "missed", "unclear"


def against(estimate: Estimate, target: float, direction: int) -> str | None:
    """“reached” when the interval lies wholly at or beyond the target, “missed” when wholly short of it, else “unclear”.

    direction: 1 when higher is better, -1 when lower is. A figure without an interval is unclear: nothing says how far
    chance reaches. None without a value.
    """
    aim = finite(target, "target")
    if direction not in {1, -1}:
        raise ValueError(f"direction is 1 or -1, not {direction!r}")
    if estimate.value is None:
        return None
    if estimate.low is None or estimate.high is None:
        return UNCLEAR
    worst, best = (estimate.low, estimate.high) if direction > 0 else (-estimate.high, -estimate.low)
    if worst >= direction * aim:
        return REACHED
    return MISSED if best < direction * aim else UNCLEAR
