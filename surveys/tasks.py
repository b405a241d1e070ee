"""Followers and timers of surveys."""

import uuid
from datetime import datetime

from customers import merging
from cxms.lib import clock
from ledger.models import Fact
from surveys import invitations, timing
from surveys.mailing import InvitationMail
from surveys.models import Invitation


def event_received(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`customer.event_received` → who is asked about it, and who is not and why."""
    invitations.decide(fact.data["first"], fact.data["last"], organisation=organisation, now=now)


def customer_merged(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`customer.merged` → his invitations go with him, or back when it was undone."""
    merging.settle(uuid.UUID(fact.subject), "invitation", merging.give_in(Invitation), organisation=organisation)


def due_organisations() -> list[int]:
    """Timer: who has a mail due or an answer that fell silent."""
    return timing.due_organisations()


def sweep(*, organisation: int) -> int:
    """Timer: one batch of both."""
    return timing.sweep(organisation=organisation, now=clock.database_now())


def next_at() -> datetime | None:
    """Timer: when the next one comes."""
    return timing.next_at()


mail = InvitationMail()
