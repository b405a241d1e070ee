"""Moves that speak of one clause: extend it once, arrive (or not) for a visit, take an excuse back, the limits of holds.

Called by `complaints.moves` with the ticket and its clocks under lock; the arithmetic stays with `complaints.clocks`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from complaints import authority, clocks, tickets
from complaints.clocks import Moment
from complaints.enums import ClockState, Severity
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Pause, Ticket
from complaints.move_fields import MoveFieldError
from complaints.policies_match import Case
from complaints.sla_policies import match
from tenancy import audit

HOLD_FOR = timedelta(hours=72)
HOLD_CAP = timedelta(days=5)
LATE_SHARE = 0.75
RANK = [str(value) for value in Severity.values]


def extend(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> None:
    """Gives one running clause more time, once, with a reason and somebody who approves. Never after a breach."""
    clock = _live(ticket, held, fields["clause"])
    fields["approver"] = authority.approver(fields["approver"], moment.actor, organisation=ticket.organisation_id)
    if clock.extended_seconds:
        raise MoveNotAllowed(_("这条承诺已经延长过一次"), code="extended", field="clause")
    found = clocks.verdict(clock, pauses, now=moment.at)
    if clock.breached_at is not None or found is None or found.breached_at is not None:
        raise MoveNotAllowed(_("已经失约，不能再延长"), code="breached", field="clause")
    clause: dict[str, Any] = next((one for one in ticket.policy.clauses if one["code"] == clock.clause), {})
    most = int(clause.get("extend_seconds", 0))
    if not most:
        raise MoveNotAllowed(_("这条承诺不能延长"), code="not_extendable", field="clause")
    if fields["seconds"] > most:
        raise MoveFieldError(_("最多延长 %(most)d 秒") % {"most": most}, code="too_long", field="seconds")
    clock.extended_seconds = fields["seconds"]
    clocks.retarget(clock, clocks.target_of(clock) + fields["seconds"], pauses, moment=moment)
    _audit("promise.extended", ticket, clock, moment)


def _live(ticket: Ticket, held: Sequence[Clock], clause: str) -> Clock:
    for clock in held:
        mine = clock.clause == clause and clock.cycle == ticket.cycle
        if mine and clock.started_at and not clock.stopped_at and clock.state not in clocks.FINAL:
            return clock
    raise MoveFieldError(_("没有在计时的这条承诺"), code="unknown_clause", field="clause")


def visit(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> str | None:
    """A visit: arrived (the clause stops then), nobody came, nobody was at home, or a window agreed on.

    Returns the kind of move the clock table sees: None for an arrival, "visit_missed" and "visit_planned" stop nothing.
    An arrival noted later stops the clause when it was; a breach written meanwhile stays, as every breach does.
    """
    mine = [c for c in held if c.kind == "visit" and c.cycle == ticket.cycle]
    if fields.get("window"):
        _check_window(mine, fields["window"], moment)
        return "visit_planned"
    if fields.get("no_show"):
        return "visit_missed"
    if fields.get("arrived_at"):
        arrived = datetime.fromisoformat(fields["arrived_at"])
        if not ticket.received_at <= arrived <= moment.at:
            raise MoveFieldError(_("到达时间应在收到投诉之后、现在之前"), code="out_of_range", field="arrived_at")
        for clock in mine:
            clocks.stop(clock, pauses, by="visit", moment=replace(moment, at=arrived))
    return None


def _check_window(mine: Sequence[Clock], window: Sequence[str], moment: Moment) -> None:
    """A window is agreed inside what is promised; a later one would be a promise broken by appointment."""
    begins, ends = (datetime.fromisoformat(text) for text in window)
    if not moment.at <= begins < ends:
        raise MoveFieldError(_("约定的时段应在现在之后，先起后止"), code="out_of_order", field="window")
    due = min((clock.due_at for clock in mine if clock.due_at and not clock.stopped_at), default=None)
    if due is not None and ends > due:
        raise MoveFieldError(_("约定的时段超过了承诺的时限"), code="after_due", field="window")


def excuse(ticket: Ticket, held: Sequence[Clock], fields: dict[str, Any], *, moment: Moment) -> None:
    """A breach stays in the raw figures and leaves the excused ones; its ladder falls silent."""
    wanted = [c for c in held if c.clause == fields["clause"] and c.breached_at and c.state != ClockState.EXCUSED]
    if not wanted:
        raise MoveFieldError(_("这条承诺没有失约，无需免责"), code="not_breached", field="clause")
    for clock in wanted:
        clock.excused = f"{moment.actor}: {fields['reason']}"[:200]
        clock.state, clock.next_fire_at = ClockState.EXCUSED, None
        clock.save()
        _audit("promise.excused", ticket, clock, moment)


def unexcuse(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> None:
    """Takes an excuse back: the breach counts again, and what still runs climbs on from now."""
    wanted = [c for c in held if c.clause == fields["clause"] and c.state == ClockState.EXCUSED]
    if not wanted:
        raise MoveFieldError(_("这条承诺没有免责"), code="not_excused", field="clause")
    for clock in wanted:
        clock.excused, clock.state = "", ClockState.BREACHED
        clocks.settle(clock, pauses, until=clock.stopped_at or moment.at, moment=moment)
        _audit("promise.excuse_undone", ticket, clock, moment)


def _audit(action: str, ticket: Ticket, clock: Clock, moment: Moment) -> None:
    detail = {"number": ticket.number, "clause": clock.clause, "cycle": clock.cycle}
    audit.note(
        action, ticket.number, organisation=ticket.organisation_id, actor=moment.actor, now=moment.written_at, detail=detail
    )


def hold_until(ticket: Ticket, pauses: Sequence[Pause], at: datetime) -> datetime | None:
    """When a hold that begins now ends by itself: after 72 hours, or when this cycle's five days are used up.

    None when they are used up already. Calendar time.
    """
    mine = [pause for pause in pauses if pause.cycle == ticket.cycle]
    used = sum(((min(p.to_at or at, p.expires_at) - p.from_at) for p in mine), timedelta())
    left = HOLD_CAP - used
    return at + min(HOLD_FOR, left) if left > timedelta() else None


def check_lowering(
    ticket: Ticket, severity: str, held: Sequence[Clock], pauses: Sequence[Pause], *, moment: Moment
) -> None:
    """Lowering the severity when a promise is in its last quarter or broken needs somebody who manages complaints."""
    if RANK.index(severity) >= RANK.index(ticket.severity):
        return
    for clock in held:
        if clock.cycle != ticket.cycle or clock.stopped_at is not None or clock.state in clocks.FINAL:
            continue
        found = clocks.verdict(clock, pauses, now=moment.at)
        if found is None or clock.kind == "notify":
            continue
        late = found.elapsed_seconds >= LATE_SHARE * clocks.target_of(clock)
        if late or clock.breached_at is not None or found.breached_at is not None:
            authority.demand(moment.actor, organisation=ticket.organisation_id)
            return


def check_raising(ticket: Ticket, severity: str, *, moment: Moment) -> None:
    """The two gravest call executives and shorten promises: a person raises to them only when he manages complaints."""
    if RANK.index(severity) > max(RANK.index(ticket.severity), RANK.index("normal")):
        authority.demand(moment.actor, organisation=ticket.organisation_id)


def change_severity(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> None:
    """Re-matches among the policy versions in force when the ticket opened; elapsed time carries over."""
    check_lowering(ticket, fields["severity"], held, pauses, moment=moment)
    check_raising(ticket, fields["severity"], moment=moment)
    fields["from"], ticket.severity = ticket.severity, fields["severity"]
    case = Case(
        severity=ticket.severity,
        tier=ticket.customer.tier if ticket.customer else "",
        channel=ticket.channel,
        unit_path=ticket.unit.path if ticket.unit else "",
        topics=tuple(ticket.topics),
        red_line=tickets.is_red(ticket.feedback_id, ticket.severity, organisation=ticket.organisation_id),
    )
    policy = match(case, organisation=ticket.organisation_id, now=moment.written_at, at=ticket.opened_at)
    if policy.id == ticket.policy_id:
        return
    ticket.policy = policy
    targets = {clause["code"]: clause["target_seconds"] for clause in policy.clauses}
    for clock in held:
        if clock.cycle == ticket.cycle and clock.clause in targets:
            if clock.state == ClockState.WAITING:
                clock.target_seconds = targets[clock.clause]
            clocks.retarget(clock, targets[clock.clause] + clock.extended_seconds, pauses, moment=moment)
