"""A working calendar as a form: hours a day as people write them, and back to the specification that is stored.

Used by the calendar page and by the wizard; what an hour counts is `cxms.lib.working_time`'s business.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from cxms.lib.calendar_spec import DAYS
from cxms.lib.working_time import Calendar
from tenancy import holidays
from tenancy.calendar_presets import chinese_days
from web import hours
from web.hours import HoursError

PRESETS = ("store", "office", "always")


def day_names() -> dict[str, str]:
    """The days of the week by their code."""
    names = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    return dict(zip(DAYS, names, strict=True))


def values_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored calendar."""
    return {
        "timezone": spec.get("timezone", ""),
        "always": bool(spec.get("always")),
        **{day: hours.write(spec.get("weekly", {}).get(day, [])) for day in DAYS},
        "holidays": "\n".join(spec.get("holidays", [])),
        "workdays": hours.write_dated(spec.get("workdays", {}), ""),
        "special": hours.write_dated(spec.get("special", {}), _("休")),
    }


def typed(request: HttpRequest) -> dict[str, Any]:
    """What the form holds."""
    found: dict[str, Any] = {day: request.POST.get(day, "")[:200] for day in DAYS}
    for name in ("timezone", "holidays", "workdays", "special"):
        found[name] = request.POST.get(name, "").replace("\x00", "")[:20_000]
    found["always"] = request.POST.get("always") == "on"
    return found


def spec_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a form. Raises HoursError or, from `Calendar.from_spec`, CalendarError naming the field."""
    weekly = {day: hours.read(values[day], day) for day in DAYS}
    usual = next((pairs for pairs in weekly.values() if pairs), [["09:00", "18:00"]])
    spec = {
        "timezone": values["timezone"].strip(),
        "always": values["always"],
        "weekly": {day: pairs for day, pairs in weekly.items() if pairs},
        "holidays": hours.read_days(values["holidays"], "holidays"),
        "workdays": hours.read_dated(values["workdays"], "workdays", usual),
        "special": hours.read_dated(values["special"], "special", usual),
    }
    if not spec["always"] and not spec["weekly"] and not spec["workdays"]:
        raise HoursError(_("一周里至少有一天要有营业时间"), field="mon")
    return Calendar.from_spec(spec).to_spec()


def with_china(values: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The form with the published public days and make-up days of mainland China, this year and next, added."""
    off, work = chinese_days(range(today.year, today.year + 2))
    kept = [line for line in values["workdays"].splitlines() if line.strip()]
    known = {line.split()[0] for line in kept}
    days = set(hours.read_days(values["holidays"], "holidays")) | {day.isoformat() for day in off}
    return {
        **values,
        "holidays": "\n".join(sorted(days)),
        "workdays": "\n".join(sorted(kept + [day.isoformat() for day in work if day.isoformat() not in known])),
    }


def week_words(values: Mapping[str, Any]) -> str:
    """The week in a line, equal days together: 周一至周五 09:00–18:00。"""
    names = day_names()
    runs: list[list[str]] = []
    for day in DAYS:
        if runs and values[runs[-1][0]] == values[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = []
    for run in runs:
        if values[run[0]]:
            ends = {"first": names[run[0]], "last": names[run[-1]]}
            name = ends["first"] if len(run) == 1 else _("每天") if len(run) == 7 else _("%(first)s至%(last)s") % ends
            said.append(f"{name} {values[run[0]]}")
    return " · ".join(said)


def strip(calendar: Calendar, today: date) -> list[dict[str, Any]]:
    """The coming twelve months, a row each: every day's place and kind for the year strip. Pure."""
    gaps = set(holidays.gap_years(calendar, today))
    months = []
    first = today.replace(day=1)
    for i in range(12):
        year, month = divmod(first.month - 1 + i, 12)
        start = date(first.year + year, month + 1, 1)
        after = date(start.year + (start.month == 12), start.month % 12 + 1, 1)
        cells = [
            {"x": 34 + (day - 1) * 12, "y": i * 16, "kind": kind_of(calendar, start.replace(day=day))}
            for day in range(1, (after - start).days + 1)
        ]
        months.append({"label": start.strftime("%Y-%m"), "y": i * 16 + 10, "cells": cells, "is_gap": start.year in gaps})
    return months


def kind_of(calendar: Calendar, day: date) -> str:
    """open, closed, holiday, work (a make-up day) or special."""
    if calendar.always:
        return "open"
    if day in calendar.special:
        return "special"
    if day in calendar.workdays:
        return "work"
    if day in calendar.holidays:
        return "holiday"
    return "open" if calendar.hours_on(day) else "closed"
