"""The calendars an organisation starts with, and the public days of mainland China (调休 included).

Apart from `calendars`, because the library of public days is slow to load and only a first day needs it.
"""

from datetime import date, datetime
from typing import Any

import holidays as public_holidays

from tenancy.calendars import put

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def chinese_days(years: range) -> tuple[list[date], list[date]]:
    """(days off, make-up working days 调休) of mainland China for the years whose notice is published."""
    table = public_holidays.country_holidays("CN", years=years)
    off = sorted(day for day in table if day.year in years)
    return off, sorted(day for day in table.weekend_workdays if day.year in years)


def add_presets(*, organisation: int, timezone: str, now: datetime, actor: str) -> None:
    """`always` (24 × 7) and `office` (Mon–Fri 09–18 with mainland holidays and make-up days where the zone is ours)."""
    put("always", {"timezone": timezone, "always": True}, organisation=organisation, now=now, actor=actor)
    office: dict[str, Any] = {
        "timezone": timezone,
        "weekly": {day: [["09:00", "18:00"]] for day in DAYS[:5]},
        "holidays": [],
        "workdays": {},
    }
    if timezone in {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing"}:
        off, work = chinese_days(range(now.year - 1, now.year + 2))
        office["holidays"] = [day.isoformat() for day in off]
        office["workdays"] = {day.isoformat(): [["09:00", "18:00"]] for day in work}
    put("office", office, organisation=organisation, now=now, actor=actor)
    put(
        "store",
        {"timezone": timezone, "weekly": {day: [["10:00", "22:00"]] for day in DAYS}},
        organisation=organisation,
        now=now,
        actor=actor,
    )
