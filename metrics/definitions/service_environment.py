"""服务环境: what inspections of the stores found and what customers say of the environment, half and half."""

import math

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Extra, Measures, Read, count
from metrics.statistics import Estimate

SHARE = 0.5  # of the inspections; the rest is the customers'
ITEM = "environment"
KINDS = ("csi", "csat", "stars")
NOT_CUT = frozenset({"staff", "channel", "touchpoint", "tier", "topic"})
_RANGE = "(r.scale_max - r.scale_min)"
INSPECTED = {
    "inspections": "count(*)",
    "inspected_sum": "sum(r.score)",
    "inspected_squares": "sum(r.score * r.score)",
    "failed": "count(*) filter (where cardinality(r.failed) > 0)",
}


def _asked(kind: str) -> Read:
    """Scores of the environment by one kind of question, put on 0..100."""
    measures = {
        f"{kind}_n": "sum(n)",
        f"{kind}_sum": f"sum(100.0 * (r.total - r.n * r.scale_min) / {_RANGE})",
        f"{kind}_squares": f"sum(10000.0 * (r.squares - 2 * r.scale_min * r.total + r.n * r.scale_min * r.scale_min) / ({_RANGE} * {_RANGE}))",
    }
    return Read("scores", measures, kind, f"r.item = '{ITEM}'")


def components(measures: Measures) -> Components:
    """inspections and their sums, failed (a critical item); n of customers' answers and their sums, all on 0..100."""
    found: Components = {name: count(measures[name]) for name in ("inspections", "failed")}
    found |= {name: float(measures[name] or 0) for name in ("inspected_sum", "inspected_squares")}
    found["n"] = sum(count(measures[f"{kind}_n"]) for kind in KINDS)
    for name in ("sum", "squares"):
        found[name] = float(sum(float(measures[f"{kind}_{name}"] or 0) for kind in KINDS))
    return found


def inspected(found: Components) -> Estimate:
    """The mean score of the inspections, Student's t."""
    return statistics.mean_estimate(found["inspections"], found["inspected_sum"], found["inspected_squares"], low_clip=0, high_clip=100)


def felt(found: Components) -> Estimate:
    """The mean of the customers' answers about the environment, Student's t."""
    return statistics.mean_estimate(found["n"], found["sum"], found["squares"], low_clip=0, high_clip=100)


def failed(found: Components) -> Estimate:
    """Percent of the inspections that failed a critical item, Wilson."""
    share = statistics.wilson(found["failed"], found["inspections"])
    if share.value is None or share.low is None or share.high is None:
        return share
    return Estimate(100 * share.value, 100 * share.low, 100 * share.high, share.n)


def estimate(found: Components) -> Estimate:
    """Half of each mean; its half width is the root of the halves' squares. Only where both are; n is the customers'."""
    one, other = inspected(found), felt(found)
    if one.value is None or other.value is None:
        return Estimate(None, None, None, found["n"])
    value = SHARE * one.value + (1 - SHARE) * other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Estimate(value, None, None, found["n"])
    half = math.hypot(SHARE * (one.high - one.low) / 2, (1 - SHARE) * (other.high - other.low) / 2)
    return Estimate(value, max(value - half, 0.0), min(value + half, 100.0), found["n"])


DEFINITION = Definition(
    code="service_environment",
    label=_("服务环境"),
    unit="0–100",
    direction=1,
    decimals=1,
    version=1,
    formula=_("0.5 × 门店检查平均分 + 0.5 × 客户环境评分平均分，都换算到 0–100；两样都有才合成"),
    numerator=_("检查：按检查表权重的得分；客户：分项 environment 的评分（CSI、CSAT、星级）"),
    denominator=_("n 是客户回答数；检查次数另列"),
    exclusions=_("撤回的检查；答了不到六成权重的检查；按渠道、触点、员工、等级、主题分时，检查仍是整个单元的"),
    source="means: Student's t; combined: root of summed squares of the weighted half widths",
    reads=(Read("inspections", INSPECTED, shared=NOT_CUT), *(_asked(kind) for kind in KINDS)),
    components=components,
    estimate=estimate,
    size=lambda found: int(found["n"]),
    extras=(
        Extra("inspected", _("门店检查"), "0–100", inspected),
        Extra("felt", _("客户评分"), "0–100", felt),
        Extra("failed", _("关键项没过的检查"), "%", failed),
    ),
)
