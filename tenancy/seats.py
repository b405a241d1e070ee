"""Questions about members, their roles and invitations, for the pages that manage them. Nothing here writes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tenancy import sounds
from tenancy.models import Invitation, Member, MemberRole, Unit


@dataclass(frozen=True)
class Filters:
    """What the list of members may be narrowed by. `state`: present, absent, left."""

    q: str = ""
    role: str = ""
    unit: str = ""
    state: str = "present"


def members(filters: Filters, *, organisation: int) -> QuerySet[Member]:
    """Members by name with their log-ins; a unit covers those with a role over it or above or below it."""
    rows = Member.objects.filter(organisation_id=organisation).select_related("user").order_by("name", "id")
    if filters.state == "left":
        rows = rows.filter(left_at__isnull=False)
    else:
        rows = rows.filter(left_at__isnull=True)
        rows = rows.filter(absent=True) if filters.state == "absent" else rows
    if filters.q:
        heard = Q(pk__in=sounds.ids(rows, filters.q))
        rows = rows.filter(Q(name__icontains=filters.q) | Q(user__email__icontains=filters.q) | heard)
    if filters.role or filters.unit:
        held = MemberRole.objects.filter(organisation_id=organisation)
        held = held.filter(role=filters.role) if filters.role else held
        if filters.unit:
            path = Unit.objects.filter(organisation_id=organisation, code=filters.unit).values_list("path", flat=True).first()
            held = held.filter(unit__path__startswith=path) if path else held.none()
        rows = rows.filter(id__in=held.values("member_id"))
    return rows


def member(key: uuid.UUID, *, organisation: int) -> Member | None:
    """A present member with his log-in, or None."""
    rows = Member.objects.filter(organisation_id=organisation, id=key, left_at__isnull=True)
    return rows.select_related("user").first()


def roles_of(ids: Sequence[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, list[tuple[str, Unit]]]:
    """(role, unit) of each member, the highest unit first. One statement."""
    rows = MemberRole.objects.filter(organisation_id=organisation, member__in=list(ids)).select_related("unit")
    found: dict[uuid.UUID, list[tuple[str, Unit]]] = {}
    for row in rows.order_by("unit__path", "role"):
        found.setdefault(row.member_id, []).append((row.role, row.unit))
    return found


def pending_invitations(*, organisation: int) -> list[Invitation]:
    """Invitations neither taken nor revoked, newest first; the expired ones among them."""
    rows = Invitation.objects.filter(organisation_id=organisation, accepted_at__isnull=True, revoked_at__isnull=True)
    return list(rows.order_by("-created_at")[:500])


def invitation(key: uuid.UUID, *, organisation: int) -> Invitation | None:
    """An invitation by key, or None."""
    return Invitation.objects.filter(organisation_id=organisation, id=key).first()
