"""业务量: exposures told by day, unit, kind and source, beside those we count from events. Told again, they are replaced.

Typed and uploaded ones come as a batch that can be taken back; systems send theirs by `put`. Which of all counts under the
complaint rate is the organisation's choice (`tenancy.organisations.choose_exposure`).
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count as Rows
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _

from customers.models import Exposure, ExposureBatch
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_ids
from cxms.lib.text import is_storable
from tenancy import audit, tables
from tenancy.models import Organisation, Unit
from tenancy.tables import Line, Plan, wrong

COLUMNS = {
    "day": ("日期", "日", "date", "local_day"),
    "unit": ("单元", "單元", "门店", "門店", "单元代码", "门店代码", "门店编号"),
    "kind": ("种类", "種類", "类型", "類型", "type"),
    "count": ("数量", "數量", "业务量", "業務量", "n"),
    "source": ("来源", "來源"),
}
NEEDED = ("day", "count")
KIND = re.compile(r"[a-z][a-z0-9_]{0,23}\Z")
SOURCE = re.compile(r"[A-Za-z0-9_.:\-\u4e00-\u9fff]{1,40}\Z")
KINDS = {
    "订单": "order", "訂單": "order", "到店": "visit", "入住": "stay", "来电": "call", "來電": "call", "包裹": "parcel", "活跃客户": "active_customer",
    "活躍客戶": "active_customer", "行程": "trip",
}  # fmt: skip
DEFAULT_SOURCE = "upload"
MOST_COUNT = 10**12
Key = tuple[str, str, date, uuid.UUID | None]


class ExposureError(DomainError):
    """The exposure cannot be kept as told; `field` names the part."""


@dataclass(frozen=True)
class RawExposure:
    """One number as it is told."""

    day: date
    unit: str
    kind: str
    source: str
    count: int


@dataclass(frozen=True)
class Summary:
    """What a source has told of a kind."""

    kind: str
    source: str
    n_rows: int
    total: int
    first: date
    last: date


def checked(day: str, unit: str, kind: str, source: str, count: str) -> RawExposure:
    """A row as it stands in a file or form. Raises ExposureError."""
    try:
        on = date.fromisoformat(day.strip().replace("/", "-"))
    except ValueError as error:
        raise ExposureError(_("日期写成 2026-11-22 这样"), code="bad_date", field="day") from error
    if not 1990 <= on.year <= 2100:
        raise ExposureError(_("日期写成 2026-11-22 这样"), code="bad_date", field="day")
    kind = KINDS.get(kind.strip(), kind.strip().lower()) or "order"
    if not KIND.match(kind):
        raise ExposureError(_("种类是订单、到店、来电、包裹、活跃客户，或小写英文代码"), code="bad_kind", field="kind")
    source = source.strip() or DEFAULT_SOURCE
    if not SOURCE.match(source) or not is_storable(source):
        raise ExposureError(_("来源最多 40 个字，不能有空格"), code="bad_source", field="source")
    digits = count.strip().replace(",", "").replace("，", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 40 or int(digits) > MOST_COUNT:
        raise ExposureError(_("数量是不小于 0 的整数；没有数就不要这一行"), code="bad_count", field="count")
    return RawExposure(on, unit.strip(), kind, source, int(digits))


def plan(rows: tables.Rows, *, organisation: int) -> Plan:
    """What each row would do: add, change, same, or why it cannot. Nothing is written."""
    units = _units([values["unit"] for _, values in rows], organisation)
    made: list[tuple[int, Mapping[str, str], RawExposure | None, str, str]] = []
    for number, values in rows:
        try:
            made.append((number, values, checked(values["day"], values["unit"], values["kind"], values["source"], values["count"]), "", ""))
        except ExposureError as error:
            made.append((number, values, None, str(error.message), error.code))
    now_ = _held([raw for _, _, raw, _, _ in made if raw], units, organisation)
    seen: set[Key] = set()
    return Plan(tuple(_line(one, units, now_, seen) for one in made))


def _line(one: tuple[int, Mapping[str, str], RawExposure | None, str, str], units: Mapping[str, uuid.UUID], held: Mapping[Key, Exposure], seen: set[Key]) -> Line:
    number, values, raw, said, code = one
    if raw is None:
        return wrong(number, values, said, code)
    if raw.unit and raw.unit not in units:
        return wrong(number, values, _("没有代码为 %(code)s 的单元") % {"code": raw.unit[:64]}, "unknown_unit")
    key = _key(raw, units)
    if key in seen:
        return wrong(number, values, _("同一天、单元、种类、来源在这份表里出现了两次"), "twice")
    seen.add(key)
    shown = {"day": raw.day.isoformat(), "unit": raw.unit, "kind": raw.kind, "count": str(raw.count), "source": raw.source}
    before = held.get(key)
    if before is None:
        return Line(number, shown, "add")
    return Line(number, shown, "same" if before.count == raw.count else "change", _("原来是 %(n)s") % {"n": before.count} if before.count != raw.count else "")


def carry_out(plan: Plan, *, organisation: int, now: datetime, actor: str, how: str = "file") -> int:
    """Writes a plan without wrong rows as one batch, in the caller's transaction. Returns how many rows it holds."""
    raw = [checked(v["day"], v["unit"], v["kind"], v["source"], v["count"]) for line in plan.lines if line.outcome in {"add", "change"} for v in [line.values]]
    if raw:
        _write(raw, organisation=organisation, now=now, actor=actor, how=how)
        audit.note("exposures.told", "exposures", organisation=organisation, actor=actor, now=now, detail={"rows": len(raw), "how": how})
    return len(plan.lines)


