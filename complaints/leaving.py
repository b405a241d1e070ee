"""流失记录: customers who left and why, written by a person, a system or a file. Told again under its key, a record is replaced.

What a record says travels as `RawLeaving`. Records are withdrawn, never deleted; one that was withdrawn stays so when a
system tells it again. Reading and counting is `leaving_list`'s.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext as _

from complaints.enums import LeavingReason, LeavingSource, LeftWith, Unmet
from complaints.models import LeavingRecord
from customers.customers import RESOLVING
from customers.models import Customer, Identity
from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable
from tenancy import audit, queries, tables, versions
from tenancy.models import Organisation, Unit
from tenancy.tables import Line, Plan, wrong

COLUMNS = {
    "external_id": ("记录号", "記錄號", "编号", "編號", "id"),
    "day": ("日期", "日", "流失日期", "date", "local_day"),
    "customer": ("客户", "客戶", "客户编号", "客戶編號"),
    "unit": ("单元", "單元", "门店", "門店", "单元代码", "门店代码", "门店编号"),
    "reason": ("原因", "流失原因"),
    "unmet": ("期望还是需求", "期望還是需求", "expectation"),
    "left_with": ("问题留给客户", "問題留給客戶"),
    "note": ("备注", "備註", "说明", "說明"),
}
NEEDED = ("external_id", "day", "reason")
FIRST = date(1990, 1, 1)
MOST = {"external_id": 120, "customer": 120, "note": 400}
KEPT = ("customer_id", "reference", "unit_id", "local_day", "reason", "unmet", "left_with", "note")


class LeavingError(DomainError):
    """The record cannot be kept as told; `field` names the part."""


@dataclass(frozen=True)
class RawLeaving:
    """One record as it is told. customer: the CRM's id, our own key, or any words by which one knows who; unit: a code; "" where not said."""

    external_id: str
    day: date
    reason: str
    customer: str = ""
    unit: str = ""
    unmet: str = ""
    left_with: str = ""
    note: str = ""


def checked(values: Mapping[str, str]) -> RawLeaving:
    """A record as it stands in a file, a form or a body, codes or our own words for them. Raises LeavingError."""
    said = {name: " ".join(values.get(name, "").split()) for name in COLUMNS}
    for name, most in MOST.items():
        if len(said[name]) > most or not is_storable(said[name]):
            raise LeavingError(_("最多 %(n)d 字") % {"n": most}, code="too_long", field=name)
    try:
        on = date.fromisoformat(said["day"].replace("/", "-"))
    except ValueError as error:
        raise LeavingError(_("日期写成 2026-11-22 这样"), code="bad_date", field="day") from error
    if on < FIRST:
        raise LeavingError(_("日期写成 2026-11-22 这样"), code="bad_date", field="day")
    reason = _one_of(LeavingReason, said["reason"], "reason", _("没有这个流失原因"))
    unmet, left = (_one_of(kind, said[name], name, _("没有这个选项")) for kind, name in ((Unmet, "unmet"), (LeftWith, "left_with")))
    if not reason:
        raise LeavingError(_("请选一个流失原因"), code="missing", field="reason")
    if bool(unmet) != bool(left):
        raise LeavingError(_("两个轴要么都选，要么都不选"), code="half_coded", field="left_with" if unmet else "unmet")
    return RawLeaving(said["external_id"], on, reason, said["customer"], said["unit"], unmet, left, said["note"])


def _one_of(kind: type[TextChoices], value: str, field: str, refusal: str) -> str:
    found = _words(kind).get(value, value.lower())
    if found and found not in kind.values:
        raise LeavingError(refusal, code=f"unknown_{field}", field=field)
    return found


@cache
def _words(kind: type[TextChoices]) -> dict[str, str]:
    """Our own words for the codes, in both scripts."""
    found: dict[str, str] = {}
    for language in ("zh-hant", "zh-hans"):
        with translation.override(language):
            found |= {str(one.label): str(one.value) for one in kind}
    return found


