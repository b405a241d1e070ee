"""接口密钥: issued with scopes and an end, shown once, revoked at once."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from tenancy import keys
from tenancy.capabilities import API_SCOPES
from tenancy.keys import ApiKeyError
from web import connect_words as words
from web import forms
from web.connect import tabs
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
DAYS = (30, 90, 365)


@needs("webhooks:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The keys, the newest first; GET `?state=live` leaves out what has ended."""
    rows = keys.all_of(organisation=visit.organisation.id)
    state = "live" if request.GET.get("state") == "live" else ""
    if state:
        rows = rows.filter(revoked_at__isnull=True).exclude(expires_at__lte=visit.now)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "query": f"state={state}" if state else "", "now": visit.now, **tabs(visit, "keys")}
    return render(request, "connect/keys.html", context)


@needs("webhooks:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Issues a key; it is shown in the answer and never again."""
    if request.method != "POST":
        return _form(request, visit, Form({"name": "", "scopes": [], "days": "365", "token": uuid.uuid4().hex}))
    typed: dict[str, Any] = forms.typed(request, "name", "days", "token", most=80)
    form = Form({**typed, "scopes": [scope for scope in API_SCOPES if scope in request.POST.getlist("scopes")]})
    key = forms.key_of(request, visit.organisation.id)
    if keys.all_of(organisation=visit.organisation.id).filter(id=key).exists():
        return redirect("connect-keys")
    try:
        token = _issue(form, visit, key)
    except DomainError as error:
        return _form(request, visit, form.refused(error))
    return render(request, "connect/key_shown.html", {"token": token, "form": form, **tabs(visit, "keys")})


def _issue(form: Form, visit: Visit, key: uuid.UUID) -> str:
    if not form.values["name"]:
        raise ApiKeyError(_("给密钥起个名字，写明谁在用"), code="missing", field="name")
    if not form.values["scopes"]:
        raise ApiKeyError(_("至少选一项权限"), code="missing", field="scopes")
    days = int(form.values["days"]) if form.values["days"] in {str(n) for n in DAYS} else DAYS[-1]
    return keys.issue(
        organisation=visit.organisation.id,
        scopes=form.values["scopes"],
        name=form.values["name"],
        now=visit.now,
        actor=visit.actor,
        days=days,
        key_id=key,
    )


def _form(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    scopes = [(scope, words.scope(scope)) for scope in API_SCOPES]
    context = {"form": form, "scopes": scopes, "days": DAYS, **tabs(visit, "keys")}
    return render(request, "connect/key_new.html", context, status=form.status)


@require_POST
@needs("webhooks:write")
def revoke(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Ends a key; the next request with it is refused."""
    try:
        keys.revoke(key, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except ApiKeyError as error:
        raise Http404 from error
    messages.success(request, _("密钥已吊销；用它的请求从现在起被拒绝。"))
    return redirect("connect-keys")


