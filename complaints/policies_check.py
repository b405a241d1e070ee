"""What a promise policy may say: its conditions and clauses read, checked and completed. Called by `sla_policies`."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from complaints import policies_ladder
from complaints.clock_specs import SPECS
from complaints.enums import Severity
from cxms.lib.errors import DomainError
from cxms.lib.text import CODE, is_storable
from tenancy import calendars
from tenancy.calendars import CalendarUnknown

MATCH_KEYS = ("severity", "tier", "channel", "unit", "topic")
UNIT_CALENDAR = "unit"
MAX_TARGET = 10 * 366 * 86400
MAX_PROMISE = 200
AFTER_CALENDARS = ("same", "always")


class PolicyError(DomainError):
    """The policy is not acceptable; `field` names the part."""


def check(code: str, spec: Mapping[str, Any], *, organisation: int) -> dict[str, Any]:
    """The clean form of a policy or PolicyError."""
    if not CODE.match(code):
        raise PolicyError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if not isinstance(spec, Mapping):
        raise PolicyError(_("应为对象"), code="wrong_type", field="")
    name = spec.get("name", code)
    if not isinstance(name, str) or not name.strip() or len(name) > 120 or not is_storable(name):
        raise PolicyError(_("名称应为 1 至 120 字"), code="bad_name", field="name")
    clauses = spec.get("clauses")
    if not isinstance(clauses, list) or not 1 <= len(clauses) <= 20:
        raise PolicyError(_("应有 1 至 20 条承诺"), code="bad_clauses", field="clauses")
    checked = [_clause(clause, f"clauses[{i}]", organisation) for i, clause in enumerate(clauses)]
    if len({clause["code"] for clause in checked}) != len(checked):
        raise PolicyError(_("承诺代码重复"), code="duplicate_clause", field="clauses")
    told = policies_ladder.check(spec.get("ladder"), organisation=organisation)
    return {"name": name, "match": _match(spec.get("match")), "clauses": checked, "ladder": told}


def _match(value: Any) -> dict[str, list[str]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PolicyError(_("应为对象"), code="wrong_type", field="match")
    found: dict[str, list[str]] = {}
    for key, wanted in value.items():
        options = [wanted] if isinstance(wanted, str) else wanted
        if key not in MATCH_KEYS:
            raise PolicyError(_("未知条件"), code="unknown_field", field=f"match.{key}"[:80])
        if not isinstance(options, list) or not options or not all(isinstance(o, str) and is_storable(o) for o in options):
            raise PolicyError(_("应为文字或文字列表"), code="wrong_type", field=f"match.{key}")
        if key == "severity" and not set(options) <= set(Severity.values):
            raise PolicyError(_("未知严重度"), code="unknown_severity", field="match.severity")
        found[key] = options
    return found


def _clause(value: Any, where: str, organisation: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError(_("应为对象"), code="wrong_type", field=where)
    code, kind = value.get("code"), value.get("kind")
    if not isinstance(code, str) or not CODE.match(code):
        raise PolicyError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field=f"{where}.code")
    if not isinstance(kind, str) or kind not in SPECS:
        raise PolicyError(_("未知承诺类型"), code="unknown_kind", field=f"{where}.kind")
    target = value.get("target_seconds")
    if type(target) is not int or not 1 <= target <= MAX_TARGET:
        raise PolicyError(_("目标应为正整数秒"), code="bad_target", field=f"{where}.target_seconds")
    spec = SPECS[kind]
    pausable = _strings(value.get("pausable_by"), sorted(spec.pausable_by), f"{where}.pausable_by")
    if not set(pausable) <= spec.pausable_by:
        raise PolicyError(_("此类承诺不能因该原因暂停"), code="not_pausable", field=f"{where}.pausable_by")
    close_from = value.get("close_from") or Severity.HIGH.value
    if close_from not in {*Severity.values, "never"}:
        raise PolicyError(_("未知严重度"), code="unknown_severity", field=f"{where}.close_from")
    return {
        "code": code,
        "kind": kind,
        **({"close_from": close_from} if kind == "reflection" else {}),
        "promise": _promise(value.get("promise"), f"{where}.promise"),
        "target_seconds": target,
        "calendar": _calendar(value.get("calendar", "always"), f"{where}.calendar", organisation),
        "warn_shares": shares(value.get("warn_shares"), spec.warn_shares, f"{where}.warn_shares"),
        "after_seconds": offsets(value.get("after_seconds"), spec.after_seconds, f"{where}.after_seconds"),
        "after_calendar": _after(value.get("after_calendar"), f"{where}.after_calendar"),
        "pausable_by": pausable,
        "extend_seconds": _extend(value.get("extend_seconds"), f"{where}.extend_seconds"),
    }


def _promise(value: Any, where: str) -> str:
    """What the customer reads; "" for the kind's own words in his language."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_PROMISE or not is_storable(value):
        raise PolicyError(_("对客户的话最多 %(most)d 字") % {"most": MAX_PROMISE}, code="bad_promise", field=where)
    return " ".join(value.split())


def _after(value: Any, where: str) -> str:
    """What the seconds after the due instant are counted by: the clause's own calendar, or the clock on the wall."""
    if value is None:
        return "same"
    if value not in AFTER_CALENDARS:
        raise PolicyError(_("应为 same 或 always"), code="bad_after_calendar", field=where)
    return str(value)


def _extend(value: Any, where: str) -> int:
    """How much longer this clause may be made, once, by who may approve it; 0 for never."""
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= MAX_TARGET:
        raise PolicyError(_("应为正整数秒"), code="bad_extension", field=where)
    return value


def _calendar(code: Any, where: str, organisation: int) -> str:
    if not isinstance(code, str):
        raise PolicyError(_("应为日历代码"), code="wrong_type", field=where)
    if code != UNIT_CALENDAR:
        try:
            calendars.current(code, organisation=organisation)
        except CalendarUnknown as error:
            raise PolicyError(error.message, code="unknown_calendar", field=where) from error
    return code


def _strings(value: Any, default: list[str], where: str) -> list[str]:
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise PolicyError(_("应为文字列表"), code="wrong_type", field=where)
    return sorted(set(value))


def shares(value: Any, default: tuple[float, ...], where: str) -> list[float]:
    """Warning shares: numbers strictly between 0 and 1, rising."""
    if value is None:
        return list(default)
    good = isinstance(value, list) and len(value) <= 10
    if not good or not all(type(item) in (int, float) and 0 < item < 1 for item in value):
        raise PolicyError(_("应为 0 与 1 之间的数"), code="bad_share", field=where)
    return sorted(set(map(float, value)))


def offsets(value: Any, default: tuple[int, ...], where: str) -> list[int]:
    """Seconds after the due instant: positive whole numbers, rising."""
    if value is None:
        return list(default)
    good = isinstance(value, list) and len(value) <= 10
    if not good or not all(type(item) is int and 0 < item <= MAX_TARGET for item in value):
        raise PolicyError(_("应为正整数秒"), code="bad_offset", field=where)
    return sorted(set(value))
