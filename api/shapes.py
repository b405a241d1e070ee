"""Out-shapes: rows of the house as the contract words them. One place, so lists and single answers agree."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from complaints import approvals, tickets
from complaints import queries as desk
from complaints.enums import CUSTOMERS
from complaints.models import Clock, Ticket
from complaints.queries import ClockView
from feedback import masking
from feedback.models import Analysis, Feedback, Score


def instant(value: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(value: Any) -> int | float:
    """A decimal as JSON number, whole where it is whole."""
    found = float(value)
    return int(found) if found == int(found) else found


def analysis(row: Analysis | None, text: str) -> dict[str, Any]:
    """What the engine made of a text; only `status` while it is pending. pii: what is covered in the text that is shown."""
    if row is None:
        return {"status": "pending"}
    return {
        "status": "analysed",
        "language": row.language,
        "kind": row.kind,
        "sentiment": {"label": row.sentiment, "score": row.sentiment_score},
        "topics": row.topics,
        "urgency": row.urgency,
        "red_line": row.red_line,
        "corrected": row.corrected,
        "pii": masking.stored(text, row.pii),
        "engine": row.engine,
    }


def score(row: Score) -> dict[str, Any]:
    """One answered score."""
    found: dict[str, Any] = {"kind": row.kind, "value": number(row.value), "scale": [row.scale_min, row.scale_max]}
    return found | ({"item": row.item} if row.item else {})


def voice(row: Feedback, made: Analysis | None, scores: Sequence[Score]) -> dict[str, Any]:
    """One feedback with its analysis."""
    customer = row.customer
    return {
        "id": str(row.id),
        "channel": row.channel,
        "external_id": row.external_id,
        "occurred_at": instant(row.occurred_at),
        "received_at": instant(row.received_at),
        "customer": {"id": str(customer.id), "external_id": customer.external_id, "tier": customer.tier}
        if customer
        else None,
        "unit": row.unit.code if row.unit else None,
        "staff": row.staff.employee_no if row.staff else None,
        "touchpoint": row.touchpoint.code if row.touchpoint else None,
        "text": masking.covered(row.text, made.pii if made else None),
        "scores": [score(item) for item in scores if item.item or item.kind != "csi"],
        "metadata": masking.covered_fields(row.metadata) if row.metadata else {},
        "status": "analysed" if made else "pending",
        "excluded": {"at": instant(row.excluded_at), "reason": masking.covered(row.excluded_reason, names=False)} if row.excluded_at else None,
        "analysis": analysis(made, row.text),
    }


def _clock(view: ClockView) -> dict[str, Any]:
    row: Clock = view.clock
    return {
        "clause": row.clause,
        "kind": row.kind,
        "promise": row.promise,
        "cycle": row.cycle,
        "state": view.state,
        "started_at": instant(row.started_at),
        "target_seconds": view.target_seconds,
        "due_at": instant(view.due_at),
        "warn_at": [instant(at) for at in view.warn_at],
        "elapsed_seconds": view.elapsed_seconds,
        "stopped_at": instant(row.stopped_at),
        "met_at": instant(row.met_at),
        "breached_at": instant(row.breached_at),
        "late_seconds": view.late_seconds,
        "late_working_seconds": view.late_working_seconds,
        "cause": row.cause or None,
        "extended_seconds": row.extended_seconds,
    }


def ticket(row: Ticket, *, organisation: int, now: datetime) -> dict[str, Any]:
    """A ticket with its clocks, escalations and timeline, true at `now`."""
    views = desk.clock_views([row], organisation=organisation, now=now).get(row.id, [])
    held = desk.open_pause(row, now=now) is not None
    return {
        **ticket_row(row, is_held=held),
        "approval": _approval(row),
        "clocks": [_clock(view) for view in views],
        "escalations": [
            {
                "clause": level.clause,
                "cycle": level.cycle,
                "level": level.level,
                "fire_at": instant(level.fire_at),
                "written_at": instant(level.written_at),
                "late_seconds": level.late_seconds,
                "cause": level.cause or None,
            }
            for level in desk.escalations(row)
        ],
        "timeline": [
            {
                "seq": move.seq,
                "move": move.kind,
                "at": instant(move.at),
                "recorded_at": instant(move.recorded_at),
                "actor": move.actor,
                "cycle": move.cycle,
                "data": masking.covered_deep(move.data, names=move.kind in CUSTOMERS),
            }
            for move in desk.timeline(row)
        ],
    }


def _approval(row: Ticket) -> dict[str, Any] | None:
    """The offer that waits for somebody's word, or None."""
    found = approvals.waiting(row)
    if found is None:
        return None
    return {
        "id": str(found.id), "amount": str(found.amount), "currency": found.currency, "asked_by": found.asked_by,
        "asked_at": instant(found.asked_at), "due_at": instant(found.due_at),
    }  # fmt: skip


def ticket_row(row: Ticket, *, is_held: bool) -> dict[str, Any]:
    """A ticket as lists show it."""
    return {
        "id": str(row.id),
        "number": row.number,
        "title": row.title,
        "state": tickets.shown_state(row, is_held=is_held),
        "severity": row.severity,
        "owner": row.owner.user.email if row.owner else None,
        "unit": row.unit.code if row.unit else None,
        "holder": row.holder.code if row.holder else row.unit.code if row.unit else None,
        "offered_to": row.offered.code if row.offered else None,
        "policy": row.policy.code,
        "policy_version": row.policy.version,
        "cycle": row.cycle,
        "version": row.version,
        "feedback": str(row.feedback_id),
        "topics": row.topics,
        "received_at": instant(row.received_at),
        "contact_due_at": instant(row.contact_due_at),
        "opened_at": instant(row.opened_at),
        "resolved_at": instant(row.resolved_at),
        "closed_at": instant(row.closed_at),
        "proposal": masking.covered_deep(row.proposal, names=False) or None,
        "reconstruction": masking.covered_deep(row.reconstruction, names=False) or None,
    }


