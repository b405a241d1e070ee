"""Followers of the notices."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from alerts import (
    again,
    appeals,
    bursts,
    handed,
    metric_runs,
    notices,
    passing,
    point_digest,
    praise,
    recurred,
    rings,
    unfilled,
)
from alerts.delivery import DeliverFollower
from alerts.letters import CustomerFollower
from alerts.lost import LostFollower
from cxms.lib import clock
from ledger.models import Fact


def complaint_opened(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.opened` → the executives, at once; history is told to nobody."""
    if not fact.data.get("silent"):
        rings.begin_direct(uuid.UUID(fact.subject), organisation=organisation, now=now)


def promise_escalated(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`promise.escalated` → the rungs of the ladder."""
    if not fact.data.get("silent"):
        rings.begin(uuid.UUID(fact.subject), fact.data, organisation=organisation, now=now)


def complaint_moved(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.moved` → an assignment tells its new owner, a reopening tells the executives again."""
    if fact.data.get("silent"):
        return
    if fact.data["move"] == "assign":
        notices.tell_owner(uuid.UUID(fact.subject), fact.data["seq"], organisation=organisation, now=now)
    elif fact.data["move"] == "reopen":
        rings.begin_direct(uuid.UUID(fact.subject), organisation=organisation, now=now)


def appeal_made(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`appeal.made` → the managers of the unit, never the person himself."""
    appeals.tell_managers(uuid.UUID(fact.subject), organisation=organisation, now=now)


def appeal_decided(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`appeal.decided` → who made it, with the reason."""
    appeals.tell_employee(uuid.UUID(fact.subject), organisation=organisation, now=now)


def ticket_mentioned(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`ticket.mentioned` → everybody named behind an @ in a note."""
    ids = [uuid.UUID(key) for key in fact.data["members"]]
    notices.tell_mentioned(uuid.UUID(fact.subject), fact.data["seq"], ids, organisation=organisation, now=now)


def handover_moved(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`handover.moved` → who is to answer, who waits for the answer, or whose unit did not answer in time."""
    handed.tell(uuid.UUID(fact.data["handover"]), fact.data["what"], organisation=organisation, now=now)


def contact_due(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`contact.due` → the owner, or the queue."""
    due_at = datetime.fromisoformat(fact.data["due_at"])
    again.tell(uuid.UUID(fact.subject), due_at, organisation=organisation, now=now)


def approval_asked(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`approval.asked` → who may say yes."""
    notices.tell_approvers(uuid.UUID(fact.data["approval"]), organisation=organisation, now=now)


def approval_waited(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`approval.waited` → the next who may say yes."""
    notices.tell_approvers(uuid.UUID(fact.data["approval"]), step=fact.data["step"], organisation=organisation, now=now)


def approval_decided(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`approval.decided` → who asked."""
    notices.tell_asker(uuid.UUID(fact.data["approval"]), organisation=organisation, now=now)


def cause_recurred(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`cause.recurred` → whose the prevention was."""
    recurred.tell(uuid.UUID(fact.data["recurrence"]), organisation=organisation, now=now)


def calendar_unfilled(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`calendar.unfilled` → the administrators."""
    unfilled.tell(fact.data["code"], fact.data["year"], organisation=organisation, now=now)


deliver = DeliverFollower()
letter = CustomerFollower()
lost = LostFollower()


def praised(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """`feedback.analysed`, `feedback.classified` → praise to the employee it names, and to his store manager."""
    praise.tell([(fact.data["first"], fact.data["last"]) for fact in facts], organisation=organisation, now=now)


def ringing_organisations() -> list[int]:
    """Timer: who has a level to be told again."""
    return rings.due_organisations()


def ring(*, organisation: int) -> int:
    """Timer: tell one batch of them."""
    return rings.ring(organisation=organisation, now=clock.database_now())


def next_ring_at() -> datetime | None:
    """Timer: when the next level is told again."""
    return rings.next_at()


def hopping_organisations() -> list[int]:
    """Timer: who has a message that waits or that nobody took."""
    return passing.due_organisations()


def hop(*, organisation: int) -> int:
    """Timer: send what waited, pass on what nobody took."""
    return passing.run(organisation=organisation, now=clock.database_now())


def next_hop_at() -> datetime | None:
    """Timer: when the next wait ends."""
    return passing.next_at()


def watching_organisations() -> list[int]:
    """Timer: who has a metric rule whose period is complete."""
    return metric_runs.due_organisations()


def watch(*, organisation: int) -> int:
    """Timer: judges them."""
    return metric_runs.run(organisation=organisation, now=clock.database_now())


def heard(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """`feedback.analysed` → the organisation's topics are watched from its first voice on."""
    bursts.begin(organisation=organisation, now=now)


def points_owned(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`point_route.owned` → owners hear once a day what came to their lists."""
    point_digest.begin(organisation=organisation, now=now)


def digesting_organisations() -> list[int]:
    """Timer: whose owners of lists are to be told."""
    return point_digest.due_organisations()


def tell_of_points(*, organisation: int) -> int:
    """Timer: tells them."""
    return point_digest.run(organisation=organisation, now=clock.database_now())


def bursting_organisations() -> list[int]:
    """Timer: whose topics are to be looked at."""
    return bursts.due_organisations()


def look_for_bursts(*, organisation: int) -> int:
    """Timer: looks once."""
    return bursts.run(organisation=organisation, now=clock.database_now())
