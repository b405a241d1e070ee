"""原因: the tree of causes that reflections choose from: added, renamed, out of use; a ready-made set to start with."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints import causes
from cxms.lib.errors import DomainError
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tree; POST adds one cause, or the ready-made ones."""
    organisation = visit.organisation.id
    form = Form(forms.typed(request, "code", "label", "above"))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        try:
            with transaction.atomic():
                _add(request, visit, form)
            return redirect("settings-causes")
        except DomainError as error:
            form = form.refused(error)
    rows = causes.tree(organisation=organisation, is_all=True)
    context: dict[str, Any] = {
        "rows": rows,
        "tops": [row for row in rows if row.parent_id is None and row.retired_at is None],
        "form": form,
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/causes.html", context, status=form.status)


def _add(request: HttpRequest, visit: Visit, form: Form) -> None:
    organisation = visit.organisation.id
    if request.POST.get("do") == "ready":
        n = causes.add_ready(organisation=organisation, now=visit.now, actor=visit.actor)
        messages.success(request, ngettext("加了 %(n)d 个原因。", "加了 %(n)d 个原因。", n) % {"n": n})
        return
    given = form.values
    row = causes.add(
        given["code"], given["label"], given["above"], organisation=organisation, now=visit.now, actor=visit.actor
    )
    messages.success(request, _("已加“%(name)s”。") % {"name": row.name})


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One cause: its name, in use or not."""
    row = causes.one(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    form = Form({"label": row.name, "retired": row.retired_at is not None})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = Form({"label": forms.text(request, "label"), "retired": request.POST.get("retired") == "1"})
        try:
            with transaction.atomic():
                causes.change(
                    key, form.values["label"], is_retired=form.values["retired"], organisation=visit.organisation.id,
                    version=forms.version(request), now=visit.now, actor=visit.actor,
                )  # fmt: skip
            messages.success(request, _("“%(name)s”已保存。") % {"name": form.values["label"]})
            return redirect("settings-causes")
        except DomainError as error:
            form = form.refused(error, {"label": row.name})
    context = {"row": row, "form": form, "may_write": visit.seat.may("settings:write")}
    return render(request, "settings/cause.html", context, status=form.status)
