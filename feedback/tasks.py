"""Followers of the feedback floor: what the ledger calls after a voice was received."""

from datetime import datetime

from feedback import analysis
from ledger.models import Fact


def analyse_received(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`feedback.received` → analysis of the batch."""
    analysis.analyse(fact.data["first"], fact.data["last"], organisation=organisation, now=now)
