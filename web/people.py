"""员工成绩单: one's own card, the team of whoever leads it, and a card of the team. What is shown follows 员工数据的使用."""

import uuid
from typing import Any
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
from feedback import appeals, topics
from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where
from reports import changes, dashboards, people_card
from reports.people_card import Card, Line
from reports.store_card import WEEKS
from reports.training import PRACTICE
from surveys import pulses
from tenancy import people_use, trees
from tenancy.models import Staff
from web import cards, forms, metric_filters
from web.door import Visit, needs
from web.feedback import lines_of
from web.nps import interval

PAGE = 25
VOICES = 10


def _seen(visit: Visit, code: str) -> Staff:
    """A person of one's subtrees by number; else he never existed."""
    row = Staff.objects.filter(organisation=visit.organisation, employee_no=code).select_related("unit").first()
    if row is None or not visit.seat.sees(row.unit.path):
        raise Http404
    return row


def _mine(visit: Visit) -> Staff | None:
    """Who the log-in is among the staff, if anybody."""
    key = visit.seat.member.staff_id
    return trees.person(key, organisation=visit.organisation.id) if key else None


@require_GET
@needs("people:read")
def team(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The people of one's subtrees by number: thanks and growth, and from the second stage their figures. In no order of merit."""
    organisation = visit.organisation.id
    use = people_use.in_force(organisation=organisation)
    q = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    found = trees.staff(organisation=organisation, q=q)
    inside = [row for row in found if visit.seat.sees(row.unit.path)]
    page = Paginator(inside, PAGE).get_page(request.GET.get("page"))
    period = dashboards.whole_weeks(visit.now, WEEKS[0], organisation=organisation)
    ranked = people_card.tiers(people_card.team(inside, period=period, organisation=organisation, now=visit.now)) if use.is_ranked else {}
    lines = people_card.team(list(page.object_list), period=period, organisation=organisation, now=visit.now)
    context = {
        "page": page, "lines": [_line(line, ranked, period) for line in lines], "q": q, "query": urlencode({"q": q}) if q else "",
        "use": use, "n_waiting": appeals.appeals(appeals.Filters(state="waiting", paths=visit.seat.paths), organisation=organisation, now=visit.now).count(),
    }  # fmt: skip
    return render(request, "card/team.html", context)


def _line(line: Line, ranked: dict[str, int], period: Any) -> dict[str, Any]:
    said = changes.words(line.change, 1)
    where = Where(staff=line.staff.employee_no)
    return {
        "line": line, "value": changes.signed(line.point.value, 0), "margin": interval(BY_CODE["nps"], line.point),
        "said": f"{line.change.arrow} {said}" if said else "", "verdict": f"{line.change.arrow} {changes.verdict(line.change)}" if said else "",
        "tier": ranked.get(line.staff.employee_no), "rows": metric_filters.behind("nps", where, period),
    }  # fmt: skip


@require_GET
@needs("people:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """A card of the team; in the first stage thanks and growth without figures."""
    staff = _seen(visit, code)
    use = people_use.in_force(organisation=visit.organisation.id)
    mine = visit.seat.member.staff_id == staff.id
    return render(request, "card/person.html", _context(request, visit, staff, use, shows=mine or use.shows_team))


@require_GET
@needs("home:read")
def own(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One's own card, whole in every stage, with the voices that name one and the appeal against them."""
    return _own(request, visit, forms.Form({"feedback": "", "reason": ""}))


def _own(request: HttpRequest, visit: Visit, form: forms.Form) -> HttpResponse:
    staff = _mine(visit)
    if staff is None:
        return render(request, "card/nobody.html", {})
    organisation = visit.organisation.id
    use = people_use.in_force(organisation=organisation)
    page = Paginator(people_card.heard(staff, organisation=organisation), VOICES).get_page(request.GET.get("page"))
    made = appeals.of_staff(staff, organisation=organisation)
    waiting = pulses.of_staff(staff, organisation=organisation, now=visit.now)
    context = _context(request, visit, staff, use, shows=True) | {
        "is_own": True, "pulse_link": reverse("pulse-question", args=[pulses.token(waiting)]) if waiting else "", "page": page, "voices": lines_of(list(page.object_list), organisation), "appeals": made,
        "appealed": {row.feedback_id: row for row in made}, "form": form, "days": people_use.APPEAL_DAYS, "most": appeals.MOST,
    }  # fmt: skip
    return render(request, "card/person.html", context, status=form.status)


@require_POST
@needs("home:read")
def contest(request: HttpRequest, visit: Visit) -> HttpResponse:
    """An appeal against a voice that names oneself. Sent twice it is made once."""
    staff, text = _mine(visit), request.POST.get("feedback", "")
    form = forms.Form(forms.typed(request, "feedback", "reason"))
    if staff is None:
        raise Http404
    try:
        key = uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error
    if not people_card.heard(staff, organisation=visit.organisation.id).filter(id=key).exists():
        raise Http404
    try:
        with transaction.atomic():
            made = appeals.make(key, request.POST.get("reason", ""), staff, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return _own(request, visit, form.refused(error))
    messages.success(request, _("申诉已提交，%(day)s 前由另一位经理决定。") % {"day": made.due_date.isoformat()})
    return redirect("my-card")


def _context(request: HttpRequest, visit: Visit, staff: Staff, use: people_use.Use, *, shows: bool) -> dict[str, Any]:
    weeks = next((n for n in WEEKS if str(n) == request.GET.get("weeks", "")), WEEKS[0])
    organisation = visit.organisation.id
    found = people_card.card(staff, organisation=organisation, now=visit.now, n_weeks=weeks)
    names = topics.names(organisation=organisation)
    return {
        "staff": staff, "card": found, "weeks": weeks, "use": use, "shows": shows,
        "spans": [(n, _("近 %(n)d 周") % {"n": n}) for n in WEEKS],
        "tiles": [_tile(figure, found, weeks) for figure in found.figures],
        "quotes": cards.quotes(found.praise, organisation),
        "practise": [(names.get(str(p.by["topic"]), p.by["topic"]), PRACTICE[str(p.by["topic"])], p.n, _rows(found, p)) for p in found.practise],
        "strong": [(names.get(str(p.by["topic"]), p.by["topic"]), p.n, _rows(found, p)) for p in found.strong],
        "is_enough": (found.figures[0].point.n or 0) >= people_use.MIN_N,
    }  # fmt: skip


def _tile(figure: people_card.Growth, found: Card, weeks: int) -> cards.Tile:
    rows = metric_filters.behind(figure.definition.code, Where(staff=found.staff.employee_no), found.period, weeks=weeks)
    return cards.tile(figure.definition, figure.point, figure.change, figure.weeks, rows=rows)


def _rows(found: Card, point: Point) -> str:
    return metric_filters.behind("sentiment", Where(staff=found.staff.employee_no), found.period, topic=str(point.by["topic"]))
