"""接口密钥: issued with scopes and an end, shown once, revoked at once."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import authority
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
    return _listing(request, visit, Form({}))


def _listing(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    """The list with a refused amount on it."""
    organisation = visit.organisation.id
    rows = keys.all_of(organisation=organisation)
    state = "live" if request.GET.get("state") == "live" else ""
    if state:
        rows = rows.filter(revoked_at__isnull=True).exclude(expires_at__lte=visit.now)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    currency = authority.in_force(organisation=organisation).currency
    lines = [(key, keys.shown(key.offer_limit), key.offer_currency or currency) for key in page.object_list]
    context = {
        "page": page, "lines": lines, "state": state, "query": f"state={state}" if state else "", "now": visit.now, "form": form,
        "currency": currency, **tabs(visit, "keys"),
    }  # fmt: skip
    return render(request, "connect/keys.html", context, status=form.status)


@needs("webhooks:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Issues a key; it is shown in the answer and never again."""
    if request.method != "POST":
        return _form(request, visit, Form({"name": "", "scopes": [], "days": "365", "offer_limit": "", "token": uuid.uuid4().hex}))
    typed: dict[str, Any] = forms.typed(request, "name", "days", "offer_limit", "token", most=80)
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
    limit = keys.typed_limit(form.values["offer_limit"])
    days = int(form.values["days"]) if form.values["days"] in {str(n) for n in DAYS} else DAYS[-1]
    return keys.issue(
        organisation=visit.organisation.id,
        scopes=form.values["scopes"],
        name=form.values["name"],
        now=visit.now,
        actor=visit.actor,
        days=days,
        key_id=key,
        offer_limit=limit,
        offer_currency=authority.in_force(organisation=visit.organisation.id).currency,
    )


def _form(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    scopes = [(scope, words.scope(scope)) for scope in API_SCOPES]
    currency = authority.in_force(organisation=visit.organisation.id).currency
    context = {"form": form, "currency": currency, "scopes": scopes, "days": DAYS, **tabs(visit, "keys")}
    return render(request, "connect/key_new.html", context, status=form.status)


@require_POST
@needs("webhooks:write")
def allow(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Sets how much a key may offer a customer without asking, in the house's own currency."""
    organisation = visit.organisation.id
    typed = forms.typed(request, "offer_limit", "was", most=20)
    try:
        with transaction.atomic():
            limit, currency = keys.typed_limit(typed["offer_limit"]), authority.in_force(organisation=organisation).currency
            row = keys.allow(key, limit, currency, was=typed["was"], organisation=organisation, now=visit.now, actor=visit.actor)
    except ApiKeyError as error:
        if error.code == "not_found" or not keys.all_of(organisation=organisation).filter(id=key).exists():
            raise Http404 from error
        return _listing(request, visit, Form({"key": str(key), **typed}).refused(error))
    messages.success(request, _("“%(name)s”能给的金额已保存。") % {"name": row.name})
    return redirect("connect-keys")


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


