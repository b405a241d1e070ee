"""Whether a person is asked, or why not. Pure: values in, a reason out. Callers: the deciding follower and the preview."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from surveys.enums import Reason

# an invitation that would come later than this after its moment asks about something forgotten
MOST_LATE = timedelta(days=3)


@dataclass(frozen=True)
class Rules:
    """How often a survey may ask. `quiet_days` after itself, `all_quiet_days` after any, of `sample_percent` in 100."""

    quiet_days: int
    all_quiet_days: int
    sample_percent: int
    is_paused: bool = False


@dataclass(frozen=True)
class Candidate:
    """One event and whom it happened to. `due_at`: when he would be asked; the last two: when he was, if ever."""

    due_at: datetime
    has_customer: bool
    email: str
    is_unsubscribed: bool
    draw: float
    asked_by_this: datetime | None = None
    asked_by_any: datetime | None = None


def judge(candidate: Candidate, rules: Rules, *, now: datetime) -> str:
    """The first reason not to ask, in the order of `Reason`; "" to ask."""
    at = max(now, candidate.due_at)
    if rules.is_paused:
        return Reason.SURVEY_PAUSED
    if now - candidate.due_at > MOST_LATE:
        return Reason.TOO_LATE
    if not candidate.has_customer:
        return Reason.NO_CUSTOMER
    if not candidate.email:
        return Reason.NO_EMAIL
    if candidate.is_unsubscribed:
        return Reason.UNSUBSCRIBED
    if _is_quiet(candidate.asked_by_this, rules.quiet_days, at):
        return Reason.QUIET_SURVEY
    if _is_quiet(candidate.asked_by_any, rules.all_quiet_days, at):
        return Reason.QUIET_GLOBAL
    return Reason.NOT_SAMPLED if candidate.draw >= rules.sample_percent / 100 else ""


def _is_quiet(asked_at: datetime | None, days: int, at: datetime) -> bool:
    """Events may come out of order, so nearness counts on both sides."""
    return asked_at is not None and days > 0 and abs(at - asked_at) < timedelta(days=days)


def draw(survey: UUID, event: UUID) -> float:
    """A number in [0, 1) that is the same whenever this event is looked at again, evenly spread over events."""
    digest = blake2b(survey.bytes + event.bytes, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
