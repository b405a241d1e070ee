"""营业日历: the list, and one calendar as a week, dated days, the coming twelve months, and its versions."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.working_time import Calendar
from tenancy import calendars, holidays, queries
from tenancy.models import CalendarVersion
from web import calendar_form, forms
from web.door import Visit, needs
from web.forms import Form


def name_of(code: str) -> str:
    """What a calendar is called: the presets have names, others their code."""
    return calendars.label(code)


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every calendar with its hours in a line; a new one by its code."""
    if request.method == "POST":
        return _new(request, visit)
    return _list(request, visit, Form({"code": ""}))


def _list(request: HttpRequest, visit: Visit, form: Form) -> HttpResponse:
    today = queries.local_today(visit.now, visit.organisation.timezone)
    rows = []
    for row in calendars.all_current(organisation=visit.organisation.id):
        calendar = calendars.load(row)
        rows.append(
            {
                "row": row,
                "name": name_of(row.code),
                "always": calendar.always,
                "week": calendar_form.week_words(calendar_form.values_of(row.spec)),
                "n_holidays": sum(day >= today for day in calendar.holidays),
                "gaps": holidays.gap_years(calendar, today),
            }
        )
    kept = queries.calendar_code(None, organisation=visit.organisation.id)
    context = {"rows": rows, "kept": kept, "form": form}
    return render(request, "settings/calendars.html", context, status=form.status)


def _new(request: HttpRequest, visit: Visit) -> HttpResponse:
    code = forms.text(request, "code", 64)
    form = Form({"code": code})
    if not visit.seat.may("calendars:write"):
        raise Http404
    if any(row.code == code for row in calendars.all_current(organisation=visit.organisation.id)):
        return redirect("settings-calendars-one", code=code)
    try:
        office = calendars.current("office", organisation=visit.organisation.id)
        with transaction.atomic():
            calendars.put(code, office.spec, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    except DomainError as error:
        return _list(request, visit, form.refused(error))
    messages.success(request, _("已照“办公时间”建好，改成你要的。"))
    return redirect("settings-calendars-one", code=code)


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """A calendar; saving writes a new version, valid from now on."""
    rows = calendars.versions(code, organisation=visit.organisation.id)
    if not rows:
        raise Http404
    form = Form(calendar_form.values_of(rows[0].spec))
    if request.method == "POST":
        if not visit.seat.may("calendars:write"):
            raise Http404
        form = _save(request, visit, rows[0])
        if form.status != 200:
            return _one(request, visit, rows, form)
        if request.POST.get("do") != "china":
            return redirect("settings-calendars-one", code=code)
    return _one(request, visit, rows, form)


def _save(request: HttpRequest, visit: Visit, row: CalendarVersion) -> Form:
    values = calendar_form.typed(request)
    form = Form(values)
    today = queries.local_today(visit.now, visit.organisation.timezone)
    try:
        if request.POST.get("do") == "china":
            return Form(calendar_form.with_china(values, today))
        spec = calendar_form.spec_of(values)
        with transaction.atomic():
            made = calendars.put(
                row.code, spec, organisation=visit.organisation.id, now=visit.now, actor=visit.actor,
                version=forms.version(request),
            )  # fmt: skip
    except DomainError as error:
        return form.refused(error, calendar_form.values_of(row.spec))
    said = _("已存为第 %(n)d 版，从现在起生效；进行中的承诺以前的照旧，以后的按新的算。") % {"n": made.version}
    messages.success(request, said if made.version != row.version else _("和现在的一样，没有改动。"))
    return form


def _one(request: HttpRequest, visit: Visit, rows: list[CalendarVersion], form: Form) -> HttpResponse:
    calendar = _drawn(form, rows[0])
    today = queries.local_today(visit.now, visit.organisation.timezone)
    context: dict[str, Any] = {
        "row": rows[0],
        "versions": rows,
        "name": name_of(rows[0].code),
        "form": form,
        "days": calendar_form.day_names(),
        "months": calendar_form.strip(calendar, today),
        "gaps": holidays.gap_years(calendar, today),
        "in_china": form.values["timezone"] in holidays.CHINA,
        "may_write": visit.seat.may("calendars:write"),
    }
    return render(request, "settings/calendar.html", context, status=form.status)


def _drawn(form: Form, row: CalendarVersion) -> Calendar:
    """What the strip shows: the form as typed when it can be read, else what is stored."""
    try:
        return Calendar.from_spec(calendar_form.spec_of(form.values))
    except DomainError:
        return calendars.load(row)
