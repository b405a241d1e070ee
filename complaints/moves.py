"""The moves of a ticket: one function applies one of them under the ticket's lock, and the clocks follow the table.

Order of locks: the ticket, then its clocks; only then PostgreSQL is asked the time, so a stop and a sweep cannot both
be right. Callers: both doors, triage, and history (`replay`).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import clock_specs, clocks, lifecycle, move_fields, reopening, tickets
from complaints.clocks import Moment
from complaints.enums import ClockState, PauseReason
from complaints.models import Clock, Move, Pause, Ticket
from complaints.sla_policies import Case, match
from complaints.tickets import TicketError
from cxms.lib import failpoints
from cxms.lib.errors import DomainError
from ledger.facts import record
from tenancy.models import Member


class StaleVersion(DomainError):
    """Somebody else moved the ticket since it was read."""

    code = "stale_version"


@dataclass
class Hand:
    """A ticket in hand: locked, with its clocks and holds, at a moment."""

    ticket: Ticket
    clocks: list[Clock]
    pauses: list[Pause]
    moment: Moment
    fields: dict[str, Any] = field(default_factory=dict)

    def open_pause(self) -> Pause | None:
        """The hold that lasts, or None."""
        return next((pause for pause in self.pauses if pause.to_at is None), None)


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
) -> Ticket:
    """Applies one move and returns the ticket. `at`: history brought over, silent; `version`: what the caller read.

    Raises MoveNotAllowed, MoveFieldError, StaleVersion, TicketError; nothing is written then.
    """
    clean = move_fields.clean(move, fields)
    # a refusal half way leaves nothing behind, whatever the caller's transaction goes on to do
    with transaction.atomic():
        return _apply(ticket_id, move, clean, organisation, actor, actor_name, at, version)


def _apply(
    ticket_id: uuid.UUID,
    move: str,
    clean: dict[str, Any],
    organisation: int,
    actor: str,
    actor_name: str,
    at: datetime | None,
    version: int | None,
) -> Ticket:
    ticket = tickets.locked(ticket_id, organisation=organisation)
    if version is not None and version != ticket.version:
        raise StaleVersion(_("这宗投诉刚被别人更新，请查看后再提交"), field="version")
    held = clocks.locked(ticket)
    written_at = clocks.database_now()
    moment = Moment(at=_instant(ticket, at, written_at), written_at=written_at, actor=actor, is_history=ticket.is_history)
    hand = Hand(ticket=ticket, clocks=held, pauses=clocks.pauses_of(ticket), moment=moment, fields=clean)
    _end_expired_hold(hand)
    state = lifecycle.next_state(ticket.state, move)
    effect = EFFECTS.get(move)
    kind = (effect(hand) if effect else None) or move
    if kind == "nothing":
        return ticket
    ticket.state = state
    _move_clocks(hand, kind)
    _note(hand, move, actor_name)
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


def _note(hand: Hand, move: str, actor_name: str) -> None:
    ticket, moment = hand.ticket, hand.moment
    ticket.version += 1
    ticket.save()
    Move.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        seq=ticket.version,
        kind=move,
        at=moment.at,
        recorded_at=moment.written_at,
        actor=moment.actor[:120],
        actor_name=actor_name[:80],
        cycle=ticket.cycle,
        data=hand.fields,
    )
    data = {"move": move, "seq": ticket.version, "state": ticket.state, "silent": moment.is_history}
    record(
        "complaint.moved", ticket.id, data, organisation=ticket.organisation_id, now=moment.written_at, actor=moment.actor
    )


# ---- what each move does besides the clocks -----------------------------------------------------------------------


def _assign(hand: Hand) -> None:
    wanted = hand.fields["assignee"]
    rows = Member.objects.filter(organisation_id=hand.ticket.organisation_id, left_at__isnull=True)
    member = rows.filter(user__email=wanted.lower()).first() or rows.filter(staff__employee_no=wanted).first()
    if member is None:
        raise TicketError(_("找不到成员 %(who)s") % {"who": wanted[:80]}, code="unknown_member", field="assignee")
    hand.ticket.owner = member
    hand.fields["name"] = member.name


def _reply(hand: Hand) -> None:
    if hand.ticket.first_reply_at is None:
        hand.ticket.first_reply_at = hand.moment.at


def _reconstruct(hand: Hand) -> None:
    if hand.ticket.reconstruction.get("signed"):
        raise lifecycle.MoveNotAllowed(_("事件已还原并签字"), field="move")
    hand.ticket.reconstruction = {**hand.fields, "at": hand.moment.at.isoformat(), "by": hand.moment.actor}


def _propose(hand: Hand) -> None:
    _reply(hand)
    hand.ticket.proposal = {**hand.fields, "at": hand.moment.at.isoformat(), "by": hand.moment.actor, "answer": ""}
    if hand.fields["wait"] and hand.open_pause() is None:
        _pause(hand, PauseReason.WAITING_CUSTOMER, "")


def _answer(hand: Hand, answer: str) -> None:
    if not hand.ticket.proposal or hand.ticket.proposal.get("answer") in {"accepted", "reopened"}:
        raise lifecycle.MoveNotAllowed(_("没有待确认的方案"), field="move")
    hand.ticket.proposal = {**hand.ticket.proposal, "answer": answer}
    _unpause(hand)


def _accept(hand: Hand) -> None:
    _answer(hand, "accepted")
    hand.ticket.resolved_at = hand.ticket.resolved_at or hand.moment.at


def _decline(hand: Hand) -> None:
    _answer(hand, "declined")


def _pause(hand: Hand, reason: str, proof: str) -> None:
    at = hand.moment.at
    pause = Pause.objects.create(
        organisation_id=hand.ticket.organisation_id,
        ticket=hand.ticket,
        reason=reason,
        proof=proof,
        from_at=at,
        expires_at=clocks.hold_limit(at),
    )
    hand.pauses.append(pause)


def _unpause(hand: Hand) -> bool:
    pause = hand.open_pause()
    if pause is None:
        return False
    pause.to_at = hand.moment.at
    pause.save(update_fields=["to_at"])
    return True


def _hold(hand: Hand) -> str | None:
    if hand.open_pause() is not None:
        return "nothing"
    _pause(hand, hand.fields["reason"], hand.fields["proof"])
    return None


def _resume(hand: Hand) -> str | None:
    return None if _unpause(hand) else "nothing"


def _resolve(hand: Hand) -> str | None:
    _unpause(hand)
    hand.ticket.resolved_at = hand.moment.at
    return "no_answer" if hand.fields["reason"] == "no_answer" else None


def _message(hand: Hand) -> None:
    # a customer who writes is no longer waited for
    _unpause(hand)


def _close(hand: Hand) -> None:
    still = [c for c in hand.clocks if c.kind == "reconstruction" and c.stopped_at is None and c.state not in clocks.FINAL]
    if still:
        raise lifecycle.MoveNotAllowed(_("事件还没有还原，不能关闭"), field="move")
    hand.ticket.closed_at = hand.moment.at


def _change_severity(hand: Hand) -> None:
    """Re-matches among the policy versions in force when the ticket opened; elapsed time carries over."""
    ticket = hand.ticket
    hand.fields["from"], ticket.severity = ticket.severity, hand.fields["severity"]
    case = Case(
        severity=ticket.severity,
        tier=ticket.customer.tier if ticket.customer else "",
        channel=ticket.channel,
        unit_path=ticket.unit.path if ticket.unit else "",
        topics=tuple(ticket.topics),
    )
    policy = match(case, organisation=ticket.organisation_id, now=hand.moment.written_at, at=ticket.opened_at)
    if policy.id == ticket.policy_id:
        return
    ticket.policy = policy
    targets = {clause["code"]: clause["target_seconds"] for clause in policy.clauses}
    for clock in hand.clocks:
        if clock.cycle == ticket.cycle and clock.clause in targets:
            if clock.state == ClockState.WAITING:
                clock.target_seconds = targets[clock.clause]
            clocks.retarget(clock, targets[clock.clause], hand.pauses, moment=hand.moment)


def _excuse(hand: Hand) -> None:
    wanted = [c for c in hand.clocks if c.clause == hand.fields["clause"] and c.breached_at is not None]
    if not wanted:
        raise TicketError(_("这条承诺没有失约，无需免责"), code="not_breached", field="clause")
    for clock in wanted:
        clock.excused = f"{hand.moment.actor}: {hand.fields['reason']}"[:200]
        clock.state, clock.next_fire_at = ClockState.EXCUSED, None
        clock.save()


def _reopen(hand: Hand) -> None:
    reopening.reopen(hand.ticket, hand.clocks, hand.pauses, hand.fields, moment=hand.moment)
    hand.clocks = clocks.locked(hand.ticket)


EFFECTS: dict[str, Callable[[Hand], str | None]] = {
    "assign": _assign,
    "reply": _reply,
    "reconstruct": _reconstruct,
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
    "reopen": _reopen,
}


def own(ticket_id: uuid.UUID, *, organisation: int, member: Member, actor: str) -> Ticket:
    """“我来负责”: a person takes the ticket in one tap."""
    fields = {"assignee": member.user.email}
    return apply(ticket_id, "assign", fields, organisation=organisation, actor=actor, actor_name=member.name)
