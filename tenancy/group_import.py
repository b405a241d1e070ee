"""Stores into groups from a list: a dry run row by row, then all of it or nothing. The same list again changes nothing.

A path is written by codes or names, 'SOUTH/P07'; groups that are not there yet are made. A store's rows are taken in the
order of their days; from the first of them on they are all that is known of it, earlier days keep their group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy import audit, hierarchies
from tenancy.enums import UnitKind
from tenancy.models import FIRST_DAY, LAST_DAY, GroupMembership, Hierarchy, Unit, UnitGroup
from tenancy.tables import Line, Plan, Rows, storable, wrong

COLUMNS = {
    "hierarchy": ("体系", "體系", "分组体系", "分組體系"),
    "unit": ("门店", "門店", "门店代码", "門店代碼", "门店编号", "門店編號", "code", "代码", "代碼"),
    "group": ("分组", "分組", "路径", "路徑", "组", "組"),
    "from_date": ("从哪天起", "從哪天起", "起始日", "开始日期", "開始日期", "from"),
}
NEEDED = ("hierarchy", "unit", "group")
Runs = list[tuple[date, date, str]]  # from, to, code of the leaf


@dataclass
class _Tree:
    """A hierarchy as it would be: the group of each path of codes, names to codes by parent, who has had stores."""

    row: Hierarchy
    names: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    fresh: list[str] = field(default_factory=list)


class _Refused(DomainError):
    """A row cannot go in."""


def plan(rows: Rows, *, organisation: int) -> Plan:
    """What each row would do: add (a store without a group until now), change, same, or why it cannot. Nothing is written."""
    trees = _trees(organisation)
    stores = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    held = _held(organisation)
    found: dict[int, Line] = {}
    asked: dict[tuple[str, str], list[tuple[date, int, dict[str, str]]]] = {}
    for number, values in rows:
        try:
            day, made = _row(values, trees, stores)
            entries = asked.setdefault((made["hierarchy"], made["unit"]), [])
            if any(known == day for known, _, _ in entries):
                raise _Refused(_("同一家门店同一天写了两次"), code="twice")
            entries.append((day, number, made))
        except _Refused as error:
            found[number] = wrong(number, values, str(error.message), error.code)
    for key, entries in asked.items():
        entries.sort(key=lambda entry: entry[0])
        outcome = _outcome(held.get(key, []), [(day, made["leaf"]) for day, _, made in entries])
        for _day, number, made in entries:
            found[number] = Line(number, made, outcome)
    _leaves(found, trees)
    return Plan(tuple(found[number] for number in sorted(found)))


def _trees(organisation: int) -> dict[str, _Tree]:
    trees = {row.code: _Tree(row) for row in Hierarchy.objects.filter(organisation_id=organisation, retired_at=None)}
    for group in UnitGroup.objects.filter(organisation_id=organisation, hierarchy__retired_at=None).select_related("hierarchy"):
        tree = trees[group.hierarchy.code]
        tree.codes[group.code] = group.path
        tree.names.setdefault(f"{_above(group.path)}\n{group.name}", group.path)
        if group.retired_at is not None:
            tree.closed.add(group.path)
    held = GroupMembership.objects.filter(organisation_id=organisation, hierarchy__retired_at=None)
    for code, path in held.values_list("hierarchy__code", "group__path").distinct().order_by():
        trees[code].holds.add(path)
    return trees


def _held(organisation: int) -> dict[tuple[str, str], Runs]:
    found: dict[tuple[str, str], Runs] = {}
    rows = GroupMembership.objects.filter(organisation_id=organisation).order_by("from_date")
    for code, unit, group, first, last in rows.values_list("hierarchy__code", "unit__code", "group__code", "from_date", "to_date"):
        found.setdefault((code, unit), []).append((first, last, group))
    return found


def _row(values: Mapping[str, str], trees: Mapping[str, _Tree], stores: Mapping[str, Unit]) -> tuple[date, dict[str, str]]:
    tree, unit = trees.get(values["hierarchy"]), stores.get(values["unit"])
    if tree is None:
        raise _Refused(_("没有分组体系 %(code)s") % {"code": values["hierarchy"][:64]}, code="unknown_hierarchy")
    if unit is None:
        raise _Refused(_("没有门店 %(code)s") % {"code": values["unit"][:64]}, code="unknown_unit")
    if unit.kind != UnitKind.STORE:
        raise _Refused(_("只有门店能分组；班组跟着它的门店"), code="not_a_store")
    try:
        day = _day(values)
    except ValueError as error:
        raise _Refused(_("日期应写成 2026-01-31"), code="bad_date") from error
    if not FIRST_DAY <= day < date(2200, 1, 1):
        raise _Refused(_("日期应写成 2026-01-31"), code="bad_date")
    path = _path(values, tree)
    return day, {**values, "leaf": path.strip("/").rsplit("/", 1)[-1] if path else "", "path": path}


def _path(values: Mapping[str, str], tree: _Tree) -> str:
    """The path of codes a written one means; groups that are not there yet are noted as fresh."""
    parts = [part.strip() for part in values["group"].split("/") if part.strip()]
    if len(parts) > hierarchies.LEVELS:
        raise _Refused(_("最多 %(n)d 层") % {"n": hierarchies.LEVELS}, code="too_deep")
    if not storable(values) or any(len(part) > 80 for part in parts):
        raise _Refused(_("名称应为 1 至 80 字"), code="bad_name")
    here = "/"
    for part in parts:
        known = tree.codes.get(part)
        if known is not None and _above(known) != here:
            raise _Refused(_("分组 %(code)s 在别的上级下面") % {"code": part}, code="elsewhere")
        known = known or tree.names.get(f"{here}\n{part}")
        here = known or _fresh(tree, here, part)
        if here in tree.closed:
            raise _Refused(_("分组 %(code)s 已停用") % {"code": part}, code="closed")
    return here if parts else ""


def _fresh(tree: _Tree, above: str, part: str) -> str:
    """Notes a group to be made: by its code, or a name under the next free code."""
    code, n = part, len(tree.codes) + 1
    if not CODE.match(part):
        while f"G{n}" in tree.codes:
            n += 1
        code = f"G{n}"
    path = f"{above}{code}/"
    if above in tree.holds:
        raise _Refused(_("“%(name)s”里有过门店，不能再分下级；请先新建并列的分组") % {"name": above.strip("/")}, code="has_members")
    if len(path) > hierarchies.MAX_PATH:
        raise _Refused(_("层级太深"), code="too_deep")
    tree.codes[code] = path
    tree.names[f"{above}\n{part}"] = path
    tree.fresh.append(path)
    return path


def _outcome(held: Runs, wanted: list[tuple[date, str]]) -> str:
    if _after(held, wanted) == _merged(held):
        return "same"
    return "change" if held else "add"


def _after(held: Runs, wanted: list[tuple[date, str]]) -> Runs:
    """What is known of a store once its rows, in the order of their days, are in."""
    first = wanted[0][0]
    kept = [(a, min(b, first), code) for a, b, code in held if a < first]
    ends = [day for day, _ in wanted[1:]] + [LAST_DAY]
    return _merged(kept + [(day, end, code) for (day, code), end in zip(wanted, ends, strict=True) if code])


def _merged(runs: Runs) -> Runs:
    """The runs end to end as one where the group is the same."""
    found: Runs = []
    for first, last, code in sorted(runs):
        if found and found[-1][1] == first and found[-1][2] == code:
            found[-1] = (found[-1][0], last, code)
        else:
            found.append((first, last, code))
    return found


def _leaves(found: dict[int, Line], trees: Mapping[str, _Tree]) -> None:
    """Refuses rows whose group would not be a leaf once all of the list is in."""
    for number, line in found.items():
        path = line.values.get("path", "")
        if line.outcome == "wrong" or not path:
            continue
        if any(other != path and other.startswith(path) for other in trees[line.values["hierarchy"]].codes.values()):
            said = _("“%(name)s”下面还有分组，门店要放进最下一层") % {"name": line.values["leaf"]}
            found[number] = wrong(number, dict(line.values), said, "not_a_leaf")


def carry_out(plan: Plan, *, organisation: int, now: datetime, actor: str) -> int:
    """Writes a plan without wrong rows, in the caller's transaction. Returns how many rows it holds."""
    rows = _locked(plan, organisation)
    written = [line for line in plan.lines if line.outcome in {"add", "change"}]
    wanted: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for line in written:
        _make(rows[line.values["hierarchy"]], line.values, now=now, actor=actor)
        wanted.setdefault((line.values["hierarchy"], line.values["unit"]), []).append((_day(line.values), line.values["leaf"]))
    held = _held(organisation)
    made = {key: _after(held.get(key, []), sorted(entries)) for key, entries in wanted.items()}
    for code, row in rows.items():
        _replace(row, {unit: runs for (mine, unit), runs in made.items() if mine == code})
    if written:
        detail = {"added": plan.n("add"), "changed": plan.n("change"), "stores": len(made)}
        audit.note("hierarchies.imported", ",".join(sorted(rows)), organisation=organisation, actor=actor, now=now, detail=detail)
    return len(plan.lines)


