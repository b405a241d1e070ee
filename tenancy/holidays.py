"""Which years of a calendar's holidays are missing, and saying so sixty days ahead, once per calendar and year.

Every save of a calendar sets when it is looked at next; the timer writes what it said and the fact in one transaction.
The week counts meanwhile (promises/SLA §3.3).
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cxms.lib import dispatch, failpoints
from cxms.lib.working_time import Calendar
from ledger.facts import record
from tenancy.models import CalendarWatch

CHINA = {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing"}
AHEAD_DAYS = 60
MORNING = time(9)
BATCH = 50
DUE = "select distinct organisation_id from tenancy_calendarwatch where next_at <= statement_timestamp()"


def gap_years(calendar: Calendar, today: date, days: int = 364) -> list[int]:
    """The years of the coming `days` that a calendar with holidays does not know in full. Pure.

    In mainland China a year without make-up days is one whose notice is not published yet, whatever a table says.
    """
    if calendar.always or not calendar.holidays:
        return []
    known = _known(calendar)
    return [year for year in sorted({today.year, (today + timedelta(days=days)).year}) if year not in known]


def _known(calendar: Calendar) -> set[int]:
    known = {day.year for day in calendar.holidays}
    if calendar.timezone in CHINA and calendar.workdays:
        known &= {day.year for day in calendar.workdays}
    return known


def next_look(calendar: Calendar, told: Collection[int], now: datetime) -> datetime | None:
    """Nine in the morning sixty days before the next year that is missing and of which nothing was said; late: tomorrow's.

    None for a calendar without holidays, and for one that knows two years ahead. Pure.
    """
    if calendar.always or not calendar.holidays:
        return None
    zone = ZoneInfo(calendar.timezone)
    today = now.astimezone(zone).date()
    known = _known(calendar) | set(told)
    for year in range(today.year, today.year + 3):
        if year not in known:
            day = max(date(year, 1, 1) - timedelta(days=AHEAD_DAYS), today)
            at = datetime.combine(day, MORNING, zone)
            return at if at > now else datetime.combine(today + timedelta(days=1), MORNING, zone)
    return None


def watch(code: str, calendar: Calendar, *, organisation: int, now: datetime) -> None:
    """A calendar was written: sets when it is looked at next."""
    row, _fresh = CalendarWatch.objects.get_or_create(organisation_id=organisation, code=code)
    row.next_at = next_look(calendar, row.told, now)
    row.save(update_fields=["next_at"])


def due_organisations() -> list[int]:
    """Organisations with a calendar to be looked at. As the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def look(calendars: dict[str, Calendar], *, organisation: int, now: datetime) -> int:
    """Says of each calendar that is due which year is missing; `calendars`: those in force by code. Returns how many."""
    rows = CalendarWatch.objects.select_for_update(skip_locked=True).filter(organisation_id=organisation, next_at__lte=now)
    found = list(rows.order_by("next_at", "id")[:BATCH])
    for row in found:
        calendar = calendars[row.code]
        today = now.astimezone(ZoneInfo(calendar.timezone)).date()
        for year in gap_years(calendar, today, AHEAD_DAYS):
            if year not in row.told:
                row.told = [*row.told, year]
                record("calendar.unfilled", row.code, {"code": row.code, "year": year}, organisation=organisation, now=now)
        row.next_at = next_look(calendar, row.told, now)
        row.save(update_fields=["told", "next_at"])
    failpoints.reach("holidays.before_commit")
    return len(found)
