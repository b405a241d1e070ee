"""Followers of the notices."""

import uuid
from datetime import datetime

from alerts import notices
from alerts.mailing import MailFollower
from ledger.models import Fact


def complaint_opened(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.opened` → the executives, at once; history is told to nobody."""
    if not fact.data.get("silent"):
        notices.tell_executives(uuid.UUID(fact.subject), organisation=organisation, now=now)


def promise_escalated(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`promise.escalated` → the rungs of the ladder."""
    if not fact.data.get("silent"):
        notices.tell_escalation(uuid.UUID(fact.subject), fact.data, organisation=organisation, now=now)


def complaint_moved(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.moved` → an assignment tells its new owner, a reopening tells the executives again."""
    if fact.data.get("silent"):
        return
    if fact.data["move"] == "assign":
        notices.tell_owner(uuid.UUID(fact.subject), fact.data["seq"], organisation=organisation, now=now)
    elif fact.data["move"] == "reopen":
        notices.tell_executives(uuid.UUID(fact.subject), organisation=organisation, now=now)


mail = MailFollower()
