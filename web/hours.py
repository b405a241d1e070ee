"""Opening hours as people write them: `09:00–12:00, 13:30–18:00`, a line a day. Pure, but for the language of refusals."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError

SPAN = re.compile(r"(\d{1,2})(?:[:：](\d{2}))?\s*[-–—~～至到]+\s*(\d{1,2})(?:[:：](\d{2}))?")
CLOSED = {"", "-", "–", "休", "休息", "closed"}
Pairs = list[list[str]]


class HoursError(DomainError):
    """The hours cannot be read."""

    code = "bad_hours"


def read(text: str, field: str) -> Pairs:
    """The intervals of one day; nothing, 休 or closed for none. A close not after its open runs past midnight."""
    text = text.strip()
    if text.lower() in CLOSED:
        return []
    found, rest = [], text
    for match in SPAN.finditer(text):
        opens_h, opens_m, closes_h, closes_m = match.groups()
        opens, closes = _time(opens_h, opens_m), _time(closes_h, closes_m)
        if not opens or not closes or opens == "24:00":
            raise HoursError(_("没有这样的时刻：%(text)s") % {"text": match.group(0)}, field=field)
        found.append([opens, closes])
        rest = rest.replace(match.group(0), "", 1)
    if not found or rest.strip(" ,，、;；/\t和"):
        raise HoursError(_("写成 09:00–18:00，几段用逗号隔开；不营业就空着"), field=field)
    return found


def _time(hour: str, minute: str | None) -> str:
    h, m = int(hour), int(minute or 0)
    return f"{h:02d}:{m:02d}" if (h < 24 and m < 60) or (h, m) == (24, 0) else ""


def write(pairs: Iterable[Sequence[str]]) -> str:
    """Intervals as they are read."""
    return ", ".join(f"{opens}–{closes}" for opens, closes in pairs)


def read_days(text: str, field: str) -> list[str]:
    """Dates, several a line; each must be one."""
    found = [_date(part, field) for part in re.split(r"[\s,，、;；]+", text.strip()) if part]
    return sorted(set(found))


def read_dated(text: str, field: str, default: Pairs) -> dict[str, Pairs]:
    """A date and its hours a line; a date alone takes the default hours."""
    found = {}
    for line in text.splitlines():
        if line.strip():
            day, _sep, hours = line.strip().partition(" ")
            found[_date(day, field)] = read(hours, field) if hours.strip() else default
    return found


def write_dated(dated: dict[str, Pairs], closed: str) -> str:
    """Dates and hours as they are read."""
    return "\n".join(f"{day} {write(pairs) or closed}" for day, pairs in sorted(dated.items()))


def _date(text: str, field: str) -> str:
    clean = re.sub(r"[./年月]", "-", text).rstrip("日-")
    parts = clean.split("-")
    try:
        return date(*(int(part) for part in parts)).isoformat()
    except (ValueError, TypeError) as error:
        raise HoursError(_("不是日期：%(text)s，写成 2026-10-01") % {"text": text[:20]}, field=field) from error
