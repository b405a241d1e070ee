"""Members: log-ins inside an organisation and the roles they hold over unit subtrees."""

from dataclasses import dataclass
from datetime import datetime

from tenancy.capabilities import may
from tenancy.models import Member, MemberRole, Unit, User


@dataclass(frozen=True)
class Seat:
    """What a member may do and see, read once per request."""

    member: Member
    roles: frozenset[str]
    paths: tuple[str, ...]
    units: tuple[Unit, ...]

    def may(self, capability: str) -> bool:
        """True when one of the roles holds the capability."""
        return may(set(self.roles), capability)

    def sees(self, path: str) -> bool:
        """True when a unit at this path lies inside one of the member's subtrees."""
        return any(path.startswith(mine) for mine in self.paths)

    @property
    def sees_all(self) -> bool:
        """True when a subtree is the whole organisation."""
        return any(path.count("/") == 2 for path in self.paths)


def add(
    *, organisation: int, user: User, name: str, roles: list[tuple[str, Unit]], now: datetime, actor: str
) -> Member:
    """Makes a user a member with (role, unit) pairs; adding again adds missing roles."""
    member, _ = Member.objects.get_or_create(organisation_id=organisation, user=user, defaults={"name": name})
    for role, unit in roles:
        MemberRole.objects.get_or_create(organisation_id=organisation, member=member, role=role, unit=unit)
    return member


def seat_of(user: User, *, organisation: int) -> Seat | None:
    """The seat of a log-in in the open organisation, or None when it is no (longer a) member."""
    member = Member.objects.filter(organisation_id=organisation, user=user, left_at__isnull=True).first()
    if member is None:
        return None
    held = list(MemberRole.objects.filter(organisation_id=organisation, member=member).select_related("unit"))
    units = tuple(dict.fromkeys(row.unit for row in held))
    return Seat(
        member=member,
        roles=frozenset(row.role for row in held),
        paths=tuple(unit.path for unit in units),
        units=units,
    )


def holders(roles: set[str], *, organisation: int, path: str) -> list[Member]:
    """Members holding one of the roles over a subtree that contains the unit at `path`; nearest unit first."""
    rows = MemberRole.objects.filter(
        organisation_id=organisation, role__in=roles, member__left_at__isnull=True, member__absent=False
    ).select_related("member", "member__user", "unit")
    near = [row for row in rows if path.startswith(row.unit.path)]
    near.sort(key=lambda row: (-len(row.unit.path), row.member.name))
    return list(dict.fromkeys(row.member for row in near))
