"""Working calendars, versioned: which hours a unit or a promise counts. The arithmetic is `cxms.lib.working_time`."""

import uuid
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from cxms.lib.working_time import Calendar
from ledger.facts import record
from tenancy import audit, holidays
from tenancy import versions as guard
from tenancy.models import CalendarVersion


class CalendarUnknown(DomainError):
    """No calendar bears this code."""

    code = "unknown_calendar"


def put(
    code: str, spec: dict[str, Any], *, organisation: int, now: datetime, actor: str, version: int | None = None
) -> CalendarVersion:
    """Writes a new version of a calendar, valid from now on. Raises what `Calendar.from_spec` raises.

    `version` guards: the version the writer saw; Stale when another has been written since.
    """
    if not CODE.match(code):
        raise DomainError(_("日历代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    clean = Calendar.from_spec(spec).to_spec()
    last = (
        CalendarVersion.objects.select_for_update()
        .filter(organisation_id=organisation, code=code)
        .order_by("-version")
        .first()
    )
    if last is not None:
        guard.check(last, version)
        if last.spec == clean:
            return last
    version = last.version + 1 if last else 1
    if last is not None:
        data = {"code": code, "version": version}
        record("calendar.changed", code, data, organisation=organisation, now=now, actor=actor)
    holidays.watch(code, Calendar.from_spec(clean), organisation=organisation, now=now)
    audit.note("calendar.saved", code, organisation=organisation, actor=actor, now=now, detail={"version": version})
    return CalendarVersion.objects.create(
        organisation_id=organisation, code=code, version=version, spec=clean, valid_from=now
    )


def label(code: str) -> str:
    """What a calendar is called: the presets have names, others their code."""
    return {"always": _("全天候"), "office": _("办公时间"), "store": _("门店时间")}.get(code, code)


def current(code: str, *, organisation: int) -> CalendarVersion:
    """The latest version of a calendar. Raises CalendarUnknown."""
    row = CalendarVersion.objects.filter(organisation_id=organisation, code=code).order_by("-version").first()
    if row is None:
        raise CalendarUnknown(_("日历 %(code)s 不存在") % {"code": code[:64]}, field="calendar")
    return row


def versions(code: str, *, organisation: int) -> list[CalendarVersion]:
    """Every version of a calendar, the latest first; empty when there is none."""
    return list(CalendarVersion.objects.filter(organisation_id=organisation, code=code).order_by("-version"))


def all_current(*, organisation: int) -> list[CalendarVersion]:
    """The latest version of every calendar, by code."""
    rows = CalendarVersion.objects.filter(organisation_id=organisation)
    return list(rows.order_by("code", "-version").distinct("code"))


def line_of(code: str, *, organisation: int) -> list[tuple[datetime, uuid.UUID]]:
    """Since when each version of a calendar is in force, the earliest first; empty when there is none."""
    rows = CalendarVersion.objects.filter(organisation_id=organisation, code=code).order_by("version")
    return list(rows.values_list("valid_from", "id"))


def by_key(key: uuid.UUID, *, organisation: int, timezone: str = "") -> Calendar:
    """The arithmetic form of a version by its key, its hours read in `timezone` when one is given; remembered."""
    found = _known(key, timezone)
    if not found:
        row = CalendarVersion.objects.get(organisation_id=organisation, id=key)
        calendar = load(row)
        found.append(replace(calendar, timezone=timezone) if timezone and timezone != calendar.timezone else calendar)
    return found[0]


@lru_cache(maxsize=1024)
def _known(key: uuid.UUID, timezone: str) -> list[Calendar]:
    return []


def load(row: CalendarVersion) -> Calendar:
    """The arithmetic form of a stored version, cached by its key."""
    return _load(str(row.id), repr(row.spec), row)


@lru_cache(maxsize=512)
def _cached(key: str, text: str) -> dict[str, Calendar]:
    return {}


def _load(key: str, text: str, row: CalendarVersion) -> Calendar:
    slot = _cached(key, text)
    if "calendar" not in slot:
        slot["calendar"] = Calendar.from_spec(row.spec)
    return slot["calendar"]
