"""The rota: weekly turns of members for a role at a unit, and who stands in for a while. Edited by who sets up notices."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from alerts.models import Cover, Shift
from alerts.people import DUTY
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import audit
from tenancy.enums import Role
from tenancy.models import Member, Unit

ROLES = (Role.FRONTLINE, Role.STORE_MANAGER, Role.REGION_MANAGER, Role.EXECUTIVE, DUTY)
MOST = 2000


class RotaError(DomainError):
    """The turn cannot be written as asked."""


def add_shifts(
    *,
    organisation: int,
    unit: Unit,
    role: str,
    member: Member,
    weekdays: list[int],
    from_minute: int,
    to_minute: int,
    now: datetime,
    actor: str,
) -> int:
    """Writes one turn per weekday; those that are there stay. Returns how many are new. Raises RotaError."""
    if role not in ROLES:
        raise RotaError(_("没有这种角色"), code="unknown_role", field="role")
    if not weekdays or any(day not in range(7) for day in weekdays):
        raise RotaError(_("至少选一天"), code="no_day", field="weekday")
    if not (0 <= from_minute < 1440 and 0 < to_minute <= 1440):
        raise RotaError(_("写上几点到几点"), code="bad_time", field="from")
    if Shift.objects.filter(organisation_id=organisation).count() >= MOST:
        raise RotaError(_("最多 %(n)d 个班次") % {"n": MOST}, code="too_many", field="weekday")
    there = Shift.objects.filter(organisation_id=organisation, unit=unit, role=role, member=member, from_minute=from_minute)
    known = set(there.values_list("weekday", flat=True))
    rows = [
        Shift(
            id=new_id(), organisation_id=organisation, unit=unit, role=role, member=member, weekday=day,
            from_minute=from_minute, to_minute=to_minute,
        )
        for day in sorted(set(weekdays) - known)
    ]  # fmt: skip
    Shift.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        detail = {"unit": unit.code, "role": role, "n": len(rows)}
        audit.note("rota.added", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return len(rows)


def remove(kind: type[Shift] | type[Cover], key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> bool:
    """Takes a turn or a stand-in away; false when it is gone already."""
    rows = kind._default_manager.select_for_update(of=("self",)).select_related("unit")
    row = rows.filter(organisation_id=organisation, id=key).first()
    if row is None:
        return False
    row.delete()
    detail = {"unit": row.unit.code, "role": row.role}
    audit.note("rota.removed", row.member_id, organisation=organisation, actor=actor, now=now, detail=detail)
    return True


def add_cover(
    key: uuid.UUID,
    *,
    organisation: int,
    unit: Unit,
    role: str,
    member: Member,
    from_at: datetime,
    to_at: datetime,
    now: datetime,
    actor: str,
) -> Cover:
    """Somebody stands in; the same key again is a no-op. Raises RotaError."""
    if role not in ROLES:
        raise RotaError(_("没有这种角色"), code="unknown_role", field="role")
    if to_at <= from_at or to_at <= now:
        raise RotaError(_("结束要在开始之后，也要在现在之后"), code="bad_time", field="to_at")
    row, fresh = Cover.objects.get_or_create(
        id=key,
        organisation_id=organisation,
        defaults={"unit": unit, "role": role, "member": member, "from_at": from_at, "to_at": to_at},
    )
    if fresh:
        detail = {"unit": unit.code, "role": role}
        audit.note("rota.covered", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def shifts(*, organisation: int, unit: Unit | None = None) -> list[Shift]:
    """The weekly turns, by place, role and day."""
    rows = Shift.objects.filter(organisation_id=organisation, member__left_at__isnull=True).select_related("unit", "member")
    rows = rows.filter(unit=unit) if unit else rows
    return list(rows.order_by("unit__path", "role", "weekday", "from_minute", "member__name"))


def covers(*, organisation: int, now: datetime) -> list[Cover]:
    """Who stands in now or later."""
    rows = Cover.objects.filter(organisation_id=organisation, to_at__gt=now).select_related("unit", "member")
    return list(rows.order_by("from_at", "id"))
