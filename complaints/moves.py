"""The moves of a ticket: one function applies one of them under the ticket's lock, and the clocks follow the table.

Order of locks: the ticket, then its clocks; only then PostgreSQL is asked the time, so a stop and a sweep cannot both
be right. Callers: both doors, triage, and history (`replay`).
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import (
    attachments,
    authority,
    clause_moves,
    clock_specs,
    clocks,
    contacts,
    handovers,
    holding,
    lifecycle,
    linking,
    mentions,
    offers,
    reapplying,
    reconstruction,
    reflections,
    reopening,
    tickets,
)
from complaints.clocks import Moment
from complaints.enums import PauseReason
from complaints.file_kinds import CleanFile
from complaints.hand import Hand
from complaints.models import Move, Pause, Ticket
from complaints.tickets import TicketError
from cxms.lib import failpoints
from cxms.lib.errors import DomainError
from ledger.facts import record
from tenancy.models import Member


class StaleVersion(DomainError):
    """Somebody else moved the ticket since it was read."""

    code = "stale_version"


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
) -> Ticket:
    """Applies one move and returns the ticket. `at`: history brought over, silent; `version`: what the caller read.

    Raises MoveNotAllowed, MoveFieldError, FileError, StaleVersion, TicketError; nothing is written then.
    """
    attachments.check_move(move, files)
    has_files = bool(files) and move in attachments.WORDLESS
    clean = reflections.clean(fields) if move == "reflect" else offers.clean(move, fields, has_files=has_files)
    # a refusal half way leaves nothing behind, whatever the caller's transaction goes on to do
    with transaction.atomic():
        return _apply(ticket_id, move, clean, organisation, actor, actor_name, at, version, files)


def _apply(
    ticket_id: uuid.UUID,
    move: str,
    clean: dict[str, Any],
    organisation: int,
    actor: str,
    actor_name: str,
    at: datetime | None,
    version: int | None,
    files: Sequence[CleanFile],
) -> Ticket:
    ticket = tickets.locked(ticket_id, organisation=organisation)
    if version is not None and version != ticket.version:
        raise StaleVersion(_("这宗投诉刚被别人更新，请查看后再提交"), field="version")
    held = clocks.locked(ticket)
    written_at = clocks.database_now()
    moment = Moment(at=_instant(ticket, at, written_at), written_at=written_at, actor=actor, is_history=ticket.is_history)
    hand = Hand(ticket, held, clocks.pauses_of(ticket), moment, clean, actor_name, files)
    _end_expired_hold(hand)
    move = offers.route(ticket, move, clean, moment)
    state = lifecycle.next_state(ticket.state, move)
    effect = EFFECTS.get(move)
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


# ---- what each move does besides the clocks -----------------------------------------------------------------------


def _assign(hand: Hand) -> None:
    member = mentions.member_named(hand.fields["assignee"], organisation=hand.ticket.organisation_id)
    hand.ticket.owner = member
    hand.fields["name"] = member.name


def _unassign(hand: Hand) -> str | None:
    if hand.ticket.owner_id is None:
        return "nothing"
    hand.ticket.owner = None
    return None


def _unclose(hand: Hand) -> None:
    linking.refuse_duplicate(hand.ticket)
    hand.ticket.closed_at = None


def _mention(hand: Hand) -> None:
    mentions.tell(hand.ticket, hand.fields, hand.moment)


def _reply(hand: Hand) -> None:
    linking.replied(hand)
    if hand.ticket.first_reply_at is None:
        hand.ticket.first_reply_at = hand.moment.at


def _reconstruct(hand: Hand) -> None:
    reconstruction.sign(hand.ticket, hand.fields, moment=hand.moment, signer=hand.actor_name)


def _correct(hand: Hand) -> None:
    reconstruction.correct(hand.ticket, hand.fields, moment=hand.moment, signer=hand.actor_name)


def _ask(hand: Hand) -> None:
    offers.check(hand.ticket, hand.fields, hand.moment)
    offers.ask(hand.ticket, hand.fields, moment=hand.moment, name=hand.actor_name)


def _propose(hand: Hand) -> None:
    offers.check(hand.ticket, hand.fields, hand.moment)
    offers.made(hand.ticket, hand.fields, moment=hand.moment)
    _reply(hand)
    hand.ticket.proposal = {**hand.fields, "at": hand.moment.at.isoformat(), "by": hand.moment.actor, "answer": ""}
    if hand.fields["wait"] and hand.open_pause() is None:
        # once the holds of this cycle are used up the offer goes out and the clocks run on
        hand.fields["wait"] = _pause(hand, PauseReason.WAITING_CUSTOMER, "")


def _answer(hand: Hand, answer: str) -> None:
    if not hand.ticket.proposal or hand.ticket.proposal.get("answer") in {"accepted", "reopened"}:
        raise lifecycle.MoveNotAllowed(_("没有待确认的方案"), field="move")
    hand.ticket.proposal = {**hand.ticket.proposal, "answer": answer}
    _unpause(hand)


def _accept(hand: Hand) -> None:
    _answer(hand, "accepted")
    offers.choose(hand.ticket, hand.fields)
    hand.ticket.resolved_at = hand.ticket.resolved_at or hand.moment.at


def _decline(hand: Hand) -> None:
    _answer(hand, "declined")


def _pause(hand: Hand, reason: str, proof: str) -> bool:
    """Begins a hold; False when this cycle's holds are used up."""
    at = hand.moment.at
    expires_at = clause_moves.hold_until(hand.ticket, hand.pauses, at)
    if expires_at is None:
        return False
    pause = Pause.objects.create(
        organisation_id=hand.ticket.organisation_id,
        ticket=hand.ticket,
        reason=reason,
        proof=proof,
        from_at=at,
        expires_at=expires_at,
        cycle=hand.ticket.cycle,
    )
    hand.pauses.append(pause)
    return True


