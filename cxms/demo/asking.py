"""The demo's question: an NPS survey after orders, invitations with their reasons, answers, and a link for every store.

Everything goes through the ordinary functions, at instants of the last nine days.
"""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from customers import customers, events
from customers.cards import Card
from customers.events import RawEvent
from cxms.demo import phrases
from cxms.demo.catalogue import STORES
from cxms.demo.voices import person
from surveys import answers, content, invitations, links, surveys
from surveys.answers import Given
from surveys.models import Invitation
from surveys.surveys import Spec
from tenancy.enums import UnitKind
from tenancy.models import Unit

N_ORDERS = 90
DAYS = 9


def ask(rng: Random, *, organisation: int, now: datetime) -> None:
    """Makes the survey and its links, and lets nine days of orders be asked about and answered."""
    spec = Spec(
        name="购后推荐",
        texts=content.default_texts("nps"),
        event_kind="order",
        touchpoint="online_order",
        delay_minutes=120,
        quiet_days=30,
        sample_percent=90,
    )
    began = now - timedelta(days=DAYS + 1)
    survey = surveys.create(spec, code="nps-order", organisation=organisation, now=began, actor="demo")
    surveys.move(survey.id, "published", organisation=organisation, now=began, actor="demo")
    stores = list(Unit.objects.filter(organisation_id=organisation, kind=UnitKind.STORE).order_by("path"))
    for asked in (survey, None):
        links.provide(asked, stores, organisation=organisation, now=began, actor="demo")
    people = [_card(rng, i) for i in range(N_ORDERS // 2)]
    customers.resolve(people, organisation=organisation, now=now)
    for day in range(DAYS):
        _day(rng, now - timedelta(days=DAYS - day), people, organisation, now)


def _card(rng: Random, i: int) -> Card:
    """One in six never gave an address."""
    email = "" if i % 6 == 0 else f"guest{i}@guests.cxms.example"
    return Card(external_id=f"G{i:05d}", name=person(rng), phone=f"+86100{rng.randrange(10**8):08d}", email=email)


def _day(rng: Random, at: datetime, people: list[Card], organisation: int, now: datetime) -> None:
    raw = [
        RawEvent(
            external_id=f"S-{at:%y%m%d}-{i}",
            kind="order",
            occurred_at=at,
            customer=rng.choice(people) if rng.random() < 0.9 else None,
            unit=rng.choice(STORES)[0],
            amount_minor=rng.randrange(9_900, 999_900, 100),
            currency="CNY",
        )
        for i in range(N_ORDERS // DAYS)
    ]
    receipts = events.receive(raw, organisation=organisation, now=at, announce=False)
    ids = sorted(str(receipt.id) for receipt in receipts if receipt.id)
    invitations.decide(ids[0], ids[-1], organisation=organisation, now=at)
    later = at + timedelta(hours=2)
    if later < now:
        invitations.release(organisation=organisation, now=later)
        sent = Invitation.objects.filter(organisation_id=organisation, released_at=later).order_by("id")
        for key in list(sent.values_list("id", flat=True)):
            _follow(rng, key, organisation, later + timedelta(minutes=rng.randrange(2, 600)), now)


def _follow(rng: Random, key: UUID, organisation: int, at: datetime, now: datetime) -> None:
    """What became of one mail: delivered, perhaps opened, perhaps answered."""
    invitations.mailed(key, organisation=organisation, now=at - timedelta(minutes=1))
    asked = answers.open_invitation(key, organisation=organisation, now=at)
    if asked is None or at >= now or rng.random() < 0.3:
        return
    answers.seen(asked, now=at)
    if rng.random() < 0.3:
        return
    score = rng.choices(range(11), weights=(1, 1, 1, 2, 2, 3, 4, 9, 14, 20, 18))[0]
    mood = 1 if score >= 9 else -1 if score <= 6 else 0
    text = phrases.say(rng, "online_order", mood) if rng.random() < 0.6 else ""
    codes = _reasons(score)
    reasons = (rng.choice(codes),) if rng.random() < 0.7 else ()
    answers.save(asked, Given(score=score, text=text, reasons=reasons, is_done=True), now=at)


def _reasons(score: int) -> tuple[str, ...]:
    """The chips of a score's band."""
    return content.FIRST_REASONS[content.band("nps", score)]
