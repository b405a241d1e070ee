"""Verdicts: when each level of a promise clock rings, and whether the promise was kept, to the microsecond.

Called by the clocks (which store what comes out), by the sweep and by the preview door. It takes values and returns
values: it knows no ticket, no table, no recipient and no present; `cxms.lib.working_time` does the counting of hours.

Simultaneous events count in this order: stop, resume, pause, change of target, sweep.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal, TypedDict

from cxms.lib import working_time
from cxms.lib.working_time import Counting, Pause, Spliced

State = Literal["running", "met", "breached"]
Cause = Literal["", "target_change"]

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
WARN_SHARES = (0.5, 0.75)
AFTER_SECONDS = (1800,)


class TargetChange(TypedDict):
    """A new target in seconds, measured from the same start, in force from `at`."""

    at: datetime
    target_seconds: int


@dataclass(frozen=True)
class Level:
    """One rung of the ladder: at a share of the target ("0.5", "1") or so many seconds after it ("+1800").

    fire_at: the instant at which it rings if the clock still runs then, UTC; None when it never comes.
    """

    name: str
    share: float | None
    after_seconds: int | None
    fire_at: datetime | None


@dataclass(frozen=True)
class Verdict:
    """What a clock comes to at its stop, or at `now` while it runs.

    due_at: the instant of level "1", None when it never comes; breached_at: the same once it is passed; cause:
    "target_change" when a new target was used up before it was set; late_seconds: wall time past due_at;
    late_working_seconds: the part of it inside the calendar; both whole seconds, rounded down, 0 unless breached;
    next_fire_at: the earliest level still to come, None for a stopped clock.
    """

    state: State
    due_at: datetime | None
    levels: tuple[Level, ...]
    breached_at: datetime | None
    cause: Cause
    elapsed_seconds: int
    late_seconds: int
    late_working_seconds: int
    next_fire_at: datetime | None
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class _Course:
    """One clock with the target in force after some changes, all instants in UTC.

    kept: the warnings that rang under an earlier target; changed_at: when the present one came; broken_at: the change
    that broke the promise.
    """

    calendar: Counting
    started_at: datetime
    target_seconds: int
    pauses: Sequence[Pause]
    kept: Mapping[float, datetime] = field(default_factory=dict)
    changed_at: datetime | None = None
    broken_at: datetime | None = None

    @cached_property
    def due_at(self) -> datetime | None:
        return self.broken_at or self.share_at(1.0)

    @cached_property
    def counted_pauses(self) -> list[Pause]:
        """The pauses that began before the breach; one that began later changes nothing."""
        if self.due_at is None:
            return list(self.pauses)
        # At one instant a pause comes before a change of target, so it holds what is counted from a change that broke.
        return [p for p in self.pauses if p[0] < self.due_at or p[0] == self.broken_at]

    def share_at(self, share: float) -> datetime | None:
        """When this share of the target is used up, but not before the change that set the target."""
        if share in self.kept:
            return self.kept[share]
        if self.broken_at is not None:
            return None  # after a breach by a change of target the ladder begins at level "1"
        at = working_time.reached_at(self.calendar, self.started_at, _part(self.target_seconds, share), self.pauses)
        return max(at, self.changed_at) if at is not None and self.changed_at is not None else at

    def after(self, at: datetime, target_seconds: int, shares: Sequence[float]) -> "_Course":
        """The course from a change at `at` on: elapsed time carries over; a target used up already is broken there."""
        elapsed = working_time.elapsed(self.calendar, self.started_at, at, self.pauses)
        times = ((share, self.share_at(share)) for share in shares)
        return replace(
            self,
            target_seconds=target_seconds,
            kept={share: fire_at for share, fire_at in times if fire_at is not None and fire_at < at},
            changed_at=at,
            broken_at=at if elapsed >= timedelta(seconds=target_seconds) else None,
        )


def judge(
    *,
    calendar: Counting,
    started_at: datetime,
    target_seconds: int,
    warn_shares: Iterable[float] = WARN_SHARES,
    after_seconds: Iterable[int] = AFTER_SECONDS,
    pauses: Iterable[Pause] = (),
    changes: Iterable[TargetChange] = (),
    stopped_at: datetime | None = None,
    now: datetime | None = None,
    after_always: bool = False,
) -> Verdict:
    """Judge one clock: at its stop if it has one, else at `now`, else (a plan) at its start.

    calendar: the hours that count; a `Spliced` one where they changed on the way, which leaves the past as it was.
    warn_shares: shares of the target, 0 < share < 1; after_seconds: offsets > 0 counted from the due instant in the same
    calendar, or by the clock on the wall with `after_always`; pauses: (from, to or None); changes: in any order. Breach if and only if stopped after due, or still
    running after it; stopped exactly at due is met. A breach is for good: pauses and changes after it change nothing. A
    new target already used up breaks the promise at the change, which then is the due instant, and the warnings that
    have not rung stay silent. ValueError: a negative target, a share or offset out of range, a naive instant.
    """
    shares, offsets = sorted(set(warn_shares)), sorted(set(after_seconds))
    turns = sorted(((_utc(turn["at"]), turn["target_seconds"]) for turn in changes), key=itemgetter(0))
    _check([target_seconds, *(target for _, target in turns)], shares, offsets)
    stop = None if stopped_at is None else _utc(stopped_at)
    # a hold of a later cycle is nothing to a clock that has stopped, nor is what one lasts after the stop; at one instant the stop comes first
    held = [(_utc(a), _until(b, stop)) for a, b in pauses if stop is None or _utc(a) < stop]
    course = _Course(calendar, _utc(started_at), target_seconds, held)
    if stop is not None and isinstance(calendar, Spliced):
        course = replace(course, calendar=calendar.until(stop))  # what is over is judged by the hours of its time
    for at, target in turns:
        over = course.broken_at is not None or (course.due_at is not None and course.due_at < at)
        if over or (stop is not None and stop <= at):
            break
        if target != course.target_seconds:
            course = course.after(at, target, shares)
    return _settled(course, _levels(course, shares, offsets, after_always), stop, stop or _utc(now or started_at))


def _settled(course: _Course, levels: tuple[Level, ...], stopped_at: datetime | None, end: datetime) -> Verdict:
    """The verdict at `end`, which is the stop of a stopped clock."""
    running, due_at, late, late_working = stopped_at is None, course.due_at, timedelta(), timedelta()
    # A change of target comes before the sweep of the same instant, the due moment itself is still kept.
    breached = due_at is not None and (end > due_at or (running and end == course.broken_at))
    if breached and due_at is not None:
        late = end - due_at
        late_working = working_time.elapsed(course.calendar, due_at, end, course.counted_pauses)
    pending = [level.fire_at for level in levels if level.fire_at is not None and level.fire_at > end]
    return Verdict(
        state="breached" if breached else "running" if running else "met",
        due_at=due_at,
        levels=levels,
        breached_at=due_at if breached else None,
        cause="target_change" if breached and course.broken_at is not None else "",
        elapsed_seconds=working_time.elapsed_seconds(course.calendar, course.started_at, end, course.counted_pauses),
        late_seconds=late // SECOND,
        late_working_seconds=late_working // SECOND,
        next_fire_at=min(pending, default=None) if running else None,
        stopped_at=stopped_at,
    )


def fired(verdict: Verdict, until: datetime) -> tuple[Level, ...]:
    """The levels that have rung by `until`: their instant has come, and came before the stop.

    A level at the very instant of the stop does not ring, so a clock stopped exactly at due has no level "1".
    """
    until, stopped_at = _utc(until), verdict.stopped_at
    return tuple(
        level
        for level in verdict.levels
        if level.fire_at is not None and level.fire_at <= until and (stopped_at is None or level.fire_at < stopped_at)
    )


def preview(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `POST /promises/preview`, as plain values, from its body with the values already parsed.

    payload: `calendar` (a Calendar), `started_at`, `target_seconds`, and optionally `warn_shares`, `after_seconds`,
    `pauses`, `changes`, `stopped_at`, `now`; instants are aware datetimes. Each level carries `share` or `after_seconds`.
    """
    verdict = judge(
        calendar=payload["calendar"],
        started_at=payload["started_at"],
        target_seconds=payload["target_seconds"],
        warn_shares=payload.get("warn_shares", WARN_SHARES),
        after_seconds=payload.get("after_seconds", AFTER_SECONDS),
        pauses=[(begins, ends) for begins, ends in payload.get("pauses", ())],
        changes=payload.get("changes", ()),
        stopped_at=payload.get("stopped_at"),
        now=payload.get("now"),
        after_always=payload.get("after_calendar") == "always",
    )
    return {
        "due_at": verdict.due_at,
        "levels": [_rung(level) for level in verdict.levels],
        "verdict": verdict.state,
        "breached_at": verdict.breached_at,
        "elapsed_seconds": verdict.elapsed_seconds,
        "late_seconds": verdict.late_seconds,
        "late_working_seconds": verdict.late_working_seconds,
    }


