"""还原 on the pages: what is cited, the store's own time, and the signed record with every version and its correction."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import drafts, queries, reconstruction
from complaints.models import Draft, Ticket
from complaints.move_fields import FIVE, FIVE_NAMES
from complaints.reconstruction import Source, Version
from cxms.lib.errors import DomainError
from feedback import masking
from tenancy import queries as tenancy_queries
from web import case_moves, case_writing, words
from web.door import Visit, needs
from web.seen import seen_paths, ticket_of


def at_the_store(ticket: Ticket, visit: Visit) -> AbstractContextManager[None]:
    """Instants as the store's own clock shows them."""
    own = ticket.unit.timezone if ticket.unit else ""
    return timezone.override(tenancy_queries.zone(own or visit.organisation.timezone))


def cites(ticket: Ticket, typed: Mapping[str, Any] | None, draft: Draft | None, visit: Visit) -> dict[str, Any]:
    """What the reconstruction form starts with: the ticked sources, and whether the store keeps another time."""
    own = ticket.unit.timezone if ticket.unit else ""
    if typed is not None:
        keys = list(typed.get("cites") or ())
    else:
        keys = [key for key in (draft.fields.get("cites", "") if draft else "").split(",") if key]
    return {"cites": keys, "store_zone": own if own and own != visit.organisation.timezone else ""}


@dataclass(frozen=True)
class Row:
    """A source to tick."""

    source: Source
    label: str
    is_ticked: bool


@dataclass(frozen=True)
class Shown:
    """A version with its five fields in words."""

    version: Version
    fields: tuple[tuple[str, str], ...]
    cited: tuple[dict[str, str], ...]


@needs("complaints:read")
def record(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The signed record, every earlier version below it; POST signs a correction."""
    ticket = ticket_of(visit, number)
    if request.method != "POST":
        with at_the_store(ticket, visit):
            return _page(request, visit, ticket, {}, None)
    fields = case_moves.fields_of(request.POST.dict(), request.POST.getlist("cite")) | {"signed": True}
    whole = {name: masking.restored(str(fields[name]), str(ticket.reconstruction.get(name, ""))) for name in FIVE if name in fields}
    try:
        case_moves.apply(ticket, "correct", {"cites": [], **fields, **whole}, request.POST.get("version", ""), visit)
    except DomainError as error:
        case_writing.keep(ticket, "correct", fields, visit)
        with at_the_store(ticket, visit):
            return _page(request, visit, ticket_of(visit, number), fields, error, status=case_moves.status_of(error))
    case_writing.sent(ticket, "correct", [], visit)
    messages.success(request, case_moves.AFTER["correct"]())
    return redirect("case-reconstruction", number)


def _page(
    request: HttpRequest, visit: Visit, ticket: Ticket, typed: Mapping[str, Any], error: DomainError | None, status: int = 200
) -> HttpResponse:
    record_now = ticket.reconstruction
    line = queries.timeline(ticket)
    draft = drafts.of(ticket, visit.seat.member, organisation=visit.organisation.id).get("correct")
    kept = draft.fields if draft else {}
    # what he types is shown as he types it; what stands signed is shown to nobody uncovered
    values = {name: typed.get(name, kept.get(name) or masking.hidden(str(record_now.get(name, "")), names=False)) for name in FIVE}
    values["reason"] = typed.get("reason", kept.get("reason", ""))
    ticked = typed.get("cites", reconstruction.cited_keys(record_now)) if typed else reconstruction.cited_keys(record_now)
    sources = reconstruction.sources(ticket, line, seen_paths(visit))
    found = [Row(one, label(one.label), one.key in ticked) for one in sources]
    context = {
        "ticket": ticket,
        "versions": [_shown(one) for one in reconstruction.versions(ticket)],
        "five": [(name, FIVE_NAMES[name], values[name]) for name in FIVE],
        "reason": values["reason"],
        "sources": found,
        "error": error,
        "may_correct": bool(record_now.get("signed")) and visit.seat.may("complaints:write"),
        "is_open": bool(error or draft or request.GET.get("correct")),
        "me": visit.seat.member,
    }
    return render(request, "case/record.html", context, status=status)


def label(source: str) -> str:
    """Where a source comes from, in words."""
    return _("文件") if source == "file" else words.move(source)


def _shown(version: Version) -> Shown:
    fields = tuple((str(FIVE_NAMES[name]), str(version.fields.get(name, ""))) for name in FIVE)
    cited = tuple({**one, "label": label(one["label"])} for one in version.fields.get("cited", ()))
    return Shown(version, fields, cited)
