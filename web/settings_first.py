"""第一步：先归类: who must have classified a voice before departments and stores see it."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import first
from tenancy import queries
from tenancy.enums import ClassifyFirst
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rule, and how many voices wait; POST keeps it."""
    place = visit.organisation
    form = Form({"rule": place.classify_first})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = Form(forms.typed(request, "rule"))
        try:
            with transaction.atomic():
                first.choose(form.values["rule"], organisation=place.id, version=forms.version(request), now=visit.now, actor=visit.actor)
            messages.success(request, _("存好了，马上按新的规则。"))
            return redirect("settings-first")
        except DomainError as error:
            place = queries.organisation(place.id)
            form = form.refused(error, {"rule": str(ClassifyFirst(place.classify_first).label)})
    context = {
        "place": place, "form": form, "rules": ClassifyFirst.choices, "may_write": visit.seat.may("settings:write"),
        "n": first.count(first.Filters(), organisation=place.id),
    }  # fmt: skip
    return render(request, "settings/first.html", context, status=form.status)
