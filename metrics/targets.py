"""目标: what a metric is to reach, as series with history and source; competitors' values are kept the same way.

Called by the doors, and by whoever draws a figure (`book`). A target is for what it says: the figure of its unit and
everything below it, narrowed by nothing else than its own dimension and code. The nearest unit above a figure tells;
the tree is today's.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import topics
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE
from metrics.enums import Basis
from metrics.models import Target
from metrics.series import Point, Where
from metrics.statistics import Estimate, against
from tenancy import audit
from tenancy.enums import Channel
from tenancy.models import Touchpoint, Unit

LIMITS: dict[str, tuple[float, float]] = {
    "points": (-100, 100), "%": (0, 100), "0–100": (0, 100), "mean 1–7": (1, 7), "−1..1": (-1, 1),
}  # fmt: skip
MOST = Decimal(10) ** 9
LONGEST = {"code": 80, "competitor": 60, "source": 300, "note": 300}
DIMENSIONS = ("channel", "touchpoint", "tier", "topic", "clause")  # not units (a field of its own) nor people


class TargetError(DomainError):
    """The target cannot be kept or withdrawn as asked."""


@dataclass(frozen=True)
class Wanted:
    """A target as a door gives it: texts, cleaned here."""

    metric: str
    value: str
    from_date: str
    basis: str = Basis.OWN
    unit: str = ""
    dimension: str = ""
    code: str = ""
    competitor: str = ""
    source: str = ""
    note: str = ""


def put(key: uuid.UUID, wanted: Wanted, *, organisation: int, now: datetime, actor: str, paths: Sequence[str] = ("/",)) -> Target:
    """Sets a target, or notes a competitor's value, from a day on; the same key again gives the first.

    It supersedes the series' earlier ones from its day and changes none of them: a day that is not later than the newest
    standing one is refused (`not_later`). Raises TargetError.
    """
    there = Target.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    definition, fields = BY_CODE.get(wanted.metric), _texts(wanted)
    if definition is None:
        raise TargetError(_("没有这个指标"), code="unknown_metric", field="metric")
    fields |= {"value": value_of(wanted.value, definition), "from_date": _day(wanted.from_date)}
    unit = _unit(wanted.unit, definition, organisation, paths)
    _check_cell(fields, definition, organisation)
    series = {name: fields[name] for name in ("metric", "dimension", "code", "competitor")}
    newest = Target.objects.filter(organisation_id=organisation, unit=unit, withdrawn_at__isnull=True, **series).order_by("-from_date").first()
    if newest is not None and newest.from_date >= fields["from_date"]:
        said = _("%(day)s 起已有一个。新的要晚于它；它若写错了，先撤回。") % {"day": newest.from_date}
        raise TargetError(said, code="not_later", field="from_date")
    try:
        with transaction.atomic():
            row = Target.objects.create(id=key, organisation_id=organisation, unit=unit, set_at=now, set_by=actor[:120], **fields)
    except IntegrityError as error:  # somebody set the same day in the same instant
        raise TargetError(_("刚刚有人设了同一天起的，请再看一眼。"), code="not_later", field="from_date") from error
    detail = {"metric": row.metric, "unit": unit.code if unit else "", "from": str(row.from_date), "value": str(row.value), "competitor": row.competitor}
    audit.note("target.set", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def withdraw(key: uuid.UUID, reason: str, *, organisation: int, now: datetime, actor: str) -> Target | None:
    """Takes a wrong one out with a reason; what stood before it stands again. Once: again is a no-op. None if there is none."""
    row = Target.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None or row.withdrawn_at is not None:
        return row
    said = " ".join(reason.split())[:200]
    if not said:
        raise TargetError(_("写一句为什么撤回"), code="missing", field="reason")
    row.withdrawn_at, row.withdrawn_by, row.reason = now, actor[:120], said
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "reason"])
    audit.note("target.withdrawn", row.id, organisation=organisation, actor=actor, now=now, detail={"metric": row.metric, "from": str(row.from_date)})
    return row


def _texts(wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {"metric": wanted.metric, "dimension": wanted.dimension, "basis": wanted.basis}
    for name in ("code", "competitor", "source", "note"):
        text = " ".join(str(getattr(wanted, name)).split())
        most = LONGEST[name]
        if len(text) > most:
            raise TargetError(_("最多 %(most)d 字") % {"most": most}, code="too_long", field=name)
        found[name] = text
    if wanted.basis not in Basis.values:
        raise TargetError(_("来源是其中之一"), code="unknown_basis", field="basis")
    if wanted.competitor and wanted.basis == Basis.OWN:
        raise TargetError(_("竞品的数不是自己定的"), code="bad_basis", field="basis")
    if wanted.basis != Basis.OWN and not found["source"]:
        raise TargetError(_("写明出处：文件、网址或谁说的"), code="missing", field="source")
    return found


def value_of(text: str, definition: Definition) -> Decimal:
    """A number as somebody typed it, on the metric's scale. TargetError (bad_value, out_of_range)."""
    try:
        value = Decimal(str(text).replace("−", "-").strip())
    except InvalidOperation as error:
        raise TargetError(_("写一个数"), code="bad_value", field="value") from error
    low, high = LIMITS.get(definition.unit, (0, float(MOST)))
    if not value.is_finite() or not low <= value <= high:
        raise TargetError(_("这个指标在 %(low)s 到 %(high)s 之间") % {"low": f"{low:g}", "high": f"{high:g}"}, code="out_of_range", field="value")
    return round(value, 4)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(str(text))
    except ValueError as error:
        raise TargetError(_("写一个日期"), code="bad_date", field="from_date") from error
    if not 1990 <= day.year <= 2200:
        raise TargetError(_("写一个日期"), code="bad_date", field="from_date")
    return day


