"""Members: log-ins inside an organisation and the roles they hold over unit subtrees. Nobody is ever deleted."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from ledger.facts import record
from tenancy import audit, versions
from tenancy.capabilities import may
from tenancy.enums import Role
from tenancy.models import Member, MemberRole, Organisation, Staff, Unit, User


class MemberError(DomainError):
    """The member cannot be changed as asked."""


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
    member, _fresh = Member.objects.get_or_create(organisation_id=organisation, user=user, defaults={"name": name})
    for role, unit in roles:
        MemberRole.objects.get_or_create(organisation_id=organisation, member=member, role=role, unit=unit)
    return member


def join(
    *, organisation: int, user: User, name: str, roles: list[tuple[str, Unit]], now: datetime, actor: str
) -> Member:
    """As `add`, for one who may have left: he comes back with these roles and none of the old ones."""
    member = Member.objects.select_for_update().filter(organisation_id=organisation, user=user).first()
    if member is not None and member.left_at is not None:
        member.left_at, member.absent, member.version = None, False, member.version + 1
        member.save(update_fields=["left_at", "absent", "version"])
        MemberRole.objects.filter(organisation_id=organisation, member=member).delete()
    return add(organisation=organisation, user=user, name=name, roles=roles, now=now, actor=actor)


def change(
    key: uuid.UUID,
    *,
    organisation: int,
    version: int | None,
    name: str,
    roles: list[tuple[str, Unit]],
    absent: bool,
    now: datetime,
    actor: str,
) -> Member:
    """Gives a present member another name, other roles, or marks him absent. Raises Stale, MemberError (last admin)."""
    # every change of roles queues behind the organisation's row, so two admins cannot demote each other at once
    Organisation.objects.select_for_update().get(id=organisation)
    member = _locked(key, organisation, version)
    if not name.strip():
        raise MemberError(_("写上姓名"), code="no_name", field="name")
    if not roles:
        raise MemberError(_("至少给一个角色"), code="no_role", field="role")
    if absent or not any(role == Role.ADMIN and unit.parent_id is None for role, unit in roles):
        _keep_an_admin(member, organisation)
    before = {"name": member.name, "absent": member.absent, "roles": _pairs(member)}
    member.name, member.absent, member.version = name.strip()[:80], absent, member.version + 1
    member.save(update_fields=["name", "absent", "version"])
    MemberRole.objects.filter(organisation_id=organisation, member=member).delete()
    rows = [MemberRole(organisation_id=organisation, member=member, role=r, unit=u) for r, u in dict.fromkeys(roles)]
    MemberRole.objects.bulk_create(rows)
    after = {"name": member.name, "absent": absent, "roles": _pairs(member)}
    changed = [field for field in after if before[field] != after[field]]
    detail = {"fields": changed, "roles_before": before["roles"], "roles": after["roles"]}
    audit.note("member.changed", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return member


def link_staff(key: uuid.UUID, employee_no: str, *, organisation: int, version: int | None, now: datetime, actor: str) -> Member:
    """Says which employee a log-in is, "" for none; one log-in a person. Raises Stale, MemberError."""
    member = _locked(key, organisation, version)
    person = Staff.objects.select_for_update().filter(organisation_id=organisation, employee_no=employee_no).first() if employee_no else None
    if employee_no and person is None:
        raise MemberError(_("没有这个工号"), code="unknown_staff", field="employee_no")
    others = Member.objects.filter(organisation_id=organisation, staff=person, left_at__isnull=True).exclude(id=member.id)
    if person is not None and others.exists():
        raise MemberError(_("这个工号已经连着另一个账号"), code="taken", field="employee_no")
    if member.staff_id != (person.id if person else None):
        before, member.staff, member.version = member.staff, person, member.version + 1
        member.save(update_fields=["staff", "version"])
        detail = {"fields": ["employee_no"], "before": before.employee_no if before else "", "after": employee_no}
        audit.note("member.changed", member.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return member


def rename_self(
    member: Member, *, name: str, language: str, version: int | None, now: datetime, actor: str
) -> Member:
    """A person's own name, here and in his log-in, and the language of his pages and mails."""
    row = _locked(member.id, member.organisation_id, version)
    if not name.strip() or len(name) > 80:
        raise MemberError(_("姓名应为 1 至 80 字"), code="bad_name", field="name")
    if language not in dict(settings.LANGUAGES):
        raise MemberError(_("没有这种语言"), code="unknown_language", field="language")
    user = User.objects.select_for_update().get(id=row.user_id)
    user.name = row.name = name.strip()
    user.language = language
    user.save(update_fields=["name", "language"])
    row.version += 1
    row.save(update_fields=["name", "version"])
    detail = {"fields": ["name", "language"]}
    audit.note("member.renamed", row.id, organisation=row.organisation_id, actor=actor, now=now, detail=detail)
    return row


def choose_keys(user: User, *, is_on: bool) -> None:
    """Switches this person's one-letter shortcuts on or off, on every device."""
    User.objects.filter(pk=user.pk).update(single_keys=is_on)


def leave(key: uuid.UUID, *, organisation: int, version: int | None, now: datetime, actor: str) -> Member:
    """Ends a membership: his next request opens nothing here. His name stays on what he did."""
    Organisation.objects.select_for_update().get(id=organisation)
    member = _locked(key, organisation, version)
    _keep_an_admin(member, organisation)
    member.left_at, member.version = now, member.version + 1
    member.save(update_fields=["left_at", "version"])
    record("member.left", member.id, {}, organisation=organisation, now=now, actor=actor)
    audit.note("member.left", member.id, organisation=organisation, actor=actor, now=now)
    return member


def _locked(key: uuid.UUID, organisation: int, version: int | None) -> Member:
    member = Member.objects.select_for_update().filter(organisation_id=organisation, id=key, left_at=None).first()
    if member is None:
        raise MemberError(_("他已不是成员"), code="left")
    versions.check(member, version)
    return member


def _pairs(member: Member) -> list[list[str]]:
    rows = MemberRole.objects.filter(organisation_id=member.organisation_id, member=member)
    return sorted([role, code] for role, code in rows.values_list("role", "unit__code"))


def _keep_an_admin(member: Member, organisation: int) -> None:
    """Raises MemberError when this is the last present administrator of the whole organisation."""
    mine = MemberRole.objects.filter(organisation_id=organisation, member=member, role=Role.ADMIN, unit__parent=None)
    if not mine.exists():
        return
    others = MemberRole.objects.filter(
        organisation_id=organisation,
        role=Role.ADMIN,
        unit__parent=None,
        member__left_at=None,
        member__absent=False,
        member__user__is_active=True,
    ).exclude(member=member)
    if not others.exists():
        message = _("他是最后一位在岗的总部管理员；先请另一位同事当管理员，再改")
        raise MemberError(message, code="last_admin", field="role")


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


def holds(email: str, capability: str, *, organisation: int) -> bool:
    """True when a present member with this e-mail holds the capability."""
    user = User.objects.filter(email=email.lower()).first()
    seat = seat_of(user, organisation=organisation) if user is not None else None
    return seat is not None and seat.may(capability)


def holders(roles: set[str], *, organisation: int, path: str) -> list[Member]:
    """Members holding one of the roles over a subtree that contains the unit at `path`; nearest unit first."""
    rows = MemberRole.objects.filter(
        organisation_id=organisation, role__in=roles, member__left_at__isnull=True, member__absent=False
    ).select_related("member", "member__user", "unit")
    near = [row for row in rows if path.startswith(row.unit.path)]
    near.sort(key=lambda row: (-len(row.unit.path), row.member.name))
    return list(dict.fromkeys(row.member for row in near))
