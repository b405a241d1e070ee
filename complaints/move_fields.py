"""The fields of each move, checked before anything is locked. Pure values in and out; used by both doors."""

from typing import Any

from django.utils.translation import gettext as _

from complaints.clock_specs import BOTH
from complaints.enums import Severity
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text

FIVE = ("who", "when", "where", "what", "evidence")
MAX = 10_000


class MoveFieldError(DomainError):
    """A field of the move is missing or wrong."""


def text(fields: dict[str, Any], name: str, *, required: bool = True, most: int = MAX) -> str:
    """A text field; blank counts as missing."""
    value = fields.get(name)
    if value is None or value == "":
        if required:
            raise MoveFieldError(_("请填写"), code="missing", field=name)
        return ""
    if not isinstance(value, str):
        raise MoveFieldError(_("应为文字"), code="wrong_type", field=name)
    if len(value) > most:
        raise MoveFieldError(_("最多 %(most)d 字") % {"most": most}, code="too_long", field=name)
    if required and not value.strip():
        raise MoveFieldError(_("请填写"), code="missing", field=name)
    return clean_text(value)


def choice(fields: dict[str, Any], name: str, options: tuple[str, ...], *, default: str = "") -> str:
    """One of the options; the default when absent."""
    value = fields.get(name) or default
    if value not in options:
        message = _("应为其中之一：%(options)s") % {"options": ", ".join(options)}
        raise MoveFieldError(message, code="unknown_value" if value else "missing", field=name)
    return str(value)


def flag(fields: dict[str, Any], name: str) -> bool:
    """A boolean, false when absent."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise MoveFieldError(_("应为 true 或 false"), code="wrong_type", field=name)
    return value


def _reconstruct(fields: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: text(fields, name) for name in FIVE}
    if fields.get("signed") is not True:
        raise MoveFieldError(_("签字后才算完成还原"), code="not_signed", field="signed")
    return {**found, "signed": True}


def _compensation(fields: dict[str, Any]) -> Any:
    value = fields.get("compensation")
    if value is None or value == "":
        return ""
    if isinstance(value, (dict, int, float)) and not isinstance(value, bool):
        return value
    return text(fields, "compensation", most=400)


def clean(move: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The clean fields of a move; unknown fields are dropped. Raises MoveFieldError naming the field."""
    if move == "assign":
        return {"assignee": text(fields, "assignee", most=254)}
    if move in {"reply", "note", "message"}:
        return {"text": text(fields, "text")}
    if move == "reconstruct":
        return _reconstruct(fields)
    if move == "propose":
        return {
            "text": text(fields, "text"),
            "compensation": _compensation(fields),
            "wait": flag(fields, "wait"),
        }
    if move == "accept":
        return {"consent": choice(fields, "consent", ("customer", "verbal"))}
    if move == "hold":
        reason = choice(fields, "reason", tuple(sorted(BOTH)))
        return {"reason": reason, "proof": text(fields, "proof", required=False, most=400)}
    if move == "resolve":
        found = {"text": text(fields, "text", required=False)}
        reason = choice(fields, "reason", ("no_answer",)) if fields.get("reason") else ""
        return {**found, "reason": reason}
    if move == "reopen":
        mode = choice(fields, "mode", ("new_cycle", "undo")) if fields.get("mode") else ""
        return {"reason": text(fields, "reason", most=400), "mode": mode, "reconstruct": flag(fields, "reconstruct")}
    if move == "change_severity":
        return {"severity": choice(fields, "severity", tuple(Severity.values)), "reason": text(fields, "reason", most=400)}
    return _rest(move, fields)


def _rest(move: str, fields: dict[str, Any]) -> dict[str, Any]:
    if move == "decline":
        return {"reason": text(fields, "reason", most=2000)}
    if move == "excuse":
        return {"clause": text(fields, "clause", most=64), "reason": text(fields, "reason", most=200)}
    if move == "reflect":
        names = ("cause", "why", "prevention")
        return {name: text(fields, name, required=name != "why", most=4000) for name in names}
    return {}