def record(
    key: uuid.UUID, raw: RawLeaving, *, organisation: int, version: int | None, now: datetime, actor: str, paths: Sequence[str] = (),
) -> LeavingRecord:  # fmt: skip
    """Writes what a person typed, anew under `key` or over the record there; the same again is not written twice.

    paths: the subtrees a unit must lie in, empty for any. Raises LeavingError, Stale.
    """
    _refuse_future(raw, organisation, now)
    _nobody_merges(organisation)
    known = _resolved([raw], organisation)
    if raw.unit and (raw.unit not in known.units or (paths and not known.units[raw.unit].path.startswith(tuple(paths)))):
        raise LeavingError(_("没有代码为 %(code)s 的单元") % {"code": raw.unit[:64]}, code="unknown_unit", field="unit")
    if paths and not raw.unit:
        raise LeavingError(_("请选一个单元"), code="missing", field="unit")
    row = LeavingRecord.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    fresh = row is None
    row = row or LeavingRecord(id=key, organisation_id=organisation, source=LeavingSource.PERSON, version=0)
    changed = _apply(row, raw, known)
    if not fresh and not changed:
        return row
    if not fresh:
        versions.check(row, version)
    _save(row, now, actor)
    _note("leaving.recorded" if fresh else "leaving.changed", row, changed, now, actor)
    return row


def withdraw(key: uuid.UUID, *, organisation: int, version: int, now: datetime, actor: str) -> LeavingRecord:
    """Takes a record out of every count; it stays readable in the audit. Doing it again changes nothing. Raises LeavingError, Stale."""
    row = LeavingRecord.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise LeavingError(_("没有这条流失记录"), code="not_found")
    if row.withdrawn_at is None:
        versions.check(row, version)
        row.withdrawn_at = now
        _save(row, now, actor)
        _note("leaving.withdrawn", row, [], now, actor)
    return row


def put(rows: Sequence[RawLeaving], *, organisation: int, now: datetime, actor: str, source: str = LeavingSource.API) -> list[str]:
    """What a system or a file tells: accepted, unchanged, unknown_unit or future for each; of equal keys the last holds. Idempotent."""
    Organisation.objects.select_for_update().get(id=organisation)  # one road at a time, so that a key is one row
    _nobody_merges(organisation)
    tomorrow = _tomorrow(organisation, now)
    known, held = _resolved(rows, organisation), _held(rows, organisation)
    said: list[str] = []
    keep: dict[str, LeavingRecord] = {}
    for raw in rows:
        if raw.day >= tomorrow or (raw.unit and raw.unit not in known.units):
            said.append("future" if raw.day >= tomorrow else "unknown_unit")
            continue
        row = keep.get(raw.external_id) or held.get(raw.external_id)
        row = row or LeavingRecord(organisation_id=organisation, external_id=raw.external_id, source=source, version=0)
        is_told = bool(_apply(row, raw, known)) or row.version == 0 and raw.external_id not in keep
        said.append("accepted" if is_told else "unchanged")
        if is_told:
            keep[raw.external_id] = row
    for row in keep.values():
        row.told_at, row.told_by, row.version = now, actor[:120], row.version + 1
    LeavingRecord.objects.bulk_create([row for row in keep.values() if row.version == 1], batch_size=1000)
    fields = [name.removesuffix("_id") for name in KEPT] + ["told_at", "told_by", "version"]
    LeavingRecord.objects.bulk_update([row for row in keep.values() if row.version > 1], fields, batch_size=1000)
    if keep:
        audit.note("leaving.told", "leaving", organisation=organisation, actor=actor, now=now, detail={"rows": len(keep), "how": source})
    return said


def plan(rows: tables.Rows, *, organisation: int) -> Plan:
    """What each row of a file would do: add, change, same, or why it cannot. Nothing is written."""
    made: list[tuple[int, Mapping[str, str], RawLeaving | LeavingError]] = []
    for number, values in rows:
        try:
            made.append((number, values, _named(checked(values))))
        except LeavingError as error:
            made.append((number, values, error))
    raws = [raw for _n, _v, raw in made if isinstance(raw, RawLeaving)]
    known, held, seen = _resolved(raws, organisation), _held(raws, organisation), set[str]()
    return Plan(tuple(_line(number, values, raw, known, held, seen) for number, values, raw in made))


def carry_out(plan: Plan, *, organisation: int, now: datetime, actor: str) -> int:
    """Writes a plan without wrong rows, in the caller's transaction. Returns how many rows it holds. Raises LeavingError."""
    raw = [checked(line.values) for line in plan.lines if line.outcome in {"add", "change"}]
    tomorrow = _tomorrow(organisation, now)
    if any(one.day >= tomorrow for one in raw):
        raise LeavingError(_("有日期在今天以后"), code="future", field="day")
    put(raw, organisation=organisation, now=now, actor=actor, source=LeavingSource.FILE)
    return len(plan.lines)


