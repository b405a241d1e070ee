"""Promise policies: writing a version, matching a complaint, the shipped presets. A running ticket keeps its version."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from complaints import causes
from complaints.models import PolicyVersion
from complaints.policies_check import PolicyError, check
from complaints.policies_match import Case, pick
from tenancy import audit, versions

PRESETS = Path(__file__).parent / "sla_presets"
DEFAULT = "promise"
LAST_POSITION = 1_000_000


def put(
    code: str, spec: Mapping[str, Any], *, organisation: int, now: datetime, actor: str, version: int | None = None
) -> PolicyVersion:
    """Writes a new version of a policy; the same content again is a no-op. Raises PolicyError naming the field.

    `version` guards: the version the writer saw; Stale when another has been written since.
    """
    clean = check(code, spec, organisation=organisation)
    rows = PolicyVersion.objects.select_for_update().filter(organisation_id=organisation)
    last = rows.filter(code=code).order_by("-version").first()
    if last is not None:
        versions.check(last, version)
    if last is not None and not last.is_off and all(getattr(last, name) == value for name, value in clean.items()):
        return last
    highest = rows.exclude(code=DEFAULT).aggregate(highest=Max("position"))["highest"] or 0
    position = last.position if last else (LAST_POSITION if code == DEFAULT else highest + 1)
    changed = [name for name, value in clean.items() if last is not None and getattr(last, name) != value]
    detail = {"version": last.version + 1 if last else 1, "fields": changed}
    audit.note("policy.saved", code, organisation=organisation, actor=actor, now=now, detail=detail)
    return PolicyVersion.objects.create(
        organisation_id=organisation,
        code=code,
        version=last.version + 1 if last else 1,
        position=position,
        created_at=now,
        created_by=actor,
        **clean,
    )


def preset(code: str = DEFAULT) -> dict[str, Any]:
    """The shipped specification of a policy, without its code. Raises PolicyError for a name that is not shipped."""
    if code not in preset_codes():
        raise PolicyError(_("没有这个样板：%(code)s") % {"code": code[:64]}, code="unknown_preset", field="preset")
    spec = tomllib.loads((PRESETS / f"{code}.toml").read_text(encoding="utf-8"))
    spec.pop("code")
    return spec


@cache
def preset_codes() -> tuple[str, ...]:
    """The names of the shipped policies, the default first."""
    names = sorted(path.stem for path in PRESETS.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT))


def add_presets(*, organisation: int, now: datetime, actor: str) -> None:
    """Writes the shipped default policy where it is missing. The other shipped ones wait to be chosen."""
    if not PolicyVersion.objects.filter(organisation_id=organisation, code=DEFAULT).exists():
        put(DEFAULT, preset(), organisation=organisation, now=now, actor=actor)
    causes.add_ready(organisation=organisation, now=now, actor=actor)


def in_force(*, organisation: int, at: datetime | None = None) -> list[PolicyVersion]:
    """The latest version of each policy (as of `at`), in matching order."""
    rows = PolicyVersion.objects.filter(organisation_id=organisation)
    if at is not None:
        rows = rows.filter(created_at__lte=at)
    latest: dict[str, PolicyVersion] = {}
    for row in rows.order_by("version"):
        latest[row.code] = row
    return sorted((row for row in latest.values() if not row.is_off), key=lambda row: (row.position, row.code))


def versions_of(code: str, *, organisation: int) -> list[PolicyVersion]:
    """Every version of a policy, the latest first."""
    return list(PolicyVersion.objects.filter(organisation_id=organisation, code=code).order_by("-version"))


def switch_off(code: str, *, organisation: int, version: int | None, now: datetime, actor: str) -> None:
    """Ends a policy for new complaints; running ones keep their version. The default cannot be ended."""
    if code == DEFAULT:
        raise PolicyError(_("默认承诺不能停用，只能改"), code="default")
    (last,) = PolicyVersion.objects.select_for_update().filter(organisation_id=organisation, code=code).order_by("-version")[:1]
    versions.check(last, version)
    _again(last, now, actor, is_off=True)
    audit.note("policy.switched_off", code, organisation=organisation, actor=actor, now=now)


def move(code: str, step: int, *, organisation: int, now: datetime, actor: str) -> None:
    """Exchanges a policy with the one before (-1) or after (1) it; the default stays last. Off the ends: nothing."""
    list(PolicyVersion.objects.select_for_update().filter(organisation_id=organisation).values_list("id"))
    rows = [row for row in in_force(organisation=organisation) if row.code != DEFAULT]
    i = next((i for i, row in enumerate(rows) if row.code == code), -1)
    j = i + (1 if step > 0 else -1)
    if i < 0 or not 0 <= j < len(rows):
        return
    first, second = rows[i].position, rows[j].position
    _again(rows[i], now, actor, position=second)
    _again(rows[j], now, actor, position=first)
    audit.note("policy.moved", code, organisation=organisation, actor=actor, now=now, detail={"before" if step < 0 else "after": rows[j].code})


def _again(last: PolicyVersion, now: datetime, actor: str, **changed: Any) -> PolicyVersion:
    kept = {name: getattr(last, name) for name in ("organisation_id", "code", "name", "match", "clauses", "ladder", "position", "is_off")}
    row = {**kept, **changed, "version": last.version + 1, "created_at": now, "created_by": actor}
    return PolicyVersion.objects.create(**row)


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
    found = pick(case, rows)
    if found is not None:
        return found
    add_presets(organisation=organisation, now=now, actor="system")
    return next(row for row in in_force(organisation=organisation) if row.code == DEFAULT)
