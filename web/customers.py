"""客户: the list, one customer with his whole story, pairs who may be one person, and what was merged."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints.reconstruction import of_event
from customers import merging, queries, suggesting
from customers.customers import CustomerStale, version_of
from customers.models import Customer, Merge
from customers.suggesting import Pair
from cxms.lib.errors import DomainError
from feedback import masking, originals
from reports import customer_story
from reports import customers as reports
from web.door import Visit, needs
from web.feedback import Line, lines_of

PAGE = 50
MOST = 10_000
YEAR = timedelta(days=365)
NOUNS = ("event", "voice", "ticket", "invitation", "leaving")
ICONS = {"event": "clipboard-text", "voice": "message-2", "ticket": "clock-check", "invitation": "mail", "leaving": "logout"}


@needs("customers:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Newest first; who sees part of the organisation looks for one he knows something of."""
    organisation = visit.organisation.id
    q, tier = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "tier"))
    known = queries.tiers(organisation=organisation)
    may_browse = visit.seat.sees_all
    rows = queries.matching(q, organisation=organisation) if len(q) > 1 else queries.newest(organisation=organisation)
    if not may_browse and len(q) < 2:
        rows = rows.none()
    rows = rows.filter(tier=tier) if tier in known else rows
    page = Paginator(rows[:MOST], PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    found = list(page.object_list)
    counted = customer_story.counts([row.id for row in found], organisation=organisation, since=visit.now - YEAR, paths=visit.seat.paths)
    context = {
        "page": page, "lines": [(row, counted[row.id]) for row in found], "q": q, "tier": tier if tier in known else "", "tiers": known,
        "query": query.urlencode(), "may_browse": may_browse, "is_capped": page.paginator.count >= MOST, "may_merge": visit.seat.may("customers:write"),
    }  # fmt: skip
    return render(request, "customers/list.html", context)


@needs("customers:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One customer; who was merged leads to whom he was found to be."""
    customer = _customer(visit, key)
    return redirect("customer", customer.merged_into_id) if customer.merged_into_id else _page(request, visit, customer)


@require_POST
@needs("originals:read")
def contact(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The page with the customer's name, phone and e-mail in full, this once; the audit keeps who looked and why."""
    customer = _customer(visit, key)
    try:
        reason = request.POST.get("reason", "").replace("\x00", "")
        originals.contact(customer, reason, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("customer", customer.id)
    answer = _page(request, visit, customer, is_whole=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _customer(visit: Visit, key: uuid.UUID) -> Customer:
    found = queries.by_id(key, organisation=visit.organisation.id)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, visit: Visit, customer: Customer, *, is_whole: bool = False) -> HttpResponse:
    noun = request.GET.get("noun", "")
    entries = customer_story.story(customer, paths=visit.seat.paths)
    page = Paginator([row for row in entries if row.noun == noun or noun not in NOUNS], PAGE).get_page(request.GET.get("page"))
    may_merge = visit.seat.may("customers:write")
    context = {
        "customer": customer,
        "is_whole": is_whole,
        "may_look": visit.seat.may("originals:read"),
        "version": version_of(customer),
        "external_ids": queries.external_ids(customer),
        "summary": reports.summary(customer, organisation=visit.organisation.id, now=visit.now, paths=visit.seat.paths),
        "page": page,
        "entries": _entries(page.object_list, visit),
        "query": f"noun={noun}" if noun in NOUNS else "",
        "noun": noun if noun in NOUNS else "",
        "nouns": _nouns(),
        "pairs": [_pair(pair) for pair in suggesting.like(customer, organisation=visit.organisation.id)] if may_merge else [],
        "merges": queries.merges(organisation=visit.organisation.id, customer=customer).filter(undone_at=None) if may_merge else [],
    }
    return render(request, "customers/one.html", context)


def _nouns() -> list[tuple[str, str]]:
    return [("", _("全部")), ("event", _("往来")), ("voice", _("说过的话")), ("ticket", _("投诉")), ("invitation", _("问卷邀请")), ("leaving", _("流失"))]


@dataclass(frozen=True)
class Shown:
    """A line of the story. parts: words with personal data written over; url: its own page, or ""; is_day: it has no hour."""

    at: Any
    icon: str
    noun: str
    head: str
    text: str
    line: Any = None
    url: str = ""
    is_day: bool = False


def _entries(found: Iterable[customer_story.Entry], visit: Visit) -> list[Shown]:
    entries = list(found)
    said = lines_of([entry.row for entry in entries if entry.noun == "voice"], visit.organisation.id)
    lines = {line.row.id: line for line in said}
    may_leave = visit.seat.may("complaints:write")
    return [_shown(entry, lines, may_leave=may_leave) for entry in entries]


def _shown(entry: customer_story.Entry, lines: Mapping[uuid.UUID, Line], *, may_leave: bool) -> Shown:
    row, names = entry.row, dict(_nouns())
    head, text, line, url = names[entry.noun], "", None, ""
    if entry.noun == "event":
        said = of_event(row)
        head, text = said.label, said.text
    elif entry.noun == "voice":
        line = lines[row.id]
        head, url = row.get_channel_display(), reverse("feedback-one", args=[row.id])
    elif entry.noun == "ticket":
        head, text, url = f"{row.number} · {row.get_state_display()}", row.title, reverse("case", args=[row.number])
    elif entry.noun == "leaving":
        axes = [row.get_unmet_display(), row.get_left_with_display()] if row.unmet else []
        text = " · ".join(filter(None, [row.get_reason_display(), *axes, masking.hidden(row.note)]))
        url = reverse("desk-leaving-one", args=[row.id]) if may_leave else ""
    else:
        text = f"{row.survey.code} · {row.get_decision_display()}" + (f" · {row.get_reason_display()}" if row.reason else "")
        text += " · " + _("已回答") if row.answered_at else ""
    return Shown(entry.at, ICONS[entry.noun], names[entry.noun], head, text, line, url, entry.noun == "leaving")


@needs("customers:write")
def duplicates(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Pairs who may be one person, the likeliest first; and what was merged, newest first."""
    organisation = visit.organisation.id
    tab = "merged" if request.GET.get("tab") == "merged" else ""
    rows: Any = queries.merges(organisation=organisation) if tab else suggesting.pairs(organisation=organisation)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    pairs = [] if tab else [_pair(pair) for pair in page.object_list]
    context = {"page": page, "tab": tab, "pairs": pairs, "merges": page.object_list if tab else [], "query": "tab=merged" if tab else ""}
    return render(request, "customers/duplicates.html", context)


def _pair(pair: Pair) -> dict[str, Any]:
    signs = [(_sign(name.removeprefix("-")), not name.startswith("-")) for name, _ in pair.likeness.signs]
    return {
        "one": pair.one, "other": pair.other, "both": (pair.one, pair.other), "percent": round(100 * pair.likeness.score), "signs": signs,
        "versions": (version_of(pair.one), version_of(pair.other)),
    }  # fmt: skip


def _sign(name: str) -> str:
    return {"union": _("微信"), "phone": _("电话"), "email": _("邮箱"), "name": _("姓名"), "sound": _("姓名读音"), "external": _("客户编号")}[name]


@require_POST
@needs("customers:write")
def decide(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One person, or two: `keep` names whom to keep, `differ` says they are two."""
    organisation = visit.organisation.id
    one, other = _key(request, "one"), _key(request, "other")
    pair = suggesting.pair(one, other, organisation=organisation)
    if pair is None and {one, other} != {row.id for row in queries.several([one, other], organisation=organisation)}:
        raise Http404
    try:
        with transaction.atomic():
            if request.POST.get("say") == "differ":
                merging.differ(one, other, organisation=organisation, now=visit.now, actor=visit.actor)
                messages.success(request, _("记下了：是两个人，不再提示。"))
            else:
                _merge(request, visit, (one, other), pair)
    except CustomerStale:
        messages.error(request, _("资料刚刚有变化，请看过新的再决定。"))
    except DomainError as error:
        messages.error(request, str(error.message))
    return _back(request)


def _merge(request: HttpRequest, visit: Visit, both: tuple[uuid.UUID, uuid.UUID], pair: Pair | None) -> None:
    if pair is None:
        raise merging.MergeError(_("其中一位已经并入了别人"), code="merged_already")
    kept, gone = both if request.POST.get("keep") == str(both[0]) else both[::-1]
    seen = dict(zip(map(str, both), (request.POST.get("version_one", ""), request.POST.get("version_other", "")), strict=True))
    merging.merge(
        kept, gone, pair.likeness, versions=(seen[str(kept)], seen[str(gone)]), organisation=visit.organisation.id, now=visit.now, actor=visit.actor
    )
    messages.success(request, _("合并好了：往来、反馈、投诉和邀请都归到留下的这一位；随时可以撤销。"))


@require_POST
@needs("customers:write")
def undo(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a merge back."""
    if not Merge.objects.filter(organisation_id=visit.organisation.id, id=key).exists():
        raise Http404
    try:
        with transaction.atomic():
            merging.undo(key, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("撤销了：当时归过来的都还给了原来那位；合并之后新来的留在这边。"))
    return _back(request)


def _key(request: HttpRequest, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get(name, ""))
    except ValueError as error:
        raise Http404 from error


def _back(request: HttpRequest) -> HttpResponse:
    onward = request.POST.get("next", "")
    return redirect(onward if url_has_allowed_host_and_scheme(onward, {request.get_host()}) else "customers-duplicates")