def _named(raw: RawLeaving) -> RawLeaving:
    if not raw.external_id:
        raise LeavingError(_("每一行要有自己的记录号"), code="missing", field="external_id")
    return raw


def _line(
    number: int, values: Mapping[str, str], raw: RawLeaving | LeavingError, known: "_Known", held: Mapping[str, LeavingRecord], seen: set[str]
) -> Line:
    if isinstance(raw, LeavingError):
        return wrong(number, values, str(raw.message), raw.code)
    if raw.unit and raw.unit not in known.units:
        return wrong(number, values, _("没有代码为 %(code)s 的单元") % {"code": raw.unit[:64]}, "unknown_unit")
    if raw.external_id in seen:
        return wrong(number, values, _("同一个记录号在这份表里出现了两次"), "twice")
    seen.add(raw.external_id)
    shown = {name: raw.day.isoformat() if name == "day" else str(getattr(raw, name)) for name in COLUMNS}
    before = held.get(raw.external_id)
    if before is None:
        return Line(number, shown, "add")
    return Line(number, shown, "change" if _apply(before, raw, known) else "same")


@dataclass(frozen=True)
class _Known:
    """Units by code and customers by the CRM's id or our key, of those that were named."""

    units: Mapping[str, Unit]
    customers: Mapping[str, uuid.UUID]


def _resolved(rows: Sequence[RawLeaving], organisation: int) -> _Known:
    codes, names = {raw.unit for raw in rows if raw.unit}, {raw.customer for raw in rows if raw.customer}
    units = Unit.objects.filter(organisation_id=organisation, code__in=codes) if codes else ()
    # the id of a customer who was merged away is an identity of the kept one
    found = dict(Identity.objects.filter(organisation_id=organisation, kind="external", value__in=names).values_list("value", "customer_id")) if names else {}
    known = Customer.objects.filter(organisation_id=organisation, external_id__in=names, merged_into=None) if names else ()
    found |= {str(row.external_id): row.id for row in known}
    keys = {key for name in names if (key := _key(name))}
    found |= {str(key): key for key in Customer.objects.filter(organisation_id=organisation, id__in=keys).values_list("id", flat=True)} if keys else {}
    return _Known({unit.code: unit for unit in units}, found)


def _key(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def _held(rows: Sequence[RawLeaving], organisation: int) -> dict[str, LeavingRecord]:
    keys = {raw.external_id for raw in rows}
    found = LeavingRecord.objects.select_for_update().filter(organisation_id=organisation, external_id__in=keys) if keys else ()
    return {str(row.external_id): row for row in found}


def _apply(row: LeavingRecord, raw: RawLeaving, known: _Known) -> list[str]:
    """Writes what was told onto the row; the names of what changed."""
    customer = known.customers.get(raw.customer)
    values: dict[str, Any] = {
        "customer_id": customer, "reference": "" if customer else raw.customer, "unit_id": known.units[raw.unit].id if raw.unit else None,
        "local_day": raw.day, "reason": raw.reason, "unmet": raw.unmet, "left_with": raw.left_with, "note": raw.note,
    }  # fmt: skip
    changed = [name for name in KEPT if getattr(row, name) != values[name]]
    for name, value in values.items():
        setattr(row, name, value)
    return changed


def _save(row: LeavingRecord, now: datetime, actor: str) -> None:
    row.told_at, row.told_by, row.version = now, actor[:120], row.version + 1
    row.save()


def _note(action: str, row: LeavingRecord, changed: Sequence[str], now: datetime, actor: str) -> None:
    detail = {"fields": ["day" if name == "local_day" else name.removesuffix("_id") for name in changed], "reason": row.reason}
    audit.note(action, row.id, organisation=row.organisation_id, actor=actor, now=now, detail=detail)


def _nobody_merges(organisation: int) -> None:
    """Nobody joins customers between finding one and writing him down."""
    with connection.cursor() as cursor:
        cursor.execute(RESOLVING, [organisation])


def _tomorrow(organisation: int, now: datetime) -> date:
    return queries.local_today(now, queries.organisation(organisation).timezone) + timedelta(days=1)


def _refuse_future(raw: RawLeaving, organisation: int, now: datetime) -> None:
    if raw.day >= _tomorrow(organisation, now):
        raise LeavingError(_("日期不能在今天以后"), code="future", field="day")
