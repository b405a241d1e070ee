"""主题分类: what topics are called here, which words belong to them, and what a change would touch before it is saved."""

import re
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from complaints import desk
from cxms.lib.errors import DomainError
from feedback import topics
from feedback.models import TopicSetting
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every topic by the name it has here."""
    own = topics.settings_of(organisation=visit.organisation.id)
    rows = [
        {"code": code, "name": (own[code].label if code in own else "") or str(label), "usual": str(label), "own": own.get(code)}
        for code, label in topics.LABELS.items()
    ]
    return render(request, "settings/taxonomy.html", {"rows": rows})


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One topic; `do=count` says how many voices of the last 30 days say the words, and writes nothing."""
    if code not in topics.LABELS:
        raise Http404
    own = topics.settings_of(organisation=visit.organisation.id).get(code)
    form = Form(_values(own))
    counted: tuple[int, int] | None = None
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form, counted = _take(request, visit, code, own)
        if form.status == 200 and counted is None:
            messages.success(request, _("“%(name)s”已保存，从下一条声音起生效。") % {"name": form.values["label"] or topics.LABELS[code]})
            return redirect("settings-taxonomy")
        own = topics.settings_of(organisation=visit.organisation.id).get(code)
    context: dict[str, Any] = {
        "code": code,
        "usual": str(topics.LABELS[code]),
        "form": form,
        "version": own.version if own else 0,
        "counted": counted,
        "places": desk.touchpoints(organisation=visit.organisation.id),
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/topic.html", context, status=form.status)


def _values(own: TopicSetting | None) -> dict[str, Any]:
    if own is None:
        return {"label": "", "keywords": "", "touchpoint": "", "is_offered": True}
    place = own.touchpoint.code if own.touchpoint else ""
    return {
        "label": own.label, "keywords": "\n".join(own.keywords), "touchpoint": place, "is_offered": own.retired_at is None,
    }  # fmt: skip


def _take(request: HttpRequest, visit: Visit, code: str, own: TopicSetting | None) -> tuple[Form, tuple[int, int] | None]:
    values: dict[str, Any] = forms.typed(request, "label", "touchpoint")
    values["keywords"] = request.POST.get("keywords", "").replace("\x00", "")[:4000]
    values["is_offered"] = request.POST.get("is_offered") == "on"
    form = Form(values)
    words = re.split(r"[\n,，、;；]+", values["keywords"])
    organisation = visit.organisation.id
    try:
        if request.POST.get("do") == "count":
            return form, topics.n_saying(topics.clean_keywords(words), organisation=organisation, now=visit.now)
        with transaction.atomic():
            topics.change(
                code, organisation=organisation, version=forms.version(request), label=values["label"], own_words=words,
                touchpoint=values["touchpoint"], is_offered=values["is_offered"], now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return form.refused(error, _values(own)), None
    return form, None
