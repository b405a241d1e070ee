"""问卷: the list with its response rates, and one survey: its funnel, why people were not asked, versions, links."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cxms.lib.errors import DomainError
from metrics.statistics import wilson
from surveys import content, invitations, queries, recovery
from surveys import surveys as rules
from surveys.enums import Band, Decision, Reason, State
from surveys.models import Survey
from surveys.queries import Funnel
from web.door import Visit, needs

DAYS = 30
PER_PAGE = 40
FEW = 5
TABS = ("overview", "log", "links", "versions")


@dataclass(frozen=True)
class Rate:
    """A share in whole per cent with its 95 % interval and what it rests on; value None without any."""

    value: int | None
    low: int | None
    high: int | None
    n: int


def rate_of(funnel: Funnel) -> Rate:
    """Answered ÷ delivered, with Wilson's interval."""
    found = wilson(funnel.n_answered, funnel.n_delivered)
    if found.value is None or found.low is None or found.high is None:
        return Rate(None, None, None, 0)
    return Rate(round(100 * found.value), round(100 * found.low), round(100 * found.high), found.n)


@needs("surveys:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every survey, perhaps of one state, with the last thirty days of each."""
    organisation, state = visit.organisation.id, request.GET.get("state", "")
    state = state if state in State.values else ""
    page = Paginator(queries.listing(organisation=organisation, state=state), PER_PAGE).get_page(request.GET.get("page"))
    since, rows = visit.now - timedelta(days=DAYS), list(page)
    funnels = queries.funnels(rows, organisation=organisation, since=since, paths=visit.seat.paths)
    counts = queries.n_responses(rows, organisation=organisation, since=since, paths=visit.seat.paths)
    lines = [(row, funnels.get(row.id, Funnel()), rate_of(funnels.get(row.id, Funnel())), counts.get(row.id, {})) for row in rows]
    context = {
        "page": page,
        "lines": lines,
        "state": state,
        "states": State.choices,
        "quiet_days": invitations.all_quiet_days(organisation=organisation),
        "may_write": visit.seat.may("surveys:write"),
        "days": DAYS,
        "recovery": recovery_of(visit, "surveys"),
    }
    return render(request, "surveys/list.html", context)


def recovery_of(visit: Visit, back: str) -> dict[str, Any]:
    """What the panel “投诉解决以后，再问一次” shows; `back`: the page a press leads back to."""
    found = recovery.current(organisation=visit.organisation.id)
    return {"survey": found, "may_write": visit.seat.may("surveys:write"), "back": back}


@require_POST
@needs("surveys:write")
def ask_again(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Switches the survey after a solution on or off in one press; pressed twice it stays as it is."""
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    is_on = request.POST.get("do") == "on"
    with transaction.atomic():
        found = recovery.switch_on(**where) if is_on else recovery.switch_off(**where)
    if found is not None:
        messages.success(request, _("已打开：从现在起，投诉解决一天后会问那位客户。") if is_on else _("先不问了，收到的回答都在。"))
    to = "settings-case-rules" if request.POST.get("back") == "rules" else "surveys"
    return redirect(f"{reverse(to)}#recovery")


@require_POST
@needs("surveys:write")
def quiet(request: HttpRequest, visit: Visit) -> HttpResponse:
    """For how many days any survey leaves a customer in peace after any other."""
    text = request.POST.get("quiet_days", "").strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    try:
        rules.set_quiet_days(days, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("已改好：同一位客户，%(n)d 天内只问一次。") % {"n": days})
    return redirect("surveys")


def survey_of(key: uuid.UUID, visit: Visit) -> Survey:
    """The survey, or a 404."""
    row = queries.one(key, organisation=visit.organisation.id)
    if row is None:
        raise Http404
    return row


@needs("surveys:read")
def one(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One survey, by tabs: the last thirty days, the log of decisions, links, versions."""
    row = survey_of(key, visit)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    labels = (_("近 30 天"), _("问了谁，没问谁"), _("链接与二维码"), _("版本"))
    context: dict[str, Any] = {
        "row": row,
        "tab": tab,
        "tabs": list(zip(TABS, labels, strict=True)),
        "may_write": visit.seat.may("surveys:write"),
        "has_mail": bool(settings.SMTP_URL),
        "days": DAYS,
    }
    parts = {"overview": _overview, "log": _log, "links": _links, "versions": _versions}
    return render(request, "surveys/one.html", context | parts[tab](request, visit, row))


def _overview(request: HttpRequest, visit: Visit, row: Survey) -> dict[str, Any]:
    since, organisation = visit.now - timedelta(days=DAYS), visit.organisation.id
    funnel = queries.funnels([row], organisation=organisation, since=since, paths=visit.seat.paths).get(row.id, Funnel())
    steps = (
        (_("事件"), funnel.n_events), (_("已邀请"), funnel.n_invited), (_("已送达"), funnel.n_delivered),
        (_("打开过"), funnel.n_opened), (_("已回答"), funnel.n_answered),
    )  # fmt: skip
    most = max(funnel.n_events, 1)
    labels = dict(Reason.choices)
    reasons = queries.n_reasons(row, since=since, paths=visit.seat.paths)
    counts = queries.n_responses([row], organisation=organisation, since=since, paths=visit.seat.paths)
    return {
        "funnel": funnel,
        "steps": [(name, n, round(100 * n / most, 1)) for name, n in steps],
        "rate": rate_of(funnel),
        "reasons": [(reason, labels[reason], n) for reason, n in reasons],
        "back": _back(row, visit, since),
        "answers": counts.get(row.id, {"n": 0, "n_by_link": 0}),
        "version": queries.versions(row)[0],
    }


def _back(row: Survey, visit: Visit, since: datetime) -> Rate | None:
    """Would come back ÷ who said, with Wilson's interval; None while nobody said, and value None below five."""
    said = queries.n_returns(row, since=since, paths=visit.seat.paths)
    n = sum(said.values())
    found = wilson(said.get("yes", 0), n)
    if not n or found.value is None or found.low is None or found.high is None:
        return None
    return Rate(None, None, None, n) if n < FEW else Rate(round(100 * found.value), round(100 * found.low), round(100 * found.high), n)


def _log(request: HttpRequest, visit: Visit, row: Survey) -> dict[str, Any]:
    decision, reason = request.GET.get("decision", ""), request.GET.get("reason", "")
    decision = decision if decision in Decision.values else ""
    reason = reason if reason in Reason.values else ""
    rows = queries.log(row, decision=decision, reason=reason, paths=visit.seat.paths)
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "decision": decision,
        "reason": reason,
        "decisions": Decision.choices,
        "all_reasons": Reason.choices,
        "query": query.urlencode(),
    }


def _links(request: HttpRequest, visit: Visit, row: Survey) -> dict[str, Any]:
    rows = queries.links(row, organisation=visit.organisation.id, paths=visit.seat.paths)
    return {"page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")), "query": "tab=links"}


def _versions(request: HttpRequest, visit: Visit, row: Survey) -> dict[str, Any]:
    given = queries.n_scores(row, paths=visit.seat.paths)
    lines = []
    for version in queries.versions(row):
        bands: dict[str, int] = dict.fromkeys(Band.values, 0)
        for (number, score), n in given.items():
            if number == version.version:
                bands[content.band(version.kind, score)] += n
        counts = [(label, bands[band]) for band, label in Band.choices]
        lines.append((version, content.say(version.texts, "question", request.LANGUAGE_CODE), counts, sum(bands.values())))
    return {"versions": lines}


@require_POST
@needs("surveys:write")
def move(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Publishes, pauses or closes."""
    survey_of(key, visit)
    state = request.POST.get("state", "")
    said = {
        State.PUBLISHED: _("已发布。从现在起，新的事件会按规则决定问不问。"),
        State.PAUSED: _("已暂停：不再问新的人，二维码暂时打不开；已收到邮件的人还能答。"),
        State.CLOSED: _("已结束：不再问，也不再收回答。"),
    }
    try:
        with transaction.atomic():
            rules.move(key, state, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, said[State(state)])
    return redirect("surveys-one", key=key)
