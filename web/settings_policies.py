"""承诺政策: the ordered list, one policy as clocks, its versions, and which policy a complaint would get and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints import policies_match, reapplying, sla_policies
from complaints.clock_specs import SPECS
from complaints.enums import Severity
from complaints.models import PolicyVersion
from complaints.policies_check import PolicyError
from complaints.policies_match import Case
from complaints.sla_policies import DEFAULT
from cxms.lib.errors import DomainError
from tenancy import calendars, queries, trees
from tenancy.enums import Channel
from tenancy.models import Unit
from web import forms, policy_effect, policy_form, policy_ladder
from web.door import Visit, needs
from web.forms import Form
from web.policy_effect import Effect
from web.policy_form import ClauseRow
from web.settings_calendars import name_of
from web.topics import labels

KEYS = ("severity", "tier", "channel", "unit", "topic")


@dataclass(frozen=True)
class Line:
    """A policy in the list: its conditions in words and its clocks."""

    row: PolicyVersion
    name: str
    conditions: list[tuple[str, str]]
    clauses: list[ClauseRow]
    is_default: bool


class Words:
    """Codes of conditions as people call them."""

    def __init__(self, visit: Visit) -> None:
        self.units: list[Unit] = queries.units_of(organisation=visit.organisation.id)
        self.by_key: dict[str, Mapping[str, Any]] = {
            "severity": dict(Severity.choices),
            "channel": dict(Channel.choices),
            "topic": labels(visit),
            "unit": {unit.code: unit.name for unit in self.units},
            "tier": {},
        }

    def key(self, key: str) -> str:
        """A condition's name."""
        said = {"severity": _("严重度"), "tier": _("客户等级"), "channel": _("渠道"), "unit": _("单元"), "topic": _("主题")}
        return said.get(key, key)

    def values(self, key: str, options: list[str]) -> str:
        """What a condition accepts."""
        return _("、").join(str(self.by_key.get(key, {}).get(option, option)) for option in options)


def _name(row: PolicyVersion) -> str:
    """A policy's name; the one the product ships with in the reader's language."""
    shipped = row.name in {sla_policies.preset(code)["name"] for code in sla_policies.preset_codes()}
    return policy_form.name_of(row.clauses, get_language() or "") if shipped else row.name


def _rows(visit: Visit) -> list[PolicyVersion]:
    return sla_policies.in_force(organisation=visit.organisation.id)


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """In matching order; POST makes a new one or moves one. `?why=1` asks which policy a complaint would get."""
    form = Form({"code": "", "name": "", "preset": DEFAULT})
    if request.method == "POST":
        if not visit.seat.may("policies:write"):
            raise Http404
        if request.POST.get("do") in {"up", "down"}:
            step = -1 if request.POST["do"] == "up" else 1
            with transaction.atomic():
                sla_policies.move(
                    forms.text(request, "code", 64), step, organisation=visit.organisation.id, now=visit.now, actor=visit.actor
                )
            return redirect("settings-policies")
        made, form = _new(request, visit)
        if made is not None:
            return redirect("settings-policies-one", code=made.code)
    words, rows = Words(visit), _rows(visit)
    context: dict[str, Any] = {
        "lines": [_line(row, words) for row in rows],
        "form": form,
        "may_write": visit.seat.may("policies:write"),
        "presets": [(code, policy_form.name_of(sla_policies.preset(code)["clauses"], get_language() or "")) for code in sla_policies.preset_codes()],
        **_why(request, visit, words, rows),
    }
    return render(request, "settings/policies.html", context, status=form.status)


def _line(row: PolicyVersion, words: Words) -> Line:
    conditions = [(words.key(key), words.values(key, options)) for key, options in row.match.items()]
    return Line(row, _name(row), conditions, policy_form.rows_of(row.clauses), row.code == DEFAULT)


