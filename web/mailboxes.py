"""邮箱: the mailboxes customers write to, whether they can be read, and what became of each mail."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from feedback import mailboxes
from feedback.enums import MailOutcome
from feedback.mailboxes import Account
from feedback.models import Mailbox, MailMessage
from tenancy import queries as tenancy
from tenancy.audit import note
from web.door import Visit, needs


@needs("imports:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Mailboxes and the mails that came, newest first."""
    organisation = visit.organisation.id
    rows = MailMessage.objects.filter(organisation_id=organisation).select_related("mailbox").order_by("-received_at", "-id")
    outcome = request.GET.get("outcome", "")
    if outcome in MailOutcome.values:
        rows = rows.filter(outcome=outcome)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "boxes": list(Mailbox.objects.filter(organisation_id=organisation).select_related("unit").order_by("name")),
        "page": Paginator(rows, 30).get_page(request.GET.get("page")),
        "outcome": outcome,
        "outcomes": MailOutcome.choices,
        "query": query.urlencode(),
    }
    return render(request, "mailbox/list.html", context)


@needs("imports:write")
def edit(request: HttpRequest, visit: Visit, key: uuid.UUID | None = None) -> HttpResponse:
    """A mailbox's form; POST saves it and has it read at once."""
    organisation = visit.organisation.id
    row = Mailbox.objects.filter(organisation_id=organisation, id=key).first() if key else None
    if key and row is None:
        raise Http404
    typed = {name: str(value) for name, value in request.POST.items()}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            saved = _save(typed, row, visit)
        except DomainError as error:
            wrong = {error.field or "host": str(error.message)}
        else:
            note("mailbox.saved", saved.id, organisation=organisation, actor=visit.actor, now=visit.now)
            messages.success(request, _("已保存，一分钟内读第一次"))
            return redirect("imports-mailboxes")
    values = typed or _values(row)
    context: dict[str, Any] = {
        "row": row, "v": values, "wrong": wrong, "units": tenancy.units_of(organisation=organisation),
        "plain_hosts": settings.IMAP_PLAIN_HOSTS,
    }  # fmt: skip
    return render(request, "mailbox/edit.html", context, status=400 if wrong else 200)


def _values(row: Mailbox | None) -> dict[str, Any]:
    if row is None:
        return {"port": 993, "security": "ssl", "folder": "INBOX", "version": 0}
    names = ("name", "host", "port", "security", "username", "folder", "version")
    return {name: getattr(row, name) for name in names} | {"unit": row.unit.code if row.unit else ""}


def _save(typed: dict[str, str], row: Mailbox | None, visit: Visit) -> Mailbox:
    organisation = visit.organisation.id
    units = {unit.code: unit for unit in tenancy.units_of(organisation=organisation)}
    account = Account(
        mailbox=row.id if row else new_id(),
        host=typed.get("host", "").strip()[:200],
        port=int(typed["port"]) if typed.get("port", "").isdecimal() else 0,
        security=typed.get("security", ""),
        username=typed.get("username", "").strip()[:200],
        password=typed.get("password", ""),
        folder=typed.get("folder", "").strip()[:80],
    )
    version = int(typed["version"]) if typed.get("version", "").isdecimal() else -1
    return mailboxes.put(
        account, typed.get("name", ""), unit=units.get(typed.get("unit", "")), version=version,
        organisation=organisation, now=visit.now,
    )  # fmt: skip


@require_POST
@needs("imports:write")
def stop(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Reads a mailbox no more."""
    row = Mailbox.objects.filter(organisation_id=visit.organisation.id, id=key).first()
    if row is None:
        raise Http404
    mailboxes.stop(row.id, organisation=visit.organisation.id)
    note("mailbox.stopped", row.id, organisation=visit.organisation.id, actor=visit.actor, now=visit.now)
    messages.success(request, _("不再读取，已收到的信都还在"))
    return redirect("imports-mailboxes")
