"""What each step of the wizard shows and does. Each takes the request and gives an `Outcome`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints import sla_policies
from cxms.lib.errors import DomainError
from surveys import queries as survey_queries
from tenancy import calendars, groups, holidays, industry, organisations, queries, seats, units
from tenancy.enums import Role, UnitKind
from tenancy.models import Staff, Unit
from web import calendar_form, forms, importing, members, policy_form
from web.door import Visit
from web.forms import Form

COMMON_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "America/New_York")
OWN_HOURS = "hours"


@dataclass(frozen=True)
class Outcome:
    """What a step came to. is_taken: written, go on; stays: show the same step again; else draw it with `context`."""

    context: dict[str, Any] = field(default_factory=dict)
    is_taken: bool = False
    stays: bool = False
    status: int = 200


def zones() -> list[str]:
    """Time zones to choose from, the near ones first."""
    return [*COMMON_ZONES, *sorted(name for name in available_timezones() if "/" in name and name not in COMMON_ZONES)]


def organisation(request: HttpRequest, visit: Visit) -> Outcome:
    """Name, language and zone."""
    place = visit.organisation
    form = Form({"name": place.name, "language": place.language, "timezone": place.timezone})
    if request.method == "POST":
        form = Form(forms.typed(request, "name", "language", "timezone"))
        try:
            with transaction.atomic():
                organisations.change(
                    place.id, version=forms.version(request), now=visit.now, actor=visit.actor, **form.values
                )
            return Outcome(is_taken=True)
        except DomainError as error:
            present = {"name": place.name, "language": place.language, "timezone": place.timezone}
            form = form.refused(error, present)
    context = {"form": form, "place": place, "zones": zones(), "languages": settings.LANGUAGES}
    return Outcome(context, status=form.status)


def trade(request: HttpRequest, visit: Visit) -> Outcome:
    """The industry: its touchpoints become the catalogue."""
    form = Form({"industry": visit.organisation.industry})
    if request.method == "POST":
        code = forms.text(request, "industry", 24)
        try:
            with transaction.atomic():
                made = industry.adopt(code, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
            messages.success(request, _("%(name)s的 %(n)d 个触点已备好，随时能改。") % {"name": made.label, "n": len(made.touchpoints)})
            return Outcome(is_taken=True)
        except DomainError as error:
            form = Form({"industry": code}).refused(error)
    return Outcome({"form": form, "industries": list(industry.every().values())}, status=form.status)


def places(request: HttpRequest, visit: Visit) -> Outcome:
    """Units, then staff, each by a file or a paste."""
    kind = request.POST.get("kind", "")
    uploads = {name: importing.take(request, visit, name) if kind == name else importing.Upload(name) for name in importing.KINDS}
    made = next((upload for upload in uploads.values() if upload.done), None)
    if made is not None:
        messages.success(request, made.done)
        return Outcome(is_taken=True, stays=made.kind == "units")
    there = organisations.inventory(visit.organisation.id)
    status = max(upload.status for upload in uploads.values())
    return Outcome({**uploads, "there": there, "open_staff": kind == "staff" or there.n_units > 0}, status=status)


def people(request: HttpRequest, visit: Visit) -> Outcome:
    """Several colleagues invited at once."""
    rows, status = [members.InviteRow() for _i in range(members.N_ROWS)], 200
    if request.method == "POST":
        n, rows = members.invite_rows(request, visit)
        if n:
            members.said_invited(request, n)
            return Outcome(is_taken=True, stays=not settings.SMTP_URL)
        status = 400
    found = queries.units_of(organisation=visit.organisation.id)
    pending = seats.pending_invitations(organisation=visit.organisation.id)
    context = {"rows": rows, "roles": Role.choices, "units": found, "pending": members.pending_of(visit, pending, found)}
    return Outcome(context, status=status)


def hours(request: HttpRequest, visit: Visit) -> Outcome:
    """Which hours the places keep: a preset, or a week of one's own."""
    place = visit.organisation
    today = queries.local_today(visit.now, place.timezone)
    known = {row.code: row for row in calendars.all_current(organisation=place.id)}
    template = industry.every().get(place.industry)
    kept = Unit.objects.filter(organisation_id=place.id, parent=None).values_list("calendar", flat=True).first() or ""
    chosen = kept or (template.calendar if template else "store")
    start = known.get(OWN_HOURS) or known["store"]
    form = Form({**calendar_form.values_of(start.spec), "preset": chosen, "china": place.timezone in holidays.CHINA})
    if request.method == "POST":
        form = _keep_hours(request, visit, today)
        if form.status == 200:
            return Outcome(is_taken=True)
    options = [(code, calendar_form.values_of(known[code].spec)) for code in calendar_form.PRESETS if code in known]
    context = {"form": form, "options": options, "days": calendar_form.day_names(), "in_china": place.timezone in holidays.CHINA}
    return Outcome(context, status=form.status)


