"""Saved views of the desk: filters under a name, one's own or shared with a role. Callers: the desk's pages."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from complaints.models import SavedView
from cxms.lib.errors import DomainError
from tenancy import audit, versions
from tenancy.enums import Role
from tenancy.members import Seat
from tenancy.models import Member

EVERYBODY = "all"
MAX = 12


class ViewError(DomainError):
    """The view cannot be saved as asked."""


@dataclass(frozen=True)
class Wanted:
    """What a view is to be. `role`: "" own, "all" everybody, else the role that shares it; `query`: the URL's query."""

    name: str
    query: str
    role: str = ""


def of_seat(seat: Seat, *, organisation: int) -> list[SavedView]:
    """The views this person has on his desk: his own first, then shared ones, twelve at most."""
    mine = Q(member=seat.member)
    rows = SavedView.objects.filter(mine | Q(role__in=[EVERYBODY, *seat.roles]), organisation_id=organisation)
    found = sorted(rows.select_related("member"), key=lambda row: (row.member_id != seat.member.id, row.created_at))
    return found[:MAX]


def one_of(key: uuid.UUID, member: Member, *, organisation: int) -> SavedView | None:
    """A view this person made, or None; only its maker changes it."""
    return SavedView.objects.filter(organisation_id=organisation, id=key, member=member).first()


def add(key: uuid.UUID, wanted: Wanted, member: Member, *, organisation: int, now: datetime, actor: str) -> SavedView:
    """Saves a view; the same key again gives the first. Raises ViewError."""
    there = SavedView.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    mine = SavedView.objects.filter(organisation_id=organisation, member=member)
    if mine.count() >= MAX:
        raise ViewError(_("最多存 %(n)d 个视图，先删掉一个") % {"n": MAX}, code="too_many", field="name")
    name = _checked(wanted, mine, None)
    row = SavedView.objects.create(
        id=key, organisation_id=organisation, member=member, name=name, query=wanted.query, role=wanted.role, created_at=now
    )
    _note("view.added", row, now, actor)
    return row


def change(
    key: uuid.UUID, wanted: Wanted, member: Member, *, organisation: int, version: int, now: datetime, actor: str
) -> SavedView:
    """Gives a view another name, filters or readers. Raises ViewError, Stale."""
    row = _locked(key, member, organisation, version)
    others = SavedView.objects.filter(organisation_id=organisation, member=member)
    row.name, row.query, row.role = _checked(wanted, others, row), wanted.query or row.query, wanted.role
    row.version += 1
    row.save()
    _note("view.changed", row, now, actor)
    return row


def remove(key: uuid.UUID, member: Member, *, organisation: int, version: int, now: datetime, actor: str) -> None:
    """Takes a view away. Raises ViewError, Stale."""
    row = _locked(key, member, organisation, version)
    _note("view.removed", row, now, actor)
    row.delete()


def _locked(key: uuid.UUID, member: Member, organisation: int, version: int) -> SavedView:
    row = SavedView.objects.select_for_update().filter(organisation_id=organisation, id=key, member=member).first()
    if row is None:
        raise ViewError(_("这个视图已不在"), code="not_found")
    versions.check(row, version)
    return row


def _checked(wanted: Wanted, mine: QuerySet[SavedView], row: SavedView | None) -> str:
    name = " ".join(wanted.name.split())
    if not name:
        raise ViewError(_("给视图起个名字"), code="missing", field="name")
    if len(name) > 40:
        raise ViewError(_("最多 %(most)d 字") % {"most": 40}, code="too_long", field="name")
    if wanted.role not in {"", EVERYBODY, *Role.values}:
        raise ViewError(_("没有这个角色"), code="unknown_role", field="role")
    if len(wanted.query) > 600:
        raise ViewError(_("条件太长，存不下"), code="too_long", field="name")
    others = mine.exclude(id=row.id) if row else mine
    if others.filter(name=name).exists():
        raise ViewError(_("你已有一个叫“%(name)s”的视图") % {"name": name}, code="taken", field="name")
    return name


def _note(action: str, row: SavedView, now: datetime, actor: str) -> None:
    detail = {"fields": ["name", "query", "role"], "role": row.role}
    audit.note(action, row.id, organisation=row.organisation_id, actor=actor, now=now, detail=detail)
