"""What each move does besides the clocks: one function per move, called under the ticket's lock by `complaints.moves`.

An effect changes the hand it is given and answers None, another word for the clocks' table, or "nothing": then the move
is not written. It raises MoveNotAllowed, MoveFieldError or TicketError before anything is kept.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from complaints import (
    authority,
    clause_moves,
    clocks,
    contacts,
    handovers,
    lifecycle,
    linking,
    mentions,
    offers,
    reapplying,
    reconstruction,
    reflections,
    reopening,
)
from complaints.enums import PauseReason
from complaints.hand import Hand
from complaints.models import Pause


def _assign(hand: Hand) -> None:
    wanted = hand.fields["assignee"]
    if wanted not in hand.people:
        hand.people[wanted] = mentions.member_named(wanted, organisation=hand.ticket.organisation_id)
    member = hand.people[wanted]
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
