"""第一步：待归类: the voices that wait for a person's first word, oldest first, worked by keyboard."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cxms.lib.errors import DomainError
from feedback import corrections, first, queries
from feedback.enums import Kind, Label
from feedback.first import FACETS, Filters
from tenancy.enums import Channel
from web.door import Visit, needs
from web.feedback import lines_of
from web.seen import is_office
from web.units import Switcher

PAGE = 20
MOST_UNITS = 8


def _filters(request: HttpRequest) -> tuple[Filters, dict[str, str]]:
    """What the URL asks for, and the same as values to keep; what is not offered is not asked."""
    offered = {"kind": set(Kind.values), "channel": set(Channel.values), "urgency": set(first.URGENCIES)}
    given = {name: request.GET.get(name, "").replace("\x00", "")[:64] for name in FACETS}
    kept = {name: value for name, value in given.items() if value and (name not in offered or value in offered[name])}
    return Filters(**kept), kept


@require_GET
@needs("labels:write")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A page of them with its facets; the first one, or the one of the fragment, is at hand."""
    if not is_office(visit):
        raise Http404
    organisation, units = visit.organisation.id, Switcher(request, visit)
    filters, kept = _filters(request)
    page = Paginator(range(first.count(filters, organisation=organisation)), PAGE).get_page(request.GET.get("page"))
    ids = first.waiting(filters, organisation=organisation, most=PAGE, offset=(page.number - 1) * PAGE)
    context = {
        "units": units, "page": page, "lines": lines_of(queries.in_order(ids, organisation=organisation), organisation), "kept": kept,
        "facets": _facets(filters, kept, units, organisation), "kinds": list(enumerate(Kind.choices, start=1)), "rule": visit.organisation.classify_first,
        "query": urlencode(kept), "here": urlencode(kept | ({"page": str(page.number)} if page.number > 1 else {})),
        "may_write": visit.seat.may("feedback:write"), "may_set": visit.seat.may("settings:write"),
    }  # fmt: skip
    return render(request, "feedback/first.html", context)


def _facets(filters: Filters, kept: dict[str, str], units: Switcher, organisation: int) -> list[dict[str, Any]]:
    """Each facet's values with their counts and links; the chosen one is taken off again by its link. Of units the fullest few."""
    counted = first.facets(filters, organisation=organisation)
    names = {unit.code: unit.name for unit in units.units}
    words: dict[str, dict[str, str]] = {
        "urgency": {"3": _("红线"), "2": _("需尽快处理"), "1": _("一般"), "0": _("不急")}, "kind": {str(key): str(word) for key, word in Kind.choices},
        "channel": {str(key): str(word) for key, word in Channel.choices},
    }  # fmt: skip
    fullest = sorted((code for code in counted["unit"] if code), key=lambda code: (-counted["unit"][code], code))[:MOST_UNITS]
    words["unit"] = {code: names.get(code, code) for code in fullest}
    heads = {"urgency": _("紧急度"), "kind": _("类型"), "channel": _("渠道"), "unit": _("单元")}
    found = []
    for name, head in heads.items():
        rest = {key: value for key, value in kept.items() if key != name}
        lines = [
            {"word": word, "n": counted[name].get(value, 0), "is_here": kept.get(name) == value, "link": urlencode(rest if kept.get(name) == value else rest | {name: value})}
            for value, word in words[name].items() if counted[name].get(value) or kept.get(name) == value
        ]  # fmt: skip
        if lines:
            found.append({"head": head, "lines": lines})
    return found


@require_POST
@needs("feedback:write")
def confirm(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Says of the voices of a page that their kind is right; one that was read or corrected anew since the page was drawn is left."""
    if not is_office(visit):
        raise Http404
    wanted = [parts for text in request.POST.getlist("voice")[:PAGE] if len(parts := text.split("@")) == 3]
    n_done = sum(_confirm(*parts, visit=visit) for parts in wanted)
    if n_done:
        messages.success(request, ngettext("%(n)d 条归类无误，门店和部门看得到了。", "%(n)d 条归类无误，门店和部门看得到了。", n_done) % {"n": n_done})
    if left := len(wanted) - n_done:
        messages.warning(request, ngettext("%(n)d 条在你打开这一页以后变过，没有动，请再看一眼。", "%(n)d 条在你打开这一页以后变过，没有动，请再看一眼。", left) % {"n": left})
    query = request.GET.urlencode()
    return redirect(reverse("first") + (f"?{query}" if query else ""))


def _confirm(voice: str, version: str, read: str, *, visit: Visit) -> bool:
    """True when it was said; False for what is no longer as the page showed it."""
    organisation = visit.organisation.id
    try:
        key, shown, number = uuid.UUID(voice), uuid.UUID(read), int(version) if version.isascii() and version.isdigit() and len(version) < 7 else -1
    except ValueError:
        return False
    made = queries.analyses([key], organisation=organisation).get(key)
    if made is None or made.id != shown:
        return False
    try:
        corrections.correct(key, Label.KIND, made.kind, organisation=organisation, version=number, now=visit.now, actor=visit.actor)
    except DomainError:
        return False
    return True
