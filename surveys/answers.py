"""An answer from its first tap to the voice it becomes.

The first tap makes a durable response row. It is handed to the one intake as one voice when the person says he is done,
or after ten minutes of silence (a timer), so that score and words stand in one voice and the score is counted once.
Words that come later still are a voice of their own, without a score. See docs/adr.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from customers.cards import Card
from customers.identities import normal_email, normal_phone
from cxms.lib import failpoints
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from feedback import intake, voices
from feedback.intake import Source
from feedback.models import Feedback
from feedback.shapes import RawScore, RawVoice
from ledger.facts import record
from surveys import content
from surveys.enums import Decision, State
from surveys.models import Invitation, Link, Response, Survey, SurveyVersion
from tenancy.enums import Channel
from tenancy.models import Touchpoint, Unit

SILENCE = timedelta(minutes=10)
MAX_TEXT = 4000
ACTOR = "customer"
BATCH = 100


class AnswerError(DomainError):
    """The answer cannot be taken as it is; `field` names the part."""


@dataclass(frozen=True)
class Asked:
    """A question that stands open: what a token leads to."""

    survey: Survey
    link: Link | None = None
    invitation: Invitation | None = None

    @property
    def unit(self) -> Unit | None:
        """The store the answer is about."""
        return (self.invitation or self.link or self.survey).unit

    @property
    def touchpoint(self) -> Touchpoint | None:
        """The touchpoint the answer is about."""
        return self.survey.touchpoint or (self.invitation.touchpoint if self.invitation else None)

    @property
    def channel(self) -> str:
        """Answers to an invitation come in as `survey`, those by a printed link as `qr`."""
        return Channel.SURVEY if self.invitation else Channel.QR


@dataclass(frozen=True)
class Given:
    """What a person gave in one step; None and "" mean: not this time."""

    key: uuid.UUID | None = None
    version: int | None = None
    score: int | None = None
    reasons: tuple[str, ...] = ()
    text: str = ""
    would_return: str = ""
    problem: str = ""
    wants_contact: bool = False
    contact: str = ""
    language: str = "zh-hans"
    is_done: bool = False
    is_suspect: bool = False


def open_link(key: uuid.UUID, *, organisation: int) -> Asked | None:
    """What a living link asks, or None: revoked, a store page's, or its survey is not asking."""
    rows = Link.objects.filter(organisation_id=organisation, id=key, revoked_at__isnull=True, survey__isnull=False)
    link = rows.select_related("unit", "survey__unit", "survey__touchpoint").first()
    if link is None or link.survey is None or link.survey.state != State.PUBLISHED:
        return None
    return Asked(link.survey, link=link)


def open_invitation(key: uuid.UUID, *, organisation: int, now: datetime) -> Asked | None:
    """What an invitation asks, or None: expired, never sent, or its survey is closed. An answered one stays open."""
    rows = Invitation.objects.filter(organisation_id=organisation, id=key, decision=Decision.INVITED)
    found = rows.select_related("unit", "touchpoint", "customer", "survey__unit", "survey__touchpoint").first()
    if found is None or found.released_at is None or found.survey.state == State.CLOSED:
        return None
    if found.expires_at is not None and found.expires_at <= now:
        return None
    return Asked(found.survey, invitation=found)


def response_of(asked: Asked, key: uuid.UUID | None) -> Response | None:
    """The response that belongs to an invitation, or to a link and the key its browser holds."""
    rows = Response.objects.filter(organisation_id=asked.survey.organisation_id, survey=asked.survey)
    if asked.invitation is not None:
        return rows.filter(invitation=asked.invitation).select_related("version").first()
    return rows.filter(link=asked.link, key=key).select_related("version").first() if key else None


def version_of(asked: Asked, response: Response | None, number: int | None = None) -> SurveyVersion:
    """The version a person answers: the one he began with, the one his form shows, else the one in force."""
    if response is not None:
        return response.version
    rows = SurveyVersion.objects.filter(organisation_id=asked.survey.organisation_id, survey=asked.survey)
    shown = rows.filter(version=number).first() if number and asked.survey.published_at else None
    return shown or rows.get(version=asked.survey.version)


def seen(asked: Asked, *, now: datetime) -> None:
    """Notes that an invitation's page was looked at; a fetch without a browser does not come here."""
    if asked.invitation is not None:
        Invitation.objects.filter(
            organisation_id=asked.survey.organisation_id, id=asked.invitation.id, opened_at__isnull=True
        ).update(opened_at=now)


