"""A metric rule as a form and as a sentence: scope and condition in the reader's words. Used by the rules' and alerts' pages."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from alerts.metric_check import BUDGET, CUTS, ROLES
from alerts.metric_words import RULES
from alerts.models import MetricAlert, MetricRule
from feedback import topics
from metrics import queries as register
from metrics import watching, writing
from tenancy import queries, touchpoints
from tenancy.enums import Channel, Role
from web import forms
from web.door import Visit

TYPED = (
    "name", "metric", "grain", "unit", "channel", "touchpoint", "tier", "topic", "clause", "by", "kind", "side", "limit", "bound", "level",
    "at_least", "n_periods", "min_n", "budget", "note",
)  # fmt: skip
BLANK: dict[str, Any] = {
    "name": "", "metric": "nps", "grain": "week", "unit": "", "channel": "", "touchpoint": "", "tier": "", "topic": "", "clause": "", "by": "",
    "kind": "change", "side": "below", "limit": "", "bound": "value", "level": "0.05", "at_least": "1", "n_periods": "1",
    "min_n": str(watching.MIN_N), "budget": str(BUDGET), "rules": ["beyond", "run"], "roles": ["cx_manager"], "is_on": True, "note": "",
}  # fmt: skip


def kinds() -> dict[str, tuple[str, str]]:
    """Code → (name, what it means) of each condition."""
    return {
        "change": (_("与上期相比"), _("用指标自己的检验，一次运行里的全部比较一起校正")),
        "threshold": (_("越过一个数"), _("低于或高于你定的数；可以要求整个 95% 区间都越过")),
        "chart": (_("控制图"), _("和冻结的基线比，越出控制限或连续同侧才算")),
        "absence": (_("没有数据"), _("以前一直有、现在没有了：问卷断了，门店不报了")),
    }


def grains() -> dict[str, str]:
    """Code → name of each length of a period."""
    return {"day": _("每日"), "week": _("每周"), "month": _("每月")}


def cuts() -> dict[str, str]:
    """Code → name of each dimension a rule may be cut by."""
    names = {"unit": _("每个单元"), "channel": _("每个渠道"), "touchpoint": _("每个触点"), "tier": _("每个客户等级"), "topic": _("每个主题")}
    return {"": _("合在一起看"), **{code: names[code] for code in CUTS}}


class Words:
    """Menus and codes as people call them, looked up once a page."""

    def __init__(self, visit: Visit) -> None:
        organisation = visit.organisation.id
        self.units = queries.units_of(organisation=organisation)
        self.metrics = [(row.code, str(row.label)) for row in register.register()]
        self.kinds, self.grains, self.cuts = kinds(), grains(), cuts()
        self.levels = ("0.01", "0.05", "0.1")
        self.rules = {code: word() for code, word in RULES.items()}
        self.roles = {role.value: str(role.label) for role in Role if role in ROLES}
        self.menus: dict[str, dict[str, str]] = {
            "channel": {str(code): str(name) for code, name in Channel.choices},
            "touchpoint": {row.code: row.name for row in touchpoints.catalogue(organisation=organisation)},
            "topic": topics.names(organisation=organisation),
        }
        self.labels = {"channel": _("渠道"), "touchpoint": _("触点"), "topic": _("主题"), "tier": _("客户等级"), "clause": _("承诺")}

    def condition(self, metric: str, condition: Mapping[str, Any], grain: str) -> str:
        """“每周，低于 20（看整个区间）”."""
        return _("%(grain)s，%(what)s") % {"grain": self.grains.get(grain, grain), "what": self._what(metric, condition)}

    def _what(self, metric: str, condition: Mapping[str, Any]) -> str:
        kind, side = condition["kind"], condition["side"]
        way = {"below": _("变低"), "above": _("变高"), "": _("变化")}[side]
        if kind == "threshold":
            definition = register.definition(metric)
            limit = writing.shown(definition, condition["limit"]) if definition else f"{condition['limit']:g}"
            plain = _("低于 %(limit)s") if side == "below" else _("高于 %(limit)s")
            return plain % {"limit": limit} + (_("，看整个区间") if condition["bound"] == "interval" else "")
        if kind == "chart":
            return _("控制图，%(way)s：%(rules)s") % {"way": way, "rules": _("、").join(self.rules[rule] for rule in condition["rules"])}
        if kind == "change":
            return _("比上期真实%(way)s，水平 %(level)s") % {"way": way, "level": f"{condition['level']:g}"}
        return _("连续 %(n)d 期不到 %(least)d 份") % {"n": condition["n_periods"], "least": condition["at_least"]}

    def scope(self, unit: str, where: Mapping[str, str], by: str) -> list[str]:
        """What is watched, as chips."""
        chips = [unit]
        chips += [f"{self.labels.get(name, name)}：{self.menus.get(name, {}).get(value, value)}" for name, value in where.items()]
        return chips + ([self.cuts[by]] if by else [])

    def cell(self, by: str, code: str | None, label: str = "") -> str:
        """A cell's name."""
        if by == "unit" and not label:
            label = next((unit.name for unit in self.units if unit.code == code), "")
        return label or self.menus.get(by, {}).get(code or "", code or "") or _("全部")


def values_of(rule: MetricRule) -> dict[str, Any]:
    """A stored rule as the form's values."""
    condition = rule.condition
    plain = {name: condition[name] for name in ("kind", "side", "bound")}
    numbers = {name: f"{condition[name]:g}" if condition[name] is not None else "" for name in ("limit", "level", "at_least", "n_periods", "min_n")}
    scope = {"unit": "" if rule.unit.parent_id is None else rule.unit.code, "by": rule.by, **rule.where}
    return BLANK | scope | plain | numbers | {
        "name": rule.name, "metric": rule.metric, "grain": rule.grain, "rules": condition["rules"], "roles": list(rule.roles),
        "budget": str(rule.budget), "is_on": rule.is_on,
    }  # fmt: skip


def asked(given: QueryDict) -> dict[str, Any]:
    """A new form opened from a page of figures: metric and scope are those of its URL."""
    names = ("metric", "unit", "channel", "touchpoint", "tier", "topic")
    return BLANK | {name: given.get(name, "").replace("\x00", "")[:64] for name in names if given.get(name)}


def typed(request: HttpRequest) -> dict[str, Any]:
    """What was typed: strings, lists of picks, and whether it is on."""
    found: dict[str, Any] = dict(forms.typed(request, *TYPED))
    found |= {name: [value[:32] for value in request.POST.getlist(name)][:20] for name in ("rules", "roles")}
    return found | {"is_on": request.POST.get("is_on") == "on"}


def alert_scope(alert: MetricAlert, words: Words) -> list[str]:
    """The scope an alert was made for, as chips."""
    return words.scope(alert.rule.unit.name, alert.where, alert.by)
