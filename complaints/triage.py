"""Is this voice a complaint that we owe a promise? Pure: values in, a decision and its reason out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DIRECT = frozenset({"store", "phone", "app", "wechat", "wecom", "email", "sms", "web", "qr", "api"})
STALE_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Judgement:
    """Whether a ticket opens, how grave it is, and why (a stable word for the timeline)."""

    opens: bool
    severity: str
    reason: str


def judge(
    *, kind: str, urgency: int, red_line: bool, channel: str, occurred_at: datetime, judged_at: datetime
) -> Judgement:
    """Opens a ticket for a red line anywhere, and for a complaint made to us directly.

    Published reviews, posts, questionnaires and imports open one only when urgent. What was said more than seven days
    before we judge it is history and starts no clock.
    """
    if judged_at - occurred_at > STALE_AFTER:
        return Judgement(False, "low", "history")
    if red_line:
        return Judgement(True, "critical", "red_line")
    if kind != "complaint":
        return Judgement(False, "low", "not_a_complaint")
    severity = {0: "low", 1: "normal", 2: "high"}.get(urgency, "critical")
    if channel in DIRECT:
        return Judgement(True, severity, "complaint")
    return Judgement(urgency >= 2, severity, "urgent" if urgency >= 2 else "not_addressed_to_us")