def save(asked: Asked, given: Given, *, now: datetime) -> Response:
    """Takes one step of an answer: the first tap, a change of mind, the follow-up. `is_done` hands it to the intake.

    An invitation has one response whoever sends it how often; a link's is known by its key. Raises AnswerError.
    """
    organisation = asked.survey.organisation_id
    if asked.invitation is not None:
        # one road for two devices and two presses
        Invitation.objects.select_for_update().get(organisation_id=organisation, id=asked.invitation.id)
    given = _clean(given)
    response = _locked(asked, given)
    if response is None:
        response = _begin(asked, given, now=now)
    if response.entered_at is not None:
        _late(response, asked, given, now=now)
        return response
    _take(response, asked, given, now=now)
    response.save()
    failpoints.reach("answers.before_commit")
    if response.finished_at is not None:
        enter(response, asked, now=now)
    return response


def is_contact(text: str) -> bool:
    """Whether this can be a phone number or an e-mail address."""
    if "@" in text:
        return bool(normal_email(text))
    return len(text) <= 40 and sum(c.isdigit() for c in text) >= 5 and bool(normal_phone(text))


def _clean(given: Given) -> Given:
    contact = clean_text(given.contact.strip())
    if given.wants_contact and contact and not is_contact(contact):
        raise AnswerError(_("请写手机号或邮箱"), code="bad_contact", field="contact")
    return replace(given, text=clean_text(given.text.strip())[:MAX_TEXT], contact=contact)


def _locked(asked: Asked, given: Given) -> Response | None:
    found = response_of(asked, given.key)
    if found is None:
        return None
    rows = Response.objects.select_for_update(of=("self",)).select_related("version")
    return rows.get(organisation_id=found.organisation_id, id=found.id)


def _begin(asked: Asked, given: Given, *, now: datetime) -> Response:
    version = version_of(asked, None, given.version)
    if given.score is None:
        raise AnswerError(_("请先点一个分数"), code="score_missing", field="score")
    _check_score(version, given.score)
    organisation = asked.survey.organisation_id
    response, fresh = Response.objects.get_or_create(
        organisation_id=organisation,
        key=(asked.invitation.id if asked.invitation else given.key) or uuid.uuid4(),
        defaults={
            "survey": asked.survey, "version": version, "invitation": asked.invitation, "link": asked.link,
            "score": given.score, "language": given.language, "is_suspect": given.is_suspect,
            "started_at": now, "touched_at": now, "enter_at": now + SILENCE,
        },
    )  # fmt: skip
    if not fresh:
        # two presses at once on a printed link: the second works on the row of the first
        rows = Response.objects.select_for_update(of=("self",)).select_related("version")
        mine = rows.filter(organisation_id=organisation, id=response.id, survey=asked.survey, link=asked.link).first()
        if mine is None:
            raise AnswerError(_("请重新打开这一页"), code="bad_key", field="score")
        response = mine
    elif asked.invitation is not None:
        invited = Invitation.objects.filter(organisation_id=organisation, id=asked.invitation.id)
        invited.update(answered_at=now)
        invited.filter(opened_at__isnull=True).update(opened_at=now)
    return response


def _check_score(version: SurveyVersion, score: int) -> None:
    if score not in content.scale(version.kind):
        raise AnswerError(_("请先点一个分数"), code="out_of_range", field="score")


def _take(response: Response, asked: Asked, given: Given, *, now: datetime) -> None:
    """Writes a step into the row: the newest score, and of the follow-up what came with this step."""
    version = response.version
    if given.score is not None:
        _check_score(version, given.score)
        response.score = given.score
    band = content.band(version.kind, response.score)
    # a reason of the band he left says nothing of the score he has now
    response.reasons = [code for code in version.reasons.get(band, []) if code in given.reasons]
    response.text = given.text or response.text
    if version.asks_return and given.would_return in content.RETURNS:
        response.would_return = given.would_return
    if version.asks_problem and given.problem in content.PROBLEMS:
        response.problem = given.problem
    response.wants_contact = version.asks_contact and given.wants_contact and (bool(given.contact) or is_known(asked))
    response.phone = response.email = ""
    if response.wants_contact:
        response.phone = "" if "@" in given.contact else given.contact
        response.email = given.contact if "@" in given.contact else ""
    response.is_suspect = response.is_suspect or given.is_suspect
    response.language = given.language
    response.touched_at, response.enter_at = now, now + SILENCE
    if given.is_done:
        if given.wants_contact and version.asks_contact and not response.wants_contact:
            raise AnswerError(_("请写手机号或邮箱"), code="contact_missing", field="contact")
        response.finished_at = now


def is_known(asked: Asked) -> bool:
    customer = asked.invitation.customer if asked.invitation else None
    return customer is not None and bool(customer.phone or customer.email)


