"""值班表: who is on duty for which role at which unit, week by week, and who stands in."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts import rota
from alerts.models import Cover, Shift
from alerts.people import DUTY
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import queries
from tenancy.enums import Role
from tenancy.models import Member, Unit
from web import calendar_form, forms
from web.door import Visit, needs
from web.forms import Form


def role_names() -> dict[str, str]:
    """What a rota's roles are called."""
    return {**{role: str(Role(role).label) for role in rota.ROLES if role != DUTY}, DUTY: _("值班负责人")}


def minutes(text: str, *, ends: bool = False) -> int:
    """Minutes of a day from `HH:MM`; -1 for none. An end of 00:00 is the end of the day."""
    hour, _colon, minute = text.partition(":")
    if not (hour.isascii() and hour.isdigit() and minute[:2].isascii() and minute[:2].isdigit()):
        return -1
    found = int(hour[:3]) * 60 + int(minute[:2])
    return 1440 if ends and found == 0 else found


def clock_of(minute: int) -> str:
    """`HH:MM`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def instant(text: str, visit: Visit) -> datetime:
    """A local `YYYY-MM-DDTHH:MM` of the organisation. Raises RotaError."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=queries.zone(visit.organisation.timezone))
    except ValueError as error:
        raise rota.RotaError(_("写上日期和时间"), code="bad_time", field="to_at") from error


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rota; POST adds or removes a turn or a stand-in."""
    form = Form({"role": "", "unit": "", "member": "", "from": "09:00", "to": "21:00", "from_at": "", "to_at": "", "days": []})
    if request.method == "POST":
        do = DOES.get(request.POST.get("do", ""))
        if do is None or not visit.seat.may("settings:write"):
            raise Http404
        form = Form({**forms.typed(request, "role", "unit", "member", "from", "to", "from_at", "to_at"), "days": request.POST.getlist("weekday")})
        try:
            with transaction.atomic():
                messages.success(request, do(request, visit, form))
        except DomainError as error:
            form = form.refused(error)
            form = form if form.said or not form.wrong else Form(form.values, form.wrong, next(iter(form.wrong.values())), form.present, form.code)
        else:
            return redirect("settings-notices-rota")
    return render(request, "settings/rota.html", _context(visit, form), status=form.status)


def _context(visit: Visit, form: Form) -> dict[str, Any]:
    organisation = visit.organisation.id
    names, days = role_names(), list(calendar_form.day_names().values())
    rows = [
        (row, names[row.role], days[row.weekday], clock_of(row.from_minute), clock_of(row.to_minute), row.to_minute <= row.from_minute)
        for row in rota.shifts(organisation=organisation)
    ]
    return {
        "rows": rows,
        "covers": [(row, names[row.role]) for row in rota.covers(organisation=organisation, now=visit.now)],
        "roles": list(names.items()),
        "days": list(enumerate(days)),
        "units": queries.units_of(organisation=organisation),
        "members": queries.members_of(organisation=organisation),
        "form": form,
        "token": new_id().hex,
        "may_write": visit.seat.may("settings:write"),
    }


def _who_and_where(form: Form, visit: Visit) -> tuple[Unit, Member]:
    unit = next((u for u in queries.units_of(organisation=visit.organisation.id) if u.code == form.values["unit"]), None)
    member = next((m for m in queries.members_of(organisation=visit.organisation.id) if str(m.id) == form.values["member"]), None)
    if unit is None:
        raise rota.RotaError(_("选一个单元"), code="unknown_unit", field="unit")
    if member is None:
        raise rota.RotaError(_("选一位同事"), code="unknown_member", field="member")
    return unit, member


def _add(request: HttpRequest, visit: Visit, form: Form) -> str:
    unit, member = _who_and_where(form, visit)
    n = rota.add_shifts(
        organisation=visit.organisation.id, unit=unit, role=form.values["role"], member=member,
        weekdays=[int(day) for day in form.values["days"] if day in set("0123456")],
        from_minute=minutes(form.values["from"]), to_minute=minutes(form.values["to"], ends=True), now=visit.now, actor=visit.actor,
    )  # fmt: skip
    return ngettext("加了 %(n)d 个班次。", "加了 %(n)d 个班次。", n) % {"n": n} if n else _("这些班次已经有了。")


def _cover(request: HttpRequest, visit: Visit, form: Form) -> str:
    unit, member = _who_and_where(form, visit)
    rota.add_cover(
        forms.key_of(request, visit.organisation.id), organisation=visit.organisation.id, unit=unit, role=form.values["role"],
        member=member, from_at=instant(form.values["from_at"], visit), to_at=instant(form.values["to_at"], visit),
        now=visit.now, actor=visit.actor,
    )  # fmt: skip
    return _("替班已排好。")


def _key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError as error:
        raise Http404 from error


def _remove(request: HttpRequest, visit: Visit, form: Form) -> str:
    rota.remove(Shift, _key(request), organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    return _("班次已去掉。")


def _uncover(request: HttpRequest, visit: Visit, form: Form) -> str:
    rota.remove(Cover, _key(request), organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    return _("替班已去掉。")


DOES: dict[str, Callable[[HttpRequest, Visit, Form], str]] = {
    "add": _add, "cover": _cover, "remove": _remove, "uncover": _uncover,
}  # fmt: skip
