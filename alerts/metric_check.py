"""What a metric rule may say: read from plain values, checked and completed. Used by the settings form and the API alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from alerts.metric_reading import GRAINS
from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable
from metrics import queries as register
from metrics import watching
from metrics.statistics.limits import DEFAULT_RULES, RULES
from metrics.watching import Condition
from tenancy import queries, trees
from tenancy.enums import Role
from tenancy.models import Unit

FILTERS = ("channel", "touchpoint", "tier", "topic", "clause")
# by employee is not watched: a person is no alarm
CUTS = ("unit", "channel", "touchpoint", "tier", "topic")
ROLES = (Role.CX_MANAGER, Role.EXECUTIVE, Role.REGION_MANAGER, Role.STORE_MANAGER, Role.ANALYST, Role.ADMIN)
BUDGET = 3


class MetricRuleError(DomainError):
    """The rule is not acceptable; `field` names the part."""


@dataclass(frozen=True)
class Wanted:
    """A checked rule."""

    name: str
    metric: str
    grain: str
    unit: Unit
    where: dict[str, str]
    by: str
    condition: Condition
    roles: tuple[str, ...]
    budget: int
    is_on: bool


def check(given: Mapping[str, Any], *, organisation: int) -> Wanted:
    """The clean form of a rule given as plain values (strings of a form, JSON of the API). Raises MetricRuleError."""
    name = " ".join(str(given.get("name") or "").split())
    if not 1 <= len(name) <= 80 or not is_storable(name):
        raise MetricRuleError(_("名称 1 到 %(most)d 字") % {"most": 80}, code="bad_name", field="name")
    definition = register.definition(str(given.get("metric") or ""))
    if definition is None:
        raise MetricRuleError(_("没有这个指标"), code="unknown_metric", field="metric")
    grain = str(given.get("grain") or "week")
    if grain not in GRAINS:
        raise MetricRuleError(_("按日、周或月"), code="unknown_grain", field="grain")
    by = str(given.get("by") or "")
    if by and (by not in CUTS or by not in definition.dimensions):
        raise MetricRuleError(_("这个指标不能这样分"), code="unknown_dimension", field="by")
    roles = given.get("roles") or [Role.CX_MANAGER]
    if not isinstance(roles, list | tuple) or not all(role in ROLES for role in roles):
        raise MetricRuleError(_("选要告诉的角色"), code="unknown_role", field="roles")
    unit = _unit(str(given.get("unit") or ""), organisation)
    where = _where(given, definition.dimensions, organisation)
    condition = _condition(given, definition)
    budget = _whole(given, "budget", BUDGET, 1, 50)
    chosen = tuple(str(role) for role in dict.fromkeys(roles))
    return Wanted(name, definition.code, grain, unit, where, by, condition, chosen, budget, given.get("is_on", True) not in {False, "", None, "off"})


def _unit(code: str, organisation: int) -> Unit:
    row = trees.by_code(code, organisation=organisation) if code else trees.unit(queries.root_key(organisation=organisation), organisation=organisation)
    if row is None:
        raise MetricRuleError(_("没有这个单元"), code="unknown_unit", field="unit")
    return row


def _where(given: Mapping[str, Any], dimensions: tuple[str, ...], organisation: int) -> dict[str, str]:
    found = {name: str(given[name]).strip()[:64] for name in FILTERS if given.get(name)}
    for name, value in found.items():
        if name not in dimensions or not is_storable(value):
            raise MetricRuleError(_("这个指标不能这样筛"), code="unknown_dimension", field=name)
    touchpoints = queries.codes(organisation=organisation, units=set(), staff=set(), touchpoints={found.get("touchpoint", "")} - {""}).touchpoints
    known = {"touchpoint": touchpoints, "channel": register.CHANNELS, "topic": register.TOPICS}
    for name, codes in known.items():
        if found.get(name) and found[name] not in codes:
            raise MetricRuleError(_("没有这个值"), code=f"unknown_{name}", field=name)
    return found


def _condition(given: Mapping[str, Any], definition: Any) -> Condition:
    kind = str(given.get("kind") or "")
    if not watching.can(kind, definition):
        words = _("这个指标没有自己的检验，不能看“与上期相比”") if kind == "change" else _("选一种条件")
        raise MetricRuleError(words, code="unknown_kind", field="kind")
    side = str(given.get("side") or "")
    if side not in {"", *watching.SIDES} or (kind == "threshold" and not side):
        raise MetricRuleError(_("选低于或高于"), code="unknown_side", field="side")
    bound = str(given.get("bound") or "value")
    if bound not in watching.BOUNDS:
        raise MetricRuleError(_("看数值或看区间"), code="unknown_bound", field="bound")
    rules = given.get("rules") or list(DEFAULT_RULES)
    if not isinstance(rules, list | tuple) or not all(rule in RULES for rule in rules):
        raise MetricRuleError(_("选控制图的规则"), code="unknown_rule", field="rules")
    at_least = _whole(given, "at_least", 1, 1, 1_000_000)
    if 1 < at_least < 5:
        # how few there were below five is nobody's to know
        raise MetricRuleError(_("填 1，或者 5 以上"), code="too_small", field="at_least")
    return Condition(
        kind, side, _number(given, "limit", None if kind != "threshold" else math.nan), bound, tuple(r for r in RULES if r in rules),
        _level(given), at_least, _whole(given, "n_periods", 1, 1, 12), _whole(given, "min_n", watching.MIN_N, 5, 1_000_000),
    )  # fmt: skip


def _level(given: Mapping[str, Any]) -> float:
    level = _number(given, "level", 0.05)
    if level not in {0.01, 0.05, 0.1}:
        raise MetricRuleError(_("显著性水平取 0.01、0.05 或 0.1"), code="unknown_level", field="level")
    return float(level)


def _number(given: Mapping[str, Any], name: str, default: float | None) -> float | None:
    value = given.get(name)
    if value is None or value == "":
        if default is not None and math.isnan(default):
            raise MetricRuleError(_("填一个数"), code="missing", field=name)
        return default
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        raise MetricRuleError(_("填一个数"), code="not_a_number", field=name)
    return number


def _whole(given: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    number = _number(given, name, float(default))
    if number is None or number != int(number) or not least <= number <= most:
        raise MetricRuleError(_("填 %(least)d 到 %(most)d 的整数") % {"least": least, "most": most}, code="out_of_range", field=name)
    return int(number)
