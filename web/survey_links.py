"""Printed links: of a survey and of the stores' feedback pages. Making, rotating, ending; QR codes and A4 posters."""

import io
import uuid
from typing import Any

import segno
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_POST

from surveys import content, links, queries
from surveys.models import Link, Survey, SurveyVersion
from tenancy import queries as tenancy_queries
from tenancy.enums import UnitKind
from tenancy.models import Unit
from web.door import Visit, needs
from web.surveys import PER_PAGE, survey_of

MOST_POSTERS = 200


def _stores(visit: Visit, survey: Survey | None) -> list[Unit]:
    """The stores that want a link: those of the survey's subtree; without any store, every unit."""
    paths = [survey.unit.path] if survey and survey.unit else list(visit.seat.paths)
    found = tenancy_queries.units_of(organisation=visit.organisation.id, paths=paths)
    return [unit for unit in found if unit.kind == UnitKind.STORE] or found


@needs("surveys:read")
def pages(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The stores' feedback pages."""
    rows = queries.links(None, organisation=visit.organisation.id, paths=visit.seat.paths)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    may_write = visit.seat.may("surveys:write")
    n_missing = max(0, len(_stores(visit, None)) - page.paginator.count) if may_write else 0
    context = {"page": page, "query": "", "may_write": may_write, "n_missing": n_missing}
    return render(request, "surveys/pages.html", context)


@require_POST
@needs("surveys:write")
def make_pages(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A feedback page for every store that has none."""
    return _made(request, visit, None)


@require_POST
@needs("surveys:write")
def make(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """A link to the survey for every store that has none."""
    return _made(request, visit, survey_of(key, visit))


def _made(request: HttpRequest, visit: Visit, survey: Survey | None) -> HttpResponse:
    units = _stores(visit, survey)
    made = links.provide(survey, units, organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    said = ngettext("%(n)d 家店有自己的链接了。", "%(n)d 家店有自己的链接了。", len(made)) % {"n": len(made)}
    messages.success(request, said)
    return _back(survey)


def _back(survey: Survey | None) -> HttpResponse:
    if survey is None:
        return redirect("surveys-pages")
    return redirect(reverse("surveys-one", args=[survey.id]) + "?tab=links")


def _link(key: uuid.UUID, visit: Visit) -> Link:
    found = queries.link(key, organisation=visit.organisation.id, paths=visit.seat.paths)
    if found is None:
        raise Http404
    return found


@require_POST
@needs("surveys:write")
def change(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """Rotates or ends a link: what was printed leads nowhere from now on."""
    link = _link(key, visit)
    organisation, who = visit.organisation.id, visit.actor
    if request.POST.get("do") == "rotate":
        links.rotate(key, organisation=organisation, now=visit.now, actor=who)
        messages.success(request, _("已换成新的链接。旧的二维码打不开了，请重新打印。"))
    elif request.POST.get("do") == "revoke":
        links.revoke(key, organisation=organisation, now=visit.now, actor=who)
        messages.success(request, _("链接已停用，旧的二维码打不开了。"))
    return _back(link.survey)


def qr_svg(address: str) -> str:
    """A QR code drawn in place: error correction M, the quiet zone of four modules, black on white in every theme."""
    code = segno.make(address, error="m", micro=False)
    return str(code.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, dark="#000", light="#fff"))


@needs("surveys:read")
def qr(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The QR code as an SVG file, to be printed anywhere."""
    link = _link(key, visit)
    out = io.BytesIO()
    segno.make(links.address(link), error="m", micro=False).save(out, kind="svg", border=4, scale=8, light="#fff")
    answer = HttpResponse(out.getvalue(), content_type="image/svg+xml")
    name = link.unit.code if link.unit else "qr"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.svg"'
    return answer


@needs("surveys:read")
def poster(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """One store's A4 poster."""
    link = _link(key, visit)
    return _posters(request, visit, [link], link.survey)


@needs("surveys:read")
def posters(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every store's poster, a sheet each: of `?survey=`, or of the feedback pages."""
    survey = None
    if request.GET.get("survey"):
        try:
            survey = survey_of(uuid.UUID(request.GET["survey"]), visit)
        except ValueError as error:
            raise Http404 from error
    rows = queries.links(survey, organisation=visit.organisation.id, paths=visit.seat.paths)
    return _posters(request, visit, list(rows[:MOST_POSTERS]), survey)


def _posters(request: HttpRequest, visit: Visit, found: list[Link], survey: Survey | None) -> HttpResponse:
    """The sheets speak the organisation's language, the bar above them the reader's."""
    language = visit.organisation.language
    version = queries.versions(survey)[0] if survey else None
    with override(language):
        sheets = [render_to_string("surveys/sheet.html", _sheet(link, version, visit, language)) for link in found]
    back = reverse("surveys-pages") if survey is None else f"{reverse('surveys-one', args=[survey.id])}?tab=links"
    return render(request, "surveys/poster.html", {"sheets": sheets, "back": back, "n": len(sheets)})


def _sheet(link: Link, version: SurveyVersion | None, visit: Visit, language: str) -> dict[str, Any]:
    address = links.address(link)
    return {
        "place": visit.organisation.name,
        "unit": link.unit,
        "lang": {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, "en"),
        "question": content.say(version.texts, "question", language) if version else "",
        "svg": qr_svg(address),
        "address": address,
        "said": address.split("://", 1)[-1],
    }