def put(rows: Sequence[RawExposure], *, organisation: int, now: datetime, actor: str) -> list[str]:
    """What a system tells: accepted, unchanged, or unknown_unit for each; the last of equal keys holds. Idempotent."""
    units = _units([raw.unit for raw in rows], organisation)
    held = _held([raw for raw in rows if not raw.unit or raw.unit in units], units, organisation)
    said: list[str] = []
    keep: dict[Key, RawExposure] = {}
    for raw in rows:
        if raw.unit and raw.unit not in units:
            said.append("unknown_unit")
            continue
        before = keep.get(_key(raw, units)) or held.get(_key(raw, units))
        said.append("unchanged" if before is not None and before.count == raw.count else "accepted")
        keep[_key(raw, units)] = raw
    fresh = [raw for key, raw in keep.items() if key not in held or held[key].count != raw.count]
    if fresh:
        _write(fresh, organisation=organisation, now=now, actor=actor, how="api")
    return said


def undo(batch_id: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> int:
    """Takes a batch back: its rows are as before, or gone; rows that were told again since stay. Returns how many it undid."""
    batch = ExposureBatch.objects.select_for_update().filter(organisation_id=organisation, id=batch_id).first()
    if batch is None:
        raise ExposureError(_("没有这一批"), code="unknown", field="")
    if batch.undone_at is not None:
        return 0
    rows = list(Exposure.objects.select_for_update().filter(organisation_id=organisation, batch=batch))
    before = _before(batch)
    gone = [row.id for row in rows if str(row.id) not in before]
    kept = [row for row in rows if str(row.id) in before]
    Exposure.objects.filter(organisation_id=organisation, id__in=gone).delete()
    for row in kept:
        (row.count, row.batch_id), row.told_at = before[str(row.id)], now
    Exposure.objects.bulk_update(kept, ["count", "batch", "told_at"], batch_size=1000)
    batch.undone_at, batch.undone_by = now, actor[:120]
    batch.save(update_fields=["undone_at", "undone_by"])
    audit.note("exposures.undone", "exposures", organisation=organisation, actor=actor, now=now, detail={"rows": len(rows)})
    return len(rows)


def _before(batch: ExposureBatch) -> dict[str, tuple[int, uuid.UUID | None]]:
    """What each row that a batch replaced held, and whose it was; past batches that were taken back themselves."""
    found = {row["id"]: (row["count"], uuid.UUID(row["batch"]) if row.get("batch") else None) for row in batch.before}
    others = {key for _count, key in found.values() if key}
    undone = ExposureBatch.objects.filter(organisation_id=batch.organisation_id, id__in=others, undone_at__isnull=False) if others else ()
    for other in undone:
        deeper = _before(other)
        for key in [key for key, (_count, owner) in found.items() if owner == other.id]:
            if key in deeper:
                found[key] = deeper[key]
            else:
                del found[key]
    return found


def told(*, organisation: int) -> list[Summary]:
    """What each source has told of each kind."""
    rows = Exposure.objects.filter(organisation_id=organisation).values("kind", "source").order_by("kind", "source")
    found = rows.annotate(n=Rows("id"), total=Sum("count"), first=Min("local_day"), last=Max("local_day"))
    return [Summary(row["kind"], row["source"], row["n"], int(row["total"]), row["first"], row["last"]) for row in found]


def _units(codes: Sequence[str], organisation: int) -> dict[str, uuid.UUID]:
    wanted = {code.strip() for code in codes if code.strip()}
    return dict(Unit.objects.filter(organisation_id=organisation, code__in=wanted).values_list("code", "id")) if wanted else {}


def _key(raw: RawExposure, units: Mapping[str, uuid.UUID]) -> Key:
    return raw.kind, raw.source, raw.day, units[raw.unit] if raw.unit else None


def _held(rows: Sequence[RawExposure], units: Mapping[str, uuid.UUID], organisation: int) -> dict[Key, Exposure]:
    """What is held of the days, kinds and sources of these rows."""
    if not rows:
        return {}
    found = Exposure.objects.filter(
        organisation_id=organisation, local_day__in={raw.day for raw in rows}, kind__in={raw.kind for raw in rows}, source__in={raw.source for raw in rows},
    )  # fmt: skip
    return {(row.kind, row.source, row.local_day, row.unit_id): row for row in found}


def _write(rows: Sequence[RawExposure], *, organisation: int, now: datetime, actor: str, how: str) -> None:
    """Adds or replaces. One road at a time an organisation, so that a batch knows what it replaced."""
    Organisation.objects.select_for_update().get(id=organisation)
    units = _units([raw.unit for raw in rows], organisation)
    held = _held(rows, units, organisation)
    before: list[dict[str, Any]] = []
    batch = None if how == "api" else ExposureBatch.objects.create(organisation_id=organisation, how=how, n_rows=len(rows), at=now, actor=actor[:120])
    fresh, changed = [], []
    for raw, key in zip(rows, new_ids(len(rows)), strict=True):
        row = held.get(_key(raw, units))
        if row is None:
            fresh.append(
                Exposure(
                    id=key, organisation_id=organisation, local_day=raw.day, unit_id=_key(raw, units)[3], kind=raw.kind, source=raw.source,
                    count=raw.count, batch=batch, told_at=now,
                )  # fmt: skip
            )
            continue
        before.append({"id": str(row.id), "count": row.count, "batch": str(row.batch_id) if row.batch_id else ""})
        row.count, row.batch, row.told_at = raw.count, batch, now
        changed.append(row)
    Exposure.objects.bulk_create(fresh, batch_size=1000)
    Exposure.objects.bulk_update(changed, ["count", "batch", "told_at"], batch_size=1000)
    if batch is not None:
        batch.before = before
        batch.save(update_fields=["before"])
