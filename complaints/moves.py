"""The moves of a ticket: one function applies one of them under the ticket's lock, and the clocks follow the table.

Order of locks: the ticket, then its clocks; only then PostgreSQL is asked the time, so a stop and a sweep cannot both
be right. Callers: both doors, triage, and history (`replay`).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import (
    attachments,
    clock_specs,
    clocks,
    handovers,
    holding,
    lifecycle,
    move_effects,
    offers,
    reflections,
    tickets,
)
from complaints.clocks import Moment
from complaints.file_kinds import CleanFile
from complaints.hand import Hand
from complaints.models import Clock, Move, Pause, Ticket
from complaints.tickets import TicketError
from cxms.lib import failpoints
from cxms.lib.errors import DomainError
from ledger.facts import record
from tenancy.models import Member


class StaleVersion(DomainError):
    """Somebody else moved the ticket since it was read."""

    code = "stale_version"


@dataclass
class Held:
    """A ticket under its lock, with its clocks and holds. people: colleagues already looked up, by what they were named."""

    ticket: Ticket
    clocks: list[Clock]
    pauses: list[Pause]
    people: dict[str, Member] = field(default_factory=dict)


def hold_one(ticket_id: uuid.UUID, *, organisation: int) -> Held:
    """Locks a ticket, then its clocks. Raises TicketError not_found."""
    ticket = tickets.locked(ticket_id, organisation=organisation)
    return Held(ticket, clocks.locked(ticket), clocks.pauses_of(ticket))


def hold_many(ids: Iterable[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, Held]:
    """Locks many tickets in the order of their keys, then their clocks, in a handful of statements; who is not there is left out."""
    rows = tickets.locked_many(ids, organisation=organisation)
    found = clocks.locked_many(rows)
    pauses = clocks.pauses_of_many(rows)
    people: dict[str, Member] = {}
    return {row.id: Held(row, found[row.id], pauses[row.id], people) for row in rows}


def apply(
    ticket_id: uuid.UUID,
    move: str,
    fields: dict[str, Any],
    *,
    organisation: int,
    actor: str,
    actor_name: str = "",
    at: datetime | None = None,
    version: int | None = None,
    files: Sequence[CleanFile] = (),
    held: Held | None = None,
) -> Ticket:
    """Applies one move and returns the ticket. `at`: history brought over, silent; `version`: what the caller read.

    held: what `hold_many` has locked for this very ticket in this transaction; it serves one move.
    Raises MoveNotAllowed, MoveFieldError, FileError, StaleVersion, TicketError; nothing is written then.
    """
    attachments.check_move(move, files)
    has_files = bool(files) and move in attachments.WORDLESS
    clean = reflections.clean(fields) if move == "reflect" else offers.clean(move, fields, has_files=has_files)
    # a refusal half way leaves nothing behind, whatever the caller's transaction goes on to do
    with transaction.atomic():
        held = held or hold_one(ticket_id, organisation=organisation)
        return _apply(held, move, clean, actor, actor_name, at, version, files)


def _apply(
    held: Held,
    move: str,
    clean: dict[str, Any],
    actor: str,
    actor_name: str,
    at: datetime | None,
    version: int | None,
    files: Sequence[CleanFile],
) -> Ticket:
    ticket = held.ticket
    if version is not None and version != ticket.version:
        raise StaleVersion(_("这宗投诉刚被别人更新，请查看后再提交"), field="version")
    written_at = clocks.database_now()
    moment = Moment(at=_instant(ticket, at, written_at), written_at=written_at, actor=actor, is_history=ticket.is_history)
    hand = Hand(ticket, held.clocks, held.pauses, moment, clean, actor_name, files, held.people)
    _end_expired_hold(hand)
    move = offers.route(ticket, move, clean, moment)
    state = lifecycle.next_state(ticket.state, move)
    effect = move_effects.EFFECTS.get(move)
    kind = (effect(hand) if effect else None) or move
    if kind == "nothing":
        return ticket
    before, ticket.state = ticket.state, state
    _follow_holder(hand, before)
    _move_clocks(hand, kind)
    _note(hand, move)
    failpoints.reach("moves.before_commit")
    return ticket


def _instant(ticket: Ticket, at: datetime | None, written_at: datetime) -> datetime:
    if at is None:
        return written_at
    last = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket).order_by("-seq").first()
    if at > written_at + timedelta(seconds=5):
        raise TicketError(_("时间不能在未来"), code="in_future", field="at")
    if last is not None and at < last.at:
        raise TicketError(_("时间早于上一步"), code="out_of_order", field="at")
    return at.astimezone(UTC)


def _end_expired_hold(hand: Hand) -> None:
    pause = hand.open_pause()
    if pause is not None and pause.expires_at <= hand.moment.at:
        pause.to_at = pause.expires_at
        pause.save(update_fields=["to_at"])


def _follow_holder(hand: Hand, before: str) -> None:
    holding.follow(hand.ticket, before, hand.fields.get("mode", ""), at=hand.moment.at)
    if hand.ticket.state not in lifecycle.UNSOLVED:
        handovers.lapse(hand.ticket, at=hand.moment.at)


def _move_clocks(hand: Hand, kind: str) -> None:
    """Lets the table decide which clocks this move stops and starts; every other open one is settled."""
    cause = "no_answer" if kind == "no_answer" else ""
    for clock in hand.clocks:
        if clock_specs.stops(clock.kind, kind):
            clocks.stop(clock, hand.pauses, by=kind, moment=hand.moment, cause=cause)
        elif clock.cycle == hand.ticket.cycle and clock_specs.starts(clock.kind, kind):
            clocks.start(clock, moment=hand.moment)
        elif clock.stopped_at is None:
            clocks.settle(clock, hand.pauses, until=hand.moment.at, moment=hand.moment)


def _note(hand: Hand, move: str) -> None:
    ticket, moment = hand.ticket, hand.moment
    ticket.version += 1
    ticket.save()
    if hand.files:
        hand.fields["files"] = attachments.keep(ticket, hand.files, now=moment.written_at)
    Move.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        seq=ticket.version,
        kind=move,
        at=moment.at,
        recorded_at=moment.written_at,
        actor=moment.actor[:120],
        actor_name=hand.actor_name[:80],
        cycle=ticket.cycle,
        data=hand.fields,
    )
    data = {"move": move, "seq": ticket.version, "state": ticket.state, "silent": moment.is_history}
    record(
        "complaint.moved", ticket.id, data, organisation=ticket.organisation_id, now=moment.written_at, actor=moment.actor
    )


def end_hold(ticket_id: uuid.UUID, *, organisation: int) -> bool:
    """A hold that nobody ended has lasted as long as it may: the clocks run on from the end of it. False: it is over."""
    with transaction.atomic():
        held = hold_one(ticket_id, organisation=organisation)
        now = clocks.database_now()
        moment = Moment(at=now, written_at=now, actor="clockwork", is_history=held.ticket.is_history)
        hand = Hand(ticket=held.ticket, clocks=held.clocks, pauses=held.pauses, moment=moment)
        pause = hand.open_pause()
        if pause is None or pause.expires_at > now:
            return False
        hand.fields = {"expired": True, "reason": pause.reason, "ended_at": pause.expires_at.isoformat()}
        _end_expired_hold(hand)
        _move_clocks(hand, "resume")
        _note(hand, "resume")
        return True


def own(ticket_id: uuid.UUID, *, organisation: int, member: Member, actor: str) -> Ticket:
    """“我来负责”: a person takes the ticket in one tap."""
    fields = {"assignee": member.user.email}
    return apply(ticket_id, "assign", fields, organisation=organisation, actor=actor, actor_name=member.name)
