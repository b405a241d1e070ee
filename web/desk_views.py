"""Saved views of the desk: made from the filters one looks through, renamed, shared, taken away."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import saved_views
from complaints.saved_views import Wanted
from cxms.lib.errors import DomainError
from web import forms
from web.desk import KEPT, page_of
from web.door import Visit, needs
from web.forms import Form


def _wanted(request: HttpRequest, visit: Visit) -> Wanted:
    given = QueryDict(request.POST.get("query", "")[:600])
    clean = QueryDict(mutable=True)
    for name in KEPT:
        if given.get(name):
            clean[name] = given[name].replace("\x00", "")[:80]
    # only who manages complaints puts a view on other people's desks
    role = forms.text(request, "role", 16) if visit.seat.may("complaints:manage") else ""
    return Wanted(forms.text(request, "name", 80), clean.urlencode(), role)


def _back(query: str, saved: object = None) -> str:
    tail = f"{query}&saved={saved}".lstrip("&") if saved else query
    return reverse("desk") + (f"?{tail}" if tail else "")


def _again(request: HttpRequest, visit: Visit, error: DomainError) -> HttpResponse:
    """The list as it was, with what was typed and why it was refused."""
    request.GET = QueryDict(request.POST.get("query", "")[:600])
    typed = {"name": request.POST.get("name", ""), "role": request.POST.get("role", ""), "do": "view"}
    return page_of(request, visit, Form(typed).refused(error))


@require_POST
@needs("complaints:read")
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Saves the filters under a name."""
    organisation = visit.organisation.id
    wanted = _wanted(request, visit)
    key = forms.key_of(request, organisation)
    try:
        with transaction.atomic():
            row = saved_views.add(
                key, wanted, visit.seat.member, organisation=organisation, now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        return _again(request, visit, error)
    messages.success(request, _("视图“%(name)s”已存。") % {"name": row.name})
    return redirect(_back(row.query, row.id))


@require_POST
@needs("complaints:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Changes (`do=save`) or removes (`do=remove`) a view of one's own."""
    organisation, member = visit.organisation.id, visit.seat.member
    if saved_views.one_of(key, member, organisation=organisation) is None:
        raise Http404
    version, wanted, now, actor = forms.version(request), _wanted(request, visit), visit.now, visit.actor
    try:
        with transaction.atomic():
            if request.POST.get("do") == "remove":
                saved_views.remove(key, member, organisation=organisation, version=version, now=now, actor=actor)
                messages.success(request, _("视图已删，投诉都还在。"))
                return redirect("desk")
            row = saved_views.change(
                key, wanted, member, organisation=organisation, version=version, now=now, actor=actor
            )
    except DomainError as error:
        return _again(request, visit, error)
    messages.success(request, _("视图“%(name)s”已存。") % {"name": row.name})
    return redirect(_back(row.query, row.id))
