"""Complaints that belong together. The target was always received earlier: so nothing can go round in a circle.

*Duplicate*: the same customer told it twice; closed, its clocks cancelled and out of every rate; the customer follows one
thread; undone within ten minutes. *Incident*: one cause, many customers; what is said on the parent goes to every child.
*Split*: one voice, two complaints; the second has clocks of its own from the same receipt, with the same holds.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from complaints import clocks, tickets
from complaints.enums import LinkKind
from complaints.hand import Hand
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Pause, Ticket, TicketLink
from complaints.tickets import Opening, TicketError
from ledger.facts import record

UNDO_WITHIN = timedelta(minutes=10)
MOST_PARTS = 5
MOST_HOPS = 8


def _rows(ticket: Ticket) -> Any:
    return TicketLink.objects.filter(organisation_id=ticket.organisation_id, ended_at__isnull=True)


def target_of(ticket: Ticket, kind: str) -> TicketLink | None:
    """The open link of this kind that the ticket hangs on by, or None."""
    found: TicketLink | None = _rows(ticket).filter(ticket=ticket, kind=kind).select_related("target").first()
    return found


def children(ticket: Ticket, kind: str = LinkKind.INCIDENT) -> list[TicketLink]:
    """The open links that hang on the ticket, in the order they were made."""
    rows = _rows(ticket).filter(target=ticket, kind=kind).select_related("ticket", "ticket__unit", "ticket__customer")
    return list(rows.order_by("made_at", "id"))


def thread_of(ticket: Ticket) -> Ticket:
    """What the customer of a duplicate follows: the one that was kept, when it is his own too. Else the ticket itself."""
    found = ticket
    for _hop in range(MOST_HOPS):
        if found.duplicate_of_id is None:
            break
        rows = Ticket.objects.filter(organisation_id=ticket.organisation_id, id=found.duplicate_of_id)
        found = rows.select_related("unit", "owner", "customer").get()
    is_his = ticket.customer_id is not None and found.customer_id == ticket.customer_id
    return found if is_his else ticket


# ---- the moves ------------------------------------------------------------------------------------------------------


def _target(hand: Hand) -> Ticket:
    ticket = hand.ticket
    rows = Ticket.objects.filter(organisation_id=ticket.organisation_id, number=hand.fields["of"].strip().upper())
    found = rows.first()
    if found is None:
        raise TicketError(_("没有这个单号"), code="unknown_ticket", field="of")
    if found.id == ticket.id:
        raise TicketError(_("不能跟自己相连"), code="same_ticket", field="of")
    if (found.received_at, found.id) > (ticket.received_at, ticket.id):
        raise TicketError(_("留下先收到的那一宗：到那一宗上来连这一宗"), code="later", field="of")
    return found


def _link(hand: Hand, kind: str, target: Ticket, before: dict[str, Any] | None = None) -> None:
    ticket, moment = hand.ticket, hand.moment
    TicketLink.objects.create(
        organisation_id=ticket.organisation_id, kind=kind, ticket=ticket, target=target, before=before or {},
        made_at=moment.at, made_name=hand.actor_name[:80],
    )  # fmt: skip
    _tell(hand, kind, ticket, target, is_ended=False)


def _tell(hand: Hand, kind: str, ticket: Ticket, target: Ticket, *, is_ended: bool) -> None:
    """The other one's timeline says it too, in a transaction of its own: nobody holds two tickets' locks."""
    data = {"kind": kind, "other": str(target.id), "number": ticket.number, "ended": is_ended}
    record("ticket.linked", ticket.id, data, organisation=ticket.organisation_id, now=hand.moment.written_at, actor=hand.moment.actor)


def _duplicate(hand: Hand) -> None:
    ticket, target = hand.ticket, _target(hand)
    if target.duplicate_of_id is not None:
        raise MoveNotAllowed(_("那一宗自己也是重复的，请连到留下的那一宗"), code="is_duplicate", field="of")
    if children(ticket, LinkKind.DUPLICATE) or children(ticket):
        raise MoveNotAllowed(_("有别的投诉连着这一宗，不能把它当作重复的"), code="has_children", field="of")
    if ticket.customer_id and target.customer_id and ticket.customer_id != target.customer_id:
        raise MoveNotAllowed(_("不是同一位客户；同一件事伤到很多人，用群体事件"), code="other_customer", field="of")
    before = {str(clock.id): [clock.state, clock.cause] for clock in hand.clocks}
    for clock in hand.clocks:
        clocks.cancel(clock, cause="duplicate")
    pause = hand.open_pause()
    if pause is not None:
        pause.to_at = hand.moment.at
        pause.save(update_fields=["to_at"])
    ticket.duplicate_of, ticket.closed_at = target, hand.moment.at
    _link(hand, LinkKind.DUPLICATE, target, before)


def _unduplicate(hand: Hand) -> None:
    ticket, link = hand.ticket, target_of(hand.ticket, LinkKind.DUPLICATE)
    if link is None:
        raise MoveNotAllowed(_("这一宗不是重复的"), field="move")
    if hand.moment.at - link.made_at >= UNDO_WITHIN:
        raise MoveNotAllowed(_("已过十分钟，不能撤销"), code="too_late", field="move")
    for clock in hand.clocks:
        clock.state, clock.cause = link.before.get(str(clock.id), [clock.state, clock.cause])
        _resume(clock, hand)
    ticket.duplicate_of = ticket.closed_at = None
    link.ended_at = hand.moment.at
    link.save(update_fields=["ended_at"])
    # the hours in between were nobody's but its holder's
    hand.fields["mode"] = "undo"
    hand.fields["of"] = link.target.number
    _tell(hand, LinkKind.DUPLICATE, ticket, link.target, is_ended=True)


def _resume(clock: Clock, hand: Hand) -> None:
    clock.save(update_fields=["state", "cause"])
    if clock.stopped_at is None:
        clocks.settle(clock, hand.pauses, until=hand.moment.at, moment=hand.moment)


def refuse_duplicate(ticket: Ticket) -> None:
    """Raises MoveNotAllowed when the ticket was closed as a duplicate: its customer is served on the other one."""
    if ticket.duplicate_of_id is not None:
        raise MoveNotAllowed(_("这是重复的一宗，请到留下的那一宗上处理"), code="is_duplicate", field="move")


def _join(hand: Hand) -> None:
    target = _target(hand)
    if target.duplicate_of_id is not None:
        raise MoveNotAllowed(_("那一宗自己也是重复的，请连到留下的那一宗"), code="is_duplicate", field="of")
    if target_of(target, LinkKind.INCIDENT) is not None:
        raise MoveNotAllowed(_("那一宗已并入别的群体事件，请并到主投诉"), code="is_child", field="of")
    if children(hand.ticket):
        raise MoveNotAllowed(_("这一宗自己就是主投诉"), code="is_parent", field="of")
    if target_of(hand.ticket, LinkKind.INCIDENT) is not None:
        raise MoveNotAllowed(_("这一宗已并入一个群体事件"), code="is_child", field="of")
    _link(hand, LinkKind.INCIDENT, target)


def _leave(hand: Hand) -> None:
    link = target_of(hand.ticket, LinkKind.INCIDENT)
    if link is None:
        raise MoveNotAllowed(_("这一宗没有并入群体事件"), field="move")
    link.ended_at = hand.moment.at
    link.save(update_fields=["ended_at"])
    hand.fields["of"] = link.target.number
    _tell(hand, LinkKind.INCIDENT, hand.ticket, link.target, is_ended=True)


def _split(hand: Hand) -> None:
    ticket, organisation = hand.ticket, hand.ticket.organisation_id
    rows = Ticket.objects.filter(organisation_id=organisation, feedback_id=ticket.feedback_id)
    part = int(rows.aggregate(last=Max("part"))["last"] or 0) + 1
    if part >= MOST_PARTS:
        raise MoveNotAllowed(_("一条声音最多拆成 %(n)d 宗") % {"n": MOST_PARTS}, code="too_many", field="title")
    opening = Opening(
        ticket.feedback, severity=hand.fields["severity"] or ticket.severity, topics=(), title=hand.fields["title"],
        reason="split", is_history=ticket.is_history, has_moves=True, part=part,
    )  # fmt: skip
    moment = hand.moment
    half = tickets.open_ticket(opening, organisation=organisation, now=moment.written_at, actor=moment.actor, actor_name=hand.actor_name)
    copied = [
        Pause(
            organisation_id=organisation, ticket=half, reason=p.reason, proof=p.proof, from_at=p.from_at, to_at=p.to_at,
            expires_at=p.expires_at, cycle=1,
        )
        for p in hand.pauses
    ]  # fmt: skip
    Pause.objects.bulk_create(copied)
    clocks.catch_up(half, moment=moment)
    hand.fields["number"] = half.number
    TicketLink.objects.create(
        organisation_id=organisation, kind=LinkKind.SPLIT, ticket=half, target=ticket, made_at=moment.at, made_name=hand.actor_name[:80]
    )


EFFECTS: dict[str, Callable[[Hand], str | None]] = {
    "duplicate": lambda hand: _duplicate(hand),
    "unduplicate": lambda hand: _unduplicate(hand),
    "join_incident": lambda hand: _join(hand),
    "leave_incident": lambda hand: _leave(hand),
    "split": lambda hand: _split(hand),
}


def replied(hand: Hand) -> None:
    """Words to the customer of a parent are meant for every child's; a fact carries them there."""
    ticket = hand.ticket
    if hand.moment.is_history or not _rows(ticket).filter(target=ticket, kind=LinkKind.INCIDENT).exists():
        return
    data = {"seq": ticket.version + 1, "text": hand.fields["text"]}
    record("incident.replied", ticket.id, data, organisation=ticket.organisation_id, now=hand.moment.written_at, actor=hand.moment.actor)


