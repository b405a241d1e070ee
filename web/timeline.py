"""What happened to a complaint, from every source, in one order: customer events, moves, escalations, who was told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from alerts.models import Notice
from alerts.wording import clause_label, level_words
from complaints import assigning, cause_words, offers, reconstruction
from complaints.enums import CUSTOMERS, ContactWay, PauseReason, Severity
from complaints.models import Escalation, Move, Ticket
from customers.models import CustomerEvent
from feedback import masking
from feedback.models import Feedback
from web import words

ICONS = {
    "opened": "flag",
    "assign": "user",
    "note": "note",
    "reply": "send",
    "reconstruct": "clipboard-text",
    "propose": "file-text",
    "ask": "hourglass",
    "approve": "shield-check",
    "refuse": "x",
    "rate": "star",
    "accept": "thumb-up",
    "decline": "mood-sad",
    "hold": "player-pause",
    "resume": "player-play",
    "resolve": "circle-check",
    "reopen": "refresh",
    "reflect": "book",
    "close": "lock",
    "change_severity": "alert-triangle",
    "excuse": "shield-check",
    "message": "message-2",
    "visit": "map-pin",
    "contact": "phone",
    "correct": "pencil",
    "notified": "bell",
    "duplicate": "link",
    "unduplicate": "history",
    "join_incident": "link",
    "leave_incident": "history",
    "split": "link",
    "linked": "link",
    "hand_over": "route",
    "accept_handover": "check",
    "refuse_handover": "history",
    "withdraw_handover": "history",
}
SPOKEN = {"opened", "reply", "message", "note", "propose"}


@dataclass(frozen=True)
class Entry:
    """A line of the timeline. `is_said`: words of a person, shown in a bubble; `from_customer`: his own."""

    at: datetime
    icon: str
    source: str
    text: str
    is_said: bool = False
    from_customer: bool = False
    can_cite: bool = True
    files: tuple[Any, ...] = ()
    key: str = ""
    who: str = ""
    where: str = ""


def entries(
    ticket: Ticket,
    moves: Sequence[Move],
    escalations: Sequence[Escalation],
    notices: Sequence[Notice],
    events: Sequence[CustomerEvent],
    voices: Sequence[Feedback] = (),
) -> list[Entry]:
    """All lines, the oldest first."""
    found = [_event(event) for event in events] + [_voice(row) for row in voices]
    found += [_move(move, ticket) for move in moves]
    found += [
        Entry(row.fire_at, "bell", _("承诺引擎"), _said(_clause(row), level_words(row.level)), can_cite=False) for row in escalations
    ]
    found += _told(notices)
    return sorted(found, key=lambda entry: entry.at)


def _said(what: str, how: object) -> str:
    return _("%(clause)s：%(level)s") % {"clause": what, "level": how} if how else what


def _clause(row: Escalation) -> str:
    return clause_label(row.clause if row.clause != "executives" else "notify")


def _event(event: CustomerEvent) -> Entry:
    found = reconstruction.of_event(event)
    text = f"{found.label} {found.text}"
    return Entry(event.occurred_at, "clipboard-text", _("往来"), text, key=found.key, who=found.who, where=found.where)


def _voice(row: Feedback) -> Entry:
    found = reconstruction.of_voice(row)
    said = _("%(channel)s，另一次") % {"channel": found.label}
    return Entry(
        row.occurred_at, "message-2", said, found.text, is_said=True, from_customer=True, key=found.key, who=found.who, where=found.where
    )


def _move(move: Move, ticket: Ticket) -> Entry:
    source = words.move(move.kind)
    if move.kind == "opened":
        source = _("%(channel)s登记") % {"channel": ticket.feedback.get_channel_display()}
    who = _("客户本人") if move.actor == "customer" else move.actor_name
    return Entry(
        at=move.at,
        icon=ICONS.get(move.kind, "history"),
        source=_("%(what)s，%(who)s") % {"what": source, "who": who} if who else source,
        text=said_by(move, ticket),
        is_said=move.kind in SPOKEN,
        from_customer=move.kind in {"opened", "message"},
        can_cite=move.kind in SPOKEN | {"visit"},
        files=tuple(move.data.get("files") or ()),
        key=f"move:{move.seq}",
    )


def said_by(move: Move, ticket: Ticket) -> str:
    """A move's content in words."""
    maker = TEXTS.get(move.kind)
    said = maker(move.data, ticket) if maker else ""
    return masking.hidden(said, names=move.kind in CUSTOMERS)


