"""How a member wants to be reached: he edits it himself, on his account page; a manager sees it and does not."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from alerts.hops import mobile, place
from alerts.models import Reach
from alerts.sinks.table import ORDER
from cxms.lib import sealing
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import audit, versions
from tenancy.models import Member

HANDLES = ("wecom", "feishu")
NUMBER = re.compile(r"\+?[0-9]{6,15}")
ID = re.compile(r"[A-Za-z0-9._@-]{0,64}")


class ReachError(DomainError):
    """It cannot be set as asked."""


@dataclass(frozen=True)
class Wish:
    """What a form holds. Minutes are local; mobile None leaves the number as it is, "" takes it away."""

    quiet: tuple[int, int] | None = None
    channels: Sequence[str] = ()
    deputy: uuid.UUID | None = None
    away: tuple[datetime, datetime] | None = None
    mobile: str | None = None
    handles: Mapping[str, str] = field(default_factory=dict)


def of(member: Member, *, organisation: int) -> Reach:
    """The member's row, or an unsaved one with version 0."""
    found = Reach.objects.filter(organisation_id=organisation, member=member).select_related("deputy").first()
    return found or Reach(id=new_id(), organisation_id=organisation, member=member, version=0)


def number_of(row: Reach) -> str:
    """The member's own number, for himself."""
    return mobile(row)


def save(member: Member, wish: Wish, *, organisation: int, version: int | None, now: datetime, actor: str) -> Reach:
    """Writes the wish. Raises ReachError naming the field, Stale when the form is older than the row."""
    # two first saves at once queue behind the member's row
    Member.objects.select_for_update().get(organisation_id=organisation, id=member.id)
    row = of(member, organisation=organisation)
    versions.check(row, version)
    _check(member, wish, organisation)
    row.quiet_from, row.quiet_to = wish.quiet or (None, None)
    row.away_from, row.away_to = wish.away or (None, None)
    row.channels = list(dict.fromkeys(wish.channels))
    row.deputy_id = wish.deputy
    row.handles = {name: wish.handles[name] for name in HANDLES if wish.handles.get(name)}
    if wish.mobile is not None:
        digits = re.sub(r"[ -]", "", wish.mobile)
        row.sealed_mobile = sealing.seal(digits.encode(), place=place(row)) if digits else None
        row.mobile_tail = digits[-4:]
    row.version += 1
    row.save()
    detail = {"fields": ["reach"]}
    audit.note("notices.reach_changed", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _check(member: Member, wish: Wish, organisation: int) -> None:
    if any(kind not in ORDER for kind in wish.channels):
        raise ReachError(_("没有这种通道"), code="unknown_kind", field="channels")
    if wish.quiet is not None and wish.quiet[0] == wish.quiet[1]:
        raise ReachError(_("开始和结束不能一样"), code="empty", field="quiet_to")
    if wish.away is not None and wish.away[1] <= wish.away[0]:
        raise ReachError(_("结束要在开始之后"), code="empty", field="away_to")
    if wish.mobile and not NUMBER.fullmatch(re.sub(r"[ -]", "", wish.mobile)):
        raise ReachError(_("手机号只写数字，可以带国家代码"), code="bad_number", field="mobile")
    for name in HANDLES:
        if not ID.fullmatch(wish.handles.get(name, "")):
            raise ReachError(_("只用字母、数字和 . _ @ -"), code="bad_id", field=name)
    if wish.deputy is None:
        return
    others = Member.objects.filter(organisation_id=organisation, id=wish.deputy, left_at__isnull=True)
    if wish.deputy == member.id or not others.exists():
        raise ReachError(_("代班的要是另一位在职的同事"), code="unknown_member", field="deputy")
