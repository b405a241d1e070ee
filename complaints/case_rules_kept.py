"""The case rules an organisation keeps: one version of the whole ordered list after another. Running tickets stay as they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints import case_rules
from complaints.case_rules import Rule
from complaints.case_rules_check import MOST_RULES, CaseRuleError, check
from complaints.models import CaseRules
from feedback.keywords import spellings
from tenancy import audit, queries, versions

Rules = list[dict[str, Any]]


@dataclass
class Kept:
    """The rules in force, and their version: 0 while they are the shipped ones."""

    version: int
    rules: Rules

    def ready(self) -> list[Rule]:
        """As `case_rules.judge` takes them."""
        return ready(self.rules)


def ready(rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Stored rules as `case_rules.judge` takes them: words in every spelling, small letters."""
    return [
        Rule(
            row["code"], row["is_on"], row["match"], row["then"],
            tuple(sorted({form.lower() for word in row["match"].get("words", ()) for form in spellings(word)})),
        )
        for row in rules
    ]  # fmt: skip


def current(*, organisation: int) -> Kept:
    """What holds now."""
    row = CaseRules.objects.filter(organisation_id=organisation).order_by("-version").first()
    return Kept(row.version, row.rules) if row else Kept(0, case_rules.defaults())


def history(*, organisation: int, limit: int = 20) -> list[CaseRules]:
    """The versions, the latest first."""
    return list(CaseRules.objects.filter(organisation_id=organisation).order_by("-version")[:limit])


def with_rule(rules: Rules, rule: dict[str, Any]) -> Rules:
    """The list with this rule in its place, or at the end when it is new. Pure."""
    if any(row["code"] == rule["code"] for row in rules):
        return [rule if row["code"] == rule["code"] else row for row in rules]
    return [*rules, rule]


def checked(rule: Mapping[str, Any], *, organisation: int) -> dict[str, Any]:
    """The clean form of one rule. Raises CaseRuleError."""
    owners = {member.user.email for member in queries.members_of(organisation=organisation)}
    return check(rule, organisation=organisation, owners=owners)


def put(
    rule: Mapping[str, Any], *, organisation: int, version: int, now: datetime, actor: str
) -> Kept:
    """Writes one rule into a new version of the list. Raises CaseRuleError, Stale."""
    clean = checked(rule, organisation=organisation)
    return _write(lambda rules: with_rule(rules, clean), clean["code"], organisation=organisation, version=version, now=now, actor=actor)


def move(code: str, step: int, *, organisation: int, version: int, now: datetime, actor: str) -> Kept:
    """Exchanges a rule with the one before (-1) or after (1) it."""

    def exchange(rules: Rules) -> Rules:
        i = next((i for i, row in enumerate(rules) if row["code"] == code), -1)
        j = i + (1 if step > 0 else -1)
        if i < 0 or not 0 <= j < len(rules):
            return rules
        moved = list(rules)
        moved[i], moved[j] = moved[j], moved[i]
        return moved

    return _write(exchange, code, organisation=organisation, version=version, now=now, actor=actor)


def remove(code: str, *, organisation: int, version: int, now: datetime, actor: str) -> Kept:
    """Takes a rule out of the list; the red line's own stays."""
    if code == case_rules.RED_LINE:
        raise CaseRuleError(_("碰到红线总要立案，这条不能去掉"), code="red_line")

    def without(rules: Rules) -> Rules:
        return [row for row in rules if row["code"] != code]

    return _write(without, code, organisation=organisation, version=version, now=now, actor=actor)


def _write(change: Callable[[Rules], Rules], code: str, *, organisation: int, version: int, now: datetime, actor: str) -> Kept:
    rows = CaseRules.objects.select_for_update().filter(organisation_id=organisation)
    list(rows.values_list("id"))
    kept = current(organisation=organisation)
    # two who write the first version at once meet at the unique key
    versions.check(kept, version)
    rules = change(kept.rules)
    if len(rules) > MOST_RULES:
        raise CaseRuleError(_("最多 %(n)d 条规则") % {"n": MOST_RULES}, code="too_many", field="name")
    if rules == kept.rules:
        return kept
    row = CaseRules.objects.create(
        organisation_id=organisation, version=kept.version + 1, rules=rules, created_at=now, created_by=actor[:120]
    )
    audit.note("case_rules.saved", code, organisation=organisation, actor=actor, now=now, detail={"version": row.version})
    return Kept(row.version, row.rules)
