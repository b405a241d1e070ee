"""Promise policies: writing a version, matching a complaint, the shipped presets. A running ticket keeps its version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from complaints.clock_specs import SPECS
from complaints.enums import Severity
from complaints.models import PolicyVersion
from cxms.lib.errors import DomainError
from cxms.lib.text import CODE, is_storable
from tenancy import calendars
from tenancy.calendars import CalendarUnknown

PRESETS = Path(__file__).parent / "sla_presets"
DEFAULT = "promise"
LAST_POSITION = 1_000_000
MATCH_KEYS = ("severity", "tier", "channel", "unit", "topic")
UNIT_CALENDAR = "unit"
MAX_TARGET = 10 * 366 * 86400


class PolicyError(DomainError):
    """The policy is not acceptable; `field` names the part."""


@dataclass(frozen=True)
class Case:
    """What matching looks at."""

    severity: str
    tier: str = ""
    channel: str = ""
    unit_path: str = ""
    topics: tuple[str, ...] = ()


def put(
    code: str, spec: Mapping[str, Any], *, organisation: int, now: datetime, actor: str
) -> PolicyVersion:
    """Writes a new version of a policy; the same content again is a no-op. Raises PolicyError naming the field."""
    clean = check(code, spec, organisation=organisation)
    rows = PolicyVersion.objects.select_for_update().filter(organisation_id=organisation)
    last = rows.filter(code=code).order_by("-version").first()
    if last is not None and (last.name, last.match, last.clauses) == (clean["name"], clean["match"], clean["clauses"]):
        return last
    highest = rows.exclude(code=DEFAULT).aggregate(highest=Max("position"))["highest"] or 0
    position = last.position if last else (LAST_POSITION if code == DEFAULT else highest + 1)
    return PolicyVersion.objects.create(
        organisation_id=organisation,
        code=code,
        version=last.version + 1 if last else 1,
        position=position,
        created_at=now,
        created_by=actor,
        **clean,
    )


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
    return {"name": name, "match": _match(spec.get("match")), "clauses": checked}


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
    return {
        "code": code,
        "kind": kind,
        "target_seconds": target,
        "calendar": _calendar(value.get("calendar", "always"), f"{where}.calendar", organisation),
        "warn_shares": shares(value.get("warn_shares"), spec.warn_shares, f"{where}.warn_shares"),
        "after_seconds": offsets(value.get("after_seconds"), spec.after_seconds, f"{where}.after_seconds"),
        "pausable_by": pausable,
    }


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


def add_presets(*, organisation: int, now: datetime, actor: str) -> None:
    """Writes the shipped default policy where it is missing."""
    for path in sorted(PRESETS.glob("*.toml")):
        spec = tomllib.loads(path.read_text(encoding="utf-8"))
        code = str(spec.pop("code"))
        if not PolicyVersion.objects.filter(organisation_id=organisation, code=code).exists():
            put(code, spec, organisation=organisation, now=now, actor=actor)


def in_force(*, organisation: int, at: datetime | None = None) -> list[PolicyVersion]:
    """The latest version of each policy (as of `at`), in matching order."""
    rows = PolicyVersion.objects.filter(organisation_id=organisation)
    if at is not None:
        rows = rows.filter(created_at__lte=at)
    latest: dict[str, PolicyVersion] = {}
    for row in rows.order_by("version"):
        latest[row.code] = row
    return sorted(latest.values(), key=lambda row: (row.position, row.code))


def match(
    case: Case, *, organisation: int, now: datetime, code: str = "", at: datetime | None = None
) -> PolicyVersion:
    """The policy a complaint gets: the named one, else the first that matches, else the default (written if missing)."""
    rows = in_force(organisation=organisation, at=at)
    if code:
        named = next((row for row in rows if row.code == code), None)
        if named is None:
            raise PolicyError(_("承诺政策 %(code)s 不存在") % {"code": code[:64]}, code="unknown_policy", field="policy")
        return named
    found = next((row for row in rows if matches(row.match, case)), None)
    if found is not None:
        return found
    add_presets(organisation=organisation, now=now, actor="system")
    return next(row for row in in_force(organisation=organisation) if row.code == DEFAULT)


def matches(wanted: Mapping[str, list[str]], case: Case) -> bool:
    """True when every condition holds; a unit condition covers its subtree. Pure."""
    for key, options in wanted.items():
        if key == "unit":
            if not any(f"/{code}/" in case.unit_path for code in options):
                return False
        elif key == "topic":
            if not set(options) & set(case.topics):
                return False
        elif getattr(case, key) not in options:
            return False
    return True
