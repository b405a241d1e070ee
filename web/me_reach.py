"""怎样找到我: quiet hours, channels in order, who stands in while away, numbers. Everybody's own."""

import uuid
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from alerts import reaches
from alerts.models import Reach
from alerts.reaches import ReachError, Wish
from alerts.sinks.table import SINKS
from cxms.lib.errors import DomainError
from tenancy import queries
from web import forms
from web.door import Visit, needs
from web.forms import Form
from web.settings_rota import clock_of, minutes

NAMES = ("quiet_from", "quiet_to", "ch1", "ch2", "ch3", "deputy", "away_from", "away_to", "mobile", "wecom", "feishu")


@needs("home:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The person's own page; POST saves it."""
    row = reaches.of(visit.seat.member, organisation=visit.organisation.id)
    form = Form(_values(row, visit))
    if request.method == "POST":
        form = Form(forms.typed(request, *NAMES))
        version = request.POST.get("version", "")
        try:
            with transaction.atomic():
                reaches.save(
                    visit.seat.member, _wish(form, visit), organisation=visit.organisation.id,
                    version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
                    now=visit.now, actor=visit.actor,
                )  # fmt: skip
        except DomainError as error:
            form = form.refused(error)
        else:
            messages.success(request, _("已存，从下一条通知起生效。"))
            return redirect("settings-me-reach")
    context: dict[str, Any] = {
        "form": form,
        "row": row,
        "kinds": [(kind, sink.label()) for kind, sink in SINKS.items()],
        "slots": [("ch1", _("先试"), form.values["ch1"]), ("ch2", _("再试"), form.values["ch2"]), ("ch3", _("最后试"), form.values["ch3"])],
        "members": [m for m in queries.members_of(organisation=visit.organisation.id) if m.id != visit.seat.member.id],
    }
    return render(request, "settings/reach.html", context, status=form.status)


def _values(row: Reach, visit: Visit) -> dict[str, str]:
    zone = queries.zone(visit.organisation.timezone)
    channels = [*row.channels, "", "", ""]
    return {
        "quiet_from": clock_of(row.quiet_from) if row.quiet_from is not None else "",
        "quiet_to": clock_of(row.quiet_to) if row.quiet_to is not None else "",
        "ch1": channels[0],
        "ch2": channels[1],
        "ch3": channels[2],
        "deputy": str(row.deputy_id or ""),
        "away_from": row.away_from.astimezone(zone).date().isoformat() if row.away_from else "",
        "away_to": (row.away_to - timedelta(seconds=1)).astimezone(zone).date().isoformat() if row.away_to else "",
        "mobile": reaches.number_of(row),
        "wecom": row.handles.get("wecom", ""),
        "feishu": row.handles.get("feishu", ""),
    }


def _wish(form: Form, visit: Visit) -> Wish:
    values = form.values
    try:
        deputy = uuid.UUID(values["deputy"]) if values["deputy"] else None
    except ValueError as error:
        raise ReachError(_("选一位同事"), code="unknown_member", field="deputy") from error
    return Wish(
        quiet=_quiet(values),
        channels=[values[name] for name in ("ch1", "ch2", "ch3") if values[name]],
        deputy=deputy,
        away=_away(values, visit),
        mobile=values["mobile"],
        handles={name: values[name] for name in reaches.HANDLES},
    )


def _quiet(values: Mapping[str, Any]) -> tuple[int, int] | None:
    if not values["quiet_from"] and not values["quiet_to"]:
        return None
    found = minutes(values["quiet_from"]), minutes(values["quiet_to"])
    if any(not 0 <= minute < 1440 for minute in found):
        raise ReachError(_("写上几点到几点"), code="bad_time", field="quiet_from")
    return found


def _away(values: Mapping[str, Any], visit: Visit) -> tuple[datetime, datetime] | None:
    """Whole local days, the last one included."""
    if not values["away_from"] and not values["away_to"]:
        return None
    zone = queries.zone(visit.organisation.timezone)
    try:
        first, last = (datetime.fromisoformat(values[name]).date() for name in ("away_from", "away_to"))
    except ValueError as error:
        raise ReachError(_("写上第一天和最后一天"), code="bad_day", field="away_from") from error
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