def _replace(row: Hierarchy, made: Mapping[str, Runs]) -> None:
    """Writes what is known of these stores anew. Four statements."""
    units = dict(Unit.objects.filter(organisation_id=row.organisation_id, code__in=list(made)).values_list("code", "id"))
    groups = dict(UnitGroup.objects.filter(organisation_id=row.organisation_id, hierarchy=row).values_list("code", "id"))
    GroupMembership.objects.filter(organisation_id=row.organisation_id, hierarchy=row, unit__in=units.values()).delete()
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(
                organisation_id=row.organisation_id, hierarchy=row, unit_id=units[unit], group_id=groups[group], from_date=first, to_date=last
            )
            for unit, runs in made.items()
            for first, last, group in runs
        ],
        batch_size=1000,
    )  # fmt: skip
    hierarchies.touch(row)


def _day(values: Mapping[str, str]) -> date:
    return date.fromisoformat(values["from_date"]) if values["from_date"] else FIRST_DAY


def _locked(plan: Plan, organisation: int) -> dict[str, Hierarchy]:
    wanted = {line.values["hierarchy"] for line in plan.lines if line.outcome in {"add", "change"}}
    found = Hierarchy.objects.select_for_update().filter(organisation_id=organisation, code__in=wanted).order_by("id")
    return {row.code: row for row in found}


def _make(row: Hierarchy, values: Mapping[str, str], *, now: datetime, actor: str) -> None:
    """The groups of a row's path that are not there yet, named as the list writes them."""
    codes = values["path"].strip("/").split("/") if values["path"] else []
    names = [part.strip() for part in values["group"].split("/") if part.strip()]
    known = set(UnitGroup.objects.filter(organisation_id=row.organisation_id, hierarchy=row, code__in=codes).values_list("code", flat=True))
    for depth, (code, name) in enumerate(zip(codes, names, strict=True)):
        if code not in known:
            hierarchies.add_group(row, code=code, name=name, parent=codes[depth - 1] if depth else "", now=now, actor=actor)


def _above(path: str) -> str:
    """The path one level up; '/' at the top."""
    return path[: path.rstrip("/").rfind("/") + 1]
