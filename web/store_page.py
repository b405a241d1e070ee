"""A store's public feedback page `/f/<token>/`: complaint, suggestion or praise in three fields, no log-in.

A complaint becomes a ticket at once and leads to its own promise page; the rest enters by the one intake.
"""

import json
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from complaints import intake as desk
from complaints import links as promises
from complaints.intake import Complaint
from cxms.lib import clock
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from feedback import intake, normalise, voices
from feedback.intake import Source
from feedback.shapes import RawScore, RawVoice
from surveys import answers, links, queries
from surveys.models import Link
from tenancy import queries as tenancy_queries
from tenancy.enums import Channel
from tenancy.scope import organisation_scope
from web.door import public
from web.public_pages import gone, language_chosen, safe

KINDS = ("complaint", "suggestion", "praise")
MAX_TEXT = 4000
ACTOR = "customer"


@csrf_exempt
@public
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The form; POST takes what was said, once per form."""
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    found = links.find(token)
    if found is None:
        return gone(request)
    organisation, key = found
    with organisation_scope(organisation):
        link = queries.link(key, organisation=organisation)
        if link is None or link.survey_id is not None:
            return gone(request)
        if Channel.QR not in intake.open_channels(organisation):
            return gone(request, why="over")
        if request.method == "POST":
            return safe(_take(request, link, clock.now()))
        return safe(_form(request, link, {"key": uuid.uuid4().hex}))


def _take(request: HttpRequest, link: Link, now: datetime) -> HttpResponse:
    typed = {name: str(request.POST.get(name, "")) for name in ("kind", "text", "contact", "score", "key")}
    wrong = _wrong(typed)
    if wrong:
        return _form(request, link, typed, wrong, status=400)
    try:
        with transaction.atomic():
            onward = _enter(typed, link, request, now)
    except DomainError as error:
        field = "contact" if "customer" in str(error.field) else str(error.field)
        return _form(request, link, typed, {field: str(error.message)}, status=400)
    return redirect(onward)


def _wrong(typed: dict[str, str]) -> dict[str, str]:
    wrong = {}
    if typed["kind"] not in KINDS:
        wrong["kind"] = _("选一种")
    if not typed["text"].strip():
        wrong["text"] = _("写一句就好")
    if len(typed["text"]) > MAX_TEXT:
        wrong["text"] = _("最多 %(most)d 字") % {"most": MAX_TEXT}
    contact = typed["contact"].strip()
    if contact and not answers.is_contact(contact):
        wrong["contact"] = _("请写手机号或邮箱")
    return wrong


def _enter(typed: dict[str, str], link: Link, request: HttpRequest, now: datetime) -> str:
    """Where the person goes next: his complaint's promise page, or thanks."""
    organisation, voice = link.organisation_id, _voice(typed, link)
    body = json.dumps({name: typed[name] for name in ("kind", "text", "contact", "score")}, ensure_ascii=False)
    source = Source(body.encode("utf-8", "replace"), "application/json", ACTOR)
    is_suspect = bool(request.POST.get("website"))
    if typed["kind"] == "complaint" and not is_suspect:
        ticket, _fresh = desk.file(Complaint(voice), organisation=organisation, source=source, now=now)
        return reverse("customer-promise", args=[promises.token_for(ticket.id, organisation=organisation)])
    (receipt,) = intake.receive([voice], organisation=organisation, source=source, now=now)
    if receipt.status == "rejected":
        raise DomainError(receipt.detail, code=receipt.code, field=receipt.field)
    if is_suspect:
        # kept and shown as excluded: a person whose browser filled the trap is not lost, a machine is not counted
        voices.exclude(receipt.id, "honeypot", organisation=organisation, now=now, actor=ACTOR)
    return f"{request.path}?done={typed['kind']}"


def _voice(typed: dict[str, str], link: Link) -> RawVoice:
    contact = clean_text(typed["contact"].strip())
    card = {"email": contact} if "@" in contact else {"phone": contact}
    score = typed["score"]
    token = "".join(c for c in typed["key"] if c.isalnum())[:32] or uuid.uuid4().hex
    return RawVoice(
        channel=Channel.QR,
        text=clean_text(typed["text"].strip()),
        external_id=f"page:{link.id.hex[-12:]}:{token}",
        customer=normalise.card(card) if contact else None,
        unit=link.unit.code if link.unit else "",
        scores=(RawScore("csat", Decimal(score), 1, 5),) if score in {"1", "2", "3", "4", "5"} else (),
        metadata={"page": "store", "said_to_be": typed["kind"]},
    )


def _form(
    request: HttpRequest, link: Link, typed: dict[str, str], wrong: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    done = request.GET.get("done", "")
    context: dict[str, Any] = {
        "place": tenancy_queries.organisation(link.organisation_id).name,
        "unit": link.unit,
        "typed": typed,
        "wrong": wrong or {},
        "kinds": [("complaint", _("投诉")), ("suggestion", _("建议")), ("praise", _("表扬"))],
        "scores": ("1", "2", "3", "4", "5"),
        "done": done if done in KINDS and not wrong else "",
    }
    return render(request, "surveys/store.html", context, status=status)
