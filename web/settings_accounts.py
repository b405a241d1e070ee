"""通道账号: SMS gateways and group robots, per unit; a secret is typed in and never shown again; test and switch off."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from alerts import accounts, reaches
from alerts.models import SinkAccount
from alerts.sinks.shapes import Message, Person, SinkError
from alerts.sinks.table import SINKS
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import queries
from tenancy.models import Unit
from web import forms
from web.door import Visit, needs
from web.forms import Form

ICONS = {"wecom": "message-2", "dingtalk": "message-2", "feishu": "message-2", "sms": "phone"}


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every account, and the kinds there are to add."""
    rows = [(row, SINKS[row.kind].label(), ICONS[row.kind]) for row in accounts.all_of(organisation=visit.organisation.id)]
    context = {
        "rows": rows,
        "kinds": [(kind, SINKS[kind].label(), ICONS[kind]) for kind in accounts.kinds()],
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/accounts.html", context)


@needs("settings:write")
def new(request: HttpRequest, visit: Visit, slug: str) -> HttpResponse:
    """A new account of a kind."""
    if slug not in accounts.kinds():
        raise Http404
    start = {"label": SINKS[slug].label(), "unit": "", "token": new_id().hex, **{f.name: "" for f in SINKS[slug].fields}}
    return _edit(request, visit, slug, None, Form(start))


@needs("settings:write")
def one(request: HttpRequest, visit: Visit, key: Any) -> HttpResponse:
    """An account; a secret left empty stays."""
    row = _found(key, visit)
    values = {"label": row.label, "unit": row.unit.code, "token": "", **{f.name: row.config.get(f.name, "") for f in SINKS[row.kind].fields}}
    return _edit(request, visit, row.kind, row, Form(values))


def _found(key: Any, visit: Visit) -> SinkAccount:
    row = SinkAccount.objects.filter(organisation_id=visit.organisation.id, id=key).select_related("unit").first()
    if row is None:
        raise Http404
    return row


def _edit(request: HttpRequest, visit: Visit, kind: str, row: SinkAccount | None, form: Form) -> HttpResponse:
    if request.method == "POST":
        names = [field.name for field in SINKS[kind].fields]
        typed = {name: request.POST.get(name, "").replace("\x00", "")[:4000] for name in names}
        form = Form({**typed, **forms.typed(request, "label", "unit", "token")})
        try:
            with transaction.atomic():
                made = accounts.save(
                    row.id if row else None, typed, kind=kind, label=form.values["label"], unit=_unit(form.values["unit"], visit),
                    organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
                    version=forms.version(request) if row else None, fresh=forms.key_of(request, visit.organisation.id),
                )  # fmt: skip
        except DomainError as error:
            form = form.refused(error)
        else:
            messages.success(request, _("已存。发一条测试消息，看看通不通。"))
            return redirect("settings-notices-account", key=made.id)
    fields = [(f, f.label(), f.hint(), form.values.get(f.name, ""), form.wrong.get(f.name, "")) for f in SINKS[kind].fields]
    context = {
        "row": row,
        "kind": kind,
        "name": SINKS[kind].label(),
        "form": form,
        "fields": [(f, label, hint, "" if f.is_secret and row and form.status == 200 else value, wrong) for f, label, hint, value, wrong in fields],
        "units": queries.units_of(organisation=visit.organisation.id),
    }
    return render(request, "settings/account.html", context, status=form.status)


def _unit(code: str, visit: Visit) -> Unit:
    found = {unit.code: unit for unit in queries.units_of(organisation=visit.organisation.id)}
    if code not in found:
        raise accounts.AccountError(_("选一个单元"), code="unknown_unit", field="unit")
    return found[code]


@require_POST
@needs("settings:write")
def act(request: HttpRequest, visit: Visit, key: Any) -> HttpResponse:
    """Switches an account off or on, or sends a test message to whoever asks."""
    row = _found(key, visit)
    do = request.POST.get("do", "")
    if do in {"off", "on"}:
        try:
            with transaction.atomic():
                accounts.switch(row.id, do == "off", organisation=visit.organisation.id, version=forms.version(request), now=visit.now, actor=visit.actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("已停用，不再从它发。") if do == "off" else _("已启用。"))
    elif do == "test":
        _test(request, visit, row)
    return redirect("settings-notices-account", key=row.id)


def _test(request: HttpRequest, visit: Visit, row: SinkAccount) -> None:
    mine = reaches.of(visit.seat.member, organisation=visit.organisation.id)
    person = Person(visit.seat.member.name, visit.user.email, reaches.number_of(mine), mine.handles)
    sink = SINKS[row.kind]
    if not sink.is_group and not sink.reaches(person):
        messages.warning(request, _("先在“我的账号 · 怎样找到我”里写上你的手机号。"))
        return
    message = _message(visit, person if sink.reaches(person) else None, visit.now)
    error = ""
    try:
        sink.send(accounts.opened(row), message)
    except SinkError as refused:
        error = str(refused)
        messages.error(request, _("没有发出去，对方说：%(why)s") % {"why": error})
    else:
        messages.success(request, _("对方收下了，请到“%(name)s”里看。") % {"name": row.label})
    accounts.tested(row, error, now=visit.now, actor=visit.actor)


def _message(visit: Visit, person: Person | None, now: datetime) -> Message:
    subject = _("试发：通道通了")
    text = _("这是 %(place)s 的测试消息，由 %(name)s 发出。") % {"place": visit.organisation.name, "name": visit.seat.member.name}
    people = (person,) if person else ()
    return Message(new_id().hex, subject, text, settings.SITE_URL, people, int(now.timestamp()))
