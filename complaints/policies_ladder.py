"""Who a policy tells at each level of its ladder: read, checked and completed. Called by `policies_check`."""

from typing import Any

from django.utils.translation import gettext as _

from complaints.ladder import DUTY, MEMBER, OWNER, ROLES, SHIPPED
from cxms.lib.errors import DomainError
from tenancy.models import Member

MOST = 20
ORDER = (OWNER, *ROLES, DUTY)


class LadderError(DomainError):
    """Somebody a level is told to cannot be told so; `field` names the level."""


def check(value: Any, *, organisation: int) -> dict[str, list[str]]:
    """Level → who joins there, in a fixed order; what says the same as the shipped ladder is left out. Raises LadderError."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LadderError(_("应为对象"), code="wrong_type", field="ladder")
    found = {level: _level(said, f"ladder.{level}"[:80], level in SHIPPED) for level, said in value.items()}
    named = {who.removeprefix(MEMBER) for said in found.values() for who in said if who.startswith(MEMBER)}
    rows = Member.objects.filter(organisation_id=organisation, user__email__in=named)
    known = set(rows.values_list("user__email", flat=True))
    for level, said in found.items():
        if any(who.startswith(MEMBER) and who.removeprefix(MEMBER) not in known for who in said):
            raise LadderError(_("没有这位成员"), code="unknown_member", field=f"ladder.{level}")
    return {level: said for level, said in sorted(found.items()) if tuple(said) != SHIPPED[level]}


def _level(value: Any, where: str, is_level: bool) -> list[str]:
    if not is_level:
        raise LadderError(_("级别是 1 至 4"), code="unknown_level", field=where)
    if not isinstance(value, list) or len(value) > MOST or not all(isinstance(who, str) for who in value):
        raise LadderError(_("应为文字列表"), code="wrong_type", field=where)
    said = {who.lower() if who.startswith(MEMBER) else who for who in value}
    if any(who not in ORDER and not who.startswith(MEMBER) for who in said):
        raise LadderError(_("不认识的收件人"), code="unknown_reader", field=where)
    return [who for who in ORDER if who in said] + sorted(who for who in said if who.startswith(MEMBER))
