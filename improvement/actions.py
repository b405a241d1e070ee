"""Actions: planned with a baseline the system reads, done by an owner, checked by the figures on the due date.

The verdict is computed and cannot be chosen: real improvement (p < 0.05) of the bound metric is effective, anything
else with enough data is not, fewer than thirty answers on either side is insufficient.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib import dispatch
from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from improvement.enums import Lesson, Source, State, Verdict
from improvement.models import Action, ActionNote
from ledger.facts import record
from metrics import changes
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where, series
from tenancy.models import Member, Unit

MIN_N = 30
MAX_DAYS = 180
DUE = """
    select distinct a.organisation_id from improvement_action a join tenancy_organisation o on o.id = a.organisation_id
    where a.checked_at is null and a.due_date <= (now() at time zone o.timezone)::date
"""
# who may follow whom: the check itself moves an action from “do” (or “plan”) to “check”, nobody by hand
STEPS: dict[str, tuple[str, ...]] = {
    State.PLAN: (State.DO, State.CLOSED),
    State.DO: (State.PLAN, State.CLOSED),
    State.CHECK: (State.ACT,),
    State.ACT: (State.CLOSED,),
    State.CLOSED: (),
}


class ActionError(DomainError):
    """The action cannot be written as asked."""


class StaleAction(ActionError):
    """Somebody else changed the action since it was read."""

    code = "stale_version"


@dataclass(frozen=True)
class Plan:
    """What a person decides; everything else is read from the figures."""

    title: str
    metric: str
    owner: Member
    unit: Unit
    start_date: date
    due_date: date
    target: float | None = None
    description: str = ""
    source: str = Source.METRIC
    source_ref: str = ""
    n_days: int = 28
    where: Mapping[str, str] = field(default_factory=dict)


def plan(found: Plan, *, token: str, organisation: int, now: datetime, actor: str, actor_name: str = "") -> Action:
    """Writes an action with its baseline: the metric over the `n_days` before it starts. The same token is the same action."""
    there = Action.objects.filter(organisation_id=organisation, token=token).first()
    if there is not None:
        return there
    _check_plan(found)
    action = Action(
        organisation_id=organisation,
        title=found.title.strip(),
        description=found.description.strip(),
        source=found.source,
        source_ref=found.source_ref[:64],
        metric=found.metric,
        where={name: value for name, value in found.where.items() if value},
        n_days=found.n_days,
        target=found.target,
        owner=found.owner,
        unit=found.unit,
        start_date=found.start_date,
        due_date=found.due_date,
        created_at=now,
        created_by=actor[:120],
        token=token[:40],
        baseline={},
    )
    action.baseline = frozen(measure(action, before_of(action), organisation=organisation, now=now))
    action.save(force_insert=True)
    _note(action, "planned", "", now=now, actor=actor, actor_name=actor_name)
    data = {"metric": action.metric, "due_date": action.due_date.isoformat()}
    record("action.planned", action.id, data, organisation=organisation, now=now, actor=actor)
    return action


def _check_plan(found: Plan) -> None:
    definition = BY_CODE.get(found.metric)
    if definition is None:
        raise ActionError(_("请选一个指标"), code="unknown_metric", field="metric")
    if not 2 <= len(found.title.strip()) <= 120:
        raise ActionError(_("标题 2 至 120 字"), code="bad_title", field="title")
    if found.due_date <= found.start_date:
        raise ActionError(_("到期日要晚于开始日"), code="bad_due_date", field="due_date")
    if not 7 <= found.n_days <= MAX_DAYS:
        raise ActionError(_("比较期 7 至 180 天"), code="bad_n_days", field="n_days")
    for name in found.where:
        if name not in definition.dimensions:
            raise ActionError(_("这个指标不能按这个条件看"), code="bad_dimension", field=name)


def before_of(action: Action) -> Period:
    """The days that the baseline is measured over."""
    return Period(action.start_date - timedelta(days=action.n_days), action.start_date)


def after_of(action: Action) -> Period:
    """The days that the check is measured over: the last `n_days` before the due date, never before the start."""
    first = max(action.due_date - timedelta(days=action.n_days), action.start_date)
    return Period(first, action.due_date)


def measure(action: Action, period: Period, *, organisation: int, now: datetime) -> Point:
    """The bound metric over a period, in the action's unit and under its conditions."""
    where = Where(paths=(action.unit.path,), **action.where)
    (point,) = series(organisation=organisation, metric=action.metric, period=period, where=where, now=now).points
    return point


def frozen(point: Point) -> dict[str, Any]:
    """A point as it is kept: hidden ones stay hidden."""
    names = ("value", "n", "low", "high", "suppressed", "components")
    dates = {"from": point.from_date.isoformat(), "to": point.to_date.isoformat()}
    return dates | {name: getattr(point, name) for name in names}


# ---- the check ------------------------------------------------------------------------------------------------------


