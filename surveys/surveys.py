"""Making, changing and publishing surveys. A published one is never overwritten: a change of content is a new version."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from opencc import OpenCC

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from cxms.lib.text import clean_text
from ledger.facts import record
from surveys import content
from surveys.content import LANGUAGES, Reasons, Texts
from surveys.enums import Band, Kind, State
from surveys.models import FatigueRule, Survey, SurveyVersion
from tenancy import audit, queries
from tenancy.models import Unit

EVENT_KIND = re.compile(r"[a-z][a-z0-9_]{0,23}\Z")
MOST = {"delay_minutes": 30 * 1440, "expiry_days": 90, "quiet_days": 730, "sample_percent": 100}
LEAST = {"delay_minutes": 0, "expiry_days": 1, "quiet_days": 0, "sample_percent": 1}
MAX_TEXT = 200
QUIET_DAYS = 14
# state → the states a person may lead it to
ROADS: Mapping[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.PAUSED, State.CLOSED}),
    State.PAUSED: frozenset({State.PUBLISHED, State.CLOSED}),
    State.CLOSED: frozenset(),
}


class SurveyError(DomainError):
    """The survey cannot be made, changed or moved as asked; `field` names the part."""


@dataclass(frozen=True)
class Spec:
    """A survey as a door hands it over. `unit` and `touchpoint` are codes; `event_kind` "" asks by link only."""

    name: str
    kind: str = "nps"
    texts: Texts = field(default_factory=dict)
    reasons: Reasons = field(default_factory=content.default_reasons)
    asks_contact: bool = True
    asks_return: bool = False
    asks_problem: bool = False
    unit: str = ""
    touchpoint: str = ""
    event_kind: str = ""
    delay_minutes: int = 60
    expiry_days: int = 14
    quiet_days: int = 90
    sample_percent: int = 100


def create(
    spec: Spec, *, code: str, organisation: int, now: datetime, actor: str, key: UUID | None = None
) -> Survey:
    """A draft with its first version. A code that is taken gets a number behind it; a `key` that is there is that survey."""
    there = Survey.objects.filter(organisation_id=organisation, id=key).first() if key else None
    if there is not None:
        return there
    clean = check(spec)
    free = _free_code(code, organisation)
    row = Survey(id=key or new_id(), organisation_id=organisation, code=free, created_at=now)
    _apply(row, clean, organisation)
    row.save(force_insert=True)
    _write(row, clean, 1, True, organisation=organisation, now=now, actor=actor)
    audit.note("survey.created", row.id, organisation=organisation, actor=actor, now=now, detail={"code": free})
    return row


def change(key: UUID, spec: Spec, *, revision: int, organisation: int, now: datetime, actor: str) -> Survey:
    """Changes a survey. What a published one says becomes a new version; its rules of asking are changed in place.

    Raises SurveyError `changed_meanwhile` when `revision` is not the row's.
    """
    row = _locked(key, organisation)
    if row.state == State.CLOSED:
        raise SurveyError(_("已结束的问卷不能再改"), code="closed")
    if row.revision != revision:
        raise SurveyError(_("这份问卷刚被别人改过，请看过新的内容再改"), code="changed_meanwhile")
    clean = check(spec)
    before = SurveyVersion.objects.get(organisation_id=organisation, survey=row, version=row.version)
    _apply(row, clean, organisation)
    same = (before.kind, before.texts, before.reasons, before.asks_contact, before.asks_return, before.asks_problem)
    if same != (clean.kind, clean.texts, clean.reasons, clean.asks_contact, clean.asks_return, clean.asks_problem):
        if row.published_at is None:
            SurveyVersion.objects.filter(organisation_id=organisation, id=before.id).delete()
            _write(row, clean, row.version, True, organisation=organisation, now=now, actor=actor)
        else:
            row.version += 1
            comparable = content.is_comparable(before.kind, before.texts, clean.kind, clean.texts)
            _write(row, clean, row.version, comparable, organisation=organisation, now=now, actor=actor)
    row.revision += 1
    row.save()
    data = {"code": row.code, "version": row.version}
    record("survey.changed", row.id, data, organisation=organisation, now=now, actor=actor)
    return row


def move(key: UUID, state: str, *, organisation: int, now: datetime, actor: str) -> Survey:
    """Publishes, pauses or closes. There already is a no-op; a road that does not exist raises SurveyError."""
    row = _locked(key, organisation)
    if row.state == state:
        return row
    if state not in ROADS[row.state]:
        said = {"now": row.get_state_display()}
        raise SurveyError(_("这份问卷%(now)s，不能这样做") % said, code="move_not_allowed")
    row.state = state
    if state == State.PUBLISHED and row.published_at is None:
        row.published_at = now
    row.revision += 1
    row.save()
    data = {"code": row.code, "version": row.version}
    record(f"survey.{state}", row.id, data, organisation=organisation, now=now, actor=actor)
    return row


def set_quiet_days(days: int, *, organisation: int, now: datetime, actor: str) -> None:
    """For how many days any survey leaves a customer in peace after any other."""
    if not 0 <= days <= MOST["quiet_days"]:
        raise SurveyError(_("请填 0 到 %(most)d 天") % {"most": MOST["quiet_days"]}, code="out_of_range", field="quiet_days")
    FatigueRule.objects.update_or_create(organisation_id=organisation, defaults={"quiet_days": days})
    audit.note("survey.quiet_days", days, organisation=organisation, actor=actor, now=now, detail={"days": days})


def check(spec: Spec) -> Spec:
    """The same spec, clean. Raises SurveyError naming the first field that is wrong."""
    name = clean_text(spec.name.strip())
    if not name or len(name) > 120:
        raise SurveyError(_("给问卷起个名字，120 字以内"), code="bad_name", field="name")
    if spec.kind not in Kind.values:
        raise SurveyError(_("选一种问题"), code="unknown_kind", field="kind")
    if spec.event_kind and not EVENT_KIND.match(spec.event_kind):
        raise SurveyError(_("事件代码用小写字母、数字和下划线"), code="bad_event", field="event_kind")
    for name_, most in MOST.items():
        if not LEAST[name_] <= getattr(spec, name_) <= most:
            said = {"least": LEAST[name_], "most": most}
            raise SurveyError(_("请填 %(least)d 到 %(most)d") % said, code="out_of_range", field=name_)
    return Spec(**{**spec.__dict__, "name": name, "texts": _texts(spec.texts), "reasons": _reasons(spec.reasons)})


def _texts(texts: Texts) -> Texts:
    """Every text in every language; 繁體 that was left empty is made from 简体."""
    clean: Texts = {}
    for name in content.FIELDS:
        found = {language: clean_text(texts.get(name, {}).get(language, "").strip()) for language in LANGUAGES}
        if found["zh-hans"] and not found["zh-hant"]:
            found["zh-hant"] = _traditional(found["zh-hans"])
        for language, said in found.items():
            if not said or len(said) > MAX_TEXT:
                message = _("每种语言都要写，%(most)d 字以内") % {"most": MAX_TEXT}
                raise SurveyError(message, code="bad_text", field=f"{name}.{language}")
        clean[name] = found
    return clean


@cache
def _converter() -> Any:
    return OpenCC("s2twp")


def _traditional(text: str) -> str:
    return str(_converter().convert(text))


def _reasons(reasons: Mapping[str, Sequence[str]]) -> Reasons:
    known = content.reason_codes()
    clean = {}
    for name in Band.values:
        # the likeliest first, as shipped, then the rest of the taxonomy
        order = list(dict.fromkeys([*content.FIRST_REASONS[name][:-1], *known]))
        clean[str(name)] = [code for code in order if code in reasons.get(name, ())]
    for band, codes in clean.items():
        if len(codes) > content.MOST_REASONS:
            message = _("最多 %(most)d 个，多了没人看") % {"most": content.MOST_REASONS}
            raise SurveyError(message, code="too_many", field=f"reasons.{band}")
    return clean


def _apply(row: Survey, spec: Spec, organisation: int) -> None:
    codes = queries.codes(
        organisation=organisation,
        units=[spec.unit] if spec.unit else [],
        staff=[],
        touchpoints=[spec.touchpoint] if spec.touchpoint else [],
    )
    if spec.unit and spec.unit not in codes.units:
        raise SurveyError(_("没有这个单元"), code="unknown_unit", field="unit")
    if spec.touchpoint and spec.touchpoint not in codes.touchpoints:
        raise SurveyError(_("没有这个触点"), code="unknown_touchpoint", field="touchpoint")
    row.unit_id, row.touchpoint_id = codes.units.get(spec.unit), codes.touchpoints.get(spec.touchpoint)
    for name in ("name", "kind", "event_kind", *MOST):
        setattr(row, name, getattr(spec, name))


def _write(
    row: Survey, spec: Spec, version: int, comparable: bool, *, organisation: int, now: datetime, actor: str
) -> None:
    SurveyVersion.objects.create(
        organisation_id=organisation,
        survey=row,
        version=version,
        kind=spec.kind,
        texts=spec.texts,
        reasons=spec.reasons,
        asks_contact=spec.asks_contact,
        asks_return=spec.asks_return,
        asks_problem=spec.asks_problem,
        is_comparable=comparable,
        created_at=now,
        created_by=actor[:120],
    )


def _locked(key: UUID, organisation: int) -> Survey:
    row = Survey.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise SurveyError(_("找不到这份问卷"), code="not_found")
    return row


def _free_code(code: str, organisation: int) -> str:
    stem = "".join(c for c in code if c.isalnum() or c in "_-")[:48] or "survey"
    taken = set(
        Survey.objects.filter(organisation_id=organisation, code__startswith=stem).values_list("code", flat=True)
    )
    return next(name for name in (stem, *(f"{stem}-{i}" for i in range(2, len(taken) + 3))) if name not in taken)


def covers(survey: Survey, unit: Unit | None) -> bool:
    """Whether an event of a unit is the survey's business: any, or one inside the survey's own subtree."""
    return survey.unit is None or (unit is not None and unit.path.startswith(survey.unit.path))