def _new(request: HttpRequest, visit: Visit) -> tuple[PolicyVersion | None, Form]:
    form = Form(forms.typed(request, "code", "name", "preset"))
    code = form.values["code"]
    try:
        if any(row.code == code for row in _rows(visit)):
            raise PolicyError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
        shipped = sla_policies.preset(form.values["preset"] or DEFAULT)
        match = shipped.get("match", {"severity": ["critical"]})
        spec = {"name": form.values["name"], "match": match, "clauses": shipped["clauses"]}
        with transaction.atomic():
            made = sla_policies.put(code, spec, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return None, form.refused(error)
    messages.success(request, _("已照样板建好，先只管样板里的那些投诉；改成你要的。"))
    return made, form


def _why(request: HttpRequest, visit: Visit, words: Words, rows: list[PolicyVersion]) -> dict[str, Any]:
    """The question of the form and its answer."""
    get = request.GET
    asked = {key: get.get(key, "").replace("\x00", "")[:64] for key in (*KEYS, "red")}
    unit = trees.by_code(asked["unit"], organisation=visit.organisation.id) if asked["unit"] else None
    case = Case(
        severity=asked["severity"] or Severity.NORMAL.value, tier=asked["tier"], channel=asked["channel"],
        unit_path=unit.path if unit else "/", topics=(asked["topic"],) if asked["topic"] else (),
        red_line=bool(asked["red"]) or asked["severity"] == Severity.CRITICAL,
    )  # fmt: skip
    reasons = [
        (reason, _name(reason.policy), [(words.key(k), words.values(k, options), holds) for k, options, holds in reason.conditions])
        for reason in (policies_match.explain(case, rows) if "why" in get else [])
    ]
    menus = {"severity": Severity.choices, "channel": Channel.choices, "topic": list(words.by_key["topic"].items())}
    return {"asked": asked, "reasons": reasons, "menus": menus, "units": words.units}


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One policy: for whom, and its clauses as clocks; saving writes a new version."""
    row = next((found for found in _rows(visit) if found.code == code), None)
    if row is None:
        raise Http404
    form, rows, shown = Form({"name": row.name, "match": row.match, "ladder": row.ladder}), policy_form.rows_of(row.clauses), None
    if request.method == "POST":
        if not visit.seat.may("policies:write"):
            raise Http404
        if request.POST.get("do") == "try":
            form, rows, shown = _try(request, visit, row)
        else:
            form, rows = _save(request, visit, row)
        if form.status == 200 and shown is None:
            gone = request.POST.get("do") == "off"
            return redirect("settings-policies") if gone else redirect("settings-policies-one", code=code)
        row = next((found for found in _rows(visit) if found.code == code), row)
    return _one(request, visit, row, form, rows, shown)


def _one(
    request: HttpRequest, visit: Visit, row: PolicyVersion, form: Form, rows: list[ClauseRow], shown: Effect | None
) -> HttpResponse:
    code, words = row.code, Words(visit)
    used = [(found.code, name_of(found.code)) for found in calendars.all_current(organisation=visit.organisation.id)]
    context: dict[str, Any] = {
        "row": row,
        "name": _name(row),
        "lines": [_line(one, words) for one in _rows(visit)],
        "effect": shown,
        "n_older": reapplying.waiting(row, organisation=visit.organisation.id),
        "form": form,
        "rows": rows,
        "kinds": [(kind, policy_form.clause_words(kind)) for kind in SPECS],
        "calendars": used,
        "versions": sla_policies.versions_of(code, organisation=visit.organisation.id),
        "is_default": code == DEFAULT,
        "menus": {"severity": Severity.choices, "channel": Channel.choices, "topic": list(words.by_key["topic"].items())},
        "units": words.units,
        "levels": policy_ladder.levels(form.values["ladder"], visit),
        "members": queries.members_of(organisation=visit.organisation.id),
        "severities": [*Severity.choices, ("never", _("都不要求"))],
        "tiers": "，".join(form.values["match"].get("tier", [])),
        "may_write": visit.seat.may("policies:write"),
    }
    return render(request, "settings/policy.html", context, status=form.status)


def _try(request: HttpRequest, visit: Visit, row: PolicyVersion) -> tuple[Form, list[ClauseRow], Effect | None]:
    """What the form would change, without saving it; everything typed stays in the form."""
    rows = policy_form.typed(request)
    match = {} if row.code == DEFAULT else policy_form.match_of(request)
    form = Form({"name": forms.text(request, "name", 200), "match": match, "ladder": policy_ladder.typed(request, row.ladder)})
    try:
        found = policy_effect.effect(row.code, match, policy_form.clauses_of(rows, row.clauses), visit)
    except DomainError as error:
        return form.refused(error, {"name": row.name}), rows, None
    return form, rows, found


def _save(request: HttpRequest, visit: Visit, row: PolicyVersion) -> tuple[Form, list[ClauseRow]]:
    rows = policy_form.typed(request)
    match = {} if row.code == DEFAULT else policy_form.match_of(request)
    told = policy_ladder.typed(request, row.ladder)
    form = Form({"name": forms.text(request, "name", 200), "match": match, "ladder": told})
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    version = forms.version(request)
    try:
        with transaction.atomic():
            if request.POST.get("do") == "off":
                sla_policies.switch_off(row.code, version=version, **where)
                messages.success(request, _("“%(name)s”不再给新的投诉用；进行中的不变。") % {"name": row.name})
                return form, rows
            clauses = policy_form.clauses_of(rows, row.clauses)
            spec = {"name": form.values["name"], "match": match, "clauses": clauses, "ladder": told}
            made = sla_policies.put(row.code, spec, version=version, **where)
            if request.POST.get("open") == "reapply":
                n = reapplying.ask(made, **where)
                messages.success(request, _("第 %(v)d 版已生效；%(n)d 宗未结的投诉正在换用它，每一宗的经过里都会记下。") % {"v": made.version, "n": n})
                return form, rows
    except DomainError as error:
        return form.refused(error, {"name": row.name}), rows
    said = _("已存为第 %(n)d 版，新的投诉用它；进行中的仍按原来的版本。") % {"n": made.version}
    messages.success(request, said if made.version != row.version else _("和现在的一样，没有改动。"))
    return form, rows
