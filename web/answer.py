"""The answer page `/s/<token>/`: one tap is a full answer, the follow-up adapts, nothing needs a log-in or a script.

Looking (GET) never saves: mail scanners and previews look too. A score in the address is only marked.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from cxms.lib import clock
from cxms.lib.errors import DomainError
from feedback import intake
from surveys import answers, content, invitations, links, wording
from surveys.answers import Asked, Given
from surveys.models import Response, SurveyVersion
from tenancy import queries as tenancy_queries
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from web.door import public
from web.public_pages import gone, language_chosen, safe

COOKIE = "cxms_answer"
COOKIE_SECONDS = 12 * 3600
RETURNS: dict[str, Callable[[], str]] = {"yes": lambda: _("会再来"), "maybe": lambda: _("说不准"), "no": lambda: _("不会再来")}
PROBLEMS: dict[str, Callable[[], str]] = {
    "none": lambda: _("没有"), "told": lambda: _("有，告诉过你们"), "silent": lambda: _("有，没有说"),
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """What a token leads to, and the key of the answer this browser has begun."""

    token: str
    organisation: Organisation
    asked: Asked
    key: uuid.UUID | None
    now: datetime


def _open(token: str, then: Callable[[int, uuid.UUID, bool], HttpResponse | None]) -> HttpResponse | None:
    """Opens the scope of the organisation a token belongs to; None when it is nobody's."""
    is_link = ":" not in token
    found = links.find(token) if is_link else links.read_invitation(token)
    if found is None:
        return None
    with organisation_scope(found[0]):
        return then(found[0], found[1], is_link)


