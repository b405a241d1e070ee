"""转交: in how many minutes each unit answers a complaint that is handed to it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from complaints import handovers
from cxms.lib.errors import DomainError
from tenancy import queries, trees
from web import forms
from web.door import Visit, needs


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Units with their minutes, or those of the unit above; POST sets one unit's."""
    organisation = visit.organisation.id
    wrong: dict[str, str] = {}
    typed: dict[str, str] = {}
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        unit = trees.by_code(forms.text(request, "unit", 64), organisation=organisation)
        if unit is None:
            raise Http404
        minutes = forms.text(request, "minutes", 12)
        try:
            with transaction.atomic():
                handovers.choose_target(unit, minutes, organisation=organisation, now=visit.now, actor=visit.actor)
        except DomainError as error:
            wrong, typed = {unit.code: str(error.message)}, {unit.code: minutes}
        else:
            messages.success(request, _("%(name)s 的接收时限已存。") % {"name": unit.name})
            return redirect("settings-handovers")
    own = handovers.targets(organisation=organisation)
    kept: dict[str, int] = {}
    rows = []
    for unit in queries.units_of(organisation=organisation):
        above = next((kept[path] for path in _paths_above(unit.path) if path in kept), handovers.DEFAULT_MINUTES)
        kept[unit.path] = own.get(unit.id, above)
        value = typed.get(unit.code, str(own[unit.id]) if unit.id in own else "")
        rows.append((unit, value, above, wrong.get(unit.code, "")))
    context: dict[str, Any] = {"rows": rows, "may_write": visit.seat.may("settings:write")}
    return render(request, "settings/handovers.html", context, status=400 if wrong else 200)


def _paths_above(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return [f"/{'/'.join(parts[:n])}/" for n in range(len(parts) - 1, 0, -1)]
