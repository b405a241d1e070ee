"""行动: the board, a new action with its baseline read beforehand, one action with its verdict. 例会 is `web.huddle`."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from feedback import topics
from improvement import actions, queries
from improvement.actions import Plan
from improvement.enums import Lesson, Source, State, Verdict
from improvement.models import Action
from improvement.queries import Filters
from metrics import queries as metric_queries
from metrics.definitions.definition import Definition
from metrics.statistics import Estimate
from reports import changes
from tenancy import queries as tenancy
from tenancy.models import Touchpoint
from web import words
from web.door import Visit, needs
from web.improvement_chart import chart
from web.units import Switcher

PER_COLUMN = 60
DEFAULT_DAYS = 28
KINDS = {Verdict.EFFECTIVE: "good", Verdict.NOT_EFFECTIVE: "bad", Verdict.INSUFFICIENT: "line"}
ICONS = {Verdict.EFFECTIVE: "check", Verdict.NOT_EFFECTIVE: "x", Verdict.INSUFFICIENT: "hourglass"}


@dataclass(frozen=True)
class Card:
    """An action on the board."""

    row: Action
    metric: str
    baseline: str
    target: str
    where: str
    days_left: int
    verdict_kind: str
    verdict_icon: str


@needs("actions:read")
def board(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Plan, Do, Check, Act; the filters are the URL."""
    units = Switcher(request, visit)
    mine = visit.user.email if request.GET.get("owner") == "me" else ""
    filters = Filters(unit=units.code, owner=mine, paths=visit.seat.paths)
    found = queries.actions(filters, organisation=visit.organisation.id)
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    names = _names(visit)
    cards = [_card(row, today, names) for row in found.exclude(state=State.CLOSED)[: PER_COLUMN * 4]]
    columns = [
        {"state": state, "label": State(state).label, "cards": [card for card in cards if card.row.state == state]}
        for state in (State.PLAN, State.DO, State.CHECK, State.ACT)
    ]
    closed = Paginator(found.filter(state=State.CLOSED).order_by("-due_date", "id"), 20)
    page = closed.get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "units": units, "columns": columns, "n_open": len(cards), "is_mine": bool(mine), "page": page,
        "closed": [_card(row, today, names) for row in page], "query": query.urlencode(),
        "may_write": visit.seat.may("actions:write"),
    }  # fmt: skip
    return render(request, "action/board.html", context)


def cards(rows: Sequence[Action], visit: Visit) -> list[Card]:
    """Actions as the board shows them."""
    today, names = tenancy.local_today(visit.now, visit.organisation.timezone), _names(visit)
    return [_card(row, today, names) for row in rows]


def _names(visit: Visit) -> dict[str, str]:
    """Names of units and touchpoints by code, of topics by `topic:code`, for the conditions of the cards."""
    places = {unit.code: unit.name for unit in tenancy.units_of(organisation=visit.organisation.id)}
    points = Touchpoint.objects.filter(organisation_id=visit.organisation.id)
    named = {f"topic:{code}": label for code, label in topics.names(organisation=visit.organisation.id).items()}
    return places | dict(points.values_list("code", "name")) | named


def _card(row: Action, today: date, names: dict[str, str]) -> Card:
    definition = metric_queries.definition(row.metric)
    return Card(
        row=row,
        metric=str(definition.label) if definition else row.metric,
        baseline=_shown(definition, row.baseline),
        target=changes.shown(definition, row.target) if definition and row.target is not None else "",
        where=_where_words(row, names),
        days_left=(row.due_date - today).days,
        verdict_kind=KINDS.get(Verdict(row.verdict), "") if row.verdict else "",
        verdict_icon=ICONS.get(Verdict(row.verdict), "") if row.verdict else "",
    )


def _where_words(row: Action, names: dict[str, str]) -> str:
    parts = [names.get(f"topic:{value}" if name == "topic" else value, value) for name, value in row.where.items()]
    return " · ".join([row.unit.name, *parts])


