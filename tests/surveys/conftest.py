"""A published survey, its links and the events that make it ask."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from customers import events
from customers.cards import Card
from customers.events import RawEvent
from surveys import content, invitations, links, surveys
from surveys.models import Invitation
from surveys.surveys import Spec


def spec(kind: str = "nps", **fields: Any) -> Spec:
    fields.setdefault("name", "购后一问")
    fields.setdefault("event_kind", "order")
    fields.setdefault("texts", content.default_texts(kind) if kind in content.SCALES else {})
    fields.setdefault("delay_minutes", 0)
    return Spec(kind=kind, **fields)


@pytest.fixture
def publish(shop, now) -> Callable[..., Any]:
    """Makes and publishes a survey."""

    def make(kind: str = "nps", *, code: str = "nps-order", home: Any = None, **fields: Any) -> Any:
        home = home or shop
        at = now - timedelta(days=60)
        with home.scope():
            row = surveys.create(spec(kind, **fields), code=code, organisation=home.id, now=at, actor="t")
            return surveys.move(row.id, "published", organisation=home.id, now=at, actor="t")

    return make


@pytest.fixture
def link_of(shop, now) -> Callable[..., Any]:
    """The store link of a survey, or (None) of the store's feedback page."""

    def make(survey: Any, unit: str = "S001", home: Any = None) -> Any:
        home = home or shop
        with home.scope():
            (link,) = links.provide(survey, [home.units[unit]], organisation=home.id, now=now, actor="t")
            return link

    return make


@pytest.fixture
def happen(shop, now) -> Callable[..., Any]:
    """An event of a customer, decided at once; gives the row of its decision, or None when no survey asks about it."""

    def make(key: str, customer: Card | None = None, *, kind: str = "order", unit: str = "S001", ago: timedelta = timedelta(0), at: Any = None) -> Any:
        with shop.scope():
            moment = at or now
            (receipt,) = events.receive(
                [RawEvent(key, kind, moment - ago, customer=customer, unit=unit)], organisation=shop.id, now=moment
            )
            if receipt.id is None:
                return None
            invitations.decide(str(receipt.id), str(receipt.id), organisation=shop.id, now=moment)
            return Invitation.objects.filter(event=receipt.id).first()

    return make


def person(n: int, **fields: Any) -> Card:
    return Card(external_id=f"c{n}", name=f"客{n}", email=f"c{n}@mail.example", **fields)


@pytest.fixture
def invited(shop, now, happen) -> Callable[..., Any]:
    """An invitation whose mail is on its way, and its token."""

    def make(n: int = 1, **fields: Any) -> tuple[Any, str]:
        row = happen(f"o{n}", person(n), **fields)
        with shop.scope():
            invitations.release(organisation=shop.id, now=fields.get("at") or now)
            row.refresh_from_db()
            return row, links.invitation_token(row)

    return make


@pytest.fixture
def work(shop) -> Callable[..., None]:
    """Works what surveys set in motion in `shop` (or the homes given), as a worker and the clockwork would.

    Only there: what other tests left in this database is theirs, and so are its letters.
    """
    from cxms.lib import clock
    from ledger import runner
    from surveys import timing

    def run(*homes: Any) -> None:
        for home in homes or (shop,):
            for _ in range(10):
                n = sum(runner.run_batch(home.id, queue) for queue in ("surveys", "survey_mail", "analysis", "tickets"))
                with home.scope():
                    n += timing.sweep(organisation=home.id, now=clock.database_now())
                if not n:
                    break

    return run