def money(amount: str, currency: str) -> str:
    """An amount as it is read: CNY 1,200 or CNY 1,200.50."""
    whole = f"{Decimal(amount):,.2f}".removesuffix(".00")
    return f"{currency} {whole}".strip()


def _proposal(data: dict[str, Any], ticket: Ticket) -> str:
    parts = [str(data.get("text", ""))]
    for one in offers.options_of(data) if data.get("options") else ():
        if one.kind:
            what = f"{one.kind_name} {money(str(one.amount), one.currency)}" if one.amount else one.kind_name
            parts.append(_("补偿：%(what)s") % {"what": what})
        if one.by:
            parts.append(_("%(day)s 前做到") % {"day": one.by})
    if data.get("approved_by"):
        parts.append(_("%(name)s 批准") % {"name": data["approved_by"]})
    if data.get("compensation"):
        parts.append(_("补偿：%(what)s") % {"what": data["compensation"]})
    if data.get("wait"):
        parts.append(_("计时暂停，等客户答复"))
    return "\n".join(parts)


def _consent(data: dict[str, Any]) -> str:
    said = _("客户自己确认") if data.get("consent") == "customer" else _("口头同意，已记名")
    if data.get("option"):
        said = _said(said, _("方案 %(n)s") % {"n": data["option"]})
    details = [str(data[name]) for name in offers.CONSENT if data.get(name)]
    return "\n".join([said, _("；").join(details)]) if details else said


def _severity(data: dict[str, Any], ticket: Ticket) -> str:
    labels = dict(Severity.choices)
    names = {"before": labels.get(data.get("from", ""), "–"), "after": labels.get(data.get("severity", ""), "–")}
    return _said(_("由%(before)s改为%(after)s") % names, data.get("reason", ""))


def _hold(data: dict[str, Any], ticket: Ticket) -> str:
    reason = str(dict(PauseReason.choices).get(data.get("reason", ""), ""))
    return _said(reason, data.get("proof"))


def _contact(data: dict[str, Any], ticket: Ticket) -> str:
    way = dict(ContactWay.choices).get(data.get("channel", ""), "")
    said = _("%(way)s，联系上了") if data.get("reached") else _("%(way)s，没联系上")
    return _said(said % {"way": way}, data.get("text"))


def _resolved(data: dict[str, Any], ticket: Ticket) -> str:
    return str(data.get("text") or (_("客户没有答复") if data.get("reason") == "no_answer" else ""))


def _reflection(data: dict[str, Any], ticket: Ticket) -> str:
    cause = cause_words.name_of(data.get("cause_code", ""), data.get("cause", ""))
    names = {"cause": cause, "prevention": data.get("prevention", "")}
    return _("原因：%(cause)s\n预防：%(prevention)s") % names


def _assigned(data: dict[str, Any], ticket: Ticket) -> str:
    to = _("交给 %(name)s") % {"name": data.get("name") or data.get("assignee", "")}
    return _said(to, words.why(assigning.reasons_of(data.get("why", ""))))


def _handed(data: dict[str, Any], ticket: Ticket) -> str:
    names = {"giver": data.get("from", ""), "unit": data.get("unit") or data.get("to", "")}
    head = _("%(giver)s → %(unit)s") % names
    if data.get("needed"):
        return "\n".join((head, _("原因：%(reason)s") % data, _("需要：%(needed)s") % data))
    return _said(head, data.get("reason", ""))


