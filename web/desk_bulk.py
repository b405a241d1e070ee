"""One move on many tickets: chosen on the list, worked row by row, every row with its result, put back on demand."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from complaints import bulk, desk, lifecycle
from complaints.enums import BulkOutcome
from complaints.queries import Filters
from cxms.lib.errors import DomainError
from web import case_moves, forms, words
from web.desk import filters_from, page_of
from web.door import Visit, needs
from web.forms import Form

PAGE = 50
# form field → the move's own field
FIELDS: dict[str, dict[str, str]] = {
    "assign": {"assignee": "assignee"},
    "note": {"text": "text"},
    "change_severity": {"severity": "to_severity", "reason": "severity_reason"},
    "hold": {"reason": "hold_reason", "proof": "hold_proof"},
}


@require_POST
@needs("complaints:write")
def start(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Begins a run over the ticked rows, or over everything the filter finds."""
    organisation = visit.organisation.id
    move = request.POST.get("move", "")
    fields = {name: request.POST.get(given, "") for name, given in FIELDS.get(move, {}).items()}
    key = forms.key_of(request, organisation)
    try:
        _allowed(move, fields, visit)
        with transaction.atomic():
            run = bulk.start(
                key, _chosen(request, visit), move, fields, organisation=organisation, member=visit.seat.member,
                language=translation.get_language() or "zh-hans", now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        request_query = request.POST.get("query", "")[:600]
        typed: dict[str, Any] = {**request.POST.dict(), "do": "bulk", "ticked": request.POST.getlist("ticket")}
        request.GET = QueryDict(request_query)
        return page_of(request, visit, Form({"do": "bulk", "typed": typed}).refused(error))
    return redirect("desk-bulk-run", key=run.id)


def _allowed(move: str, fields: dict[str, str], visit: Visit) -> None:
    third = move == "hold" and fields.get("reason") == case_moves.THIRD_PARTY
    if (move in case_moves.MANAGED or third) and not visit.seat.may("complaints:manage"):
        raise lifecycle.MoveNotAllowed(_("这一步要由店长或经理来做"), field="move")


def _chosen(request: HttpRequest, visit: Visit) -> list[uuid.UUID]:
    organisation, now = visit.organisation.id, visit.now
    if request.POST.get("all") == "1":
        filters = filters_from(QueryDict(request.POST.get("query", "")[:600]), visit)
        return desk.all_of(filters, organisation=organisation, now=now, limit=bulk.MOST + 1)
    numbers = request.POST.getlist("ticket")[: bulk.MOST]
    filters = Filters(view="all", paths=visit.seat.paths)
    return desk.seen(numbers, filters, organisation=organisation, now=now)


@needs("complaints:write")
def run(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """A run: how far it is, every row with its result; POST puts back one row or all."""
    organisation, member = visit.organisation.id, visit.seat.member
    found = bulk.run_of(key, member, organisation=organisation)
    if found is None:
        raise Http404
    if request.method == "POST":
        return _undo(request, visit, key)
    outcome = request.GET.get("outcome", "")
    page = Paginator(bulk.rows_of(found, outcome), PAGE).get_page(request.GET.get("page"))
    rows = [(row, bulk.may_undo(found, row, now=visit.now)) for row in page.object_list]
    progress = bulk.progress(found)
    context: dict[str, Any] = {
        "run": found,
        "what": words.move(found.move),
        "progress": progress,
        "counts": [(code, label, progress.counts[code]) for code, label in BulkOutcome.choices if progress.counts.get(code)],
        "outcome": outcome,
        "query": f"outcome={outcome}" if outcome in BulkOutcome.values else "",
        "page": page,
        "rows": rows,
        "may_undo": any(may for _row, may in rows),
        "cannot": found.move not in bulk.UNDOABLE,
    }
    template = "desk/bulk_part.html" if request.headers.get("HX-Request") else "desk/bulk.html"
    return render(request, template, context)


def _undo(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    given = request.POST.get("row", "")
    try:
        row = uuid.UUID(given) if given else None
    except ValueError as error:
        raise Http404 from error
    try:
        with transaction.atomic():
            n = bulk.undo(
                key, row, organisation=visit.organisation.id, member=visit.seat.member, now=visit.now, actor=visit.actor
            )
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        said = ngettext("已撤销的会标出来：%(n)d 宗。", "已撤销的会标出来：%(n)d 宗。", n) % {"n": n}
        messages.success(request, said)
    return redirect("desk-bulk-run", key=key)