# ---- what a page shows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Around:
    """Everything a ticket is linked with. `candidates`: earlier open complaints of the same customer."""

    duplicate_of: TicketLink | None
    parent: TicketLink | None
    whole: TicketLink | None
    duplicates: list[TicketLink]
    children: list[TicketLink]
    halves: list[TicketLink]
    candidates: list[Ticket]

    @property
    def is_empty(self) -> bool:
        """Nothing is linked."""
        return not (self.duplicate_of or self.parent or self.whole or self.duplicates or self.children or self.halves)


def around(ticket: Ticket) -> Around:
    """The links of a ticket in two statements, and what it may be a duplicate of."""
    up = {row.kind: row for row in _rows(ticket).filter(ticket=ticket).select_related("target")}
    down = list(_rows(ticket).filter(target=ticket).select_related("ticket", "ticket__unit").order_by("made_at", "id"))
    candidates: list[Ticket] = []
    if ticket.customer_id is not None and ticket.state in {"new", "handling"}:
        rows = Ticket.objects.filter(
            organisation_id=ticket.organisation_id, customer=ticket.customer_id, received_at__lt=ticket.received_at,
            duplicate_of__isnull=True, state__in=("new", "handling", "proposed"),
        )  # fmt: skip
        candidates = list(rows.order_by("-received_at")[:3])
    return Around(
        up.get(LinkKind.DUPLICATE), up.get(LinkKind.INCIDENT), up.get(LinkKind.SPLIT),
        [row for row in down if row.kind == LinkKind.DUPLICATE], [row for row in down if row.kind == LinkKind.INCIDENT],
        [row for row in down if row.kind == LinkKind.SPLIT], candidates,
    )  # fmt: skip


def run_key(ticket_id: uuid.UUID, what: str) -> uuid.UUID:
    """The key of the bulk run that follows from something on a parent: the same thing makes one run."""
    return uuid.uuid5(ticket_id, what)
