"""员工数据的使用: what figures of employees may be used for, in versions. Off until somebody switches it on.

Figures of people are first of all theirs. Three stages: praise and growth alone; managers see their team, nobody is
ranked; appraisal, which needs a written works rule. A ranking is a switch of its own and belongs to the last stage.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import audit
from tenancy.enums import PeopleStage
from tenancy.models import Organisation, PeopleUse

MIN_N = 30
MOST_RULE = 2000
LEAST_RULE = 20
APPEAL_DAYS = 7
ORDER = (PeopleStage.START, PeopleStage.GROWTH, PeopleStage.MATURE)


class PeopleUseError(DomainError):
    """The use cannot be kept as asked."""


@dataclass(frozen=True)
class Use:
    """What is in force. version 0: never saved."""

    version: int = 0
    stage: str = PeopleStage.START
    is_ranked: bool = False
    rule: str = ""

    @property
    def shows_team(self) -> bool:
        """True when a manager sees his people's figures, not only praise and growth."""
        return self.stage != PeopleStage.START

    @property
    def is_appraised(self) -> bool:
        """True when figures may be used for appraisal."""
        return self.stage == PeopleStage.MATURE


def in_force(*, organisation: int) -> Use:
    """The newest version, or the shipped one: praise and growth alone."""
    row = PeopleUse.objects.filter(organisation_id=organisation).order_by("-version").first()
    return Use() if row is None else Use(row.version, row.stage, row.is_ranked, row.rule)


def save(
    *, stage: str, is_ranked: bool, rule: str, version: int | None, organisation: int, now: datetime, actor: str
) -> PeopleUse:
    """A new version; the same again keeps none. Raises PeopleUseError: unknown stage, a stage skipped, no works rule, stale."""
    Organisation.objects.select_for_update().get(id=organisation)
    newest, rule = in_force(organisation=organisation), rule.strip()
    wanted = Use(newest.version, stage, is_ranked, rule)
    if wanted == newest and newest.version:
        return PeopleUse.objects.get(organisation_id=organisation, version=newest.version)
    _check(wanted, newest, version)
    row = PeopleUse.objects.create(
        organisation_id=organisation, version=newest.version + 1, stage=stage, is_ranked=is_ranked, rule=rule, saved_at=now,
        saved_by=actor[:120],
    )  # fmt: skip
    named = {"people_stage": "stage", "people_ranked": "is_ranked", "people_rule": "rule"}
    fields = [word for word, name in named.items() if getattr(wanted, name) != getattr(newest, name)]
    detail = {"fields": fields, "version": row.version, "before": newest.stage, "after": stage, "is_ranked": is_ranked}
    audit.note("people_use.saved", row.version, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _check(wanted: Use, newest: Use, version: int | None) -> None:
    if version is not None and version != newest.version:
        raise PeopleUseError(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), code="stale", field="version")
    if wanted.stage not in ORDER:
        raise PeopleUseError(_("选一个阶段"), code="unknown_stage", field="stage")
    if ORDER.index(PeopleStage(wanted.stage)) - ORDER.index(PeopleStage(newest.stage)) > 1:
        raise PeopleUseError(_("一步一步来：先到“成长”，再到“成熟”"), code="stage_skipped", field="stage")
    if len(wanted.rule) > MOST_RULE:
        raise PeopleUseError(_("员工规则最多 %(n)d 字") % {"n": MOST_RULE}, code="too_long", field="rule")
    if wanted.is_appraised and len(wanted.rule) < LEAST_RULE:
        message = _("用于考核前，先写清楚给员工看的规则，至少 %(n)d 字：用什么数、多久一次、怎样申诉") % {"n": LEAST_RULE}
        raise PeopleUseError(message, code="no_rule", field="rule")
    if wanted.is_ranked and not wanted.is_appraised:
        raise PeopleUseError(_("只有“成熟”阶段才能排名"), code="too_early", field="is_ranked")


def history(*, organisation: int, limit: int = 20) -> list[PeopleUse]:
    """The versions, the newest first."""
    return list(PeopleUse.objects.filter(organisation_id=organisation).order_by("-version")[:limit])
