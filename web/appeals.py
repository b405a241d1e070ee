"""申诉: what employees contest in one's subtrees, those that fall due first, and the decision."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cxms.lib.errors import DomainError
from feedback import appeals, queries
from feedback.appeals import Filters
from feedback.enums import AppealState
from feedback.models import Appeal
from tenancy import queries as tenancy
from web import forms
from web.door import Visit, needs
from web.feedback import lines_of
from web.forms import Form

PAGE = 20


def _filters(request: HttpRequest, visit: Visit) -> tuple[Filters, str]:
    """What the URL asks for, and the same as a query."""
    given = {name: request.GET.get(name, "").replace("\x00", "")[:64] for name in ("state", "staff", "overdue")}
    state = given["state"] if given["state"] in AppealState.values else ""
    kept = {"state": state, "staff": given["staff"], "overdue": "1" if given["overdue"] == "1" else ""}
    filters = Filters(state=state, staff=given["staff"], overdue=bool(kept["overdue"]), paths=visit.seat.paths)
    return filters, urlencode({name: value for name, value in kept.items() if value})


@require_GET
@needs("people:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The appeals, filtered by the URL."""
    return _page(request, visit, Form({"answer": "", "key": ""}))


def _page(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    organisation = visit.organisation.id
    filters, query = _filters(request, visit)
    page = Paginator(appeals.appeals(filters, organisation=organisation, now=visit.now), PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    said = {line.row.id: line for line in lines_of(queries.in_order([row.feedback_id for row in rows], organisation=organisation, paths=visit.seat.paths), organisation)}
    context = {
        "page": page, "lines": [(row, said.get(row.feedback_id)) for row in rows], "filters": filters, "query": query,
        "states": AppealState.choices, "today": tenancy.local_today(visit.now, visit.organisation.timezone), "form": form,
        "mine": visit.seat.member.staff_id, "may_decide": visit.seat.may("people:decide"), "most": appeals.MOST,
    }  # fmt: skip
    return render(request, "card/appeals.html", context, status=form.status)


def _seen(visit: Visit, key: uuid.UUID) -> Appeal:
    row = appeals.appeal(key, organisation=visit.organisation.id)
    if row is None or not visit.seat.sees(row.unit.path):
        raise Http404
    return row


@require_POST
@needs("people:decide")
def decide(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Upholds or rejects, with the reason."""
    row = _seen(visit, key)
    form = Form({**forms.typed(request, "answer", "do"), "key": str(row.id)})
    try:
        if form.values["do"] not in {"uphold", "reject"}:
            raise appeals.AppealError(_("选成立或不成立"), code="missing", field="answer")
        with transaction.atomic():
            done = appeals.decide(
                row.id, is_upheld=form.values["do"] == "uphold", answer=request.POST.get("answer", ""), member=visit.seat.member,
                organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return _page(request, visit, form.refused(error))
    upheld = _("申诉成立：这条反馈不再记在 %(name)s 名下。") if done.state == AppealState.UPHELD else _("申诉不成立，%(name)s 会收到理由。")
    messages.success(request, upheld % {"name": row.staff.name})
    _filters_now, query = _filters(request, visit)
    return redirect(reverse("appeals") + (f"?{query}" if query else ""))
