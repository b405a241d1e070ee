"""立案规则: which voices become complaints, in order; each rule tried on the last thirty days before it is saved."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from complaints import case_rules_kept, case_rules_preview, case_rules_rows
from complaints.case_rules import AUTO, RED_LINE
from complaints.case_rules_kept import Kept
from complaints.case_rules_preview import Preview
from cxms.lib.errors import DomainError
from feedback import queries as voices
from feedback.models import Feedback
from web import case_rule_form, forms, surveys
from web.case_rule_form import Words
from web.door import Visit, needs
from web.forms import Form

NEW = "new"
BLANK: dict[str, Any] = {
    "code": NEW, "name": "", "is_on": True, "match": {},
    "then": {"open": True, "severity": AUTO, "unit": "", "owner": "", "policy": "", "reason": ""},
}  # fmt: skip


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rules in order; POST moves one. `?try=1` shows what they opened in the last thirty days."""
    organisation = visit.organisation.id
    form = Form({})
    if request.method == "POST":
        form = _move(request, visit)
        if form.status == 200:
            return redirect("settings-case-rules")
    kept, words = case_rules_kept.current(organisation=organisation), Words(visit)
    tried = case_rules_preview.run(kept.rules, kept.rules, organisation=organisation, now=visit.now) if "try" in request.GET else None
    context = {
        "lines": [_line(rule, words) for rule in kept.rules], "kept": kept, "form": form,
        "versions": case_rules_kept.history(organisation=organisation),
        "n_lost": case_rules_rows.n_lost(organisation=organisation, now=visit.now),
        "recovery": surveys.recovery_of(visit, "rules") if visit.seat.may("surveys:read") else None,
        "may_write": visit.seat.may("policies:write"), **_shown(tried, kept.rules, words, visit),
    }  # fmt: skip
    return render(request, "settings/case_rules.html", context, status=form.status)


def _line(rule: Mapping[str, Any], words: Words) -> dict[str, Any]:
    chips = [words.condition(key, wanted) for key, wanted in rule["match"].items()]
    return {"rule": rule, "name": case_rule_form.name_of(rule), "chips": chips, "effect": words.effect(rule["then"])}


def _move(request: HttpRequest, visit: Visit) -> Form:
    if not visit.seat.may("policies:write"):
        raise Http404
    step = -1 if request.POST.get("do") == "up" else 1
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    try:
        with transaction.atomic():
            case_rules_kept.move(forms.text(request, "code", 64), step, version=_version(request), **where)
    except DomainError as error:
        return Form({}).refused(error)
    return Form({})


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One rule, or a new one: conditions, what follows, and what the last thirty days would have brought."""
    organisation = visit.organisation.id
    kept = case_rules_kept.current(organisation=organisation)
    rule = next((row for row in kept.rules if row["code"] == code), BLANK if code == NEW else None)
    if rule is None or (request.method == "POST" and not visit.seat.may("policies:write")):
        raise Http404
    form, tried = Form(case_rule_form.values_of(rule)), None
    if request.method == "POST":
        form, tried = _posted(request, visit, kept, code)
        if form.status == 200 and tried is None:
            return redirect("settings-case-rules")
    words = Words(visit)
    context = {
        "rule": rule, "code": code, "name": _("新规则") if code == NEW else case_rule_form.name_of(rule), "form": form,
        "version": kept.version if request.method == "GET" else _version(request),
        "kept": kept, "words": words, "is_red": code == RED_LINE, "labels": {key: case_rule_form.label(key) for key in words.menus},
        "token": request.POST.get("token") or uuid.uuid4().hex, "may_write": visit.seat.may("policies:write"),
        **_shown(tried, case_rules_kept.with_rule(kept.rules, {**rule, "code": code}), words, visit),
    }  # fmt: skip
    return render(request, "settings/case_rule.html", context, status=form.status)


def _version(request: HttpRequest) -> int:
    """The version the form was opened on; 0 is the shipped rules."""
    return forms.version(request)


def _posted(request: HttpRequest, visit: Visit, kept: Kept, code: str) -> tuple[Form, Preview | None]:
    values = case_rule_form.typed(request)
    form = Form({**values, "score": "", "code": ""})
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    # the same new form sent twice writes one rule
    key = code if code != NEW else f"r-{forms.key_of(request, visit.organisation.id).hex[:12]}"
    try:
        with transaction.atomic():
            if request.POST.get("do") == "remove":
                case_rules_kept.remove(code, version=_version(request), **where)
                messages.success(request, _("这条规则不再用；已立的案不变。"))
                return form, None
            wanted = case_rule_form.rule_of(key, values)
            if request.POST.get("do") == "try":
                clean = case_rules_kept.checked(wanted, organisation=visit.organisation.id)
                after = case_rules_kept.with_rule(kept.rules, clean)
                return form, case_rules_preview.run(kept.rules, after, organisation=visit.organisation.id, now=visit.now)
            if code == NEW and any(row["code"] == key for row in kept.rules):
                return form, None
            made = case_rules_kept.put(wanted, version=_version(request), **where)
    except DomainError as error:
        return form.refused(error), None
    messages.success(request, _("规则已存为第 %(n)d 版，从现在起的声音照它判断；已立的案不变。") % {"n": made.version})
    return form, None


def _shown(tried: Preview | None, rules: list[dict[str, Any]], words: Words, visit: Visit) -> dict[str, Any]:
    """The preview in words: units by name, samples with what was said and why."""
    if tried is None:
        return {"tried": None}
    names = {rule["code"]: case_rule_form.name_of(rule) for rule in rules}
    units: dict[str | None, str] = {str(unit.id): unit.name for unit in words.units}
    most = max((max(before, after) for _day, before, after in tried.days), default=0)
    samples = [*tried.newly, *tried.no_longer, *tried.kept]
    said = {str(row.id): row for row in Feedback.objects.filter(organisation_id=visit.organisation.id, id__in=[s.row.id for s in samples])}
    scores = {str(key): rows for key, rows in voices.scores(list(map(uuid.UUID, (s.row.id for s in samples))), organisation=visit.organisation.id).items()}
    groups = ((_("新立的"), tried.newly), (_("不再立的"), tried.no_longer), (_("会立的"), tried.kept))
    return {
        "tried": tried,
        "t_days": [(day, before, after, high, 100 - high) for day, before, after in tried.days for high in [round(100 * after / max(1, most))]],
        "t_units": [(units.get(key, _("没有单元")), before, after) for key, before, after in tried.units[:12]],
        "t_more_units": max(0, len(tried.units) - 12),
        "t_rules": [(names.get(code, code), n) for code, n in tried.by_rule],
        "t_passed": [(names.get(rule, "") if rule else case_rule_form.reason(why), n) for why, rule, n in tried.passed],
        "t_samples": [(title, [_sample(one, said, scores, names) for one in found]) for title, found in groups if found],
    }


def _sample(one: case_rules_preview.Sample, said: Mapping[Any, Feedback], scores: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    voice, judged = said.get(one.row.id), one.after if one.after.opens else one.before
    nps = [f"{row.get_kind_display()} {float(row.value):g}" for row in scores.get(one.row.id, []) if not row.item]
    by = names.get(judged.rule, judged.rule)
    why = _("按“%(rule)s”") % {"rule": by} if judged.rule else case_rule_form.reason(judged.reason)
    if not one.after.opens:
        why = names.get(one.after.rule, "") or case_rule_form.reason(one.after.reason)
    return {"id": one.row.id, "text": voice.text if voice else "", "day": one.row.day, "why": why, "score": _("、").join(nps), "channel": voice.get_channel_display() if voice else ""}
