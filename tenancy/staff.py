"""Staff: the persons who are measured. They leave, they are never deleted."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy import audit, staff_import, tables, versions
from tenancy.models import Staff, Unit


class StaffError(DomainError):
    """The staff list cannot be changed as asked."""


def import_csv(text: str, *, organisation: int, now: datetime, actor: str) -> int:
    """Adds or updates staff from CSV (employee_no,unit,name), all or nothing. Raises StaffError naming the line."""
    rows = tables.read(text, staff_import.COLUMNS, staff_import.NEEDED)
    plan = staff_import.plan(rows, organisation=organisation)
    for line in plan.wrong[:1]:
        message = _("第 %(line)d 行：%(why)s") % {"line": line.number, "why": line.said}
        raise StaffError(message, code=line.code, field=f"line {line.number}")
    return staff_import.carry_out(plan, organisation=organisation, now=now, actor=actor)


def add(*, organisation: int, employee_no: str, name: str, unit: Unit, now: datetime, actor: str) -> Staff:
    """A new person under a number nobody bears. Raises StaffError."""
    if not CODE.match(employee_no):
        raise StaffError(_("工号不合规：只能含字母、数字、_ . : -"), code="bad_code", field="employee_no")
    if Staff.objects.filter(organisation_id=organisation, employee_no=employee_no).exists():
        raise StaffError(_("工号 %(code)s 已有人用") % {"code": employee_no}, code="taken", field="employee_no")
    row = Staff.objects.create(organisation_id=organisation, employee_no=employee_no, name=_name(name), unit=unit)
    audit.note("staff.added", row.employee_no, organisation=organisation, actor=actor, now=now)
    return row


def change(
    key: uuid.UUID,
    *,
    organisation: int,
    version: int | None,
    name: str,
    unit: Unit,
    has_left: bool,
    now: datetime,
    actor: str,
) -> Staff:
    """Another name or unit, gone or back. What was said of him before keeps the unit of its day."""
    row = Staff.objects.select_for_update().get(organisation_id=organisation, id=key)
    versions.check(row, version)
    before = (row.name, row.unit_id, row.left_at is not None)
    row.name, row.unit, row.version = _name(name), unit, row.version + 1
    row.left_at = (row.left_at or now) if has_left else None
    row.save(update_fields=["name", "unit", "left_at", "version"])
    changed = [f for f, a, b in zip(("name", "unit", "left"), before, (row.name, unit.id, has_left), strict=True) if a != b]
    audit.note("staff.changed", row.employee_no, organisation=organisation, actor=actor, now=now, detail={"fields": changed})
    return row


def _name(text: str) -> str:
    if not text.strip() or len(text) > 80:
        raise StaffError(_("姓名应为 1 至 80 字"), code="bad_name", field="name")
    return text.strip()
