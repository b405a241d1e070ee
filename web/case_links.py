"""关联: what a complaint hangs together with, on its rail; one move on all of an incident's children; gathering an incident."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from complaints import desk, incidents, linking, moves
from complaints.models import Ticket
from complaints.queries import Filters
from cxms.lib.errors import DomainError
from web.door import Visit, needs
from web.seen import may_see, ticket_of

MOST = 200
# what the parent's state proposes for its children
PROPOSED = {"resolved": "resolve", "closed": "close"}


def context(ticket: Ticket, offered: set[str], visit: Visit) -> dict[str, Any]:
    """The links as this person sees them; takes out of `offered` what does not apply."""
    found = linking.around(ticket)
    link = found.duplicate_of
    if link is None or visit.now - link.made_at >= linking.UNDO_WITHIN:
        offered.discard("unduplicate")
    if link is not None:
        offered -= {"reopen", "leave_incident", "close"}
    if found.parent is None:
        offered.discard("leave_incident")
    if found.parent is not None or found.children:
        offered.discard("join_incident")
    if found.duplicates or found.children:
        offered.discard("duplicate")
    open_children = [one for one in found.children if one.ticket.state != "closed"]
    wanted = PROPOSED.get(ticket.state, "") if open_children and visit.seat.may("complaints:write") else ""
    if wanted == "close":
        open_children = [one for one in open_children if one.ticket.state == "resolved"]
    elif wanted == "resolve":
        open_children = [one for one in open_children if one.ticket.state != "resolved"]
    return {
        "around": found,
        "undo_until": link.made_at + timedelta(minutes=10) if link else None,
        "proposed": wanted if open_children else "",
        "n_proposed": len(open_children),
    }


@require_POST
@needs("complaints:write")
def children(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Resolves or closes the children of a parent that is, each with its own result."""
    ticket = ticket_of(visit, number)
    move = PROPOSED.get(ticket.state, "")
    fields = {"text": _("与主投诉 %(number)s 一并解决") % {"number": ticket.number}} if move == "resolve" else {}
    key = linking.run_key(ticket.id, f"{move}:{ticket.version}:{visit.seat.member.id}")
    try:
        with transaction.atomic():
            run = incidents.run(
                ticket, move, fields, key=key, member=visit.seat.member,
                language=translation.get_language() or "zh-hans", now=visit.now, actor=visit.actor,
            ) if move else None  # fmt: skip
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("case", number=number)
    return redirect("desk-bulk-run", key=run.id) if run else redirect("case", number=number)


@require_POST
@needs("complaints:write")
def gather(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Makes one incident of the ticked complaints: the first that came in is the parent. Doing it twice changes nothing."""
    numbers = request.POST.getlist("ticket")[:MOST]
    filters = Filters(view="all", paths=visit.seat.paths)
    ids = desk.seen(numbers, filters, organisation=visit.organisation.id, now=visit.now)
    rows = Ticket.objects.filter(organisation_id=visit.organisation.id, id__in=ids).select_related("unit", "holder", "offered")
    found = [row for row in rows.order_by("received_at", "id") if may_see(visit, row)]
    if len(found) < 2:
        messages.error(request, _("先勾选两宗以上的投诉，再合为群体事件。"))
        return redirect("desk")
    parent, n, refused = found[0], 0, ""
    for one in found[1:]:
        try:
            moves.apply(
                one.id, "join_incident", {"of": parent.number}, organisation=visit.organisation.id, actor=visit.actor,
                actor_name=visit.seat.member.name,
            )  # fmt: skip
            n += 1
        except DomainError as error:
            refused = f"{one.number} {error.message}"
    if n:
        said = ngettext("已并入 %(n)d 宗；在这里回复，每位客户都会收到。", "已并入 %(n)d 宗；在这里回复，每位客户都会收到。", n)
        messages.success(request, said % {"n": n})
    if refused:
        messages.error(request, _("有的没有并入：%(why)s") % {"why": forms_line(refused)})
    return redirect("case", number=parent.number)


def forms_line(value: str) -> str:
    """One line of at most 200 characters."""
    return " ".join(value.split())[:200]
