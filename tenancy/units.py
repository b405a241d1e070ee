"""The unit tree: adding, moving with effective dates, importing. Paths are '/CODE/CODE/', codes never change."""

import uuid
from datetime import date, datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy import audit, calendars, hours, queries, tables, unit_import, versions
from tenancy.enums import UnitKind
from tenancy.models import FIRST_DAY, LAST_DAY, Unit, UnitPlacement


class UnitError(DomainError):
    """The tree cannot be changed as asked."""


def add(
    *,
    organisation: int,
    code: str,
    kind: str,
    name: str,
    parent: Unit | None,
    now: datetime,
    actor: str,
    timezone: str = "",
    calendar: str = "",
) -> Unit:
    """A new unit below `parent` (None: a root), placed there since ever."""
    if not CODE.match(code):
        raise UnitError(_("单元代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if kind not in UnitKind.values:
        raise UnitError(_("未知单元类型：%(kind)s") % {"kind": kind[:40]}, code="unknown_kind", field="kind")
    if Unit.objects.filter(organisation_id=organisation, code=code).exists():
        raise UnitError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
    path = f"{parent.path if parent else '/'}{code}/"
    if len(path) > unit_import.MAX_PATH:
        raise UnitError(_("层级太深"), code="too_deep", field="parent")
    unit = Unit.objects.create(
        organisation_id=organisation,
        code=code,
        kind=kind,
        name=name,
        parent=parent,
        path=path,
        timezone=timezone,
        calendar=calendar,
    )
    UnitPlacement.objects.create(
        organisation_id=organisation, unit=unit, path=path, from_date=FIRST_DAY, to_date=LAST_DAY
    )
    audit.note("unit.added", code, organisation=organisation, actor=actor, now=now, detail={"path": path})
    return unit


def change(
    key: uuid.UUID,
    *,
    organisation: int,
    version: int | None,
    now: datetime,
    actor: str,
    name: str,
    kind: str,
    timezone: str,
    calendar: str,
) -> Unit:
    """Another name, kind, zone or calendar; an empty zone or calendar is that of the unit above."""
    unit = locked(key, organisation=organisation, version=version)
    if not name.strip() or len(name) > 120:
        raise UnitError(_("名称应为 1 至 120 字"), code="bad_name", field="name")
    if kind not in UnitKind.values or (kind == UnitKind.HEADQUARTERS) != (unit.parent_id is None):
        raise UnitError(_("未知单元类型：%(kind)s") % {"kind": kind[:40]}, code="unknown_kind", field="kind")
    if timezone and not queries.is_zone(timezone):
        raise UnitError(_("没有这个时区：%(zone)s") % {"zone": timezone[:40]}, code="unknown_timezone", field="timezone")
    if calendar:
        calendars.current(calendar, organisation=organisation)
    wanted = {"name": name.strip(), "kind": kind, "timezone": timezone, "calendar": calendar}
    changed = [field for field, value in wanted.items() if getattr(unit, field) != value]
    before = hours.all_kept(organisation=organisation) if {"timezone", "calendar"} & set(changed) else {}
    for field, value in wanted.items():
        setattr(unit, field, value)
    unit.version += 1
    unit.save(update_fields=[*wanted, "version"])
    audit.note("unit.changed", unit.code, organisation=organisation, actor=actor, now=now, detail={"fields": changed})
    if before:
        hours.note_changes(before, unit.path, organisation=organisation, now=now, actor=actor)
    return unit


def locked(key: uuid.UUID, *, organisation: int, version: int | None) -> Unit:
    """The unit, locked for a change. Raises Stale."""
    unit = Unit.objects.select_for_update().get(organisation_id=organisation, id=key)
    versions.check(unit, version)
    return unit


def retire(key: uuid.UUID, *, organisation: int, version: int | None, now: datetime, actor: str) -> Unit:
    """Closes a unit: it leaves the lists, its past figures stay. Its open subunits must be closed first."""
    unit = locked(key, organisation=organisation, version=version)
    if unit.parent_id is None:
        raise UnitError(_("总部不能停用"), code="root")
    if Unit.objects.filter(organisation_id=organisation, parent=unit, retired_at=None).exists():
        raise UnitError(_("它下面还有在用的单元，请先搬走或停用它们"), code="has_children")
    return _retired(unit, now, "unit.retired", now=now, actor=actor)


def reopen(key: uuid.UUID, *, organisation: int, version: int | None, now: datetime, actor: str) -> Unit:
    """Takes a closed unit back into the lists; the units above it must be open."""
    unit = locked(key, organisation=organisation, version=version)
    if unit.parent is not None and unit.parent.retired_at is not None:
        raise UnitError(_("它的上级还停用着"), code="closed_parent")
    return _retired(unit, None, "unit.reopened", now=now, actor=actor)


def _retired(unit: Unit, at: datetime | None, action: str, *, now: datetime, actor: str) -> Unit:
    unit.retired_at, unit.version = at, unit.version + 1
    unit.save(update_fields=["retired_at", "version"])
    audit.note(action, unit.code, organisation=unit.organisation_id, actor=actor, now=now)
    return unit


def keep_hours(calendar: str, *, organisation: int, now: datetime, actor: str) -> Unit:
    """Gives the headquarters, and with it every unit without a calendar of its own, these hours."""
    calendars.current(calendar, organisation=organisation)
    root = Unit.objects.select_for_update().filter(organisation_id=organisation, parent=None).order_by("path")[0]
    before = hours.all_kept(organisation=organisation)
    root.calendar, root.version = calendar, root.version + 1
    root.save(update_fields=["calendar", "version"])
    hours.note_changes(before, root.path, organisation=organisation, now=now, actor=actor)
    detail = {"fields": ["calendar"], "calendar": calendar}
    audit.note("unit.changed", root.code, organisation=organisation, actor=actor, now=now, detail=detail)
    return root


def move(*, organisation: int, unit: Unit, parent: Unit, from_date: date, now: datetime, actor: str) -> None:
    """Hangs a unit and its subtree below another parent from a date on; earlier days keep the old tree."""
    if parent.path.startswith(unit.path):
        raise UnitError(_("不能移到自己的下级"), code="cycle", field="parent")
    if unit.parent_id is None:
        raise UnitError(_("总部不能搬"), code="root", field="parent")
    old, new = unit.path, f"{parent.path}{unit.code}/"
    before = hours.all_kept(organisation=organisation)
    for member in Unit.objects.select_for_update().filter(organisation_id=organisation, path__startswith=old):
        path = new + member.path[len(old) :]
        rows = UnitPlacement.objects.filter(organisation_id=organisation, unit=member)
        rows.filter(from_date__gte=from_date).delete()
        rows.filter(to_date__gt=from_date).update(to_date=from_date)
        UnitPlacement.objects.create(
            organisation_id=organisation, unit=member, path=path, from_date=from_date, to_date=LAST_DAY
        )
        member.path = path
        member.save(update_fields=["path"])
    unit.parent, unit.path, unit.version = parent, new, unit.version + 1
    unit.save(update_fields=["parent", "version"])
    detail = {"from": old, "to": new, "from_date": from_date.isoformat()}
    audit.note("unit.moved", unit.code, organisation=organisation, actor=actor, now=now, detail=detail)
    # hours follow the tree as it stands now; the days of figures follow `from_date`
    hours.note_changes(before, new, organisation=organisation, now=now, actor=actor)


def import_csv(text: str, *, organisation: int, now: datetime, actor: str) -> int:
    """Adds or renames units from CSV (code,parent,kind,name,timezone), parents first or not. Returns the count.

    Raises UnitError naming the line; nothing is kept then (the caller's transaction).
    """
    rows = tables.read(text, unit_import.COLUMNS, unit_import.NEEDED)
    plan = unit_import.plan(rows, organisation=organisation)
    for line in plan.wrong[:1]:
        message = _("第 %(line)d 行：%(why)s") % {"line": line.number, "why": line.said}
        raise UnitError(message, code=line.code, field=f"line {line.number}")
    return unit_import.carry_out(plan, organisation=organisation, now=now, actor=actor)
