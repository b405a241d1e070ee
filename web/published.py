"""公开指数: what others published, beside the targets and apart from every own figure; adding one, withdrawing an own addition."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from metrics import published, queries
from metrics.definitions.table import BY_CODE
from reports import aims
from web import exports, forms
from web.door import Visit, needs
from web.forms import Form

FIELDS = ("name", "publisher", "metric", "year", "value", "source")
COLUMNS = ("kind", "own_data", "name", "publisher", "metric", "year", "value", "source", "shipped")


@needs("metrics:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The library; POST adds a value. Every exported line says that it is published and not the organisation's own."""
    form = Form(dict.fromkeys(FIELDS, "") | {"metric": "csi"})
    if request.method == "POST":
        if not visit.seat.may("targets:write"):
            raise Http404
        form = Form(forms.typed(request, *FIELDS, most=400))
        try:
            with transaction.atomic():
                published.add(forms.key_of(request, visit.organisation.id), form.values, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
            messages.success(request, _("公开指数加好了。"))
            return redirect("published")
        except DomainError as error:
            form = form.refused(error)
    found = published.indices(organisation=visit.organisation.id)
    if (kind := request.GET.get("format", "")) in exports.KINDS:
        rows = [["published", False, one.label, one.publisher, one.metric, v.year, v.value, v.source, one.is_shipped] for one in found for v in one.values]
        return exports.table(kind, COLUMNS, rows, name="published-indices")
    rows_ = [
        {"index": one, "value": value, "text": aims.plain(one.metric, value.value), "label": BY_CODE[one.metric].label}
        for one in found if one.metric in BY_CODE for value in reversed(one.values)
    ]  # fmt: skip
    context = {"rows": rows_, "form": form, "definitions": queries.register(), "token": new_id().hex, "may_set": visit.seat.may("targets:write")}
    return render(request, "targets/published.html", context, status=form.status)


@require_POST
@needs("targets:write")
def withdraw(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes an own addition out."""
    with transaction.atomic():
        if published.withdraw(key, organisation=visit.organisation.id, now=visit.now, actor=visit.actor) is None:
            raise Http404
    messages.success(request, _("撤回了。"))
    return redirect("published")