LINKED: dict[str, Callable[[], str]] = {
    "duplicate": lambda: _("%(number)s 是重复的，已并到这里"),
    "incident": lambda: _("%(number)s 并入这个群体事件"),
    "passed": lambda: _("客户回了信，已转到留下的 %(number)s"),
    "heard": lambda: _("重复的 %(number)s 收到了客户的来信"),
}
UNLINKED: dict[str, Callable[[], str]] = {
    "duplicate": lambda: _("%(number)s 不再是重复的"),
    "incident": lambda: _("%(number)s 不再属于这个群体事件"),
}


def _linked(data: dict[str, Any], ticket: Ticket) -> str:
    said = (UNLINKED if data.get("ended") else LINKED).get(data.get("kind", ""))
    return said() % {"number": data.get("number", "")} if said else ""


TEXTS: dict[str, Callable[[dict[str, Any], Ticket], str]] = {
    "opened": lambda data, ticket: ticket.feedback.text or ticket.title,
    "assign": _assigned,
    "note": lambda data, ticket: str(data.get("text", "")),
    "reply": lambda data, ticket: str(data.get("text", "")),
    "message": lambda data, ticket: str(data.get("text", "")),
    "reconstruct": lambda data, ticket: str(data.get("what", "")),
    "correct": lambda data, ticket: _said(_("第 %(n)d 版") % {"n": data.get("version", 2)}, data.get("reason", "")),
    "propose": _proposal,
    "ask": _proposal,
    "approve": lambda data, ticket: money(data["amount"], data["currency"]),
    "refuse": lambda data, ticket: str(data.get("reason", "")),
    "rate": lambda data, ticket: _said(_("%(n)d 分（满分 5）") % {"n": data.get("score", 0)}, data.get("text", "")),
    "accept": lambda data, ticket: _consent(data),
    "decline": lambda data, ticket: str(data.get("reason", "")),
    "hold": _hold,
    "contact": _contact,
    "resolve": _resolved,
    "reopen": lambda data, ticket: str(data.get("reason", "")),
    "reflect": _reflection,
    "duplicate": lambda data, ticket: _("留下 %(number)s") % {"number": data.get("of", "")},
    "unduplicate": lambda data, ticket: _("与 %(number)s 分开") % {"number": data.get("of", "")},
    "join_incident": lambda data, ticket: _("主投诉 %(number)s") % {"number": data.get("of", "")},
    "leave_incident": lambda data, ticket: _("与 %(number)s 分开") % {"number": data.get("of", "")},
    "split": lambda data, ticket: _said(str(data.get("number", "")), data.get("title")),
    "linked": _linked,
    "hand_over": _handed,
    "accept_handover": _handed,
    "refuse_handover": _handed,
    "withdraw_handover": _handed,
    "change_severity": _severity,
    "excuse": lambda data, ticket: _said(clause_label(data.get("clause", "")), data.get("reason", "")),
}


def _reader(row: Notice) -> str:
    said = _("%(name)s（已阅）") if row.read_at else _("%(name)s（未读）")
    return said % {"name": row.recipient.name}


def _telling(purpose: str, data: dict[str, Any], names: str) -> str:
    if purpose == "approval" and data.get("again"):
        return _("等了 %(minutes)d 分钟没有人批，再请 %(names)s 批") % {"minutes": data.get("minutes", 0), "names": names}
    said = {"executives": _("直达 %(names)s"), "assigned": _("告知新负责人 %(names)s"), "approval": _("请 %(names)s 批"), "contact": _("该再联系客户了，提醒 %(names)s")}
    return said.get(purpose, _("提醒 %(names)s")) % {"names": names}


def _told(notices: Sequence[Notice]) -> list[Entry]:
    """One line per moment and purpose, naming everyone and who has read it."""
    groups: dict[tuple[datetime, str], list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.created_at, notice.purpose), []).append(notice)
    found = []
    for (at, purpose), rows in groups.items():
        names = _("、").join(_reader(row) for row in rows)
        found.append(Entry(at, "bell", _("系统"), _telling(purpose, rows[0].data, names), can_cite=False))
    return found
