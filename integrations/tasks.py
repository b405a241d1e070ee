"""Followers and loops of the outward links."""

from collections.abc import Sequence
from datetime import datetime

from integrations import deliveries, purge, warnings
from integrations.sending import Sender
from integrations.warnings import WarningFollower
from ledger.models import Fact


def fan_out(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """Public facts → one durable row per endpoint that asked for one."""
    deliveries.fan_out(facts, organisation=organisation, now=now)


def warn(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`webhook.disabled`, `webhook.dead` → a letter for each administrator."""
    warnings.warn(fact, organisation=organisation, now=now)


mail = WarningFollower()


def send_forever() -> None:
    """Pump: sends what is due, in a thread of its own of every worker child."""
    Sender().forever()


def old_organisations() -> list[int]:
    """Timer: who has webhook deliveries that ended long ago."""
    return purge.due_organisations()


def purge_organisation(*, organisation: int) -> int:
    """Timer: delete a slice of them."""
    return purge.run(organisation)