def enter(response: Response, asked: Asked, *, now: datetime) -> None:
    """Hands a response to the intake as one voice, once, and keeps words and contact only there."""
    voice = _voice(response, asked)
    scale = content.scale(response.version.kind)
    score = RawScore(response.version.kind, Decimal(response.score), scale[0], scale[-1])
    key = _receive(replace(voice, scores=(score,)), response, asked, now=now, received_at=response.touched_at)
    if response.is_suspect:
        voices.exclude(key, "honeypot", organisation=response.organisation_id, now=now, actor="surveys")
    wants_contact = response.wants_contact
    response.entered_at, response.enter_at, response.feedback = now, None, key
    response.text = response.phone = response.email = ""
    response.save()
    data = {"survey": asked.survey.code, "version": response.version.version, "feedback": str(key)}
    record("survey.answered", response.id, data, organisation=response.organisation_id, now=now, actor=ACTOR)
    if wants_contact and not response.is_suspect:
        _contact_asked(key, response, now=now)


def _contact_asked(key: uuid.UUID, response: Response, *, now: datetime) -> None:
    band = content.band(response.version.kind, response.score)
    data = {"response": str(response.id), "band": band, "score": response.score}
    record("survey.contact_asked", key, data, organisation=response.organisation_id, now=now, actor=ACTOR)


def _voice(response: Response, asked: Asked) -> RawVoice:
    return RawVoice(
        channel=asked.channel,
        text=_words(response),
        external_id=f"response:{response.id}",
        occurred_at=response.started_at,
        customer=_card(response, asked),
        unit=asked.unit.code if asked.unit else "",
        touchpoint=asked.touchpoint.code if asked.touchpoint else "",
        metadata=_metadata(response, asked),
    )


def _words(response: Response) -> str:
    """What he chose and what he wrote, in the order of the page: both are his words."""
    band = content.band(response.version.kind, response.score)
    chosen = [content.reason_label(code, band, response.language) for code in response.reasons]
    return "\n".join(part for part in ((", " if response.language == "en" else "、").join(chosen), response.text) if part)


def _metadata(response: Response, asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {"survey": asked.survey.code, "survey_version": response.version.version}
    found |= {"response": str(response.id), "language": response.language}
    if asked.invitation is not None:
        found["event"] = asked.invitation.event_external_id
    if response.reasons:
        found["reasons"] = response.reasons
    if response.would_return:
        found["would_return"] = response.would_return
    if response.problem:
        found["problem"] = response.problem
    if response.wants_contact:
        found["contact_consent"] = True
    return found


def _card(response: Response, asked: Asked) -> Card | None:
    customer = asked.invitation.customer if asked.invitation else None
    if customer is not None:
        phone, email = response.phone or customer.phone, response.email or customer.email
        return Card(external_id=customer.external_id or "", phone=phone, email=email)
    return Card(phone=response.phone, email=response.email) if response.phone or response.email else None


def _late(response: Response, asked: Asked, given: Given, *, now: datetime) -> None:
    """What comes after the voice was received: a second voice without a score; the same again changes nothing."""
    if not given.is_done:
        return
    before, wanted = Feedback.objects.get(organisation_id=response.organisation_id, id=str(response.feedback)), response.wants_contact
    _take(response, asked, replace(given, score=None), now=now)
    response.enter_at = None
    response.wants_contact = response.wants_contact or wanted
    words, asks = _words(response), response.wants_contact and not wanted
    if (words and words != before.text) or asks:
        text = words if words != before.text else _("请联系我")
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        voice = replace(_voice(response, asked), text=text, external_id=f"response:{response.id}:{mark}", occurred_at=now)
        key = _receive(voice, response, asked, now=now, received_at=now)
        if asks:
            _contact_asked(key, response, now=now)
    response.text = response.phone = response.email = ""
    response.save()


def _receive(voice: RawVoice, response: Response, asked: Asked, *, now: datetime, received_at: datetime) -> uuid.UUID:
    body = {"response": str(response.id), "score": response.score, "reasons": response.reasons, "text": voice.text}
    source = Source(json.dumps(body, ensure_ascii=False).encode(), "application/json", ACTOR)
    (receipt,) = intake.receive(
        [voice], organisation=response.organisation_id, source=source, now=now, received_at=received_at
    )
    if receipt.status == "rejected":
        raise AnswerError(receipt.detail, code=receipt.code, field=receipt.field)
    return uuid.UUID(str(receipt.id))


def enter_silent(*, organisation: int, now: datetime) -> int:
    """Hands over the responses of those who fell silent. Returns how many; the timer's half of `save`."""
    rows = Response.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        organisation_id=organisation, enter_at__lte=now
    )
    whole = ("version", "survey__unit", "survey__touchpoint", "link__unit")
    rows = rows.select_related(*whole, "invitation__unit", "invitation__touchpoint", "invitation__customer")
    found = list(rows.order_by("enter_at")[:BATCH])
    for row in found:
        enter(row, Asked(row.survey, link=row.link, invitation=row.invitation), now=now)
    failpoints.reach("answers.silent_before_commit")
    return len(found)