def _rung(level: Level) -> dict[str, Any]:
    if level.share is None:
        return {"after_seconds": level.after_seconds, "fire_at": level.fire_at}
    return {"share": level.share, "fire_at": level.fire_at}


def _levels(
    course: _Course, shares: Sequence[float], offsets: Sequence[int], after_always: bool
) -> tuple[Level, ...]:
    """The whole ladder, by share and then by offset."""
    levels = [Level(format(share, "g"), share, None, course.share_at(share)) for share in shares]
    levels.append(Level("1", 1.0, None, course.due_at))
    for offset in offsets:
        fire_at = None
        if course.due_at is not None and after_always:
            fire_at = course.due_at + offset * SECOND
        elif course.due_at is not None:
            fire_at = working_time.due_at(course.calendar, course.due_at, offset, course.counted_pauses)
        levels.append(Level(f"+{offset}", None, offset, fire_at))
    return tuple(levels)


def _check(targets: Sequence[int], shares: Sequence[float], offsets: Sequence[int]) -> None:
    if any(target < 0 for target in targets):
        raise ValueError("a target cannot be negative")
    if any(not 0 < share < 1 for share in shares):
        raise ValueError("a warning share lies between 0 and 1")
    if any(offset <= 0 for offset in offsets):
        raise ValueError("an offset after the target is positive")


def _part(target_seconds: int, share: float) -> timedelta:
    """The least whole number of microseconds that is at least this share of the target; 0.1 means one tenth."""
    micros = Fraction(str(share)) * target_seconds * 1_000_000
    return math.ceil(micros) * MICROSECOND


def _until(end: datetime | None, stop: datetime | None) -> datetime | None:
    """The end of a hold as a clock knows it: at the latest its own stop."""
    if end is None or stop is None:
        return stop if end is None else _utc(end)
    return min(_utc(end), stop)


def _utc(instant: datetime) -> datetime:
    """The same instant in UTC, where comparing and subtracting are exact (two local times of one zone are not)."""
    if instant.utcoffset() is None:
        raise ValueError(f"an instant needs an offset: {instant.isoformat()}")
    return instant.astimezone(UTC)
