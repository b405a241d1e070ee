"""守约率: of the promises that have ended, the share that was kept. What still runs is listed apart, never a hit."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import DIMENSIONS, Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

MEASURES = {
    name: f"count(*) filter (where verdict = '{name}')" for name in ("met", "breached", "running", "excused", "cancelled")
} | {"paused": "count(*) filter (where clock_state = 'paused')"}


def components(measures: Measures) -> Components:
    """met, breached; running (of them paused), excused and cancelled apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent kept of those that ended, Wilson."""
    return scaled(statistics.wilson(found["met"], found["met"] + found["breached"]), 100)


DEFINITION = Definition(
    code="promise_attainment",
    label=_("守约率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 守约 ÷（守约 + 失约）"),
    numerator=_("按时完成的承诺，每个轮次各算一次"),
    denominator=_("已有结果的承诺，按投诉收到日归组"),
    exclusions=_("还在计时的另列；已免责的另列；已取消、未开始的不算"),
    source="cohort by the day of receipt; interval: Wilson (Newcombe 1998)",
    reads=(Read("clocks", MEASURES),),
    components=components,
    estimate=estimate,
    dimensions=(*DIMENSIONS, "clause"),
    parts={
        "n": Part("verdict in ('met', 'breached')"),
        **{name: Part(f"verdict = '{name}'") for name in ("met", "breached", "running", "excused", "cancelled")},
        "paused": Part("clock_state = 'paused'"),
    },
    numerator_part="met",
    shows={"clause": "r.clause", "cycle": "r.clock_cycle", "verdict": "r.verdict"},
)