def due_organisations() -> list[int]:
    """Whose actions fall due. Runs as the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def check_due(today: date, *, organisation: int, now: datetime) -> int:
    """Checks every action whose date has come. Returns how many."""
    rows = Action.objects.select_for_update(of=("self",), skip_locked=True).filter(
        organisation_id=organisation, checked_at__isnull=True, due_date__lte=today
    )
    found = list(rows.select_related("unit").order_by("due_date", "id")[:50])
    for action in found:
        check(action, organisation=organisation, now=now)
    return len(found)


def check(action: Action, *, organisation: int, now: datetime) -> None:
    """Measures again, compares with the baseline, writes the verdict. The action must be locked."""
    after = measure(action, after_of(action), organisation=organisation, now=now)
    before = measure(action, before_of(action), organisation=organisation, now=now)
    definition = BY_CODE[action.metric]
    change = changes.compare(definition, after.components, before.components)
    action.verdict = verdict(change.kind, before.n, after.n)
    action.check_result = {
        "before": frozen(before),
        "after": frozen(after),
        "change": {"difference": change.difference, "margin": change.margin, "p": change.p, "kind": change.kind},
        "reached": reached(definition.direction, action.target, after.value),
    }
    action.checked_at = now
    action.state = State.CHECK if action.state != State.CLOSED else State.CLOSED
    action.version += 1
    action.save()
    _note(action, "checked", "", now=now, actor="system", data={"verdict": action.verdict, "p": change.p})
    done(action, now=now)
    record("action.checked", action.id, {"verdict": action.verdict}, organisation=organisation, now=now)


def verdict(kind: str, n_before: int | None, n_after: int | None) -> str:
    """Effective, not, or insufficient. Pure. Hidden counts (None) are few."""
    if (n_before or 0) < MIN_N or (n_after or 0) < MIN_N:
        return Verdict.INSUFFICIENT
    return Verdict.EFFECTIVE if kind == "better" else Verdict.NOT_EFFECTIVE


def reached(direction: int, target: float | None, value: float | None) -> bool | None:
    """Whether the target is reached; None without one, or without a value. Pure."""
    if target is None or value is None:
        return None
    return value >= target if direction > 0 else value <= target


# ---- what people do -------------------------------------------------------------------------------------------------


def move(
    key: uuid.UUID, state: str, *, version: int, organisation: int, now: datetime, actor: str, actor_name: str = ""
) -> Action:
    """Moves an action a step along the circle. Raises ActionError, StaleAction."""
    action = _locked(key, version, organisation)
    if state not in STEPS[action.state]:
        raise ActionError(_("这一步不能这样走：检查由系统在到期日完成"), code="move_not_allowed", field="state")
    if state == State.ACT:
        raise ActionError(_("请写明怎样处置"), code="lesson_missing", field="lesson")
    return _moved(action, state, "", now=now, actor=actor, actor_name=actor_name)


def learn(
    key: uuid.UUID, lesson: str, text: str, *, version: int, organisation: int, now: datetime, actor: str, actor_name: str = ""
) -> Action:
    """Act: what is made of the verdict. An action without effect cannot become the standard."""
    action = _locked(key, version, organisation)
    if action.state != State.CHECK or lesson not in Lesson.values:
        raise ActionError(_("检查之后才能处置"), code="move_not_allowed", field="lesson")
    if lesson == Lesson.STANDARDISE and action.verdict != Verdict.EFFECTIVE:
        raise ActionError(_("数据没有显示有效，不能定为标准"), code="not_effective", field="lesson")
    if not text.strip():
        raise ActionError(_("写一句学到了什么"), code="text_missing", field="text")
    action.lesson = lesson
    return _moved(action, State.ACT, text.strip(), now=now, actor=actor, actor_name=actor_name)


def comment(key: uuid.UUID, text: str, *, organisation: int, now: datetime, actor: str, actor_name: str = "") -> ActionNote:
    """Adds a line to the log. Raises ActionError."""
    action = Action.objects.filter(organisation_id=organisation, id=key).first()
    if action is None:
        raise ActionError(_("找不到这个行动"), code="not_found")
    if not text.strip():
        raise ActionError(_("写点什么再留言"), code="text_missing", field="text")
    return _note(action, "comment", text.strip()[:4000], now=now, actor=actor, actor_name=actor_name)


def again(action: Action, *, ticket: str, now: datetime) -> Action:
    """A locked action that was done is to be done again: its cause came back with this ticket."""
    return _moved(action, State.DO, "", now=now, actor="recurrence", actor_name="", more={"ticket": ticket})


def done(action: Action, *, now: datetime) -> None:
    """Says that a prevention was done; actions of other origin have nobody to tell."""
    if action.token.startswith("refl:"):
        data = {"reflection": action.token.removeprefix("refl:")}
        record("prevention.done", action.id, data, organisation=action.organisation_id, now=now)


def _moved(
    action: Action, state: str, text: str, *, now: datetime, actor: str, actor_name: str, more: dict[str, Any] | None = None
) -> Action:
    before, action.state = action.state, state
    action.version += 1
    action.save()
    data = {"from": before, "to": state, "lesson": action.lesson, **(more or {})}
    if state == State.CLOSED and action.checked_at is None:
        done(action, now=now)
    _note(action, "moved", text, now=now, actor=actor, actor_name=actor_name, data=data)
    record("action.moved", action.id, data, organisation=action.organisation_id, now=now, actor=actor)
    return action


def _locked(key: uuid.UUID, version: int, organisation: int) -> Action:
    rows = Action.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=key)
    action = rows.select_related("unit").first()
    if action is None:
        raise ActionError(_("找不到这个行动"), code="not_found")
    if action.version != version:
        raise StaleAction(_("这个行动刚被别人更新，请看过再提交"), field="version")
    return action


def _note(
    action: Action, kind: str, text: str, *, now: datetime, actor: str, actor_name: str = "", data: dict[str, Any] | None = None
) -> ActionNote:
    return ActionNote.objects.create(
        organisation_id=action.organisation_id,
        action=action,
        at=now,
        actor=actor[:120],
        actor_name=actor_name[:80],
        kind=kind,
        text=text,
        data=data or {},
    )
