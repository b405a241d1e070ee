"""补偿授权: how much each role may give a customer without asking, per currency, in versions."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from complaints import authority
from complaints.authority import ROLES, Limits
from cxms.lib.errors import DomainError
from tenancy.enums import Role
from web import forms
from web.door import Visit, needs


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table and its history; POST keeps a new version."""
    organisation = visit.organisation.id
    limits = authority.in_force(organisation=organisation)
    values = {code: {str(role): _shown(rows.get(role, "0")) for role in ROLES} for code, rows in limits.amounts.items()}
    if request.method != "POST":
        return _page(request, visit, limits, values, None)
    if not visit.seat.may("settings:write"):
        raise Http404
    codes = [code for code in request.POST.getlist("code") if code in values]
    added = forms.text(request, "add", 3).upper()
    typed = {code: {str(role): forms.text(request, f"{code}:{role}", 16) for role in ROLES} for code in codes}
    if added and added not in typed:
        typed[added] = {str(role): "*" if role in {Role.EXECUTIVE, Role.ADMIN} else "" for role in ROLES}
    try:
        with transaction.atomic():
            authority.save(
                forms.text(request, "currency", 3) or limits.currency, typed, version=forms.version(request), organisation=organisation,
                now=visit.now, actor=visit.actor,
            )  # fmt: skip
    except DomainError as error:
        return _page(request, visit, limits, typed, error, status=409 if error.code == "stale" else 400)
    messages.success(request, _("补偿授权已存为新的一版，马上生效；正在等批的不受影响。"))
    return redirect("settings-authority")


def _shown(value: str | None) -> str:
    return "*" if value is None else value.removesuffix(".00")


def _page(
    request: HttpRequest, visit: Visit, limits: Limits, values: dict[str, dict[str, str]], error: DomainError | None, status: int = 200
) -> HttpResponse:
    names = dict(Role.choices)
    wrong = error.field if error else ""
    context: dict[str, Any] = {
        "limits": limits,
        "codes": list(values),
        "rows": [(names[role], [(code, f"{code}:{role}", rows.get(role, ""), f"{code}:{role}" == wrong) for code, rows in values.items()]) for role in ROLES],
        "error": error,
        "versions": authority.history(organisation=visit.organisation.id),
        "may_write": visit.seat.may("settings:write"),
    }
    return render(request, "settings/authority.html", context, status=status)
