"""Followers and timers of the promise desk."""

import uuid
from datetime import datetime

from complaints import casework, sweep
from ledger.models import Fact


def judge_analysed(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`feedback.analysed` → tickets for what triage calls a complaint."""
    if fact.data["n_calls"]:
        casework.judge_range(fact.data["first"], fact.data["last"], organisation=organisation, now=now)


def notice_accepted(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`notice.accepted` of the first notice to an executive → the notify clause is met at that instant."""
    if fact.data.get("purpose") == "executives":
        casework.meet_notify(uuid.UUID(fact.data["ticket"]), fact.at, organisation=organisation)


def due_organisations() -> list[int]:
    """Timer: who has a clock that fires now."""
    return sweep.due_organisations()


def sweep_organisation(*, organisation: int) -> int:
    """Timer: settle one batch."""
    return sweep.sweep(organisation=organisation)


def next_fire_at() -> datetime | None:
    """Timer: when the next clock fires."""
    return sweep.next_at()
