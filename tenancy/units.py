"""The unit tree: adding, moving with effective dates, importing. Paths are '/CODE/CODE/', codes never change."""

import csv
import io
from datetime import date, datetime
from typing import TypedDict

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy.enums import UnitKind
from tenancy.models import Unit, UnitPlacement

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(9999, 12, 31)


class UnitError(DomainError):
    """The tree cannot be changed as asked."""


class UnitRow(TypedDict):
    """One line of import_units."""

    code: str
    parent: str
    kind: str
    name: str
    timezone: str


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
    path = f"{parent.path if parent else '/'}{code}/"
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
    return unit


def move(*, organisation: int, unit: Unit, parent: Unit, from_date: date, now: datetime, actor: str) -> None:
    """Hangs a unit and its subtree below another parent from a date on; earlier days keep the old tree."""
    if parent.path.startswith(unit.path):
        raise UnitError(_("不能移到自己的下级"), code="cycle", field="parent")
    old, new = unit.path, f"{parent.path}{unit.code}/"
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
    unit.parent = parent
    unit.save(update_fields=["parent"])


def import_csv(text: str, *, organisation: int, now: datetime, actor: str) -> int:
    """Adds or renames units from CSV (code,parent,kind,name,timezone), parents first or not. Returns the count.

    Raises UnitError naming the line; nothing is kept then (the caller's transaction).
    """
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    known = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    root = next((unit for unit in known.values() if unit.parent_id is None), None)
    waiting = [(number, row) for number, row in enumerate(rows, start=2)]
    while waiting:
        later = []
        for number, row in waiting:
            code, parent = (row.get("code") or "").strip(), (row.get("parent") or "").strip()
            if code in known:
                _rename(known[code], row)
            elif parent and parent not in known:
                later.append((number, row))
            else:
                known[code] = _add_row(row, known[parent] if parent else root, number, organisation, now, actor)
        if len(later) == len(waiting):
            number, row = later[0]
            message = _("第 %(line)d 行：上级 %(parent)s 不存在") % {"line": number, "parent": row.get("parent")}
            raise UnitError(message, code="unknown_parent", field=f"line {number}")
        waiting = later
    return len(rows)


def _rename(unit: Unit, row: dict[str, str]) -> None:
    unit.name = (row.get("name") or unit.name).strip()
    unit.timezone = (row.get("timezone") or unit.timezone).strip()
    unit.save(update_fields=["name", "timezone"])


def _add_row(
    row: dict[str, str], parent: Unit | None, number: int, organisation: int, now: datetime, actor: str
) -> Unit:
    try:
        return add(
            organisation=organisation,
            code=(row.get("code") or "").strip(),
            kind=(row.get("kind") or "").strip(),
            name=(row.get("name") or "").strip(),
            timezone=(row.get("timezone") or "").strip(),
            parent=parent,
            now=now,
            actor=actor,
        )
    except UnitError as error:
        message = _("第 %(line)d 行：%(why)s") % {"line": number, "why": error.message}
        raise UnitError(message, code=error.code, field=f"line {number}") from error
