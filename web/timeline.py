"""What happened to a complaint, from every source, in one order: customer events, moves, escalations, who was told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from alerts.models import Notice
from alerts.wording import clause_label, level_words
from complaints.enums import PauseReason, Severity
from complaints.models import Escalation, Move, Ticket
from customers.models import CustomerEvent
from web import words

ICONS = {
    "opened": "flag",
    "assign": "user",
    "note": "note",
    "reply": "send",
    "reconstruct": "clipboard-text",
    "propose": "file-text",
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
    "notified": "bell",
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


def entries(
    ticket: Ticket,
    moves: Sequence[Move],
    escalations: Sequence[Escalation],
    notices: Sequence[Notice],
    events: Sequence[CustomerEvent],
) -> list[Entry]:
    """All lines, the oldest first."""
    found = [_event(event) for event in events]
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
    place = event.touchpoint.name if event.touchpoint else event.kind
    where = f" · {event.unit.name}" if event.unit else ""
    return Entry(event.occurred_at, "clipboard-text", _("往来"), f"{place} {event.external_id}{where}")


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
    )


def said_by(move: Move, ticket: Ticket) -> str:
    """A move's content in words."""
    maker = TEXTS.get(move.kind)
    return maker(move.data, ticket) if maker else ""


def _proposal(data: dict[str, Any], ticket: Ticket) -> str:
    parts = [str(data.get("text", ""))]
    if data.get("compensation"):
        parts.append(_("补偿：%(what)s") % {"what": data["compensation"]})
    if data.get("wait"):
        parts.append(_("计时暂停，等客户答复"))
    return "\n".join(parts)


def _severity(data: dict[str, Any], ticket: Ticket) -> str:
    labels = dict(Severity.choices)
    names = {"before": labels.get(data.get("from", ""), "–"), "after": labels.get(data.get("severity", ""), "–")}
    return _said(_("由%(before)s改为%(after)s") % names, data.get("reason", ""))


def _hold(data: dict[str, Any], ticket: Ticket) -> str:
    reason = str(dict(PauseReason.choices).get(data.get("reason", ""), ""))
    return _said(reason, data.get("proof"))


def _resolved(data: dict[str, Any], ticket: Ticket) -> str:
    return str(data.get("text") or (_("客户没有答复") if data.get("reason") == "no_answer" else ""))


def _reflection(data: dict[str, Any], ticket: Ticket) -> str:
    names = {"cause": data.get("cause", ""), "prevention": data.get("prevention", "")}
    return _("原因：%(cause)s\n预防：%(prevention)s") % names


TEXTS: dict[str, Callable[[dict[str, Any], Ticket], str]] = {
    "opened": lambda data, ticket: ticket.feedback.text or ticket.title,
    "assign": lambda data, ticket: _("交给 %(name)s") % {"name": data.get("name") or data.get("assignee", "")},
    "note": lambda data, ticket: str(data.get("text", "")),
    "reply": lambda data, ticket: str(data.get("text", "")),
    "message": lambda data, ticket: str(data.get("text", "")),
    "reconstruct": lambda data, ticket: str(data.get("what", "")),
    "propose": _proposal,
    "accept": lambda data, ticket: _("客户自己确认") if data.get("consent") == "customer" else _("口头同意，已记名"),
    "decline": lambda data, ticket: str(data.get("reason", "")),
    "hold": _hold,
    "resolve": _resolved,
    "reopen": lambda data, ticket: str(data.get("reason", "")),
    "reflect": _reflection,
    "change_severity": _severity,
    "excuse": lambda data, ticket: _said(clause_label(data.get("clause", "")), data.get("reason", "")),
}


def _reader(row: Notice) -> str:
    said = _("%(name)s（已阅）") if row.read_at else _("%(name)s（未读）")
    return said % {"name": row.recipient.name}


def _told(notices: Sequence[Notice]) -> list[Entry]:
    """One line per moment and purpose, naming everyone and who has read it."""
    groups: dict[tuple[datetime, str], list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.created_at, notice.purpose), []).append(notice)
    found = []
    for (at, purpose), rows in groups.items():
        names = _("、").join(_reader(row) for row in rows)
        said = {"executives": _("直达 %(names)s"), "assigned": _("告知新负责人 %(names)s")}.get(purpose, _("提醒 %(names)s"))
        found.append(Entry(at, "bell", _("系统"), said % {"names": names}, can_cite=False))
    return found
