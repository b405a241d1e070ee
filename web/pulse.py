"""员工问卷: the rounds and their figures for whoever leads people, and the one question behind a signed link."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from cxms.lib import clock
from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from metrics.definitions.table import BY_CODE
from metrics.series import Where
from reports import changes, dashboards, pulse
from reports.pulse import Pair
from surveys import pulses
from surveys.models import PulseRound
from tenancy import queries
from tenancy.scope import organisation_scope
from web import exports, metric_filters
from web.door import Visit, needs, public
from web.nps import interval
from web.public_pages import gone, language_chosen, safe

PAGE = 12
COLUMNS = ("employee_no", "name", "unit", "link")


@require_GET
@needs("people:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rounds; `?round=` opens one that is over, unit by unit beside its customers' NPS."""
    organisation, now, paths = visit.organisation.id, visit.now, visit.seat.paths
    page = Paginator(pulses.rounds(organisation=organisation, paths=paths), PAGE).get_page(request.GET.get("page"))
    lines = []
    for row in page.object_list:
        is_over = row.closes_at <= now
        point = pulse.whole(row, paths=paths, organisation=organisation, now=now) if is_over else None
        value = changes.signed(point.value, 0) if point else ""
        lines.append({"row": row, "is_over": is_over, "point": point, "value": value, "margin": interval(pulse.ENPS, point) if point else ""})
    chosen = _chosen(request.GET.get("round", ""), lines)
    context = {
        "page": page, "lines": lines, "chosen": chosen, "pairs": _pairs(chosen, visit) if chosen else [],
        "running": pulses.running(organisation=organisation, now=now), "may_write": visit.seat.may("settings:write"),
        "query": "", "days": pulses.OPEN_FOR.days,
    }  # fmt: skip
    return render(request, "card/pulse.html", context)


def _chosen(key: str, lines: list[dict[str, object]]) -> PulseRound | None:
    """The round of the URL, else the newest that is over."""
    over = [line["row"] for line in lines if line["is_over"]]
    found = [row for row in over if isinstance(row, PulseRound)]
    return next((row for row in found if str(row.id) == key), found[0] if found else None)


def _pairs(row: PulseRound, visit: Visit) -> list[dict[str, object]]:
    organisation = visit.organisation.id
    names = {unit.code: unit.name for unit in queries.units_of(organisation=organisation, paths=visit.seat.paths)}
    period = dashboards.whole_weeks(visit.now, 13, organisation=organisation)
    found = pulse.pairs(row, paths=visit.seat.paths, organisation=organisation, now=visit.now)
    return [_pair(pair, names[pair.code], period) for pair in found if pair.code in names]


def _pair(pair: Pair, name: str, period: Period) -> dict[str, object]:
    where = Where(unit=pair.code)
    nps = pair.customers
    return {
        "code": pair.code, "name": name, "employees": pair.employees, "value": changes.signed(pair.employees.value, 0),
        "margin": interval(pulse.ENPS, pair.employees), "customers": nps, "nps": changes.signed(nps.value, 0) if nps else "",
        "nps_margin": interval(BY_CODE["nps"], nps) if nps else "", "rows": metric_filters.behind("nps", where, period),
    }  # fmt: skip


@require_POST
@needs("settings:write")
def start(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Opens a round; pressed twice it is one."""
    try:
        with transaction.atomic():
            row = pulses.open_round(organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
        messages.success(request, _("已开一轮，%(n)d 位员工各有一个链接。") % {"n": row.n_asked})
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("pulse-rounds")


@require_POST
@needs("settings:write")
def act(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Ends a round, or hands out the links of everybody asked as CSV."""
    organisation = visit.organisation.id
    row = PulseRound.objects.filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise Http404
    if request.POST.get("do") == "links":
        with transaction.atomic():
            found = pulses.links(row, organisation=organisation, now=visit.now, actor=visit.actor)
        return exports.table("csv", COLUMNS, found, name=f"pulse-{row.local_day.isoformat()}")
    with transaction.atomic():
        pulses.close_round(key, organisation=organisation, now=visit.now, actor=visit.actor)
    messages.success(request, _("这一轮已结束，数出来了。"))
    return redirect("pulse-rounds")


@csrf_exempt
@public
def question(request: HttpRequest, token: str) -> HttpResponse:
    """The question; POST counts the answer once. The page says what is kept, and keeps nothing else."""
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    found = pulses.read_token(token)
    if found is None:
        return gone(request)
    organisation, key = found
    with organisation_scope(organisation):
        now = clock.now()
        person = pulses.person(key, organisation=organisation)
        if person is None:
            return gone(request)
        if person.round.closes_at <= now:
            return gone(request, why="over")
        said, status, is_done = "", 200, person.has_answered
        if request.method == "POST" and not is_done:
            text = request.POST.get("score", "")
            try:
                with transaction.atomic():
                    pulses.answer(key, int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1, organisation=organisation, now=now)
                is_done = True
            except DomainError as error:
                said, status = str(error.message), 400
        context = {
            "place": queries.organisation(organisation).name, "is_done": is_done, "said": said, "scores": range(11), "least": pulses.LEAST,
            "until": person.round.closes_at,
        }  # fmt: skip
        return safe(render(request, "surveys/pulse.html", context, status=status))
