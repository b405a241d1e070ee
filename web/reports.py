"""周报: the issued reports of a person's subtrees, one of them as issued or as of now, its PDF, and who got it."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from reports import queries, weekly, weekly_issue, weekly_rows, weekly_words
from reports.models import WeeklyReport
from reports.weekly_print import NoPrinter, address, printed, sheet_of
from reports.weekly_words import Line, Sheet
from tenancy import queries as tenancy
from web import exports
from web.door import Visit, needs
from web.units import Switcher

PER_PAGE = 26


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    report: WeeklyReport
    span: str
    nps: Line


@needs("reports:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every issued report inside the person's subtrees, newest first."""
    units = Switcher(request, visit)
    paths = (units.chosen.path,) if units.chosen else visit.seat.paths
    is_all = request.GET.get("scope") == "all"
    issued = queries.reports(organisation=visit.organisation.id, paths=paths, is_below=is_all)
    found = Paginator(issued, PER_PAGE)
    page = found.get_page(request.GET.get("page"))
    rows = []
    for report_ in page:
        sheet = sheet_of(report_, timezone=visit.organisation.timezone)
        rows.append(Row(report_, sheet.span, sheet.nps))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"rows": rows, "page": page, "units": units, "query": query.urlencode(), "is_all": is_all}
    return render(request, "report/list.html", context | {"may_issue": visit.seat.may("reports:write")})


def report_of(visit: Visit, key: uuid.UUID) -> WeeklyReport:
    """The report when its unit lies in the person's subtrees. Else not found."""
    found = queries.report(key, organisation=visit.organisation.id)
    if found is None or not visit.seat.sees(found.unit.path):
        raise Http404
    return found


@needs("reports:read")
def report(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One report as issued; `as=now` computes the same week anew and says whether it differs."""
    found = report_of(visit, key)
    organisation = visit.organisation.id
    context: dict[str, Any] = {"report": found, "has_mail": bool(settings.SMTP_URL)}
    if request.GET.get("as") == "now":
        fresh = weekly.content(organisation=organisation, unit=found.unit, week=found.week, now=visit.now)
        zone = tenancy.zone(visit.organisation.timezone)
        context["sheet"] = weekly_words.sheet(fresh, issued_at=None, zone=zone)
        context |= {"is_now": True, "differences": weekly_rows.differences(found.content, fresh)}
    else:
        weekly_issue.opened(found, visit.seat.member, organisation=organisation, now=visit.now)
        context |= sheet_context(found, reader=visit.seat.member.name)
    if visit.seat.may("reports:write"):
        copies = queries.copies(found, organisation=organisation)
        context |= {"copies": copies, "n_read": sum(copy.read_at is not None for copy in copies)}
    context |= {"drill": drill(found), "address": address(found.id)}
    return render(request, "report/page.html", context)


def sheet_context(found: WeeklyReport, *, reader: str = "") -> dict[str, Any]:
    """What the sheet's template needs."""
    sheet: Sheet = sheet_of(found, reader=reader)
    return {"sheet": sheet, "address": address(found.id), "drill": drill(found)}


def drill(found: WeeklyReport) -> dict[str, str]:
    """The rows behind the report's figures."""
    week: date = found.week
    asked = {"from": week.isoformat(), "to": (week + timedelta(days=7)).isoformat(), "state": "counted"}
    asked |= {"unit": found.unit.code} if found.content["unit_kind"] != "headquarters" else {}
    base = reverse("feedback-list")
    return {name: f"{base}?{urlencode(asked | {'nps': side})}" for name, side in (("nps", "any"), ("detractors", "detractor"))}


@needs("reports:read")
def pdf(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The report as PDF in the reader's language."""
    found = report_of(visit, key)
    language = getattr(request, "LANGUAGE_CODE", "") or visit.organisation.language
    try:
        body = printed(found, language, organisation=visit.organisation.id, now=visit.now)
    except NoPrinter as error:
        messages.warning(request, str(error.message))
        return redirect("report", key=key)
    response = HttpResponse(body, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="cx-weekly-{found.week:%Gw%V}-{found.unit.code}.pdf"'
    return response


@needs("reports:read")
def sheet(request: HttpRequest, visit: Visit, key: uuid.UUID, kind: str) -> HttpResponse:
    """The report's figures as issued, as rows: `kind` xlsx or csv."""
    found = report_of(visit, key)
    name = f"cx-weekly-{found.week:%Gw%V}-{found.unit.code}"
    return exports.table(kind, weekly_rows.COLUMNS, weekly_rows.table(found.content), name=name, title=f"{found.week:%Gw%V}")


@require_POST
@needs("reports:write")
def send(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Mails one copy again."""
    found = report_of(visit, key)
    copies = {str(copy.id): copy for copy in queries.copies(found, organisation=visit.organisation.id)}
    copy = copies.get(request.POST.get("copy", ""))
    if copy is None:
        raise Http404
    weekly_issue.send_again(copy.id, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    messages.success(request, _("再发一次给 %(name)s，内容仍是签发时的") % {"name": copy.member.name})
    return redirect("report", key=key)


@require_POST
@needs("reports:write")
def issue(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Issues last week's reports now instead of waiting for Monday; what is issued stays as it is."""
    week = weekly_issue.last_week(visit.now, visit.organisation.timezone)
    n = weekly_issue.begin(week, organisation=visit.organisation.id, now=visit.now)
    if n:
        messages.success(
            request, ngettext("正在签发 %(n)d 份周报，一分钟内可看", "正在签发 %(n)d 份周报，一分钟内可看", n) % {"n": n}
        )
    else:
        messages.info(request, _("上周的周报已经签发过，不会改动"))
    return redirect("reports")
