"""The fields of each move, checked before anything is locked. Pure values in and out; used by both doors."""

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.clock_specs import BOTH
from complaints.enums import ContactWay, Severity
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text

FIVE = ("who", "when", "where", "what", "evidence")
FIVE_NAMES = {
    "who": gettext_lazy("谁"),
    "when": gettext_lazy("何时"),
    "where": gettext_lazy("何地"),
    "what": gettext_lazy("何事"),
    "evidence": gettext_lazy("证据"),
}
MAX_CITES = 40
MAX = 10_000
MAX_EXTENSION = 366 * 86400
MOST_HOURS = 720


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


def instant(fields: dict[str, Any], name: str) -> str:
    """An instant with its offset, as ISO 8601 in UTC."""
    value = fields.get(name)
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise MoveFieldError(_("应为带时区偏移的 ISO 8601 时刻"), code="bad_instant", field=name) from error
    if found.tzinfo is None or not 1990 <= found.year <= 2100:
        raise MoveFieldError(_("应为带时区偏移的 ISO 8601 时刻"), code="bad_instant", field=name)
    return found.astimezone(UTC).isoformat()


def _visit(fields: dict[str, Any]) -> dict[str, Any]:
    """Arrived (now, or at `arrived_at`), `no_show` of us or of the customer, or a `window` [from, to] agreed on."""
    found: dict[str, Any] = {"reason": text(fields, "reason", required=False, most=400)}
    if fields.get("no_show"):
        return {**found, "no_show": choice(fields, "no_show", ("us", "customer"))}
    window = fields.get("window")
    if window is not None:
        if not isinstance(window, list) or len(window) != 2:
            raise MoveFieldError(_("应为 [开始, 结束]"), code="wrong_type", field="window")
        return {**found, "window": [instant({"window": part}, "window") for part in window]}
    return {**found, "arrived_at": instant(fields, "arrived_at")} if fields.get("arrived_at") else found


def _contact(fields: dict[str, Any]) -> dict[str, Any]:
    """`channel`, `reached`, and where he was not: `next_at`, or `next_hours` from now."""
    found: dict[str, Any] = {
        "channel": choice(fields, "channel", tuple(ContactWay.values)),
        "reached": flag(fields, "reached"),
        "text": text(fields, "text", required=False, most=1000),
    }
    if fields.get("next_at"):
        return {**found, "next_at": instant(fields, "next_at")}
    hours = fields.get("next_hours")
    if found["reached"] or hours in (None, "", 0, "0"):
        return found
    if isinstance(hours, str) and hours.isascii() and hours.isdigit() and len(hours) < 5:
        hours = int(hours)
    if type(hours) is not int or not 0 < hours <= MOST_HOURS:
        raise MoveFieldError(_("写 1 至 %(most)d 小时") % {"most": MOST_HOURS}, code="bad_hours", field="next_hours")
    return {**found, "next_hours": hours}


def _extend(fields: dict[str, Any]) -> dict[str, Any]:
    """Which clause, by how long (`days` or `seconds`), why, and who approves."""
    clause, reason = text(fields, "clause", most=64), text(fields, "reason", most=400)
    name, unit = ("days", 86400) if fields.get("days") else ("seconds", 1)
    value = fields.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if type(value) is not int or not 0 < value * unit <= MAX_EXTENSION:
        raise MoveFieldError(_("写一个大于 0 的整数"), code="bad_extension", field=name)
    approver = text(fields, "approver", required=False, most=254)
    return {"clause": clause, "seconds": value * unit, "reason": reason, "approver": approver}


def _five(fields: dict[str, Any]) -> dict[str, Any]:
    """The five of a reconstruction and what it cites; a cited source is evidence enough. The error names all that lack."""
    cites = fields.get("cites") or []
    if not isinstance(cites, list) or len(cites) > MAX_CITES or any(not isinstance(key, str) or len(key) > 64 for key in cites):
        raise MoveFieldError(_("应为最多 40 条证据的列表"), code="wrong_type", field="cites")
    found: dict[str, Any] = {name: text(fields, name, required=False) for name in FIVE}
    lack = [name for name in FIVE if not found[name].strip() and not (name == "evidence" and cites)]
    if lack:
        said = _("还缺：%(names)s。请填写") % {"names": _("、").join(str(FIVE_NAMES[name]) for name in lack)}
        raise MoveFieldError(said, code="missing", field=lack[0])
    return {**found, "cites": list(dict.fromkeys(cites))}


def _reconstruct(fields: dict[str, Any]) -> dict[str, Any]:
    found = _five(fields)
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


def clean(move: str, fields: dict[str, Any], *, has_files: bool = False) -> dict[str, Any]:
    """The clean fields of a move; unknown fields are dropped. Files may stand for words. Raises MoveFieldError."""
    if move == "assign":
        why = text(fields, "why", required=False, most=1000)
        return {"assignee": text(fields, "assignee", most=254), **({"why": why} if why else {})}
    if move in {"reply", "note"}:
        return {"text": text(fields, "text", required=not has_files)}
    if move == "message":
        arrived = {"received_at": instant(fields, "received_at")} if fields.get("received_at") else {}
        return {"text": text(fields, "text", required=not has_files), **arrived}
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
    if move == "correct":
        return {**_five(fields), "reason": text(fields, "reason", most=400), "signed": True}
    if move in {"approve", "refuse"}:
        names = ("approval", "amount", "currency", *(("reason",) if move == "refuse" else ()))
        return {name: text(fields, name, most=400) for name in names}
    if move == "rate":
        score = fields.get("score")
        if str(score) not in {"1", "2", "3", "4", "5"}:
            raise MoveFieldError(_("选 1 到 5 分"), code="bad_score", field="score")
        return {"score": int(str(score)), "text": text(fields, "text", required=False, most=2000)}
    if move == "decline":
        return {"reason": text(fields, "reason", most=2000)}
    if move == "contact":
        return _contact(fields)
    if move == "visit":
        return _visit(fields)
    if move == "hand_over":
        said = {name: text(fields, name, most=most) for name, most in (("to", 64), ("reason", 400), ("needed", 400))}
        return {**said, "by": instant(fields, "by") if fields.get("by") else ""}
    if move in {"duplicate", "join_incident"}:
        return {"of": text(fields, "of", most=24)}
    if move == "split":
        severity = choice(fields, "severity", tuple(Severity.values)) if fields.get("severity") else ""
        return {"title": text(fields, "title", most=120), "severity": severity}
    if move == "linked":
        return {name: fields.get(name) for name in ("kind", "number", "ended")}
    if move == "refuse_handover":
        return {"reason": text(fields, "reason", most=400)}
    if move == "repolicy":
        return {"policy": text(fields, "policy", most=36)}
    if move == "extend":
        return _extend(fields)
    if move in {"excuse", "unexcuse"}:
        return {"clause": text(fields, "clause", most=64), "reason": text(fields, "reason", most=200)}
    return {}
