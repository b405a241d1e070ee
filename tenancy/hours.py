"""Which hours a unit keeps, and kept before: its own calendar and zone, else those of the nearest unit above it.

A change writes one line per unit it reaches, in its own transaction, so that whoever counts across the change knows the
hours on both sides of it to the microsecond. The calendars themselves are versioned in `tenancy.calendars`.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.facts import record
from tenancy.models import Unit, UnitHours

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT = "office"


@dataclass(frozen=True)
class Kept:
    """The code of a calendar, and the zone its hours are read in; "" for the calendar's own."""

    calendar: str
    timezone: str


def of(unit: Unit | None, *, organisation: int) -> Kept:
    """What a unit keeps now; without a unit what the headquarters keeps."""
    rows = Unit.objects.filter(organisation_id=organisation)
    if unit is None:
        root = rows.filter(parent=None).order_by("path").first()
        return Kept(root.calendar if root and root.calendar else DEFAULT, "")
    codes = unit.path.strip("/").split("/")
    above = {row.code: row for row in rows.filter(code__in=codes)}
    return _kept(unit, {**above, unit.code: unit})


def _kept(unit: Unit, by_code: Mapping[str, Unit]) -> Kept:
    calendar = timezone = ""
    for code in reversed(unit.path.strip("/").split("/")):
        row = by_code.get(code)
        if row is not None:
            calendar, timezone = calendar or row.calendar, timezone or row.timezone
    return Kept(calendar or DEFAULT, timezone)


def all_kept(*, organisation: int) -> dict[uuid.UUID, Kept]:
    """What every unit keeps now."""
    by_code = {row.code: row for row in Unit.objects.filter(organisation_id=organisation)}
    return {row.id: _kept(row, by_code) for row in by_code.values()}


def note_changes(before: Mapping[uuid.UUID, Kept], path: str, *, organisation: int, now: datetime, actor: str) -> int:
    """Writes what changed since `before`, for every unit it reached; records `hours.changed` for the subtree at `path`."""
    after = all_kept(organisation=organisation)
    changed = [key for key, kept in after.items() if key in before and before[key] != kept]
    if not changed:
        return 0
    known = set(UnitHours.objects.filter(organisation_id=organisation, unit__in=changed).values_list("unit_id", flat=True))
    first = [_line(key, before[key], SINCE_EVER, organisation) for key in changed if key not in known]
    UnitHours.objects.bulk_create([*first, *(_line(key, after[key], now, organisation) for key in changed)])
    record("hours.changed", path, {"path": path, "n": len(changed)}, organisation=organisation, now=now, actor=actor)
    return len(changed)


def _line(unit: uuid.UUID, kept: Kept, at: datetime, organisation: int) -> UnitHours:
    return UnitHours(organisation_id=organisation, unit_id=unit, at=at, calendar=kept.calendar, timezone=kept.timezone)


def turns_of(units: Iterable[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, list[tuple[datetime, Kept]]]:
    """When each of these units began to keep other hours, and which, in order; units that never did are missing."""
    found: dict[uuid.UUID, list[tuple[datetime, Kept]]] = {}
    rows = UnitHours.objects.filter(organisation_id=organisation, unit__in=list(units), at__gt=SINCE_EVER)
    for row in rows.order_by("at", "id"):
        found.setdefault(row.unit_id, []).append((row.at, Kept(row.calendar, row.timezone)))
    return found