def _unpause(hand: Hand, at: datetime | None = None) -> bool:
    pause = hand.open_pause()
    if pause is None:
        return False
    pause.to_at = min(max(at or hand.moment.at, pause.from_at), hand.moment.at)
    pause.save(update_fields=["to_at"])
    return True


def _hold(hand: Hand) -> str | None:
    if hand.open_pause() is not None:
        return "nothing"
    if hand.fields["reason"] == PauseReason.WAITING_THIRD_PARTY:
        authority.demand(hand.moment.actor, organisation=hand.ticket.organisation_id)
    if not _pause(hand, hand.fields["reason"], hand.fields["proof"]):
        raise lifecycle.MoveNotAllowed(_("这一轮已经暂停满 5 天，不能再暂停"), code="hold_cap", field="reason")
    return None


def _resume(hand: Hand) -> str | None:
    return None if _unpause(hand) else "nothing"


def _resolve(hand: Hand) -> str | None:
    _unpause(hand)
    offers.withdraw(hand.ticket, hand.moment)
    hand.ticket.resolved_at = hand.moment.at
    return "no_answer" if hand.fields["reason"] == "no_answer" else None


def _message(hand: Hand) -> None:
    # a customer who writes is no longer waited for, from the instant his words arrived
    received = hand.fields.get("received_at")
    _unpause(hand, datetime.fromisoformat(received) if received else None)


def _close(hand: Hand) -> None:
    still = [c for c in hand.clocks if c.kind == "reconstruction" and c.stopped_at is None and c.state not in clocks.FINAL]
    if still:
        raise lifecycle.MoveNotAllowed(_("事件还没有还原，不能关闭"), field="move")
    reflections.demand(hand.ticket)
    hand.ticket.closed_at = hand.moment.at


def _change_severity(hand: Hand) -> None:
    clause_moves.change_severity(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)


def _excuse(hand: Hand) -> None:
    clause_moves.excuse(hand.ticket, hand.clocks, hand.fields, moment=hand.moment)


def _unexcuse(hand: Hand) -> None:
    clause_moves.unexcuse(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)


def _extend(hand: Hand) -> None:
    clause_moves.extend(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)


def _repolicy(hand: Hand) -> None:
    reapplying.repolicy(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)
    hand.clocks = clocks.locked(hand.ticket)


def _visit(hand: Hand) -> str | None:
    kind = clause_moves.visit(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)
    if hand.fields.get("no_show") == "customer" and hand.open_pause() is None:
        _pause(hand, PauseReason.WAITING_CUSTOMER, hand.fields["reason"])
    return kind


def _reopen(hand: Hand) -> None:
    linking.refuse_duplicate(hand.ticket)
    reopening.reopen(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)
    hand.clocks = clocks.locked(hand.ticket)


EFFECTS: dict[str, Callable[[Hand], str | None]] = {
    "assign": _assign,
    "unassign": _unassign,
    "unclose": _unclose,
    "note": _mention,
    "reply": _reply,
    "reconstruct": _reconstruct,
    "correct": _correct,
    "ask": _ask,
    "propose": _propose,
    "accept": _accept,
    "decline": _decline,
    "hold": _hold,
    "resume": _resume,
    "resolve": _resolve,
    "message": _message,
    "close": _close,
    "change_severity": _change_severity,
    "excuse": _excuse,
    "unexcuse": _unexcuse,
    "extend": _extend,
    "repolicy": _repolicy,
    "visit": _visit,
    "reopen": _reopen,
    **handovers.EFFECTS,
    **linking.EFFECTS,
    **contacts.EFFECTS,
    **reflections.EFFECTS,
}


def end_hold(ticket_id: uuid.UUID, *, organisation: int) -> bool:
    """A hold that nobody ended has lasted as long as it may: the clocks run on from the end of it. False: it is over."""
    with transaction.atomic():
        ticket = tickets.locked(ticket_id, organisation=organisation)
        held = clocks.locked(ticket)
        now = clocks.database_now()
        moment = Moment(at=now, written_at=now, actor="clockwork", is_history=ticket.is_history)
        hand = Hand(ticket=ticket, clocks=held, pauses=clocks.pauses_of(ticket), moment=moment)
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
