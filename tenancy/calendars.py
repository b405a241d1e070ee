"""Working calendars, versioned: which hours a unit or a promise counts. The arithmetic is `cxms.lib.working_time`."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from cxms.lib.working_time import Calendar
from tenancy.models import CalendarVersion


class CalendarUnknown(DomainError):
    """No calendar bears this code."""

    code = "unknown_calendar"


def put(code: str, spec: dict[str, Any], *, organisation: int, now: datetime, actor: str) -> CalendarVersion:
    """Writes a new version of a calendar, valid from now on. Raises what `Calendar.from_spec` raises."""
    if not CODE.match(code):
        raise DomainError(_("日历代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    clean = Calendar.from_spec(spec).to_spec()
    last = (
        CalendarVersion.objects.select_for_update()
        .filter(organisation_id=organisation, code=code)
        .order_by("-version")
        .first()
    )
    if last is not None and last.spec == clean:
        return last
    return CalendarVersion.objects.create(
        organisation_id=organisation, code=code, version=(last.version + 1 if last else 1), spec=clean, valid_from=now
    )


def current(code: str, *, organisation: int) -> CalendarVersion:
    """The latest version of a calendar. Raises CalendarUnknown."""
    row = CalendarVersion.objects.filter(organisation_id=organisation, code=code).order_by("-version").first()
    if row is None:
        raise CalendarUnknown(_("日历 %(code)s 不存在") % {"code": code[:64]}, field="calendar")
    return row


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
