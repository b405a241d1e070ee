"""While somebody writes on a ticket: his drafts are kept, and he hears who else reads or writes there."""

import contextlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from complaints import drafts, mentions, reply_templates
from complaints.models import Draft, Move, Ticket
from cxms.lib import pinyin
from cxms.lib.errors import DomainError
from web import presence
from web.door import Visit, needs
from web.seen import ticket_of


@require_POST
@needs("complaints:write")
def draft(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Keeps what stands in a form; `do=discard` throws it away and shows the ticket as it is."""
    ticket, organisation = ticket_of(visit, number), visit.organisation.id
    form = request.POST.get("form", "")
    if request.POST.get("do") == "discard":
        drafts.drop(ticket, visit.seat.member, form, organisation=organisation)
        return redirect("case", number=number)
    fields = {name: value for name, value in request.POST.dict().items() if isinstance(value, str)}
    try:
        drafts.save(ticket, visit.seat.member, form, fields, organisation=organisation, now=visit.now)
    except DomainError as error:
        return HttpResponse(str(error.message), status=400, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204)


@require_POST
@needs("complaints:read")
def here(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """A heartbeat of the open page; answers with who else is there."""
    ticket, member = ticket_of(visit, number), visit.seat.member
    others = presence.beat(
        visit.organisation.id, ticket.id, member.id, name=member.name, doing=request.POST.get("doing", ""),
        now_seconds=visit.now.timestamp(),
    )  # fmt: skip
    return render(request, "case/here.html", {"others": others})


def kept(rows: dict[str, Draft]) -> dict[str, dict[str, str]]:
    """Form → its fields, for the page to start with."""
    return {form: row.fields for form, row in rows.items()}


def keep(ticket: Ticket, form: str, fields: dict[str, Any], visit: Visit) -> None:
    """A refused move's text outlives the page it is shown on."""
    if form in drafts.FORMS:
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        with contextlib.suppress(drafts.DraftError):
            drafts.save(ticket, visit.seat.member, form, texts, organisation=visit.organisation.id, now=visit.now)


def sent(ticket: Ticket, move: str, templates: list[str], visit: Visit) -> None:
    """A move was taken: its draft goes, the templates it was made from are counted."""
    drafts.drop(ticket, visit.seat.member, drafts.FORM_OF.get(move, move), organisation=visit.organisation.id)
    if move == "reply" and templates:
        reply_templates.used(templates, organisation=visit.organisation.id)


def since(line: list[Move], version: str) -> list[Move]:
    """The moves made after the version a stale form was opened on."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        return []
    return [move for move in line if move.seq > int(version)]


@dataclass(frozen=True)
class Person:
    """A colleague a note may name; `key` is what typed letters are compared with."""

    id: uuid.UUID
    name: str
    key: str


def mentionable(ticket: Ticket) -> list[Person]:
    """Who sees the ticket, for the list that @ opens."""
    return [Person(m.id, m.name, f"{m.name.lower()} {pinyin.initials(m.name)}") for m in mentions.reachable(ticket)]
