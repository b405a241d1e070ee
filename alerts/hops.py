"""Hops: how a notice reaches its reader besides the bell, one row per channel that was tried.

`begin` runs in the transaction that writes the notices: it picks each person's first channel, holds back what should go
together, and records `notice.due`, which the outside follower sends. When a channel does not take it, `onward` writes
the next hop; when none is left, `alerts.passing` looks for somebody else.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from alerts import accounts, choices, people
from alerts.enums import HopState
from alerts.models import Hop, Notice, Reach, SinkAccount
from alerts.sinks.shapes import Person
from alerts.sinks.table import ORDER, SINKS
from complaints import ladder
from cxms.lib import sealing
from cxms.lib.ids import new_id
from ledger.facts import record_many

TOGETHER = timedelta(minutes=1)
PATIENCE = timedelta(minutes=2)
OPEN = (HopState.WAITING, HopState.DUE)
# warnings and what is merely good to know may wait for each other; a breach and the executives' notice may not
LADDER = frozenset({"executives", "escalation"})


@dataclass(frozen=True)
class Way:
    """A channel that would reach a person."""

    kind: str
    account: SinkAccount | None


def is_urgent(purpose: str, data: dict[str, Any]) -> bool:
    """True for levels 3 and 4, the executives' notice and an offer that waits for a word: not held back, not quiet."""
    return purpose in {"executives", "approval"} or (purpose == "escalation" and ladder.number(data.get("level", "1")) >= 3)


def path_of(notice: Notice) -> str:
    """Where what the notice speaks of lies in the tree."""
    return people.path_of(notice.ticket) if notice.ticket is not None else str(notice.data.get("path", "/"))


def ways(notices: Sequence[Notice], *, organisation: int) -> dict[uuid.UUID, list[Way]]:
    """Each notice's channels in the order its reader wants them, those that would reach him; all of one telling."""
    readers = [notice.recipient_id for notice in notices]
    how = {row.member_id: row for row in Reach.objects.filter(organisation_id=organisation, member__in=readers)}
    near = accounts.covering(path_of(notices[0]), organisation=organisation)
    muted = choices.muted(readers, organisation=organisation)
    return {notice.id: _ways(notice, how.get(notice.recipient_id), near, muted) for notice in notices}


def _ways(notice: Notice, how: Reach | None, near: dict[str, SinkAccount], muted: set[tuple[uuid.UUID, str]]) -> list[Way]:
    person = person_of(notice, how)
    wanted = list(how.channels) if how and how.channels else list(ORDER)
    urgent = is_urgent(notice.purpose, notice.data)
    found = [way for kind in wanted if (way := _way(kind, person, near)) is not None]
    if (notice.recipient_id, notice.purpose) in muted and notice.purpose != choices.ALWAYS:
        found = [way for way in found if way.kind != "email"]
    if urgent:
        # what he did not choose comes after what he chose: a breach always has a channel
        chosen = {way.kind for way in found}
        found += [way for kind in ORDER if kind not in chosen and (way := _way(kind, person, near))]
    return found


def _way(kind: str, person: Person, near: dict[str, SinkAccount]) -> Way | None:
    sink = SINKS.get(kind)
    if sink is None or not sink.reaches(person):
        return None
    if kind == "email":
        return Way(kind, None) if settings.SMTP_URL else None
    return Way(kind, near[kind]) if kind in near else None


def person_of(notice: Notice, how: Reach | None) -> Person:
    """The reader as a sink takes him."""
    member = notice.recipient
    if how is None:
        return Person(member.name, member.user.email)
    return Person(member.name, member.user.email, mobile(how), how.handles)


def mobile(how: Reach) -> str:
    """The number, opened."""
    return sealing.unseal(bytes(how.sealed_mobile), place=place(how)).decode() if how.sealed_mobile else ""


def place(how: Reach) -> str:
    """Where a member's number lies sealed."""
    return f"{how.organisation_id}|alerts_reach|{how.member_id}"