def _unit(code: str, definition: Definition, organisation: int, paths: Sequence[str]) -> Unit | None:
    """The unit of a code inside `paths`; None for the whole organisation, which is its headquarters too."""
    if not code:
        if not any(path.count("/") <= 2 for path in paths):
            raise TargetError(_("全公司的目标由看得到全公司的人来设，选一个你的单元"), code="not_yours", field="unit")
        return None
    unit = Unit.objects.filter(organisation_id=organisation, code=code, retired_at__isnull=True).first()
    if unit is None or "unit" not in definition.dimensions or not any(unit.path.startswith(path) for path in paths):
        raise TargetError(_("没有这个单元"), code="unknown_unit", field="unit")
    return unit if unit.parent_id else None


def _check_cell(fields: dict[str, Any], definition: Definition, organisation: int) -> None:
    name, code = fields["dimension"], fields["code"]
    if not name and not code:
        return
    if name not in DIMENSIONS or name not in definition.dimensions:
        raise TargetError(_("这个指标不按它分"), code="unknown_dimension", field="dimension")
    if not code or not _is_known(name, code, organisation):
        raise TargetError(_("没有这个代码"), code="unknown_code", field="code")


def _is_known(name: str, code: str, organisation: int) -> bool:
    """Tiers come from the CRM and clauses from any version of a policy: those are taken as they are."""
    if name == "channel":
        return code in Channel.values
    if name == "touchpoint":
        return Touchpoint.objects.filter(organisation_id=organisation, code=code).exists()
    return name != "topic" or code in topics.all_names(organisation=organisation)


# ---- what holds ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """The standing targets of some metrics, to be asked for any figure without another statement."""

    rows: Sequence[Target]
    paths: dict[str | None, tuple[str, ...]] = field(default_factory=dict)

    def at(self, metric: str, day: date, where: Where, *, unit: str = "", cell: tuple[str, str] = ("", "")) -> Target | None:
        """The target of a figure on a day: of the filters `where`, of a unit or of a cell (dimension, code) of a cut.

        None where the figure is narrowed by anything that the target does not name, and for a reader of several subtrees.
        """
        place = self._place(where, unit)
        narrowed = {name: code for name, code in where.given().items() if name != "unit"} | ({cell[0]: cell[1]} if cell[0] else {})
        if place is None or len(narrowed) > 1:
            return None
        wanted = next(iter(narrowed.items()), ("", ""))
        found = [row for row in self.rows if row.metric == metric and (row.dimension, row.code) == wanted and not row.competitor]
        fits = [row for row in found if row.from_date <= day and (row.unit is None or row.unit.code in place)]
        return max(fits, key=lambda row: (place.index(row.unit.code) if row.unit else -1, row.from_date), default=None)

    def of(self, metric: str, point: Point, where: Where, **more: Any) -> Target | None:
        """The target of a point: that of its last day."""
        return self.at(metric, date.fromordinal(point.to_date.toordinal() - 1), where, **more)

    def competitors(self, metric: str, day: date) -> list[Target]:
        """Each competitor's newest value until a day, by name."""
        newest: dict[tuple[str, Any, str], Target] = {}
        for row in sorted(self.rows, key=lambda row: row.from_date):
            if row.metric == metric and row.competitor and row.from_date <= day:
                newest[row.competitor, row.unit_id, row.code] = row
        return sorted(newest.values(), key=lambda row: (row.competitor, row.code))

    def _place(self, where: Where, unit: str) -> tuple[str, ...] | None:
        asked = [unit or where.unit] if unit or where.unit else where.subtrees
        if len(asked) > 1:
            return None
        return self.paths.get(asked[0], (asked[0],)) if asked else ()


def book(metrics: Iterable[str], *, organisation: int) -> Book:
    """The standing targets of these metrics: one statement, and one more for the tree when there are any of a unit."""
    rows = list(Target.objects.filter(organisation_id=organisation, metric__in=list(metrics), withdrawn_at__isnull=True).select_related("unit"))
    if not any(not row.competitor for row in rows):
        return Book(rows)
    units = Unit.objects.filter(organisation_id=organisation).values_list("code", "path")
    return Book(rows, {code: tuple(path.strip("/").split("/")) for code, path in units})


def verdict(definition: Definition, point: Point, target: Target | None) -> str | None:
    """reached, missed or unclear; None without a target, a value, or where the point is hidden."""
    if target is None or point.suppressed:
        return None
    estimate = Estimate(point.value, point.low, point.high, point.n or 0)
    return against(estimate, float(target.value), definition.direction)
