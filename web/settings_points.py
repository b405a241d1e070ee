"""改进点的去处: which side each topic is on, and whose list its points come to."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import points, topics
from feedback.enums import PointType
from feedback.points import Route
from web import forms
from web.door import Visit, needs
from web.forms import Form

SIDES = (PointType.PRODUCT, PointType.SERVICE)


@needs("settings:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The needs and every topic with its side and its owner."""
    names = topics.names(organisation=visit.organisation.id)
    held = points.routes(organisation=visit.organisation.id)
    rows = [{"code": topic or PointType.NEED.value, "name": _name(topic, names), "route": route, "side": PointType(route.side).label} for topic, route in held.items()]
    return render(request, "settings/points.html", {"rows": rows})


def _name(topic: str, names: dict[str, str]) -> str:
    return names.get(topic, topic) if topic else _("需求（读作建议的声音）")


@needs("settings:read")
def one(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
    """One topic, or `need`: its side and whose list; POST keeps them."""
    organisation = visit.organisation.id
    topic = "" if code == PointType.NEED else code
    route = points.routes(organisation=organisation).get(topic)
    if route is None or (topic and topic not in topics.LABELS):
        raise Http404
    form = Form(_values(route))
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        form = Form(forms.typed(request, "side", "owner"))
        try:
            with transaction.atomic():
                points.send(
                    topic, form.values["side"], form.values["owner"], organisation=organisation, version=forms.version(request),
                    now=visit.now, actor=visit.actor,
                )  # fmt: skip
            messages.success(request, _("存好了，清单马上按新的去处列。"))
            return redirect("settings-points")
        except DomainError as error:
            route = points.routes(organisation=organisation)[topic]
            form = form.refused(error, _present(route))
    context: dict[str, Any] = {
        "name": _name(topic, topics.names(organisation=organisation)), "topic": topic, "route": route, "form": form,
        "sides": [(side.value, side.label) for side in SIDES], "owners": points.owners(organisation=organisation),
        "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip
    return render(request, "settings/point.html", context, status=form.status)


def _values(route: Route) -> dict[str, str]:
    return {"side": route.side, "owner": str(route.owner.id) if route.owner else ""}


def _present(route: Route) -> dict[str, str]:
    return {"side": str(PointType(route.side).label), "owner": route.owner.name if route.owner else _("还没有人负责")}
