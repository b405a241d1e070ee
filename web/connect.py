"""接口: webhook endpoints, their deliveries and secrets. Keys and dead letters are beside it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from integrations import deliveries, endpoints, queries
from integrations.enums import DeliveryState, EndpointState
from integrations.models import Endpoint
from integrations.public_facts import EVERYTHING, KINDS
from ledger import queries as ledger
from web import connect_words as words
from web import forms
from web.door import Visit, needs
from web.forms import Form

PAGE = 50


@dataclass(frozen=True)
class Line:
    """An endpoint as the list shows it."""

    row: Endpoint
    host: str
    n_waiting: int
    n_dead: int


def kinds() -> list[tuple[str, str]]:
    """Every public kind of fact with its name."""
    return [(kind, words.fact(kind)) for kind in KINDS]


def tabs(visit: Visit, here: str) -> dict[str, Any]:
    """What the three pages' common head shows."""
    return {"here": here, "n_failures": ledger.dead(organisation=visit.organisation.id).count()}


def _line(row: Endpoint, counts: dict[str, int]) -> Line:
    host = urlsplit(row.url).netloc
    return Line(row, host, counts.get(DeliveryState.DUE, 0), counts.get(DeliveryState.DEAD, 0))


@needs("webhooks:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every endpoint, oldest first; fifty are the most there can be."""
    rows = queries.endpoints(organisation=visit.organisation.id)
    counts = queries.counts([row.id for row in rows], organisation=visit.organisation.id)
    lines = [_line(row, counts.get(row.id, {})) for row in rows]
    return render(request, "connect/webhooks.html", {"lines": lines, **tabs(visit, "webhooks")})


@needs("webhooks:write")
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Registers an endpoint; its secret is shown in the answer and never again."""
    if request.method != "POST":
        return _new_form(request, visit, Form({"url": "", "description": "", "kinds": [], "every": "1", "token": uuid.uuid4().hex}))
    form = Form(_typed(request))
    key = forms.key_of(request, visit.organisation.id)
    if queries.endpoint(key, organisation=visit.organisation.id) is not None:
        return redirect("connect-webhook", key=key)
    try:
        row, secret = endpoints.create(
            organisation=visit.organisation.id,
            url=form.values["url"],
            kinds=_wanted(form),
            description=form.values["description"],
            now=visit.now,
            actor=visit.actor,
            key=key,
        )
    except DomainError as error:
        return _new_form(request, visit, form.refused(error))
    return render(request, "connect/secret.html", {"row": row, "secret": secret, "is_new": True, **tabs(visit, "webhooks")})


def _typed(request: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {"url": request.POST.get("url", "").strip()[:2001], "description": forms.text(request, "description")}
    found["kinds"] = [kind for kind in KINDS if kind in request.POST.getlist("kinds")]
    return found | {"every": request.POST.get("every", ""), "token": forms.text(request, "token", 64)}


def _wanted(form: Form) -> list[str]:
    return [EVERYTHING] if form.values["every"] == "1" else list(form.values["kinds"])


def _new_form(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    context = {"form": form, "all_kinds": kinds(), **tabs(visit, "webhooks")}
    return render(request, "connect/new.html", context, status=form.status)


def _found(key: uuid.UUID, visit: Visit) -> Endpoint:
    row = queries.endpoint(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    return row


@needs("webhooks:write")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One endpoint with its deliveries, the newest first, filtered by state in the URL."""
    row = _found(key, visit)
    return _one(request, visit, row, _form_of(row))


def _form_of(row: Endpoint) -> Form:
    every = "1" if EVERYTHING in row.kinds else ""
    return Form({"url": row.url, "description": row.description, "kinds": row.kinds, "every": every, "version": row.version})


def _one(request: HttpRequest, visit: Visit, row: Endpoint, form: Form) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in DeliveryState.values else ""
    organisation = visit.organisation.id
    counts = queries.counts([row.id], organisation=organisation).get(row.id, {})
    page = Paginator(queries.deliveries(row.id, state=state, organisation=organisation), PAGE).get_page(request.GET.get("page"))
    context = {
        "line": _line(row, counts),
        "row": row,
        "form": form,
        "page": page,
        "state": state,
        "query": f"state={state}" if state else "",
        "states": [("", _("全部"), None), *((s.value, s.label, counts.get(s.value)) for s in DeliveryState)],
        "all_kinds": kinds(),
        "ping": uuid.uuid4().hex,
        "names": dict(kinds()) | {"webhook.ping": _("测试消息")},
        **tabs(visit, "webhooks"),
    }
    return render(request, "connect/webhook.html", context, status=form.status)


@require_POST
@needs("webhooks:write")
def act(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """What the buttons of an endpoint's page do: change, state, rotate, test, replay, remove."""
    row = _found(key, visit)
    what = request.POST.get("do", "")
    form = _form_of(row)
    try:
        if what == "change":
            form = Form({**_typed(request), "version": forms.version(request)})
            fields = {"url": form.values["url"], "description": form.values["description"], "kinds": _wanted(form)}
            if fields["url"] == row.url:
                del fields["url"]
            _change(visit, key, fields, forms.version(request))
            messages.success(request, _("已保存。"))
        elif what in EndpointState.values:
            _change(visit, key, {"state": what}, forms.version(request))
            said = _("已启用；等着的消息会马上开始发送。") if what == EndpointState.ACTIVE else _("已停用；新的事件不再为它排队。")
            messages.success(request, said)
        elif what == "rotate":
            row, secret = endpoints.rotate(key, version=forms.version(request), **_where(visit))
            return render(request, "connect/secret.html", {"row": row, "secret": secret, **tabs(visit, "webhooks")})
        elif what == "remove":
            endpoints.remove(key, **_where(visit))
            messages.success(request, _("接收地址已删除。"))
            return redirect("connect")
        else:
            _send(request, visit, key, what)
    except DomainError as error:
        return _one(request, visit, row, form.refused(error))
    return redirect(_back(request, key))


def _where(visit: Visit) -> dict[str, Any]:
    return {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}


def _change(visit: Visit, key: uuid.UUID, fields: dict[str, Any], version: int) -> None:
    endpoints.change(key, fields, version=version, **_where(visit))


def _back(request: HttpRequest, key: uuid.UUID) -> str:
    state = request.POST.get("state", "")
    return reverse("connect-webhook", kwargs={"key": key}) + (f"?state={state}" if state in DeliveryState.values else "")


def _send(request: HttpRequest, visit: Visit, key: uuid.UUID, what: str) -> None:
    """Test and replay. Raises DomainError."""
    if what == "test":
        deliveries.ping(key, message=forms.key_of(request, visit.organisation.id), **_where(visit))
        messages.success(request, _("测试消息已排队，几秒后在下面看结果。"))
        return
    if what == "replay":
        n = deliveries.replay(key, _ids(request.POST.getlist("delivery")), **_where(visit))
    elif what == "replay-dead":
        n = deliveries.replay_dead(key, **_where(visit))
    elif what == "replay-since":
        since = _instant(request.POST.get("since", ""))
        n, more = deliveries.replay_since(key, since, **_where(visit))
        if more is not None:
            messages.warning(request, _("一次最多一万条；其余的请从 %(at)s 起再发一次。") % {"at": f"{timezone.localtime(more):%Y-%m-%d %H:%M}"})
    else:
        raise Http404
    messages.success(request, ngettext("%(n)d 条消息重新排队。", "%(n)d 条消息重新排队。", n) % {"n": n})


def _ids(given: list[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text) for text in given][:PAGE]
    except ValueError:
        raise Http404 from None


def _instant(text: str) -> datetime:
    """A local date and time from the form. Raises EndpointError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise endpoints.EndpointError(_("请写明从什么时候起"), code="bad_instant", field="since") from error
    return found if found.tzinfo else timezone.make_aware(found)
