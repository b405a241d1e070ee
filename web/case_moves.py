"""Which moves a person is offered on a complaint, how its form's fields become a move's, and what is said after."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import lifecycle, move_fields, moves, offers, reply_templates
from complaints.enums import ClockState, State
from complaints.file_kinds import CleanFile
from complaints.models import Pause, Ticket
from complaints.moves import StaleVersion
from complaints.queries import ClockView
from cxms.lib.errors import DomainError
from tenancy.members import Seat
from web import words
from web.door import Visit

OFFERED = frozenset(
    {"assign", "note", "reply", "reconstruct", "propose", "accept", "decline", "hold", "resume", "resolve", "reopen"}
    | {"correct", "reflect", "close", "change_severity", "excuse", "unexcuse", "extend", "visit", "contact"}
    | {"hand_over", "accept_handover", "refuse_handover", "withdraw_handover"}
    | {"duplicate", "unduplicate", "join_incident", "leave_incident", "split"}
)
# moves that change what a promise is judged by ask for somebody who manages complaints
MANAGED = {"change_severity", "excuse", "unexcuse", "extend", "reopen"}
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
    else:
        found.discard("correct")
    if not ticket.proposal or ticket.proposal.get("answer") in {"accepted", "reopened", "declined"}:
        found -= {"accept", "decline"}
    found.discard("hold" if pause else "resume")
    if is_reflected:
        found.discard("reflect")
    if not any(view.clock.breached_at and view.state != ClockState.EXCUSED for view in clocks):
        found.discard("excuse")
    if not any(view.state == ClockState.EXCUSED for view in clocks):
        found.discard("unexcuse")
    found -= {"hand_over"} if ticket.offered_id else {"accept_handover", "refuse_handover", "withdraw_handover"}
    if not extendable(ticket, clocks):
        found.discard("extend")
    if not any(view.clock.kind == "visit" and not view.is_stopped and view.state in LIVE for view in clocks):
        found.discard("visit")
    if any(view.clock.kind == "reconstruction" and not view.is_stopped and view.state in LIVE for view in clocks):
        found.discard("close")
    return found


def extendable(ticket: Ticket, clocks: Sequence[ClockView]) -> list[ClockView]:
    """The running promises whose policy lets them be made longer, once, before they break."""
    may = {clause["code"] for clause in ticket.policy.clauses if clause.get("extend_seconds")}
    states = {ClockState.RUNNING, ClockState.PAUSED}
    return [v for v in clocks if v.clock.clause in may and v.state in states and not v.clock.extended_seconds and not v.is_stopped]


LIVE = {ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED}
FLAGS = {"reached", "wait", "signed", "reconstruct"}


def fields_of(post: Mapping[str, Any], ticked: Sequence[str] = ()) -> dict[str, Any]:
    """A move's fields from a form: ticked boxes are true, everything else is text; what is cited is a list."""
    plumbing = {"csrfmiddlewaretoken", "move", "version", "query", "tab", "next", "template", "cite", "cites"}
    found: dict[str, Any] = {name: value for name, value in post.items() if name not in plumbing | FLAGS}
    cited = [*str(post.get("cites", "")).split(","), *ticked]
    if post.get("move") == "propose" and "kind" in post:
        found = {"wait": False, "options": options_of(post), "typed": found}
    found |= {"cites": list(dict.fromkeys(key for key in cited if key))} if any(cited) else {}
    return found | {name: True for name in FLAGS if post.get(name) == "1"}


def options_of(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of the offer form: the second and the third when something was typed there."""
    found = []
    for i, n in enumerate(("", "2", "3")):
        one = {name: str(post.get(f"{name}{n}", "")).strip() for name in ("text", "kind", "amount", "by")}
        if i == 0 or any(one.values()):
            found.append({**one, "currency": str(post.get("currency", "")) if one["amount"] else ""})
    return found


def apply(
    ticket: Ticket, move: str, fields: dict[str, Any], version: str, visit: Visit, files: Sequence[CleanFile] = ()
) -> Ticket:
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
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
            files=files,
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
    if move == "accept" and fields.get("consent") == "verbal":
        for name in offers.CONSENT:
            move_fields.text(fields, name, most=400)
    if move in {"reply", "propose"}:
        reply_templates.refuse_unfilled("\n".join([str(fields.get("text", "")), *(one["text"] for one in fields.get("options", []))]))


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
    "correct": lambda: _("更正已存为新的一版，原来的还看得到。"),
    "propose": lambda: _("方案已给客户。客户点“接受”后停钟。"),
    "ask": lambda: _("超过你的授权，已送去批准；批准后马上给客户，十分钟内答复。"),
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
    "unexcuse": lambda: _("已撤回免责，失约照算。"),
    "extend": lambda: _("已延长，这条承诺不能再延长。"),
    "visit": lambda: _("上门已记下。"),
    "contact": lambda: _("联系已记下；没联系上的，到点会提醒再试。"),
    "own": lambda: _("由你负责，已记下。"),
    "duplicate": lambda: _("已并到留下的那一宗，客户在那里看进度；十分钟内可以撤销。"),
    "unduplicate": lambda: _("已撤销，这一宗照常处理。"),
    "join_incident": lambda: _("已并入群体事件；主投诉上的回复会发给这位客户。"),
    "leave_incident": lambda: _("已从群体事件里拿出来。"),
    "split": lambda: _("已拆成两宗，第二宗从收到时起自己计时。"),
    "hand_over": lambda: _("已转交，等对方接收；接收以前仍由你们负责，计时不停。"),
    "accept_handover": lambda: _("已接手，由你负责。"),
    "refuse_handover": lambda: _("已退回，转交的人会收到理由。"),
    "withdraw_handover": lambda: _("已收回，仍由你们负责。"),
}
# where the work goes on after a move
NEXT_TAB = {"reconstruct": "solution", "accept": "reflection", "resolve": "reflection", "reopen": "recon"}


def next_warning(view: ClockView, now: datetime) -> datetime | None:
    """The next instant at which somebody is reminded."""
    if view.is_stopped:
        return None
    return next((at for at in view.warn_at if at > now), None)
