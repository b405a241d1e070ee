"""A case rule as a form and as a sentence: conditions and effect in the reader's words. Used by the case rules' pages."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints import sla_policies
from complaints.case_rules import AUTO, RED_LINE
from complaints.case_rules_check import CaseRuleError
from complaints.enums import Severity
from feedback import topics
from feedback.enums import Kind, ScoreKind, Sentiment
from tenancy import queries, touchpoints
from tenancy.enums import Channel
from web import forms
from web.door import Visit

PICKS = ("kind", "sentiment", "channel", "topic", "touchpoint", "unit")
TYPED = ("words", "tier")
FLAGS = ("red_line", "contact", "text")
EFFECT = ("severity", "unit", "owner", "policy", "reason")


class Words:
    """Codes as people call them, looked up once a page."""

    def __init__(self, visit: Visit) -> None:
        organisation = visit.organisation.id
        self.units = queries.units_of(organisation=organisation)
        self.members = queries.members_of(organisation=organisation)
        self.policies = sla_policies.in_force(organisation=organisation)
        self.menus: dict[str, dict[str, str]] = {
            "kind": _plain(Kind.choices),
            "sentiment": _plain(Sentiment.choices),
            "channel": _plain(Channel.choices),
            "topic": topics.names(organisation=organisation),
            "touchpoint": {row.code: row.name for row in touchpoints.catalogue(organisation=organisation)},
            "unit": {unit.code: unit.name for unit in self.units},
        }
        self.scores = _plain(ScoreKind.choices)
        self.severities = _plain(Severity.choices)

    def condition(self, key: str, wanted: Any) -> str:
        """One condition as a chip: “渠道：电话、门店”."""
        if key in FLAGS:
            return {"red_line": _("碰到红线"), "contact": _("要求联系"), "text": _("写了话")}[key]
        if key == "score":
            return self._score(wanted)
        if key == "urgency":
            return _("紧急程度 ≥ %(n)d") % {"n": wanted}
        known = self.menus.get(key, {})
        said = _("、").join(str(known.get(option, option)) for option in wanted)
        return _("%(key)s：%(options)s") % {"key": label(key), "options": said}

    def _score(self, wanted: Mapping[str, Any]) -> str:
        parts = [self.scores.get(wanted["kind"], wanted["kind"])]
        parts += [f"≥ {wanted['at_least']:g}"] if wanted.get("at_least") is not None else []
        parts += [f"≤ {wanted['at_most']:g}"] if wanted.get("at_most") is not None else []
        return " ".join(parts)

    def effect(self, then: Mapping[str, Any]) -> str:
        """What a rule does, in one line."""
        if not then["open"]:
            return _("不立案：%(reason)s") % {"reason": then["reason"]}
        said = [_("立案，%(severity)s") % {"severity": self.severity(then["severity"])}]
        if then["unit"]:
            said.append(_("归 %(unit)s") % {"unit": self.menus["unit"].get(then["unit"], then["unit"])})
        if then["owner"]:
            name = next((m.name for m in self.members if m.user.email == then["owner"]), then["owner"])
            said.append(_("交给 %(name)s") % {"name": name})
        if then["policy"]:
            said.append(_("承诺 %(policy)s") % {"policy": next((p.name for p in self.policies if p.code == then["policy"]), then["policy"])})
        return _("，").join(said)

    def severity(self, code: str) -> str:
        """A severity, or that the words decide."""
        return _("轻重看内容") if code == AUTO else self.severities.get(code, code)


def _plain(choices: Any) -> dict[str, str]:
    return {str(value): str(label) for value, label in choices}


def label(key: str) -> str:
    """A condition's name."""
    said = {
        "kind": _("类别"), "sentiment": _("情绪"), "channel": _("渠道"), "topic": _("主题"), "touchpoint": _("触点"), "unit": _("单元"),
        "words": _("说到"), "tier": _("客户等级"),
    }  # fmt: skip
    return said.get(key, key)


SHIPPED = {
    RED_LINE: lambda: _("碰到红线"),
    "complaint": lambda: _("直接向我们投诉"),
    "urgent": lambda: _("公开渠道上的急事"),
    "contact": lambda: _("要求联系"),
    "detractor": lambda: _("贬损者写了话"),
}


def name_of(rule: Mapping[str, Any]) -> str:
    """A rule's name; a shipped one that nobody named in the reader's language."""
    made = SHIPPED.get(rule["code"])
    return rule["name"] or (made() if made else rule["code"])


REASONS = {
    "history": lambda: _("七天以前的事"),
    "excluded": lambda: _("已排除的声音"),
    "not_a_complaint": lambda: _("没有规则要立案"),
    "not_addressed_to_us": lambda: _("抱怨，但不是对我们说的，也不急"),
    "rule": lambda: _("规则说不立案"),
}


def reason(code: str) -> str:
    """Why a voice got no ticket, in words."""
    return REASONS[code]() if code in REASONS else code


def values_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as the fields of the form."""
    match, then = rule["match"], rule["then"]
    score = match.get("score", {})
    found: dict[str, Any] = {"name": rule["name"], "is_on": rule["is_on"], "open": then["open"]}
    found |= {key: list(match.get(key, [])) for key in PICKS}
    found |= {key: _("，").join(match.get(key, [])) for key in TYPED}
    found |= {key: bool(match.get(key)) for key in FLAGS}
    found |= {"score_kind": score.get("kind", ""), "at_most": _number(score.get("at_most")), "at_least": _number(score.get("at_least"))}
    found |= {"urgency": str(match.get("urgency", ""))}
    return found | {f"then_{key}": then[key] for key in EFFECT}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def typed(request: HttpRequest) -> dict[str, Any]:
    """The fields as sent."""
    post = request.POST
    found: dict[str, Any] = {"name": forms.text(request, "name", 80), "is_on": post.get("is_on") == "on", "open": post.get("open") != "no"}
    found |= {key: [value.replace("\x00", "")[:64] for value in post.getlist(key)][:100] for key in PICKS}
    found |= {key: forms.text(request, key, 2000) for key in TYPED}
    found |= {key: post.get(key) == "on" for key in FLAGS}
    found |= forms.typed(request, "score_kind", "at_most", "at_least", "urgency", most=20)
    return found | {f"then_{key}": forms.text(request, f"then_{key}", 254) for key in EFFECT}


def rule_of(code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that the fields ask for. Raises CaseRuleError for what is no number."""
    match: dict[str, Any] = {key: values[key] for key in PICKS if values[key]}
    match |= {key: True for key in FLAGS if values[key]}
    for key in TYPED:
        options = [part for part in re.split(r"[,，、;；]\s*", values[key]) if part.strip()]
        match |= {key: options} if options else {}
    if values["score_kind"]:
        match["score"] = {"kind": values["score_kind"], "at_most": _float(values["at_most"]), "at_least": _float(values["at_least"])}
    if values["urgency"]:
        match["urgency"] = int(values["urgency"]) if values["urgency"] in {"0", "1", "2", "3"} else -1
    then = {"open": values["open"]} | {key: values[f"then_{key}"] for key in EFFECT}
    return {"code": code, "name": values["name"], "is_on": values["is_on"], "match": match, "then": then}


def _float(value: str) -> float | None:
    try:
        return float(value) if value else None
    except ValueError as error:
        raise CaseRuleError(_("分数写成一个数"), code="bad_score", field="score") from error
