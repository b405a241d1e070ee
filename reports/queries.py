"""Questions about issued reports. Nothing here writes."""

import uuid
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from reports.models import WeeklyCopy, WeeklyReport
from tenancy.enums import Role
from tenancy.models import Member, MemberRole, Unit

READERS = (Role.EXECUTIVE, Role.CX_MANAGER, Role.REGION_MANAGER, Role.STORE_MANAGER)


def readers(*, organisation: int) -> dict[Unit, list[Member]]:
    """Who gets the report of which unit: everyone who leads, over the highest unit he leads."""
    rows = MemberRole.objects.filter(
        organisation_id=organisation, role__in=READERS, member__left_at__isnull=True, member__user__is_active=True
    ).select_related("member", "member__user", "unit")
    best: dict[uuid.UUID, tuple[int, Unit, Member]] = {}
    for row in rows:
        depth = row.unit.path.count("/")
        kept = best.get(row.member_id)
        if row.unit.retired_at is None and (kept is None or depth < kept[0]):
            best[row.member_id] = (depth, row.unit, row.member)
    found: dict[Unit, list[Member]] = {}
    for _depth, unit, member in sorted(best.values(), key=lambda row: (row[1].path, row[2].name)):
        found.setdefault(unit, []).append(member)
    return found


def reports(*, organisation: int, paths: Sequence[str], is_below: bool = True) -> QuerySet[WeeklyReport]:
    """The issued reports of the units at `paths` and, `is_below`, of their subtrees; newest week first."""
    inside = Q()
    for path in paths:
        inside |= Q(unit__path__startswith=path) if is_below else Q(unit__path=path)
    rows = WeeklyReport.objects.filter(inside, organisation_id=organisation) if paths else WeeklyReport.objects.none()
    return rows.select_related("unit").order_by("-week", "unit__path")


def report(key: uuid.UUID, *, organisation: int) -> WeeklyReport | None:
    """One issued report, or None."""
    return WeeklyReport.objects.filter(organisation_id=organisation, id=key).select_related("unit").first()


def latest_of(member: Member, *, organisation: int) -> WeeklyReport | None:
    """The newest report that went to this member."""
    rows = WeeklyReport.objects.filter(
        organisation_id=organisation,
        id__in=WeeklyCopy.objects.filter(organisation_id=organisation, member=member).values("report"),
    )
    return rows.select_related("unit").order_by("-week").first()


def copies(row: WeeklyReport, *, organisation: int) -> list[WeeklyCopy]:
    """Who got a report, when, and whether he opened it."""
    found = WeeklyCopy.objects.filter(organisation_id=organisation, report=row).select_related("member", "member__user")
    return list(found.order_by("member__name", "id"))
