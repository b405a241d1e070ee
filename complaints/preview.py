"""`POST /promises/preview`: a promise worked out without storing anything. Values in, values out; calendar by code."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints import verdicts
from complaints.clock_specs import SPECS
from complaints.policies_check import MAX_TARGET, offsets, shares
from cxms.lib.errors import DomainError
from cxms.lib.working_time import Calendar
from tenancy import calendars


class PreviewError(DomainError):
    """The question is not well put; `field` names the part."""


def answer(payload: dict[str, Any], *, organisation: int, now: datetime) -> dict[str, Any]:
    """The answer as house/API words it. `calendar` is a code of the organisation or a whole specification."""
    target = payload.get("target_seconds")
    if type(target) is not int or not 0 <= target <= MAX_TARGET:
        raise PreviewError(_("目标应为正整数秒"), code="bad_target", field="target_seconds")
    default = SPECS["solution"]
    values: dict[str, Any] = {
        "calendar": _calendar(payload.get("calendar"), organisation),
        "started_at": _instant(payload.get("started_at"), "started_at"),
        "target_seconds": target,
        "warn_shares": shares(payload.get("warn_shares"), default.warn_shares, "warn_shares"),
        "after_seconds": offsets(payload.get("after_seconds"), default.after_seconds, "after_seconds"),
        "pauses": _pauses(payload.get("pauses")),
        "changes": _changes(payload.get("changes")),
        "stopped_at": _optional(payload.get("stopped_at"), "stopped_at"),
        "now": now,
    }
    if values["stopped_at"] is not None and values["stopped_at"] < values["started_at"]:
        raise PreviewError(_("早于开始"), code="out_of_order", field="stopped_at")
    return verdicts.preview(values)


def _calendar(value: Any, organisation: int) -> Calendar:
    if isinstance(value, dict):
        return Calendar.from_spec(value)
    if not isinstance(value, str):
        raise PreviewError(_("应为日历代码"), code="wrong_type", field="calendar")
    return calendars.load(calendars.current(value, organisation=organisation))


def _instant(value: Any, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise PreviewError(_("缺少时区偏移"), code="no_offset", field=where)
        if not 1990 <= found.year <= 2100:
            raise PreviewError(_("超出范围"), code="out_of_range", field=where)
    except (TypeError, ValueError) as error:
        raise PreviewError(_("应为带时区偏移的 ISO 8601 时刻"), code="bad_instant", field=where) from error
    return found


def _optional(value: Any, where: str) -> datetime | None:
    return None if value is None else _instant(value, where)


def _pauses(value: Any) -> list[tuple[datetime, datetime | None]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 1000:
        raise PreviewError(_("应为列表"), code="wrong_type", field="pauses")
    found = []
    for i, pair in enumerate(value):
        where = f"pauses[{i}]"
        if not isinstance(pair, list) or len(pair) != 2:
            raise PreviewError(_("应为 [开始, 结束]"), code="wrong_type", field=where)
        start, end = _instant(pair[0], where), _optional(pair[1], where)
        if end is not None and end < start:
            raise PreviewError(_("结束早于开始"), code="out_of_order", field=where)
        found.append((start, end))
    return found


def _changes(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 100:
        raise PreviewError(_("应为列表"), code="wrong_type", field="changes")
    found = []
    for i, change in enumerate(value):
        where = f"changes[{i}]"
        if not isinstance(change, dict):
            raise PreviewError(_("应为对象"), code="wrong_type", field=where)
        target = change.get("target_seconds")
        if type(target) is not int or not 0 <= target <= MAX_TARGET:
            raise PreviewError(_("目标应为正整数秒"), code="bad_target", field=f"{where}.target_seconds")
        found.append({"at": _instant(change.get("at"), f"{where}.at"), "target_seconds": target})
    return sorted(found, key=lambda change: change["at"])
