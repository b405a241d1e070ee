"""客户之声: the list of voices with its filters in the URL, one voice with what analysis made of it, exclusion."""

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import queries as desk
from complaints.models import Ticket
from complaints.queries import ClockView
from cxms.lib.errors import DomainError
from feedback import corrections, labelled, originals, provider_log, queries, search, taxonomies, topics, tree, voices
from feedback.enums import Kind, Sentiment
from feedback.masking import hidden, is_number_or_address, personal
from feedback.models import Analysis, Feedback, Score
from feedback.points import of_voice
from feedback.queries import Filters
from feedback.search_form import terms
from ledger.models import Fact
from metrics.series import Where
from reports import accuracy, changes, verbatim
from reports.reasons import placed
from tenancy import groups
from tenancy.enums import Channel
from web import correcting, grouped
from web.door import Visit, needs
from web.seen import n_unclassified, unclassified, voice_of
from web.units import Switcher

PAGE = 50
MOST = 10_000
STATES = ("counted", "excluded", "pending", "red")
NPS = ("promoter", "passive", "detractor", "any")
# the voices that a metric of scores counts; sentiment counts those whose words are analysed
SCORES: dict[str, dict[str, Any]] = {
    "csat": {"kind": "csat", "scale_max__lte": 10},
    "ces": {"kind": "ces", "scale_min": 1, "scale_max": 7},
    "csi": {"kind": "csi"},
}


@dataclass(frozen=True)
class Line:
    """A voice as the list shows it."""

    row: Feedback
    parts: list[verbatim.Part]
    analysis: Analysis | None
    scores: list[str]
    topics: list[tuple[int, str]]
    ticket: Ticket | None
    version: int = 0


def day_of(text: str) -> date | None:
    """An ISO date, or None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _topic(code: str, organisation: int) -> str:
    """A topic or node as it is called now, or ""; “waiting_time/” asks for what is on none of its nodes."""
    if not code or code.rstrip("/") in topics.LABELS:
        return code
    now_called = tree.resolve(code, taxonomies.current(organisation=organisation).nodes)
    return _known(now_called, topics.all_names(organisation=organisation))


def _known(value: str, values: Any) -> str:
    return value if value in values else ""


@dataclass(frozen=True)
class Asked:
    """What the URL asks for; values that are not offered are not asked."""

    filters: Filters
    nps: str
    state: str
    score: str = ""
    judged: str = ""
    group: tuple[str, str] = ("", "")
    provider: str = ""

    @property
    def is_filtered(self) -> bool:
        """True when anything narrows the list."""
        names = ("q", "channel", "unit", "staff", "touchpoint", "tier", "item", "kind", "sentiment", "topic", "from_date", "to_date")
        return bool(self.group[1] or self.provider or self.nps or self.state or self.score or self.judged or any(getattr(self.filters, name) for name in names))


def asked_of(request: HttpRequest, visit: Visit) -> Asked:
    """What the URL asks for, within the subtrees the person sees."""
    text = {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in (
        "q", "channel", "unit", "staff", "touchpoint", "tier", "item", "kind", "sentiment", "topic", "nps", "state", "score", "judged", "provider", "from", "to",
    )}  # fmt: skip
    nps, state = _known(text["nps"], NPS), _known(text["state"], STATES)
    filters = Filters(
        q=text["q"].strip(),
        channel=_known(text["channel"], Channel.values),
        staff=text["staff"],
        touchpoint=text["touchpoint"],
        tier=text["tier"],
        item=text["item"],
        kind=_known(text["kind"], Kind.values),
        sentiment=_known(text["sentiment"], Sentiment.values),
        topic=_topic(text["topic"], visit.organisation.id),
        nps=nps if nps != "any" else "",
        red_line=state == "red",
        excluded=state == "excluded",
        unit=text["unit"],
        from_date=day_of(text["from"]),
        to_date=day_of(text["to"]),
        paths=visit.seat.paths,
    )
    return Asked(filters, nps, state, _known(text["score"], (*SCORES, "sentiment")), text["judged"], grouped.asked(request, visit), text["provider"])


def _rows(asked: Asked, organisation: int) -> QuerySet[Feedback]:
    """The voices the URL asks for. Counted ones are those the figures rest on: the same rows, the same tree of the day."""
    filters = asked.filters
    if asked.state == "counted":
        filters = Filters(**{**filters.__dict__, "unit": ""})
    rows = queries.voices(filters, organisation=organisation)
    if asked.state == "counted":
        rows = placed(rows.filter(excluded_at__isnull=True), Where(unit=asked.filters.unit), "feedback_feedback", organisation=organisation)
    if asked.group[1]:
        rows = rows.filter(groups.counted(*asked.group, organisation=organisation))
    if asked.state == "pending":
        done = Analysis.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), is_current=True)
        rows = rows.exclude(text="").filter(~Exists(done))
    if asked.score == "sentiment":
        read = Analysis.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), is_current=True)
        rows = rows.exclude(text="").filter(Exists(read))
    elif asked.score:
        given = Score.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), item="", **SCORES[asked.score])
        rows = rows.filter(Exists(given))
    if asked.judged:
        rows = rows.filter(id__in=_judged(asked, organisation))
    if asked.provider:
        state, since, reason = (asked.provider.split(".", 2) + ["", ""])[:3]
        rows = rows.filter(id__in=provider_log.ids(state, day_of(since) or date.max, reason=reason, organisation=organisation))
    if asked.nps == "any":
        answers = Score.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), kind="nps", item="")
        rows = rows.filter(Exists(answers))
    return rows


def _judged(asked: Asked, organisation: int) -> list[Any]:
    """The voices behind a number of the engine's accuracy: “label.class.part.source”."""
    field, name, part, source = (asked.judged.split(".") + [""] * 4)[:4]
    if field not in labelled.CLASSES or part not in (*labelled.PARTS, *accuracy.WHOLE) or (name and part in accuracy.WHOLE):
        return []
    return list(accuracy.ids(field, name, part, organisation=organisation, paths=asked.filters.paths, source=source))


