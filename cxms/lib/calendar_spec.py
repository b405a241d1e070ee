"""The JSON of a calendar, read field by field: zones, hours, dates, each error with the path of what is wrong."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cxms.lib.errors import DomainError

Hours = tuple[tuple[str, str], ...]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = frozenset({"timezone", "always", "weekly", "holidays", "workdays", "special"})
DAY_MINUTES = 24 * 60
HOUR_MINUTE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CalendarError(DomainError):
    """A calendar that cannot be read; `field` is the path inside the spec, such as `weekly.mon`."""

    code = "calendar_invalid"


def gettext_noop(text: str) -> str:
    """Mark a sentence for the translators; the door that shows it translates it, for this module knows no framework."""
    return text


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


def zone(name: object) -> ZoneInfo:
    if not isinstance(name, str) or name not in _zone_names():
        raise CalendarError(gettext_noop("时区不存在"), field="timezone")
    return ZoneInfo(name)


def read_weekly(weekly: object) -> dict[int, Hours]:
    if not isinstance(weekly, Mapping):
        raise CalendarError(gettext_noop("每周时段必须是一个对象"), field="weekly")
    for key in weekly:
        if key not in DAYS:
            raise CalendarError(gettext_noop("星期只能是 mon 到 sun"), field=f"weekly.{key}")
    return {DAYS.index(key): _read_hours(hours, f"weekly.{key}") for key, hours in weekly.items()}


def read_holidays(holidays: object) -> frozenset[date]:
    if not isinstance(holidays, list | tuple):
        raise CalendarError(gettext_noop("节假日必须是日期列表"), field="holidays")
    return frozenset(_read_date(day, f"holidays.{index}") for index, day in enumerate(holidays))


def read_dated(dated: object, name: str) -> dict[date, Hours]:
    if not isinstance(dated, Mapping):
        raise CalendarError(gettext_noop("必须是以日期为键的对象"), field=name)
    return {_read_date(day, f"{name}.{day}"): _read_hours(hours, f"{name}.{day}") for day, hours in dated.items()}


def _read_date(text: object, name: str) -> date:
    if isinstance(text, str) and ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise CalendarError(gettext_noop("日期必须写成 YYYY-MM-DD"), field=name)


def _read_hours(hours: object, name: str) -> Hours:
    if not isinstance(hours, list | tuple):
        raise CalendarError(gettext_noop("营业时段必须是列表"), field=name)
    read = tuple(_read_pair(pair, name) for pair in hours)
    spans = minutes(read)
    if any(later[0] < earlier[1] for earlier, later in zip(spans, spans[1:], strict=False)):
        raise CalendarError(gettext_noop("营业时段互相重叠"), field=name)
    return read


def _read_pair(pair: object, name: str) -> tuple[str, str]:
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise CalendarError(gettext_noop("营业时段必须写成 [开始, 结束]"), field=name)
    opens, closes = pair
    if not HOUR_MINUTE.fullmatch(opens) or not (closes == "24:00" or HOUR_MINUTE.fullmatch(closes)):
        raise CalendarError(gettext_noop("时间必须写成 HH:MM"), field=name)
    return opens, closes


def minutes(hours: Hours) -> list[tuple[int, int]]:
    """Minutes after local midnight, by opening; beyond 1440 for a close on the next day."""
    pairs = ((_clock_minutes(opens), _clock_minutes(closes)) for opens, closes in hours)
    return sorted((opens, closes if closes > opens else closes + DAY_MINUTES) for opens, closes in pairs)


def _clock_minutes(text: str) -> int:
    if text == "24:00":
        return DAY_MINUTES
    match = HOUR_MINUTE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time of day: {text!r}")
    return int(match[1]) * 60 + int(match[2])
