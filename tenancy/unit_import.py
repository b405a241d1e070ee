"""Units from a list: a dry run row by row, then all of it or nothing. Parents may come after their children."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.ids import new_ids
from cxms.lib.text import CODE
from tenancy import audit, hours, queries
from tenancy.enums import UnitKind
from tenancy.models import FIRST_DAY, LAST_DAY, Unit, UnitPlacement
from tenancy.tables import Line, Plan, Rows, storable, wrong

COLUMNS = {
    "code": ("代码", "代碼", "单元代码", "單元代碼", "编码", "編碼", "门店编号", "門店編號"),
    "parent": ("上级", "上級", "上级代码", "上級代碼", "所属", "所屬"),
    "kind": ("类型", "類型", "层级", "層級", "type"),
    "name": ("名称", "名稱", "门店", "門店", "门店名称", "門店名稱"),
    "timezone": ("时区", "時區", "tz"),
}
NEEDED = ("code", "name")
KINDS = {
    "总部": "headquarters", "總部": "headquarters", "大区": "region", "大區": "region", "区域": "region", "區域": "region",
    "门店": "store", "門店": "store", "店": "store", "班组": "team", "班組": "team",
    "部门": "department", "部門": "department",
}  # fmt: skip
MAX_PATH = 400


def plan(rows: Rows, *, organisation: int) -> Plan:
    """What each row would do: add, change (name, zone), same, or why it cannot. Nothing is written."""
    known = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    root = next((unit for unit in known.values() if unit.parent_id is None), None)
    paths = {code: unit.path for code, unit in known.items()}
    found: dict[int, Line] = {}
    seen: set[str] = set()
    waiting: Rows = []
    for number, values in rows:
        line = _check(number, _clean(values), known, seen)
        if line.outcome == "add":
            waiting.append((number, dict(line.values)))
        else:
            found[number] = line
    while waiting:
        later: Rows = []
        for number, values in waiting:
            above = paths.get(values["parent"]) if values["parent"] else (root.path if root else "/")
            if above is None:
                later.append((number, values))
            elif len(f"{above}{values['code']}/") > MAX_PATH:
                found[number] = wrong(number, values, _("层级太深"), "too_deep")
            else:
                paths[values["code"]] = f"{above}{values['code']}/"
                found[number] = Line(number, values | {"path": paths[values["code"]]}, "add")
        if len(later) == len(waiting):
            for number, values in later:
                said = _("上级 %(parent)s 不存在") % {"parent": values["parent"][:64]}
                found[number] = wrong(number, values, said, "unknown_parent")
            break
        waiting = later
    return Plan(tuple(found[number] for number in sorted(found)))


def _clean(values: Mapping[str, str]) -> dict[str, str]:
    kind = values["kind"].strip()
    return {**values, "kind": KINDS.get(kind, kind.lower()) or UnitKind.STORE.value}


def _check(number: int, values: dict[str, str], known: Mapping[str, Unit], seen: set[str]) -> Line:
    code, name = values["code"], values["name"]
    if not CODE.match(code):
        return wrong(number, values, _("代码只能含字母、数字、_ . : -"), "bad_code")
    if code in seen:
        return wrong(number, values, _("代码 %(code)s 在这份表里出现了两次") % {"code": code}, "twice")
    seen.add(code)
    if not storable(values) or len(name) > 120:
        return wrong(number, values, _("名称最多 120 字"), "bad_name")
    if values["timezone"] and not queries.is_zone(values["timezone"]):
        return wrong(number, values, _("没有这个时区：%(zone)s") % {"zone": values["timezone"][:40]}, "unknown_timezone")
    unit = known.get(code)
    if unit is not None:
        return _existing(number, values, unit)
    if values["kind"] not in UnitKind.values:
        return wrong(number, values, _("类型应是大区、门店或班组"), "unknown_kind")
    if not name:
        return wrong(number, values, _("缺名称"), "no_name")
    return Line(number, values, "add")


def _existing(number: int, values: dict[str, str], unit: Unit) -> Line:
    """A code that is there: its name and zone change; moving and closing are done on the unit's own page."""
    name, zone = values["name"] or unit.name, values["timezone"] or unit.timezone
    said = ""
    if values["parent"] and f"/{values['parent']}/{unit.code}/" not in unit.path:
        said = _("上级和现在不同：搬迁要在单元页写明从哪天起，这里不动")
    same = (name, zone) == (unit.name, unit.timezone)
    return Line(number, values | {"name": name, "timezone": zone}, "same" if same else "change", said)


def carry_out(plan: Plan, *, organisation: int, now: datetime, actor: str) -> int:
    """Writes a plan without wrong rows, in the caller's transaction. Returns how many rows it holds."""
    fresh = sorted((line for line in plan.lines if line.outcome == "add"), key=lambda line: line.values["path"].count("/"))
    keys = dict(Unit.objects.filter(organisation_id=organisation).values_list("path", "id"))
    units = []
    for line, key in zip(fresh, new_ids(len(fresh)), strict=True):
        values = line.values
        keys[values["path"]] = key
        above = values["path"][: -len(values["code"]) - 1]
        units.append(
            Unit(
                id=key, organisation_id=organisation, code=values["code"], kind=values["kind"], name=values["name"],
                timezone=values["timezone"], path=values["path"], parent_id=keys.get(above),
            )  # fmt: skip
        )
    Unit.objects.bulk_create(units, batch_size=1000)
    UnitPlacement.objects.bulk_create(
        [
            UnitPlacement(
                organisation_id=organisation, unit=unit, path=unit.path, from_date=FIRST_DAY, to_date=LAST_DAY
            )
            for unit in units
        ],
        batch_size=1000,
    )
    changed = {line.values["code"]: line.values for line in plan.lines if line.outcome == "change"}
    before = hours.all_kept(organisation=organisation) if changed else {}
    for unit in Unit.objects.select_for_update().filter(organisation_id=organisation, code__in=list(changed)):
        unit.name, unit.timezone = changed[unit.code]["name"], changed[unit.code]["timezone"]
        unit.version += 1
        unit.save(update_fields=["name", "timezone", "version"])
    if units or changed:
        detail = {"added": len(units), "changed": len(changed)}
        audit.note("units.imported", "units", organisation=organisation, actor=actor, now=now, detail=detail)
    if before:
        hours.note_changes(before, "/", organisation=organisation, now=now, actor=actor)
    return len(plan.lines)
