"""Followers and timers of the feedback floor: after a voice was received, imports, mailboxes."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from customers import merging
from cxms.lib import clock
from feedback import analysis, imports, learning, mailboxes, provider_asking, relabelling
from feedback.mailboxes import MailboxFollower
from feedback.models import Feedback
from feedback.provider_asking import ProviderFollower
from ledger.models import Fact


def analyse_received(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """`feedback.received` → analysis of the batches."""
    analysis.analyse_each([(fact.data["first"], fact.data["last"]) for fact in facts], organisation=organisation, now=now)


def pick_for_provider(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """`feedback.analysed` → a question per voice that the language-model provider is to be asked about; none while it is off."""
    if provider_asking.is_on(organisation=organisation):
        for fact in facts:
            provider_asking.pick(fact.data["first"], fact.data["last"], organisation=organisation, now=now)


def import_continued(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`import.continued` → the next part of the run."""
    imports.step(uuid.UUID(fact.subject), fact.data["state"], fact.data["part"], organisation=organisation, now=now)


def relabel(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`taxonomy.saved`, `relabelling.continued` → the next slice of history is read anew."""
    relabelling.step(uuid.UUID(fact.subject), fact.data["from"], organisation=organisation, now=now)


def train_own_model(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`own_model.asked`, `own_model.continued` → one label more is trained, then all are measured."""
    learning.step(uuid.UUID(fact.subject), fact.data["done"], organisation=organisation, now=now)


def customer_merged(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`customer.merged` → his voices go with him, or back when it was undone."""
    merging.settle(uuid.UUID(fact.subject), "voice", merging.give_in(Feedback), organisation=organisation)


def mailboxes_due() -> list[int]:
    """Timer: whose mailbox is to be read."""
    return mailboxes.due_organisations()


def ask_mailboxes(*, organisation: int) -> int:
    """Timer: sends the followers."""
    return mailboxes.ask(organisation=organisation, now=clock.now())


mailbox = MailboxFollower()
language_model = ProviderFollower()


def language_models_due() -> list[int]:
    """Timer: whose language-model provider is to be asked."""
    return provider_asking.due_organisations()


def ask_language_model(*, organisation: int) -> int:
    """Timer: sends the follower with the next batch."""
    return provider_asking.ask(organisation=organisation, now=clock.now())
