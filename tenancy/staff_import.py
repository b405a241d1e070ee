"""Staff from a list: a dry run row by row, then all of it or nothing."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.text import CODE
from tenancy import audit
from tenancy.models import Staff, Unit
from tenancy.tables import Line, Plan, Rows, storable, wrong

COLUMNS = {
    "employee_no": ("工号", "工號", "员工号", "員工號", "编号", "編號"),
    "unit": ("单元", "單元", "门店", "門店", "单元代码", "單元代碼", "门店编号", "門店編號", "store"),
    "name": ("姓名", "名字", "员工", "員工"),
}
NEEDED = ("employee_no", "unit")


def plan(rows: Rows, *, organisation: int) -> Plan:
    """What each row would do: add, change (name, unit, back again), same, or why it cannot. Nothing is written."""
    open_units = Unit.objects.filter(organisation_id=organisation, retired_at=None)
    units = dict(open_units.values_list("code", "id"))
    wanted = [values["employee_no"] for _number, values in rows]
    known = {row.employee_no: row for row in Staff.objects.filter(organisation_id=organisation, employee_no__in=wanted)}
    seen: set[str] = set()
    return Plan(tuple(_line(number, values, units, known, seen) for number, values in rows))


def _line(
    number: int, values: Mapping[str, str], units: Mapping[str, object], known: Mapping[str, Staff], seen: set[str]
) -> Line:
    employee_no, unit = values["employee_no"], values["unit"]
    if not CODE.match(employee_no):
        return wrong(number, values, _("工号不合规：只能含字母、数字、_ . : -"), "bad_code")
    if employee_no in seen:
        return wrong(number, values, _("工号 %(code)s 在这份表里出现了两次") % {"code": employee_no}, "twice")
    seen.add(employee_no)
    if unit not in units:
        return wrong(number, values, _("单元 %(unit)s 不存在") % {"unit": unit[:64]}, "unknown_unit")
    if not storable(values) or len(values["name"]) > 80:
        return wrong(number, values, _("姓名最多 80 字"), "bad_name")
    row = known.get(employee_no)
    if row is None:
        return Line(number, {**values, "name": values["name"] or employee_no}, "add")
    name = values["name"] or row.name
    same = (row.name, row.unit_id, row.left_at) == (name, units[unit], None)
    return Line(number, {**values, "name": name}, "same" if same else "change")


def carry_out(plan: Plan, *, organisation: int, now: datetime, actor: str) -> int:
    """Writes a plan without wrong rows, in the caller's transaction. Returns how many rows it holds."""
    units = dict(Unit.objects.filter(organisation_id=organisation).values_list("code", "id"))
    fresh = [line.values for line in plan.lines if line.outcome == "add"]
    Staff.objects.bulk_create(
        [
            Staff(organisation_id=organisation, employee_no=v["employee_no"], name=v["name"], unit_id=units[v["unit"]])
            for v in fresh
        ],
        batch_size=1000,
    )
    changed = {line.values["employee_no"]: line.values for line in plan.lines if line.outcome == "change"}
    rows = list(Staff.objects.select_for_update().filter(organisation_id=organisation, employee_no__in=list(changed)))
    for row in rows:
        values = changed[row.employee_no]
        row.name, row.unit_id, row.left_at, row.version = values["name"], units[values["unit"]], None, row.version + 1
    Staff.objects.bulk_update(rows, ["name", "unit", "left_at", "version"], batch_size=500)
    if fresh or changed:
        detail = {"added": len(fresh), "changed": len(changed)}
        audit.note("staff.imported", "staff", organisation=organisation, actor=actor, now=now, detail=detail)
    return len(plan.lines)