def _shown(definition: Definition | None, point: dict[str, Any]) -> str:
    """A frozen point as text: value, interval, n."""
    if definition is None or not point:
        return ""
    if point["suppressed"]:
        return _("已隐藏，n < 5")
    if point["value"] is None:
        return _("没有数据")
    estimate = Estimate(point["value"], point["low"], point["high"], point["n"])
    return f"{changes.shown(definition, point['value'])} {changes.interval(definition, estimate)} · n = {point['n']:,}"


# ---- a new action ---------------------------------------------------------------------------------------------------


@needs("actions:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The form, filled in from where the person came; POST plans the action once per form token."""
    typed = {name: str(value) for name, value in (request.POST if request.method == "POST" else request.GET).items()}
    wrong: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            row = _plan(typed, visit)
            messages.success(request, _("已记下基线，到期日系统会自己检查"))
            return redirect("action", key=row.id)
        except DomainError as error:
            wrong, status = {error.field or "title": str(error.message)}, 400
    return render(request, "action/new.html", _form(typed, wrong, visit), status=status)


def _form(typed: dict[str, str], wrong: dict[str, str], visit: Visit) -> dict[str, Any]:
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    units = tenancy.units_of(organisation=visit.organisation.id, paths=visit.seat.paths)
    source = typed.get("source") or _source_of(typed)
    values = {
        "title": _title(typed, visit), "metric": "nps", "unit": units[0].code if units else "", "owner": visit.user.email,
        "start_date": today.isoformat(), "due_date": (today + timedelta(days=DEFAULT_DAYS)).isoformat(),
        "n_days": str(DEFAULT_DAYS), "token": uuid.uuid4().hex, "source": source, "source_ref": typed.get("ticket", ""),
    } | {name: value for name, value in typed.items() if value}  # fmt: skip
    touchpoints = Touchpoint.objects.filter(organisation_id=visit.organisation.id, retired_at__isnull=True)
    return {
        "v": values,
        "wrong": wrong,
        "units": units,
        "members": tenancy.members_of(organisation=visit.organisation.id),
        "definitions": [row for row in metric_queries.register() if row.code != "volume"],
        "touchpoints": touchpoints.order_by("position"),
        "topics": list(topics.names(organisation=visit.organisation.id).items()),
        "baseline": _preview(values, visit),
    }


def _source_of(typed: dict[str, str]) -> str:
    if typed.get("ticket"):
        return Source.TICKET
    return next((name for name in ("touchpoint", "topic") if typed.get(name)), Source.METRIC)


def _title(typed: dict[str, str], visit: Visit) -> str:
    if typed.get("topic"):
        return _("改进“%(topic)s”") % {"topic": topics.names(organisation=visit.organisation.id).get(typed["topic"], typed["topic"])}
    return ""


def _preview(values: dict[str, str], visit: Visit) -> str:
    """The baseline the action would get, or nothing while the form is not whole."""
    try:
        found = _read(values, visit)
        draft = Action(metric=found.metric, where=found.where, unit=found.unit, start_date=found.start_date, n_days=found.n_days)
        point = actions.measure(draft, actions.before_of(draft), organisation=visit.organisation.id, now=visit.now)
    except (DomainError, ValueError, KeyError):
        return ""
    return _shown(metric_queries.definition(found.metric), actions.frozen(point))


@needs("actions:write")
def baseline(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The baseline for what the form holds now."""
    values = {name: str(value) for name, value in request.GET.items()}
    return render(request, "action/baseline.html", {"baseline": _preview(values, visit)})


def _plan(typed: dict[str, str], visit: Visit) -> Action:
    return actions.plan(
        _read(typed, visit),
        token=typed.get("token", "")[:40] or uuid.uuid4().hex,
        organisation=visit.organisation.id,
        now=visit.now,
        actor=visit.actor,
        actor_name=visit.seat.member.name,
    )


def _read(typed: dict[str, str], visit: Visit) -> Plan:
    """The plan a form holds. Raises ActionError naming the field."""
    organisation = visit.organisation.id
    units = {unit.code: unit for unit in tenancy.units_of(organisation=organisation, paths=visit.seat.paths)}
    owners = {member.user.email: member for member in tenancy.members_of(organisation=organisation)}
    unit, owner = units.get(typed.get("unit", "")), owners.get(typed.get("owner", ""))
    if unit is None:
        raise actions.ActionError(_("请选一个单元"), code="unknown_unit", field="unit")
    if owner is None:
        raise actions.ActionError(_("请选一位负责人"), code="unknown_member", field="owner")
    return Plan(
        title=typed.get("title", ""),
        description=typed.get("description", "")[:4000],
        metric=typed.get("metric", ""),
        owner=owner,
        unit=unit,
        start_date=_date(typed, "start_date"),
        due_date=_date(typed, "due_date"),
        target=_number(typed.get("target", "")),
        n_days=int(typed["n_days"]) if typed.get("n_days", "").isdecimal() else DEFAULT_DAYS,
        source=typed["source"] if typed.get("source") in Source.values else Source.METRIC,
        source_ref=typed.get("source_ref", ""),
        where={name: typed[name] for name in ("topic", "touchpoint") if typed.get(name)},
    )


def _date(typed: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(typed.get(name, ""))
    except ValueError as error:
        raise actions.ActionError(_("请填日期"), code="bad_date", field=name) from error


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.strip().rstrip("%"))
    except ValueError as error:
        raise actions.ActionError(_("目标应是一个数"), code="bad_target", field="target") from error


# ---- one action -----------------------------------------------------------------------------------------------------


def action_of(visit: Visit, key: uuid.UUID) -> Action:
    """The action when its unit lies in the person's subtrees, or it is his. Else not found."""
    found = queries.action(key, organisation=visit.organisation.id)
    if found is None or not (visit.seat.sees(found.unit.path) or found.owner_id == visit.seat.member.id):
        raise Http404
    return found


@needs("actions:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Baseline, target, how it goes, the verdict and the log."""
    return _one(request, visit, action_of(visit, key))


def _one(
    request: HttpRequest, visit: Visit, row: Action, *, typed: dict[str, str] | None = None, said: str = "", status: int = 200
) -> HttpResponse:
    today = tenancy.local_today(visit.now, visit.organisation.timezone)
    definition = metric_queries.definition(row.metric)
    result = row.check_result
    change = changes.Change(**result["change"]) if result else None
    decimals = 1 if definition and definition.unit == "points" else (definition.decimals if definition else 1)
    context = {
        "action": row,
        "card": _card(row, today, _names(visit)),
        "definition": definition,
        "after": _shown(definition, result["after"]) if result else "",
        "before": _shown(definition, result["before"]) if result else _shown(definition, row.baseline),
        "change": f"{change.arrow} {changes.words(change, decimals)}" if change and change.difference is not None else "",
        "change_kind": change.kind if change else "",
        "p": words.p_value(change.p) if change else "",
        "reached": result.get("reached") if result else None,
        "chart": chart(row, definition, organisation=visit.organisation.id, now=visit.now, today=today),
        "notes": queries.notes(row),
        "steps": [State(state) for state in actions.STEPS[row.state] if state != State.ACT],
        "lessons": [choice for choice in Lesson.choices if choice[0] != Lesson.STANDARDISE or row.verdict == Verdict.EFFECTIVE],
        "may_write": visit.seat.may("actions:write"),
        "typed": typed or {},
        "said": said,
    }
    return render(request, "action/one.html", context, status=status)


@require_POST
@needs("actions:write")
def step(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One step: move, learn or comment; refused, the page comes back with the text and the reason."""
    row = action_of(visit, key)
    typed = {name: str(value) for name, value in request.POST.items()}
    who: dict[str, Any] = {
        "organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor, "actor_name": visit.seat.member.name,
    }  # fmt: skip
    version = int(typed["version"]) if typed.get("version", "").isdecimal() else -1
    try:
        if typed.get("do") == "comment":
            actions.comment(row.id, typed.get("text", ""), **who)
        elif typed.get("do") == "learn":
            actions.learn(row.id, typed.get("lesson", ""), typed.get("text", ""), version=version, **who)
        else:
            actions.move(row.id, typed.get("state", ""), version=version, **who)
    except DomainError as error:
        status = 412 if error.code == "stale_version" else 409 if error.code == "move_not_allowed" else 400
        return _one(request, visit, action_of(visit, key), typed=typed, said=str(error.message), status=status)
    return redirect("action", key=key)
