"""等候时间: minutes from arrival to the start of service, as events tell it; who left before counts as at least so long."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions import first_response
from metrics.definitions.definition import Components, Definition, Extra, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

WITHIN = 10  # minutes, where the organisation set no target
_WAITED = "greatest((r.metadata ->> 'waited_seconds')::float8, 0) / 60"
_LEFT = "coalesce((r.metadata -> 'abandoned') = 'true'::jsonb, false)"
_TARGET = f"coalesce(r.target, {WITHIN})"
_IN_TIME = f"not {_LEFT} and {_WAITED} <= {_TARGET}"
MEASURES = {
    "answered": f"array_agg({_WAITED}) filter (where not {_LEFT})",
    "open": f"array_agg({_WAITED}) filter (where {_LEFT})",
    "within": f"count(*) filter (where {_IN_TIME})",
}


def components(measures: Measures) -> Components:
    """n waits, served, abandoned, within (of the day's target); median and p90 in minutes by Kaplan–Meier; histogram of the served."""
    found = first_response.components(measures)
    found["served"], found["abandoned"], found["within"] = found.pop("answered"), found.pop("open"), count(measures["within"])
    for name in ("within", "abandoned"):
        share = statistics.wilson(found[name], found["n"])
        found |= {f"{name}_share": share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    return found


def within(found: Components) -> Estimate:
    """Percent served within the target, Wilson; who left was not."""
    return scaled(statistics.wilson(found["within"], found["n"]), 100)


def abandoned(found: Components) -> Estimate:
    """Percent who left before they were served, Wilson."""
    return scaled(statistics.wilson(found["abandoned"], found["n"]), 100)


def p90(found: Components) -> Estimate:
    """Minutes after which nine in ten were served; None where more than one in ten left."""
    return Estimate(found["p90"], None, None, found["n"])


DEFINITION = Definition(
    code="waiting_time",
    label=_("等候时间"),
    unit="minutes",
    direction=-1,
    decimals=1,
    version=1,
    formula=_("从到达到开始服务的中位数，分钟；另列九成位数、目标内比例、中途离开比例"),
    numerator=_("目标内：开始服务前等的分钟数不超过当天的全公司目标，没有设目标时按 10 分钟"),
    denominator=_("带有 metadata.waited_seconds 的事件（到店、来电等）；中途离开的按“至少等了这么久”计入"),
    exclusions=_("没有等候时长的事件；渠道按事件种类：call 电话、visit 与 stay 门店、chat 应用，其余不分渠道"),
    source="median and p90 by Kaplan & Meier 1958; shares: Wilson (Newcombe 1998)",
    reads=(Read("waits", MEASURES),),
    components=components,
    estimate=first_response.estimate,
    parts={"n": Part(), "served": Part(f"not {_LEFT}"), "abandoned": Part(_LEFT), "within": Part(_IN_TIME)},
    shows={
        "event": "r.kind || ' ' || r.external_id",
        "place": "(select u.name from tenancy_unit u where u.organisation_id = r.organisation_id and u.id = r.unit_id)",
        "minutes": _WAITED,
        "is_left": _LEFT,
    },
    extras=(
        Extra("p90", _("九成位数"), "minutes", p90),
        Extra("within", _("目标内"), "%", within),
        Extra("abandoned", _("中途离开"), "%", abandoned),
    ),
)
