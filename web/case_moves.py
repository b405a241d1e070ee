"""Which moves a person is offered on a complaint, how its form's fields become a move's, and what is said after."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import lifecycle, moves
from complaints.enums import ClockState, State
from complaints.models import Pause, Ticket
from complaints.moves import StaleVersion
from complaints.queries import ClockView
from cxms.lib.errors import DomainError
from tenancy.members import Seat
from web import words
from web.door import Visit

OFFERED = frozenset(
    {"assign", "note", "reply", "reconstruct", "propose", "accept", "decline", "hold", "resume", "resolve", "reopen"}
    | {"reflect", "close", "change_severity", "excuse"}
)
# moves that change what a promise is judged by ask for somebody who manages complaints
MANAGED = {"change_severity", "excuse", "reopen"}
THIRD_PARTY = "waiting_third_party"


def offered(
    ticket: Ticket, clocks: Sequence[ClockView], pause: Pause | None, seat: Seat, *, is_reflected: bool
) -> set[str]:
    """The moves that would be taken now from this person; nothing else is shown."""
    found = set(lifecycle.allowed_moves(ticket.state)) & OFFERED
    if not seat.may("complaints:write"):
        return set()
    if not seat.may("complaints:manage"):
        found -= MANAGED
    if ticket.reconstruction.get("signed"):
        found.discard("reconstruct")
    if not ticket.proposal or ticket.proposal.get("answer") in {"accepted", "reopened", "declined"}:
        found -= {"accept", "decline"}
    found.discard("hold" if pause else "resume")
    if is_reflected:
        found.discard("reflect")
    if not any(view.clock.breached_at and view.state != ClockState.EXCUSED for view in clocks):
        found.discard("excuse")
    if any(view.clock.kind == "reconstruction" and not view.is_stopped and view.state in LIVE for view in clocks):
        found.discard("close")
    return found


LIVE = {ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED}
FLAGS = {"wait", "signed", "reconstruct"}


def fields_of(post: Mapping[str, Any]) -> dict[str, Any]:
    """A move's fields from a form: ticked boxes are true, everything else is text."""
    plumbing = {"csrfmiddlewaretoken", "move", "version", "query", "tab", "next"}
    found: dict[str, Any] = {name: value for name, value in post.items() if name not in plumbing | FLAGS}
    return found | {name: True for name in FLAGS if post.get(name) == "1"}


def apply(ticket: Ticket, move: str, fields: dict[str, Any], version: str, visit: Visit) -> Ticket:
    """Applies one move as this person, wholly or not at all. Raises a DomainError whose message can be shown."""
    organisation, name = visit.organisation.id, visit.seat.member.name
    with transaction.atomic():
        if move == "own":
            return moves.own(ticket.id, organisation=organisation, member=visit.seat.member, actor=visit.actor)
        _check(ticket, move, fields, visit.seat)
        return moves.apply(
            ticket.id,
            move,
            fields,
            organisation=organisation,
            actor=visit.actor,
            actor_name=name,
            version=int(version) if version.isdigit() and len(version) < 10 else -1,
        )


def _check(ticket: Ticket, move: str, fields: dict[str, Any], seat: Seat) -> None:
    if move not in OFFERED:
        raise lifecycle.MoveNotAllowed(_("没有这种操作"), field="move")
    if move not in lifecycle.allowed_moves(ticket.state):
        names = {"state": State(ticket.state).label, "move": words.move(move)}
        raise lifecycle.MoveNotAllowed(_("这宗投诉现在是“%(state)s”，不能再“%(move)s”") % names, field="move")
    third = move == "hold" and fields.get("reason") == THIRD_PARTY
    if (move in MANAGED or third) and not seat.may("complaints:manage"):
        raise lifecycle.MoveNotAllowed(_("这一步要由店长或经理来做"), field="move")


def status_of(error: DomainError) -> int:
    """412 for a version that is no longer the latest, 409 for a move the state forbids, 400 for a wrong field."""
    if isinstance(error, StaleVersion):
        return 412
    return 409 if isinstance(error, lifecycle.MoveNotAllowed) else 400


AFTER: dict[str, Callable[[], str]] = {
    "assign": lambda: _("已交出，新负责人会马上收到通知。"),
    "note": lambda: _("备注已存，客户看不到。"),
    "reply": lambda: _("已回复，客户在进度页上看得到。"),
    "reconstruct": lambda: _("已还原并签字，这条承诺停钟。接下来给方案。"),
    "propose": lambda: _("方案已给客户。客户点“接受”后停钟。"),
    "accept": lambda: _("已记下客户同意，方案停钟。接下来反思原因。"),
    "decline": lambda: _("已记下客户不满意，计时继续。请再给方案。"),
    "hold": lambda: _("已暂停；客户来信或 72 小时后自动恢复。"),
    "resume": lambda: _("已恢复计时。"),
    "resolve": lambda: _("已标为已解决；客户确认前，满意方案不算守约。"),
    "reopen": lambda: _("已重开，开始新一轮计时。"),
    "reflect": lambda: _("反思已记下，可以关闭这宗投诉。"),
    "close": lambda: _("已关闭。"),
    "change_severity": lambda: _("严重度已改，承诺按新的时限重算。"),
    "excuse": lambda: _("已免责；报表里原判与免责分开列。"),
    "own": lambda: _("由你负责，已记下。"),
}
# where the work goes on after a move
NEXT_TAB = {"reconstruct": "solution", "accept": "reflection", "resolve": "reflection", "reopen": "recon"}


def next_warning(view: ClockView, now: datetime) -> datetime | None:
    """The next instant at which somebody is reminded."""
    if view.is_stopped:
        return None
    return next((at for at in view.warn_at if at > now), None)