@csrf_exempt
@public
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page; POST takes a tap, the follow-up, or the note that a browser shows it."""
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    now = clock.now()

    def inside(organisation: int, key: uuid.UUID, is_link: bool) -> HttpResponse | None:
        if is_link:
            asked = answers.open_link(key, organisation=organisation)
        else:
            asked = answers.open_invitation(key, organisation=organisation, now=now)
        if asked is None:
            return None if is_link else gone(request, why="over")
        if asked.channel not in intake.open_channels(organisation):
            return gone(request, why="over")
        place = tenancy_queries.organisation(organisation)
        door = Door(token, place, asked, _key(request, asked), now)
        return _take(request, door) if request.method == "POST" else _page(request, door)

    return safe(_open(token, inside) or gone(request))


def _key(request: HttpRequest, asked: Asked) -> uuid.UUID | None:
    """The key of the answer that this form, or this browser, has begun on a printed link."""
    if asked.link is None or "again" in request.GET:
        return None
    held = request.POST.get("key") or request.COOKIES.get(COOKIE, "")
    try:
        return uuid.UUID(held)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None


def _given(request: HttpRequest, door: Door) -> Given:
    post = request.POST
    return Given(
        key=door.key,
        version=_number(post.get("version", "")),
        score=_number(post.get("score", "")),
        reasons=tuple(post.getlist("reasons"))[:20],
        text=post.get("text", "")[: answers.MAX_TEXT],
        would_return=post.get("return", "")[:8],
        problem=post.get("problem", "")[:8],
        wants_contact=post.get("call") == "1",
        contact=post.get("contact", "")[:254],
        language=request.LANGUAGE_CODE if request.LANGUAGE_CODE in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
        is_done=bool(post.get("done")),
        is_suspect=bool(post.get("website")),
    )


def _take(request: HttpRequest, door: Door) -> HttpResponse:
    if "seen" in request.POST:
        answers.seen(door.asked, now=door.now)
        return HttpResponse(status=204)
    given = _given(request, door)
    if door.asked.link is not None and given.key is None:
        given = Given(**{**given.__dict__, "key": uuid.uuid4()})
    try:
        with transaction.atomic():
            response = answers.save(door.asked, given, now=door.now)
    except DomainError as error:
        return _page(request, door, given=given, said={str(error.field): str(error.message)}, status=400)
    onward = redirect(request.path)
    onward.status_code = 303
    if door.asked.link is not None:
        onward.set_cookie(
            COOKIE, response.key.hex, max_age=COOKIE_SECONDS, path=request.path, samesite="Lax", httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return onward


def _page(
    request: HttpRequest, door: Door, *, given: Given | None = None, said: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    response = answers.response_of(door.asked, door.key)
    version = answers.version_of(door.asked, response, given.version if given else None)
    marked = _number(request.GET.get("score", "")) if response is None else None
    marked = marked if marked in content.scale(version.kind) else None
    given_score = given.score if given and given.score in content.scale(version.kind) else None
    score = given_score if given_score is not None else (response.score if response else marked)
    context = {
        **page_context(version, request.LANGUAGE_CODE, score),
        "place": door.organisation.name,
        "moment": _moment(door),
        "unit": door.asked.unit,
        "response": response,
        "key": door.key.hex if door.key else uuid.uuid4().hex,
        "is_marked": response is None and score is not None,
        "is_done": response is not None and response.finished_at is not None and not said,
        "is_link": door.asked.link is not None,
        "typed": _typed(response, given),
        "said": said or {},
        "is_known": answers.is_known(door.asked),
    }
    return render(request, "surveys/answer.html", context, status=status)


def _typed(response: Response | None, given: Given | None) -> dict[str, Any]:
    if given is not None:
        said = {"text": given.text, "reasons": given.reasons, "back": given.would_return, "problem": given.problem}
        return {**said, "call": given.wants_contact, "contact": given.contact}
    if response is None:
        return {}
    contact = response.phone or response.email
    said = {"text": response.text, "reasons": response.reasons, "back": response.would_return, "problem": response.problem}
    return {**said, "call": response.wants_contact, "contact": contact}


def page_context(version: SurveyVersion, language: str, score: int | None) -> dict[str, Any]:
    """What the question and its follow-up say; the preview of a survey shows the same."""
    band = content.band(version.kind, score) if score is not None else ""
    said = {name: content.say(version.texts, name, language) for name in ("question", "end_low", "end_high")}
    scale = content.scale(version.kind)
    found: dict[str, Any] = {**said, "scores": list(scale), "least": scale[0], "most": scale[-1], "score": score}
    found |= {"band": band, "version": version, "asks_contact": version.asks_contact and band != "high"}
    if band:
        found["ask"] = content.say(version.texts, f"ask_{band}", language)
        found["hint"] = content.say(version.texts, f"hint_{band}", language)
        codes = version.reasons.get(band, [])
        found["returns"] = [(code, RETURNS[code]()) for code in content.RETURNS] if version.asks_return else []
        found["problems"] = [(code, PROBLEMS[code]()) for code in content.PROBLEMS] if version.asks_problem else []
        found["chips"] = [(code, content.reason_label(code, band, language)) for code in codes]
    return found


def _moment(door: Door) -> str:
    invitation, unit = door.asked.invitation, door.asked.unit
    if invitation is None:
        return unit.name if unit else ""
    zone = tenancy_queries.zone((unit.timezone if unit else "") or door.organisation.timezone)
    kind, place = door.asked.survey.event_kind, unit.name if unit else ""
    return wording.moment(kind, invitation.occurred_at, place, zone=zone, now=door.now)


@csrf_exempt
@public
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Says no to every survey: the page asks once, a POST (also a mail program's one click) does it, another undoes it."""
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    now = clock.now()

    def inside(organisation: int, key: uuid.UUID, is_link: bool) -> HttpResponse | None:
        email = "" if is_link else invitations.email_of(key, organisation=organisation)
        if not email:
            return None
        if request.method == "POST":
            back = request.POST.get("back") == "1"
            change = invitations.resubscribe if back else invitations.unsubscribe
            change(key, organisation=organisation, now=now)
        is_gone = bool(invitations.unsubscribed([email], organisation=organisation))
        name = tenancy_queries.organisation(organisation).name
        return render(request, "surveys/unsubscribe.html", {"place": name, "is_gone": is_gone})

    return safe(_open(token, inside) or gone(request))

