"""口径: what we say to customers; written, tried on example values, put away."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints import reply_templates
from complaints.models import ReplyTemplate
from complaints.reply_templates import NAMES, TemplateError, Wanted
from cxms.lib.errors import DomainError
from feedback import topics
from tenancy import queries, trees
from web import forms
from web.door import Visit, needs
from web.forms import Form

BLANK = {"name": "", "text": "", "unit": "", "language": "", "topic": "", "is_retired": False}


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The catalogue, most used first; POST adds one."""
    form = Form(BLANK)
    organisation = visit.organisation.id
    if request.method == "POST":
        form = _save(request, visit, None)
        if form.status == 200:
            messages.success(request, _("口径“%(name)s”已存，回复框里按 / 就能用。") % {"name": form.values["name"]})
            return redirect("settings-templates")
    is_retired = request.GET.get("state") == "retired"
    rows = reply_templates.catalogue(organisation=organisation, is_retired=is_retired)
    context = {"rows": rows, "is_retired": is_retired, "form": form, **_choices(visit)}
    return render(request, "settings/templates.html", context, status=form.status)


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One template."""
    row = reply_templates.one(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    form = Form(_values(row))
    if request.method == "POST":
        form = _save(request, visit, row)
        if form.status == 200:
            messages.success(request, _("%(name)s 已保存。") % {"name": form.values["name"]})
            return redirect("settings-templates")
        row = reply_templates.one(key, organisation=visit.organisation.id) or row
    example = reply_templates.fill(row.text, _example(visit)).text
    context = {"row": row, "form": form, "example": example, **_choices(visit)}
    return render(request, "settings/template.html", context, status=form.status)


def _choices(visit: Visit) -> dict[str, Any]:
    organisation = visit.organisation.id
    place = {"zh-hans": 0, "zh-hant": 1}.get(get_language() or "", 2)
    return {
        "units": queries.units_of(organisation=organisation),
        "topics": topics.names(organisation=organisation),
        "languages": settings.LANGUAGES,
        "variables": [names[place] for names in NAMES.values()],
        "may_write": visit.seat.may("settings:write"),
        "token": uuid.uuid4().hex,
    }


def _example(visit: Visit) -> dict[str, str]:
    return {
        "customer": _("陈建国"),
        "number": "C-261123-018",
        "store": _("杭州西溪店"),
        "due": "11-23 10:01",
        "handler": visit.seat.member.name,
        "organisation": visit.organisation.name,
        "link": "https://…/p/…",
    }


def _values(row: ReplyTemplate) -> dict[str, Any]:
    return {
        "name": row.name,
        "text": row.text,
        "unit": row.unit.code if row.unit else "",
        "language": row.language,
        "topic": row.topic,
        "is_retired": row.retired_at is not None,
    }


def _save(request: HttpRequest, visit: Visit, row: ReplyTemplate | None) -> Form:
    if not visit.seat.may("settings:write"):
        raise Http404
    organisation, now, actor = visit.organisation.id, visit.now, visit.actor
    values: dict[str, Any] = forms.typed(request, "name", "unit", "language", "topic")
    values["text"] = request.POST.get("text", "").replace("\x00", "")
    values["is_retired"] = request.POST.get("is_retired") == "on"
    try:
        unit = trees.by_code(values["unit"], organisation=organisation) if values["unit"] else None
        if values["unit"] and unit is None:
            raise TemplateError(_("没有这个单元"), code="unknown_unit", field="unit")
        if values["language"] not in {"", *dict(settings.LANGUAGES)}:
            raise TemplateError(_("没有这种语言"), code="unknown_language", field="language")
        wanted = Wanted(values["name"], values["text"], unit, values["language"], values["topic"][:40], values["is_retired"])
        with transaction.atomic():
            if row is None:
                reply_templates.add(forms.key_of(request, organisation), wanted, organisation=organisation, now=now, actor=actor)
            else:
                version = forms.version(request)
                reply_templates.change(row.id, wanted, organisation=organisation, version=version, now=now, actor=actor)
    except DomainError as error:
        stands = reply_templates.one(row.id, organisation=organisation) if row else None
        return Form(values).refused(error, _values(stands) if stands else None)
    return Form(values)
