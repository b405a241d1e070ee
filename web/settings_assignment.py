"""分配: where new complaints find their owner by themselves, and which topics each colleague handles."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from complaints import assigning
from cxms.lib.errors import DomainError
from feedback import topics
from tenancy import queries, trees
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Units with their switch, colleagues with their topics; POST switches one unit."""
    organisation = visit.organisation.id
    if request.method == "POST":
        return _switch(request, visit)
    rules, skills = assigning.rules(organisation=organisation), assigning.skills(organisation=organisation)
    names = topics.names(organisation=organisation)
    people = queries.members_of(organisation=organisation)
    context: dict[str, Any] = {
        "units": [(unit, ("on" if rules[unit.id] else "off") if unit.id in rules else "follow") for unit in queries.units_of(organisation=organisation)],
        "people": [(one, [names.get(code, code) for code in skills.get(one.id, [])]) for one in people],
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/assignment.html", context)


def _switch(request: HttpRequest, visit: Visit) -> HttpResponse:
    if not visit.seat.may("settings:write"):
        raise Http404
    organisation = visit.organisation.id
    unit = trees.by_code(forms.text(request, "unit", 64), organisation=organisation)
    if unit is None:
        raise Http404
    try:
        with transaction.atomic():
            wanted = request.POST.get("rule", "")
            assigning.choose_rule(unit, wanted, organisation=organisation, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("%(name)s 的分配方式已存。") % {"name": unit.name})
    return redirect("settings-assignment")


@needs("settings:read")
def person(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The topics one colleague handles; none ticked means any."""
    organisation = visit.organisation.id
    member = next((one for one in queries.members_of(organisation=organisation) if one.id == key), None)
    if member is None:
        raise Http404
    has = assigning.skills(organisation=organisation).get(key, [])
    names = topics.names(organisation=organisation)
    form, ticked = Form({}), has
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        ticked = [code for code in request.POST.getlist("topic") if code in names]
        try:
            was = [code for code in request.POST.get("was", "").split(",") if code]
            with transaction.atomic():
                assigning.choose_skills(member, ticked, was, organisation=organisation, now=visit.now, actor=visit.actor)
            messages.success(request, _("%(name)s 已保存。") % {"name": member.name})
            return redirect("settings-assignment")
        except DomainError as error:
            form = form.refused(error)
    context: dict[str, Any] = {
        "member": member,
        "form": form,
        "was": ",".join(has),
        "topics": [(code, label, code in ticked) for code, label in names.items()],
        "now_has": [names.get(code, code) for code in has],
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/assignment_one.html", context, status=form.status)
