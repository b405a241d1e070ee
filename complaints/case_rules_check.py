"""What a case rule may say: read, checked and completed. Called by `case_rules_kept`."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from complaints.case_rules import AUTO, FLAGS, LISTS
from complaints.enums import Severity
from cxms.lib.errors import DomainError
from cxms.lib.text import CODE, is_storable
from feedback import topics
from feedback.enums import Kind, ScoreKind, Sentiment
from feedback.keywords import folded
from tenancy import trees
from tenancy.enums import Channel

MOST_RULES = 50
MOST_OPTIONS = 100
KNOWN = {"kind": Kind.values, "sentiment": Sentiment.values, "channel": Channel.values, "topic": list(topics.LABELS)}


class CaseRuleError(DomainError):
    """The rule is not acceptable; `field` names the part."""


def check(rule: Mapping[str, Any], *, organisation: int, owners: set[str]) -> dict[str, Any]:
    """The clean form of a rule. owners: the log-ins that may be handed a ticket. Raises CaseRuleError."""
    code, name = rule.get("code"), " ".join(str(rule.get("name", "")).split())
    if not isinstance(code, str) or not CODE.match(code):
        raise CaseRuleError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if len(name) > 60 or not is_storable(name):
        raise CaseRuleError(_("名称最多 %(most)d 字") % {"most": 60}, code="bad_name", field="name")
    match = _match(rule.get("match") or {})
    then = _then(rule.get("then") or {}, organisation, owners)
    return {"code": code, "name": name, "is_on": bool(rule.get("is_on", True)), "match": match, "then": then}


def _match(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, wanted in given.items():
        if key in FLAGS:
            found |= {key: True} if wanted is True else {}
        elif key == "score":
            found[key] = _score(wanted)
        elif key == "urgency":
            if type(wanted) is not int or not 0 <= wanted <= 3:
                raise CaseRuleError(_("紧急程度为 0 至 3"), code="bad_urgency", field="urgency")
            found[key] = wanted
        elif key in LISTS:
            found |= _options(key, wanted)
        else:
            raise CaseRuleError(_("未知条件"), code="unknown_field", field=str(key)[:40])
    return found


def _options(key: str, wanted: Any) -> dict[str, list[str]]:
    good = isinstance(wanted, list) and len(wanted) <= MOST_OPTIONS
    if not good or not all(isinstance(o, str) and len(o) <= 64 and is_storable(o) for o in wanted):
        raise CaseRuleError(_("应为文字或文字列表"), code="wrong_type", field=key)
    options = list(dict.fromkeys(option.strip() for option in wanted if option.strip()))
    if key == "words":
        options = list(dict.fromkeys(folded(word) for word in options))
    unknown = [option for option in options if key in KNOWN and option not in KNOWN[key]]
    if unknown:
        raise CaseRuleError(_("没有这个选项：%(what)s") % {"what": unknown[0]}, code="unknown_value", field=key)
    return {key: options} if options else {}


def _score(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, Mapping) or wanted.get("kind") not in ScoreKind.values:
        raise CaseRuleError(_("没有这种评分"), code="unknown_score", field="score")
    found: dict[str, Any] = {"kind": wanted["kind"]}
    for name in ("at_most", "at_least"):
        value = wanted.get(name)
        if value is None:
            continue
        if type(value) not in (int, float) or not -1000 <= value <= 1000:
            raise CaseRuleError(_("分数写成一个数"), code="bad_score", field="score")
        found[name] = value
    if len(found) == 1:
        raise CaseRuleError(_("写上几分以下，或几分以上"), code="missing", field="score")
    return found


def _then(given: Mapping[str, Any], organisation: int, owners: set[str]) -> dict[str, Any]:
    opens, reason = given.get("open", True) is True, " ".join(str(given.get("reason", "")).split())[:200]
    severity, unit = str(given.get("severity") or AUTO), str(given.get("unit") or "")
    owner, policy = str(given.get("owner") or ""), str(given.get("policy") or "")[:64]
    if not opens and not reason:
        raise CaseRuleError(_("写明为什么不立案，日后查得到"), code="missing", field="reason")
    if not is_storable(reason + policy):
        raise CaseRuleError(_("应为文字或文字列表"), code="wrong_type", field="reason")
    if severity != AUTO and severity not in Severity.values:
        raise CaseRuleError(_("未知严重度"), code="unknown_severity", field="severity")
    if unit and trees.by_code(unit, organisation=organisation) is None:
        raise CaseRuleError(_("没有这个单元"), code="unknown_unit", field="unit")
    if owner and owner not in owners:
        raise CaseRuleError(_("没有这位同事"), code="unknown_member", field="owner")
    return {"open": opens, "severity": severity, "unit": unit, "owner": owner, "policy": policy, "reason": reason}
