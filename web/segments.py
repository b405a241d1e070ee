"""分群 on the filter bar: saved filters as chips, added from what stands in the bar, taken away again."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from reports import segments
from reports.models import Segment
from reports.segments import KEYS, Wanted
from tenancy.members import Seat
from web import forms
from web.door import Visit, needs


@dataclass(frozen=True)
class Chip:
    """A segment of the bar: its row, the page under its filters, whether they stand now, whether it is one's own."""

    row: Segment
    query: str
    is_here: bool
    is_mine: bool


def bar(request: HttpRequest) -> dict[str, Any]:
    """The chips of a page, and what stands in its filters to be saved."""
    seat: Seat | None = getattr(request, "seat", None)
    if seat is None:
        return {"chips": [], "now": {}}
    held = {key: value for key in KEYS if (value := request.GET.get(key, ""))}
    chips = []
    for row in segments.of_seat(seat, organisation=request.organisation.id):  # type: ignore[attr-defined]
        query = request.GET.copy()
        is_here = held == row.filters
        for key in (*KEYS, "page", "format"):
            query.pop(key, None)
        if not is_here:  # a second press takes it off
            query.update(row.filters)
        chips.append(Chip(row, query.urlencode(), is_here, row.member_id == seat.member.id))
    may_share = seat.may("settings:write")
    return {"chips": chips, "now": held, "may_share": may_share, "token": uuid.uuid4().hex, "back": request.get_full_path(), "is_saved": any(chip.is_here for chip in chips)}


def _onward(request: HttpRequest) -> HttpResponse:
    onward = request.POST.get("back", "")
    return redirect(onward if url_has_allowed_host_and_scheme(onward, {request.get_host()}) else "nps")


@require_POST
@needs("metrics:read")
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Saves what stands in the bar under a name."""
    filters = {key: forms.text(request, key, 64) for key in KEYS}
    wanted = Wanted(forms.text(request, "name", 40), filters, request.POST.get("shared") == "1" and visit.seat.may("settings:write"))
    try:
        with transaction.atomic():
            segments.add(forms.key_of(request, visit.organisation.id), wanted, visit.seat, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("已存成分群，以后一点就是。"))
    return _onward(request)


@require_POST
@needs("metrics:read")
def remove(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes one's own segment away."""
    try:
        with transaction.atomic():
            segments.remove(key, visit.seat, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        raise Http404 from error
    messages.success(request, _("分群已删。"))
    return _onward(request)
