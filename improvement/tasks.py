"""Followers and timers of improvement."""

import uuid
from datetime import datetime

from cxms.lib import clock
from improvement import actions, preventing
from ledger.models import Fact
from tenancy import queries


def due_organisations() -> list[int]:
    """Timer: who has an action whose date has come."""
    return actions.due_organisations()


def check_due(*, organisation: int) -> int:
    """Timer: lets the figures judge what is due."""
    now = clock.now()
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    return actions.check_due(today, organisation=organisation, now=now)


def reflection_signed(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`reflection.signed` → the preventive action; history opens none."""
    if not fact.data.get("silent"):
        preventing.open_for(uuid.UUID(fact.subject), organisation=organisation, now=now)


def cause_recurred(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`cause.recurred` → the action is to be done again."""
    preventing.reopen(fact, organisation=organisation, now=now)
