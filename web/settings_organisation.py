"""组织资料 and 渠道开关: what the organisation is called, which zone it lives in, which channels take voices in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import queries as voices
from feedback.topics import LOOK_BACK
from tenancy import organisations, queries
from tenancy.enums import Channel
from tenancy.models import Organisation
from web import forms, start_steps
from web.accounts import has_totp
from web.door import Visit, needs
from web.forms import Form


def _values(place: Organisation) -> dict[str, Any]:
    return {
        "name": place.name, "language": place.language, "timezone": place.timezone, "admins_need_totp": place.admins_need_totp,
    }  # fmt: skip


@needs("settings:read")
def organisation(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Name, language, zone, and whether administrators need a second factor."""
    place = visit.organisation
    form = Form(_values(place))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = _save(request, visit)
        if form.status == 200:
            messages.success(request, _("组织资料已保存。"))
            return redirect("settings-organisation")
        place = queries.organisation(place.id)
    context = {
        "place": place,
        "form": form,
        "zones": start_steps.zones(),
        "languages": settings.LANGUAGES,
        "may_write": visit.seat.may("settings:write"),
        "may_require": visit.seat.may("members:write"),
    }
    return render(request, "settings/organisation.html", context, status=form.status)


def _save(request: HttpRequest, visit: Visit) -> Form:
    values: dict[str, Any] = forms.typed(request, "name", "language", "timezone")
    values["admins_need_totp"] = request.POST.get("admins_need_totp") == "on"
    if not visit.seat.may("members:write"):
        values["admins_need_totp"] = visit.organisation.admins_need_totp
    form = Form(values)
    try:
        turned_on = values["admins_need_totp"] and not visit.organisation.admins_need_totp
        if turned_on and not has_totp(visit.user):
            message = _("先给你自己开双重验证，再要求别的管理员；不然你会把自己关在门外")
            raise organisations.OrganisationError(message, code="own_totp_first", field="admins_need_totp")
        with transaction.atomic():
            organisations.change(
                visit.organisation.id, version=forms.version(request), now=visit.now, actor=visit.actor, **values
            )
    except DomainError as error:
        return form.refused(error, _values(queries.organisation(visit.organisation.id)))
    return form


@needs("settings:read")
def channels(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Each channel with its voices of the last 30 days; off, it takes nothing in and says so."""
    form = Form({"channels": []})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        on = set(request.POST.getlist("on"))
        try:
            with transaction.atomic():
                organisations.switch_channels(
                    visit.organisation.id, set(Channel.values) - on, version=forms.version(request), now=visit.now, actor=visit.actor
                )
            messages.success(request, _("渠道开关已保存，从下一条声音起生效。"))
            return redirect("settings-channels")
        except DomainError as error:
            form = form.refused(error)
    place = queries.organisation(visit.organisation.id)
    off = set(place.channels_off) if form.status == 200 else set(Channel.values) - set(request.POST.getlist("on"))
    counts = voices.n_by_channel(organisation=place.id, since=visit.now - LOOK_BACK)
    rows = [(value, label, value not in off, counts.get(value, 0)) for value, label in Channel.choices]
    context = {"rows": rows, "place": place, "form": form, "may_write": visit.seat.may("settings:write")}
    return render(request, "settings/channels.html", context, status=form.status)
