"""分组体系: hierarchies beside the organisation's tree, their groups, and which store belongs to which group from when.

Every change names the hierarchy's version. Groups never move and are never deleted: a re-organisation makes new groups
and moves the stores there from a day on, so what was measured under the old ones stays under them.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE, is_storable
from tenancy import audit, versions
from tenancy.enums import UnitKind
from tenancy.models import FIRST_DAY, LAST_DAY, GroupMembership, Hierarchy, Unit, UnitGroup

LEVELS = 6
MAX_PATH = 400
MOST = 12


class HierarchyError(DomainError):
    """The hierarchy cannot be changed as asked."""


def add(*, organisation: int, code: str, name: str, now: datetime, actor: str) -> Hierarchy:
    """A new hierarchy without groups."""
    _check(code, name)
    if Hierarchy.objects.filter(organisation_id=organisation, code=code).exists():
        raise HierarchyError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
    if Hierarchy.objects.filter(organisation_id=organisation, retired_at=None).count() >= MOST:
        raise HierarchyError(_("最多 %(n)d 个分组体系") % {"n": MOST}, code="too_many", field="code")
    row = Hierarchy.objects.create(organisation_id=organisation, code=code, name=name.strip())
    audit.note("hierarchy.added", code, organisation=organisation, actor=actor, now=now)
    return row


def change(
    key: uuid.UUID, *, name: str, is_retired: bool, version: int | None, organisation: int, now: datetime, actor: str
) -> Hierarchy:
    """Another name; retired it is offered nowhere, and its history stays."""
    row = locked(key, organisation=organisation, version=version)
    _check(row.code, name)
    fields = [f for f, same in (("name", row.name == name.strip()), ("retired", (row.retired_at is not None) == is_retired)) if not same]
    if not fields:
        return row
    row.name, row.retired_at = name.strip(), (row.retired_at or now) if is_retired else None
    _keep(row, "hierarchy.changed", row.code, {"fields": fields}, now=now, actor=actor)
    return row


def locked(key: uuid.UUID, *, organisation: int, version: int | None) -> Hierarchy:
    """The hierarchy, locked for a change of anything in it. Raises Stale, Hierarchy.DoesNotExist."""
    row = Hierarchy.objects.select_for_update().get(organisation_id=organisation, id=key)
    versions.check(row, version)
    return row


def add_group(
    row: Hierarchy, *, code: str, name: str, parent: str = "", now: datetime, actor: str
) -> UnitGroup:
    """A new group below the one of code `parent` ("" at the top) of a locked hierarchy; one that holds stores takes none below it."""
    _check(code, name)
    if UnitGroup.objects.filter(organisation_id=row.organisation_id, hierarchy=row, code=code).exists():
        raise HierarchyError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
    above = _group(row, parent, "parent") if parent else None
    if above is not None and GroupMembership.objects.filter(organisation_id=row.organisation_id, group=above).exists():
        raise HierarchyError(_("“%(name)s”里有过门店，不能再分下级；请先新建并列的分组") % {"name": above.name}, code="has_members", field="parent")
    path = f"{above.path if above else '/'}{code}/"
    if (above.depth if above else 0) >= LEVELS or len(path) > MAX_PATH:
        raise HierarchyError(_("最多 %(n)d 层") % {"n": LEVELS}, code="too_deep", field="parent")
    made = UnitGroup.objects.create(organisation_id=row.organisation_id, hierarchy=row, code=code, name=name.strip(), path=path)
    _keep(row, "hierarchy.group_added", f"{row.code}/{code}", {"path": path}, now=now, actor=actor)
    return made


def change_group(row: Hierarchy, code: str, *, name: str, is_retired: bool, now: datetime, actor: str) -> UnitGroup:
    """Another name, or closed: no store may belong to it or below it today or later. The hierarchy is locked."""
    group = _group(row, code, "code", is_open=False)
    _check(code, name)
    fields = [f for f, same in (("name", group.name == name.strip()), ("retired", (group.retired_at is not None) == is_retired)) if not same]
    if not fields:
        return group
    held = GroupMembership.objects.filter(organisation_id=row.organisation_id, group__path__startswith=group.path, hierarchy=row)
    if is_retired and held.filter(to_date=LAST_DAY).exists():
        raise HierarchyError(_("“%(name)s”里还有门店，先把它们移走") % {"name": group.name}, code="has_members", field="is_retired")
    group.name, group.retired_at = name.strip(), (group.retired_at or now) if is_retired else None
    group.save(update_fields=["name", "retired_at"])
    _keep(row, "hierarchy.group_changed", f"{row.code}/{code}", {"fields": fields}, now=now, actor=actor)
    return group


def place(row: Hierarchy, unit: Unit, code: str, from_date: date, *, now: datetime, actor: str) -> bool:
    """Makes a store a member of the leaf group of this code from a day on ("" takes it out of any). False: it was so already.

    Earlier days keep their group; what was planned for later days goes. The hierarchy is locked.
    """
    if unit.kind != UnitKind.STORE:
        raise HierarchyError(_("只有门店能分组；班组跟着它的门店"), code="not_a_store", field="unit")
    if not FIRST_DAY <= from_date < LAST_DAY:
        raise HierarchyError(_("日期不对：%(text)s") % {"text": from_date.isoformat()}, code="bad_date", field="from_date")
    group = _leaf(row, code) if code else None
    rows = GroupMembership.objects.filter(organisation_id=row.organisation_id, hierarchy=row, unit=unit)
    if _write(rows, row, unit, group, from_date):
        detail = {"unit": unit.code, "group": code, "from_date": from_date.isoformat()}
        _keep(row, "hierarchy.store_placed", f"{row.code}/{unit.code}", detail, now=now, actor=actor)
        return True
    return False


def _write(rows: Any, row: Hierarchy, unit: Unit, group: UnitGroup | None, from_date: date) -> bool:
    last = rows.order_by("-to_date").first()
    ends = last is None or last.to_date <= from_date
    if (group is None and ends) or (group is not None and last is not None and last.group_id == group.id and last.from_date <= from_date and last.to_date == LAST_DAY):
        return False
    rows.filter(from_date__gte=from_date).delete()
    rows.filter(to_date__gt=from_date).update(to_date=from_date)
    if group is None:
        return True
    # the same group again, end to end: one row
    if rows.filter(group=group, to_date=from_date).update(to_date=LAST_DAY) == 0:
        GroupMembership.objects.create(
            organisation_id=row.organisation_id, hierarchy=row, group=group, unit=unit, from_date=from_date, to_date=LAST_DAY
        )
    return True


def transfer(row: Hierarchy, code: str, to_code: str, from_date: date, *, now: datetime, actor: str) -> int:
    """Every store that belongs to a group or below it from a day on moves to another leaf from that day. How many moved."""
    group = _group(row, code, "code", is_open=False)
    held = GroupMembership.objects.filter(
        organisation_id=row.organisation_id, hierarchy=row, group__path__startswith=group.path, to_date=LAST_DAY
    )
    found = [one.unit for one in held.select_related("unit").order_by("unit__code")]
    return sum(place(row, unit, to_code, from_date, now=now, actor=actor) for unit in found)


def _leaf(row: Hierarchy, code: str) -> UnitGroup:
    group = _group(row, code, "group")
    if UnitGroup.objects.filter(organisation_id=row.organisation_id, hierarchy=row, path__startswith=group.path).exclude(id=group.id).exists():
        raise HierarchyError(_("“%(name)s”下面还有分组，门店要放进最下一层") % {"name": group.name}, code="not_a_leaf", field="group")
    return group


def _group(row: Hierarchy, code: str, field: str, *, is_open: bool = True) -> UnitGroup:
    found = UnitGroup.objects.filter(organisation_id=row.organisation_id, hierarchy=row, code=code).first()
    if found is None or (is_open and found.retired_at is not None):
        raise HierarchyError(_("没有分组 %(code)s") % {"code": code[:64]}, code="unknown_group", field=field)
    return found


def _check(code: str, name: str) -> None:
    if not CODE.match(code):
        raise HierarchyError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if not name.strip() or len(name.strip()) > 80 or not is_storable(name):
        raise HierarchyError(_("名称应为 1 至 80 字"), code="bad_name", field="name")


def _keep(row: Hierarchy, action: str, subject: str, detail: dict[str, Any], *, now: datetime, actor: str) -> None:
    touch(row)
    audit.note(action, subject, organisation=row.organisation_id, actor=actor, now=now, detail=detail)


def touch(row: Hierarchy) -> None:
    """The locked hierarchy is another version of itself."""
    row.version += 1
    row.save(update_fields=["name", "retired_at", "version"])