def begin(notices: Sequence[Notice], *, organisation: int, now: datetime) -> list[Hop]:
    """The first hop of each notice that is not silent and has a channel. Inside the transaction that wrote them."""
    loud = [notice for notice in notices if not notice.data.get("silent")]
    if not loud:
        return []
    by_notice = ways(loud, organisation=organisation)
    last = _last_sent([notice.recipient_id for notice in loud], organisation, now)
    rooms: dict[tuple[str, uuid.UUID], Hop] = {}
    made = []
    for notice in loud:
        if not by_notice[notice.id]:
            continue
        way = by_notice[notice.id][0]
        hop = _hop(notice, way, 1, now)
        at = last.get(notice.recipient_id)
        if notice.held_until is not None:
            hop.state, hop.next_at = HopState.WAITING, notice.held_until
        elif at is not None and not is_urgent(notice.purpose, notice.data) and not notice.data.get("unreached"):
            hop.state, hop.next_at = HopState.WAITING, at + TOGETHER
        elif SINKS[way.kind].is_group and way.account is not None:
            # one message to the room mentions everybody who is told by it
            first = rooms.setdefault((way.kind, way.account.id), hop)
            hop.leader = first if first is not hop else None
        made.append(hop)
    Hop.objects.bulk_create(made)
    _take_along([hop for hop in made if hop.state == HopState.DUE and not SINKS[hop.kind].is_group], organisation, now)
    _announce([hop for hop in made if hop.state == HopState.DUE and hop.leader is None], organisation, now)
    return made


def _take_along(leads: Sequence[Hop], organisation: int, now: datetime) -> None:
    """What waits for a person goes in the message that leaves for him now."""
    by_way = {(hop.recipient_id, hop.kind, hop.account_id): hop for hop in leads}
    rows = Hop.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        organisation_id=organisation, recipient__in={hop.recipient_id for hop in leads}, state=HopState.WAITING,
        notice__held_until=None,
    )  # fmt: skip
    for row in rows:
        lead = by_way.get((row.recipient_id, row.kind, row.account_id))
        if lead is not None:
            row.state, row.leader, row.sent_at, row.next_at = HopState.DUE, lead, now, now + PATIENCE
            row.save()


def _last_sent(readers: Iterable[uuid.UUID], organisation: int, now: datetime) -> dict[uuid.UUID, datetime]:
    """When each person was last sent something within the minute, or will be."""
    rows = Hop.objects.filter(organisation_id=organisation, recipient__in=list(readers), created_at__gt=now - 2 * TOGETHER, position=1)
    rows = rows.filter(notice__held_until=None)
    found: dict[uuid.UUID, datetime] = {}
    for row in rows.exclude(state=HopState.REFUSED).order_by("created_at"):
        at = row.next_at - TOGETHER if row.state == HopState.WAITING and row.next_at else row.sent_at or row.created_at
        if at > now - TOGETHER:
            found[row.recipient_id] = max(at, found.get(row.recipient_id, at))
    return found


def _hop(notice: Notice, way: Way, position: int, now: datetime) -> Hop:
    return Hop(
        id=new_id(),
        organisation_id=notice.organisation_id,
        notice=notice,
        recipient_id=notice.recipient_id,
        position=position,
        kind=way.kind,
        account=way.account,
        state=HopState.DUE,
        created_at=now,
        sent_at=now,
        next_at=now + PATIENCE,
    )


def _announce(hops: Sequence[Hop], organisation: int, now: datetime) -> None:
    if hops:
        record_many([("notice.due", hop.id, {"kind": hop.kind}) for hop in hops], organisation=organisation, now=now)


def onward(hop: Hop, *, organisation: int, now: datetime) -> Hop | None:
    """The next channel of a locked hop that ended without being taken, or None when its reader has no more."""
    notice = hop.notice
    tried = set(Hop.objects.filter(organisation_id=organisation, notice=notice).values_list("kind", flat=True))
    left = [way for way in ways([notice], organisation=organisation)[notice.id] if way.kind not in tried]
    if not left:
        return None
    made = _hop(notice, left[0], hop.position + 1, now)
    made.save()
    _announce([made], organisation, now)
    return made


def release(hops: Sequence[Hop], *, organisation: int, now: datetime) -> None:
    """Waiting hops whose wait is over go, those for one person by one channel in one message."""
    first: dict[tuple[Any, ...], Hop] = {}
    for hop in hops:
        lead = first.setdefault((hop.recipient_id, hop.kind, hop.account_id), hop)
        hop.state, hop.sent_at, hop.next_at = HopState.DUE, now, now + PATIENCE
        hop.leader = lead if lead is not hop else None
        hop.save()
    _announce(list(first.values()), organisation, now)


def carried(hop: Hop) -> list[Hop]:
    """The hops that go in this one's message."""
    rows = Hop.objects.filter(organisation_id=hop.organisation_id, leader=hop)
    return list(rows.select_related("notice__ticket__unit", "notice__recipient__user", "account").order_by("created_at", "id"))


def of_ticket(ticket_id: uuid.UUID, *, organisation: int) -> list[Hop]:
    """Every attempt to tell somebody of a ticket, in order."""
    rows = Hop.objects.filter(organisation_id=organisation, notice__ticket=ticket_id)
    return list(rows.select_related("notice", "recipient", "account").order_by("created_at", "position", "id"))