def _keep_hours(request: HttpRequest, visit: Visit, today: date) -> Form:
    preset = forms.text(request, "preset", 20)
    values = {**calendar_form.typed(request), "timezone": visit.organisation.timezone, "preset": preset}
    values["china"] = request.POST.get("china") == "on"
    where: dict[str, Any] = {"organisation": visit.organisation.id, "now": visit.now, "actor": visit.actor}
    try:
        with transaction.atomic():
            if preset == OWN_HOURS:
                week = {**values, "always": False, "holidays": "", "workdays": "", "special": ""}
                spec = calendar_form.spec_of(calendar_form.with_china(week, today) if values["china"] else week)
                calendars.put(OWN_HOURS, spec, **where)
            units.keep_hours(preset, **where)
    except DomainError as error:
        return Form(values).refused(error)
    return Form(values)


def promise(request: HttpRequest, visit: Visit) -> Outcome:
    """The default promise as clocks, its targets to change."""
    organisation_id = visit.organisation.id
    found = [row for row in sla_policies.in_force(organisation=organisation_id) if row.code == sla_policies.DEFAULT]
    spec = {"name": found[0].name, "clauses": found[0].clauses} if found else sla_policies.preset()
    rows, form = policy_form.rows_of(spec["clauses"]), Form({"name": spec["name"]})
    if request.method == "POST":
        rows = policy_form.typed(request)
        try:
            clauses = policy_form.clauses_of(rows, spec["clauses"])
            name = policy_form.name_of(clauses, visit.organisation.language)
            with transaction.atomic():
                sla_policies.put(
                    sla_policies.DEFAULT, {"name": name, "clauses": clauses, "ladder": found[0].ladder if found else {}},
                    organisation=organisation_id, now=visit.now, actor=visit.actor,
                    version=forms.version(request) if found else None,
                )  # fmt: skip
            return Outcome(is_taken=True)
        except DomainError as error:
            form = form.refused(error)
    context = {"rows": rows, "form": form, "version": found[0].version if found else 0}
    return Outcome(context, status=form.status)


def survey(request: HttpRequest, visit: Visit) -> Outcome:
    """The way to the first survey; there is nothing to write here."""
    return Outcome({"n_surveys": n_surveys(visit.organisation.id)})


def n_surveys(organisation_id: int) -> int:
    """How many surveys there are."""
    return survey_queries.listing(organisation=organisation_id).count()


def sample(kind: str, visit: Visit) -> list[list[Any]]:
    """What a template file holds: the rows there are, else a few that show how."""
    organisation_id = visit.organisation.id
    if kind == "units":
        rows = list(Unit.objects.filter(organisation_id=organisation_id, retired_at=None).select_related("parent").order_by("path"))
        there = [[u.code, u.parent.code if u.parent else "", u.kind, u.name, u.timezone] for u in rows if u.parent]
        return there or [
            ["EAST", "", UnitKind.REGION.value, _("华东区"), ""],
            ["S001", "EAST", UnitKind.STORE.value, _("一号店"), ""],
        ]
    if kind == "hierarchies":
        there = [line for row in groups.hierarchies(organisation=organisation_id) for line in groups.listed(row.code, organisation=organisation_id)]
        return there or [["partner", "S001", "SOUTH/P07", ""], ["partner", "S002", "SOUTH/P08", "2026-07-01"]]
    if kind == "leaving":
        return [["L-001", "2026-11-22", _("客户编号或怎么认得他"), "S001", "unsolved", "expectation", "wholly", ""], ["L-002", "2026-11-22", "", "", "price", "", "", ""]]
    if kind == "exposures":
        return [["2026-11-22", "S001", "order", "412", "pos"], ["2026-11-22", "", "call", "96", "pbx"]]
    staff = Staff.objects.filter(organisation_id=organisation_id, left_at=None).select_related("unit").order_by("employee_no")
    there = [[row.employee_no, row.unit.code, row.name] for row in staff[:20_000]]
    return there or [["E001", "S001", _("张三")], ["E002", "S001", _("李四")]]


Step = Callable[[HttpRequest, Visit], Outcome]
STEPS: dict[str, Step] = {
    "organisation": organisation,
    "industry": trade,
    "units": places,
    "members": people,
    "calendar": hours,
    "promise": promise,
    "survey": survey,
}