def _found(asked: Asked, rows: QuerySet[Feedback], organisation: int) -> search.Found:
    filters = asked.filters
    if asked.state == "counted":
        # the tree of the day decides, which the index does not know
        filters = replace(filters, unit="")
    elif filters.only_words and not (asked.group[1] or asked.nps or asked.state or asked.score or asked.judged or asked.provider):
        return search.within(None, filters, organisation=organisation)
    return search.within(rows, filters, organisation=organisation)


def ids_of(asked: Asked, organisation: int, *, most: int = MOST) -> list[uuid.UUID]:
    """The voices of the list, newest first."""
    rows = _rows(asked, organisation)
    return _found(asked, rows, organisation).ids[:most] if asked.filters.q else list(rows.values_list("id", flat=True)[:most])


@needs("feedback:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The list, newest first."""
    units = Switcher(request, visit)
    asked = asked_of(request, visit)
    rows = _rows(asked, visit.organisation.id)
    found = _found(asked, rows, visit.organisation.id) if asked.filters.q else None
    # nobody turns to the 200th page, and counting millions is slow
    page = Paginator(found.ids if found else rows.values_list("id", flat=True)[:MOST], PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "units": units,
        "asked": asked,
        "page": page,
        "lines": lines_of(queries.in_order(list(page.object_list), organisation=visit.organisation.id), visit.organisation.id, asked.filters.q),
        "is_capped": found.has_more if found else page.paginator.count >= MOST,
        "looked_until": found.looked_until if found else None,
        "query": query.urlencode(),
        "asks_for_person": is_number_or_address(asked.filters.q),
        "may_look_up": visit.seat.may("customers:read"),
        "menus": _menus(asked, visit.organisation.id),
        "filters": asked.filters,
        "may_write": visit.seat.may("feedback:write"),
        "may_judge": visit.seat.may("labels:read"),
        "n_first": n_unclassified(visit),
        "waiting": unclassified(visit, list(page.object_list)),
        "is_narrow": not visit.seat.sees_all,
        "choices": {"kind": Kind.choices, "sentiment": Sentiment.choices, "topics": topics.choices(organisation=visit.organisation.id).items()},
        "drill": [(name, value) for name, value in request.GET.items() if name in {"unit", "staff", "touchpoint", "tier", "item", "score", "judged", "group", "provider"}],
    }
    return render(request, "feedback/list.html", context)


def _menus(asked: Asked, organisation: int) -> list[dict[str, Any]]:
    filters = asked.filters
    groups = {"promoter": _("推荐者"), "passive": _("中立者"), "detractor": _("贬损者"), "any": _("全部回答")}
    states = {"counted": _("计入指标"), "excluded": _("已排除"), "pending": _("尚未分析"), "red": _("触及红线")}
    menus = (
        ("channel", _("全部渠道"), Channel.choices, filters.channel),
        ("kind", _("全部类型"), Kind.choices, filters.kind),
        ("sentiment", _("全部情感"), Sentiment.choices, filters.sentiment),
        ("topic", _("全部主题"), topics.all_names(organisation=organisation).items(), filters.topic),
        ("nps", _("推荐意愿"), groups.items(), asked.nps),
        ("state", _("全部状态"), states.items(), asked.state),
    )
    return [{"name": name, "every": every, "choices": choices, "here": here} for name, every, choices, here in menus]


def lines_of(rows: list[Feedback], organisation: int, q: str = "") -> list[Line]:
    """Voices as lists show them, personal data written over; what was searched for is marked."""
    words = terms(q)
    ids = [row.id for row in rows]
    made = queries.analyses(ids, organisation=organisation)
    scores = queries.scores(ids, organisation=organisation)
    tickets = {t.feedback_id: t for t in Ticket.objects.filter(organisation_id=organisation, feedback_id__in=ids)}
    names = topics.all_names(organisation=organisation)
    said = corrections.versions(ids, organisation=organisation)
    return [
        replace(_line(row, made.get(row.id), scores.get(row.id, []), tickets.get(row.id), names, words), version=said.get(row.id, 0))
        for row in rows
    ]


def _line(row: Feedback, made: Analysis | None, scores: list[Score], ticket: Ticket | None, names: dict[str, str], words: list[str]) -> Line:
    told = enumerate(made.topics[:3], start=1) if made else ()
    named = [(number, names.get((mention.get("nodes") or [mention["code"]])[-1], mention["code"])) for number, mention in told if mention["code"] != "other"]
    parts = verbatim.short(row.text, made.pii if made else (), words=words)
    return Line(row, parts if made or not row.text else [], made, [score_text(s) for s in scores if not s.item], named, ticket)


def score_text(score: Score) -> str:
    """“推荐意愿 2 / 10”. The index of a respondent has no scale to name."""
    value = changes.number(float(score.value), 0 if score.value == int(score.value) else 1)
    return f"{score.get_kind_display()} {value} / {score.scale_max}"


# ---- one voice -----------------------------------------------------------------------------------------------------


@needs("feedback:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One voice with its aspects, where it came from, its case and what happened to it."""
    return _page(request, visit, voice_of(visit, key))


@require_POST
@needs("originals:read")
def original(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The page with the customer's words as they came, this once; the audit keeps who looked and why."""
    row, reason = voice_of(visit, key), request.POST.get("reason", "").replace("\x00", "")
    try:
        said = originals.read(row.id, reason, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return _back(request, row)
    answer = _page(request, visit, row, said.text)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(request: HttpRequest, visit: Visit, row: Feedback, said: str = "") -> HttpResponse:
    organisation = visit.organisation.id
    made = queries.analyses([row.id], organisation=organisation).get(row.id)
    ticket = Ticket.objects.filter(organisation_id=organisation, feedback_id=row.id).select_related("unit", "owner").first()
    context = {
        "row": row,
        "analysis": made,
        "pieces": verbatim.pieces(row.text, made.topics, made.pii) if made else [],
        "labels": correcting.labels(row, made, organisation) if row.text else {},
        "points": [] if row.excluded_at else of_voice(row.id, organisation=organisation),
        "is_waiting": bool(unclassified(visit, [row.id])),
        "n_masked": len(personal(row.text, made.pii)) if made else 0,
        "scores": queries.scores([row.id], organisation=organisation).get(row.id, []),
        "n_twins": queries.twins(row, organisation=organisation),
        "ticket": ticket,
        "clock": _clock(ticket, visit) if ticket else None,
        "ticket_url": _case_url(ticket, visit) if ticket else "",
        "history": _history(row, made, ticket),
        "original": said,
        "may_write": visit.seat.may("feedback:write"),
        "may_look": visit.seat.may("originals:read"),
        "around": _around(request, visit, row),
        "back": request.GET.urlencode(),
    }
    return render(request, "feedback/one.html", context)


def _clock(ticket: Ticket, visit: Visit) -> ClockView | None:
    """The promise to look at: the live one that ends first, else the last that ended."""
    views = desk.clock_views([ticket], organisation=visit.organisation.id, now=visit.now).get(ticket.id, [])
    live = [view for view in views if not view.is_stopped and view.due_at is not None and view.state in desk.LIVE]
    done = [view for view in views if view.is_stopped]
    return min(live, key=lambda view: view.due_at or visit.now) if live else (done[-1] if done else None)


def _case_url(ticket: Ticket, visit: Visit) -> str:
    if not visit.seat.may("complaints:read"):
        return ""
    try:
        return reverse("case", args=[ticket.number])
    except NoReverseMatch:
        return ""


@dataclass(frozen=True)
class Event:
    """A line of the history."""

    at: datetime
    icon: str
    text: str
    actor: str = ""


def _history(row: Feedback, made: Analysis | None, ticket: Ticket | None) -> list[Event]:
    """What happened to the voice, oldest first: from its rows, and from the facts that name it."""
    events = [Event(row.received_at, "message-2", _("收到并保存原始报文"))]
    if made:
        events.append(Event(made.analysed_at, "robot", _("分析：%(n)d 个方面") % {"n": len(made.topics)}))
    if ticket:
        text = _("开立 %(number)s，开始计时") % {"number": ticket.number}
        events.append(Event(ticket.opened_at, "clock", text))
    facts = Fact.objects.filter(organisation_id=row.organisation_id, subject=str(row.id), kind__in=["feedback.excluded", "feedback.included"])
    for fact in facts.order_by("seq"):
        is_out = fact.kind == "feedback.excluded"
        text = _("排除出指标：%(reason)s") % {"reason": hidden(fact.data.get("reason", ""), names=False)} if is_out else _("重新计入指标")
        events.append(Event(fact.at, "x" if is_out else "check", text, fact.actor.partition(":")[2]))
    events += [Event(at, "pencil", text, actor) for at, text, actor in correcting.events(row, row.organisation_id)]
    return sorted(events, key=lambda event: event.at)


def _around(request: HttpRequest, visit: Visit, row: Feedback) -> dict[str, Any]:
    """The neighbours of a voice in the list it was opened from."""
    if not request.GET:
        return {}
    ids = ids_of(asked_of(request, visit), visit.organisation.id)
    if row.id not in ids:
        return {}
    place = ids.index(row.id)
    return {
        "place": place + 1,
        "n": len(ids),
        "before": ids[place - 1] if place else None,
        "after": ids[place + 1] if place + 1 < len(ids) else None,
    }


@require_POST
@needs("feedback:write")
def exclude(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes a voice out of every metric, with a reason."""
    row = voice_of(visit, key)
    try:
        voices.exclude(row.id, request.POST.get("reason", "").replace("\x00", ""), organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("已排除；各项指标不再计入这条反馈，可以随时恢复。"))
    return _back(request, row)


@require_POST
@needs("feedback:write")
def include(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Takes an excluded voice back into the metrics."""
    row = voice_of(visit, key)
    voices.include(row.id, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    messages.success(request, _("已恢复；各项指标重新计入这条反馈。"))
    return _back(request, row)


def _back(request: HttpRequest, row: Feedback) -> HttpResponse:
    query = request.GET.urlencode()
    return redirect(reverse("feedback-one", args=[row.id]) + (f"?{query}" if query else ""))
