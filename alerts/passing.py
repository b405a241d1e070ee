"""When nobody takes a notice: the next channel, the deputy, the next rung, the administrators, and last the operator.

Called by the follower that sends and by the timer `hops`. Everything here is database work in the caller's transaction.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts import budget, hops, notices, people, reach
from alerts.enums import HopState
from alerts.models import Hop, Notice
from complaints.models import Ticket
from cxms.lib import dispatch, failpoints
from ledger.facts import record
from ledger.models import Delivery
from tenancy.models import Member

log = logging.getLogger(__name__)
DUE = "select organisation_id from alerts_hop where next_at <= clock_timestamp() group by 1 order by min(next_at)"
NEXT = "select min(next_at) from alerts_hop where next_at is not null"
BATCH = 100
UNTRIED = timedelta(seconds=15)


def due_organisations() -> list[int]:
    """Organisations with a hop whose wait or two minutes are over. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """The next instant at which any hop's wait or two minutes end."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def run(*, organisation: int, now: datetime) -> int:
    """Sends what waited long enough and passes on what nobody took in two minutes. Returns how many were looked at."""
    due = Hop.objects.select_for_update(skip_locked=True, of=("self",)).filter(organisation_id=organisation, next_at__lte=now)
    rows = list(due.select_related("notice__ticket__unit", "notice__recipient__user").order_by("next_at", "id")[:BATCH])
    waiting = budget.put_off([row for row in rows if row.state == HopState.WAITING], organisation=organisation, now=now)
    hops.release(waiting, organisation=organisation, now=now)
    for row in rows:
        # release has moved what waited on
        if row.state == HopState.DUE and row.next_at is not None and row.next_at <= now:
            _late(row, organisation, now)
    failpoints.reach("hops.before_commit")
    return len(rows)


def _late(hop: Hop, organisation: int, now: datetime) -> None:
    """Passes a hop on that was tried and not taken; one that no worker has tried yet waits for the worker, not for others."""
    lead = hop.leader_id or hop.id
    rows = Delivery.objects.filter(organisation_id=organisation, fact__subject=str(lead), fact__kind="notice.due")
    sent = rows.order_by("-id").first()
    if sent is not None and sent.attempts == 0:
        hop.next_at = now + UNTRIED
        hop.save(update_fields=["next_at"])
        return
    ended(hop, HopState.PASSED, sent.last_error if sent else "", organisation=organisation, now=now)


def accepted(hop: Hop, *, organisation: int, now: datetime) -> None:
    """A channel took it, also when it came late: noted, and told to whoever waits for it."""
    hop.state, hop.finished_at, hop.next_at, hop.error = HopState.ACCEPTED, now, None, ""
    hop.save()
    notice = hop.notice
    if hop.kind == "email" and notice.mailed_at is None:
        notice.mailed_at = now
        notice.save(update_fields=["mailed_at"])
    notices.accepted(notice, hop.kind, organisation=organisation, now=now)


def ended(hop: Hop, state: HopState, error: str, *, organisation: int, now: datetime) -> None:
    """A channel did not take it: the next channel of the same person, else somebody else."""
    hop.state, hop.finished_at, hop.next_at, hop.error = state, now, None, " ".join(error.split())[:200]
    hop.save()
    if hops.onward(hop, organisation=organisation, now=now) is None and hop.notice.purpose in hops.LADDER:
        pass_on(hop.notice, organisation=organisation, now=now)


def pass_on(notice: Notice, *, organisation: int, now: datetime) -> list[Notice]:
    """The reader's deputy is told; without one, when nobody under the same key was reached either, the next rung is."""
    ticket = notice.ticket
    if ticket is None:
        return []
    # two who fail at once take turns, so that the second sees what the first did
    siblings = list(Notice.objects.select_for_update().filter(organisation_id=organisation, ticket=ticket, key=notice.key).order_by("id"))
    told = {row.recipient_id for row in siblings}
    rungs = _rungs(notice, ticket, now)
    known = people.persons([key for rung in rungs for key in rung] + [notice.recipient_id], ticket=ticket, now=now)
    deputy = known[notice.recipient_id].deputy if notice.recipient_id in known else None
    stand_in = reach.present(deputy, people.persons([deputy], ticket=ticket, now=now)) if deputy else None
    if stand_in is not None and stand_in not in told:
        extra = {"stands_for": notice.recipient.name, "unreached": True}
        return _tell(notice, [stand_in], extra, organisation, now)
    if _is_reached(siblings, organisation):
        return []
    above = int(notice.data.get("rung", 0)) + 1
    for rung in range(above, len(rungs)):
        keys = [key for key in rungs[rung] if key not in told and key in known and not known[key].is_away]
        if keys:
            return _tell(notice, keys, {"rung": rung, "n_passed": rung - above + 1, "unreached": True}, organisation, now)
    lost(ticket, notice.key, organisation=organisation, now=now)
    return []


def _rungs(notice: Notice, ticket: Ticket, now: datetime) -> list[list[Any]]:
    if notice.purpose == "executives":
        return people.holders_by_rung(ticket, notices.DIRECT_RUNGS, now=now)
    return people.ladder_rungs(ticket, now=now)


def _tell(notice: Notice, keys: Sequence[Any], extra: dict[str, Any], organisation: int, now: datetime) -> list[Notice]:
    found = Member.objects.filter(organisation_id=organisation, id__in=list(keys)).select_related("user")
    data = {name: value for name, value in notice.data.items() if name not in {"stands_for", "silent", "passed"}}
    return notices.tell(
        notice.ticket, list(found), notice.purpose, notice.key, {**data, **extra}, organisation=organisation, now=now
    )


def _is_reached(siblings: Sequence[Notice], organisation: int) -> bool:
    """True when somebody else was reached by the same telling, or still may be."""
    if any(row.read_at is not None for row in siblings):
        return True
    rows = Hop.objects.filter(organisation_id=organisation, notice__in=[row.id for row in siblings])
    return rows.filter(state__in=[*hops.OPEN, HopState.ACCEPTED]).exists()


def lost(ticket: Ticket, key: str, *, organisation: int, now: datetime) -> None:
    """Nobody is left to tell: the operator is, by a fact that a mail follows, and the log."""
    log.error("nobody could be told of ticket %s (%s)", ticket.number, key)
    record("notice.lost", ticket.id, {"key": key}, organisation=organisation, now=now)
