"""首次响应: minutes from receipt to the first reply of a person; cases still waiting count as at least so long."""

import math
from collections.abc import Sequence
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Components, Definition, Measures, Part, Read
from metrics.statistics import Estimate

BOUNDS = (5, 15, 30, 60, 120, 240, 480, 1440)  # minutes: upper bounds of the histogram's bins, the last is open
Z = 1.959964
_ANSWERED = "r.first_reply_at is not null and r.first_reply_at <= %(now)s"
MEASURES = {
    "answered": "array_agg(extract(epoch from r.first_reply_at - r.received_at)::float8 / 60)"
    f" filter (where {_ANSWERED})",
    "open": f"array_agg(extract(epoch from %(now)s - r.received_at)::float8 / 60) filter (where not ({_ANSWERED}))",
}


def survival(answered: Sequence[float], waiting: Sequence[float]) -> list[tuple[float, float]]:
    """(minutes, share still without a reply after them), Kaplan–Meier 1958; answers come before waits of equal age."""
    rows = sorted([(max(m, 0.0), 0) for m in answered] + [(max(m, 0.0), 1) for m in waiting])
    at_risk, share, curve = len(rows), 1.0, []
    for minutes, group in groupby(rows, key=lambda row: row[0]):
        kinds = [kind for _, kind in group]
        replies = kinds.count(0)
        if replies:
            share = share * (at_risk - replies) / at_risk
            curve.append((minutes, share))
        at_risk -= len(kinds)
    return curve


def quantile(curve: Sequence[tuple[float, float]], share: float) -> float | None:
    """Minutes after which `share` of the cases has its reply; half way where the curve rests exactly there."""
    left = 1 - share
    for index, (minutes, without) in enumerate(curve):
        if math.isclose(without, left, abs_tol=1e-12) and without > 0 and index + 1 < len(curve):
            return (minutes + curve[index + 1][0]) / 2
        if without < left or math.isclose(without, left, abs_tol=1e-12):
            return minutes
    return None


def components(measures: Measures) -> Components:
    """n cases, answered, open; median and p90 in minutes with the median's bounds; histogram of the answered."""
    answered = [float(m) for m in measures["answered"] or ()]
    waiting = [float(m) for m in measures["open"] or ()]
    curve, n = survival(answered, waiting), len(answered) + len(waiting)
    spread = Z * 0.5 / math.sqrt(n) if n else 0.0
    bins = [0] * (len(BOUNDS) + 1)
    for minutes in answered:
        bins[next((i for i, bound in enumerate(BOUNDS) if minutes <= bound), len(BOUNDS))] += 1
    return {
        "n": n,
        "answered": len(answered),
        "open": len(waiting),
        "median": quantile(curve, 0.5),
        "p90": quantile(curve, 0.9),
        "low": quantile(curve, max(0.5 - spread, 0.0)) if n > 1 else None,
        "high": quantile(curve, 0.5 + spread) if n > 1 and spread < 0.5 else None,
        "bounds": list(BOUNDS),
        "histogram": bins,
    }


def estimate(found: Components) -> Estimate:
    """The median in minutes; its interval from the order statistics (binomial)."""
    if found["median"] is None:
        return Estimate(None, None, None, found["n"])
    return Estimate(found["median"], found["low"], found["high"], found["n"])


DEFINITION = Definition(
    code="first_response",
    label=_("首次响应"),
    unit="minutes",
    direction=-1,
    decimals=0,
    version=1,
    formula=_("收到投诉到第一次人工回复的中位数，分钟；另列九成位数"),
    numerator=_("第一次对客户的人工回复"),
    denominator=_("期内收到的投诉；还没回复的按“至少已等这么久”计入"),
    exclusions=_("自动回执不算回复"),
    source="median and p90 by Kaplan & Meier 1958; calendar time",
    reads=(Read("cases", MEASURES),),
    components=components,
    estimate=estimate,
    parts={"n": Part(), "answered": Part(_ANSWERED), "open": Part(f"not ({_ANSWERED})")},
    shows={"minutes": f"extract(epoch from case when {_ANSWERED} then r.first_reply_at else %(now)s end - r.received_at)::float8 / 60"},
)
