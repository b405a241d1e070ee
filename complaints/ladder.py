"""The ladder: how often a level repeats, until when, and what an acknowledgement holds back. Pure (promises/SLA §3.4).

Called by the alerts, which keep a level's ringing, and by the acknowledgements. An acknowledgement stops repeats of the
levels up to that of who gave it, and holds warnings for a while; it never stops level 3 or 4 from being told, nor a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WARNINGS_HOLD = timedelta(minutes=15)
ACK_LASTS = timedelta(minutes=30)
HIGHEST = 4

# who may be told: the owner (or the queue, while nobody owns the ticket), who holds a role over its unit, whose turn on
# duty it is, and a member by his e-mail
OWNER = "owner"
DUTY = "duty"
MEMBER = "member:"
ROLES = ("frontline", "store_manager", "region_manager", "cx_manager", "executive", "admin")
SHIPPED: dict[str, tuple[str, ...]] = {
    "1": (OWNER,),
    "2": ("store_manager",),
    "3": ("region_manager",),
    "4": ("executive", DUTY),
}
# above the highest level: whom a level passes to that reached nobody
LAST = ("cx_manager", "admin")


@dataclass(frozen=True)
class Rung:
    """How a level repeats: every so often (None: never), at most so many times; `until_done`: whoever acknowledged."""

    every: timedelta | None
    most: int = 0
    until_done: bool = False


LEVELS: dict[int, Rung] = {
    1: Rung(None),
    2: Rung(timedelta(minutes=5), most=8),
    3: Rung(timedelta(minutes=10), most=8),
    4: Rung(timedelta(minutes=30), most=8, until_done=True),
}


@dataclass(frozen=True)
class Ack:
    """Somebody of a level acknowledged at an instant."""

    at: datetime
    level: int


@dataclass(frozen=True)
class Standing:
    """A level that fired, as it stands. n_rung: how often it was told; active_at: the last move of the ticket.

    is_over: the promise is met, cancelled or its ticket done; is_held: the customer is waited for; is_passed: a higher
    level of the same promise fired and speaks instead.
    """

    level: int
    n_rung: int
    is_over: bool = False
    is_held: bool = False
    is_passed: bool = False
    acks: Sequence[Ack] = ()
    active_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """What to do now: tell or not, when to look again (None: never), and why it ended."""

    rings: bool
    next_at: datetime | None
    ended: str = ""


def rungs(said: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Who joins at levels 1 to 4, and the last resort; a level of which the policy says nothing is as shipped."""
    return [*(tuple(said.get(level, shipped)) for level, shipped in SHIPPED.items()), LAST]


def number(level: str) -> int:
    """The rung of a level's name: 1 below three quarters, 2 below all, 3 the breach, 4 later."""
    if level.startswith("+"):
        return HIGHEST
    share = float(level)
    return 3 if share >= 1 else 2 if share >= 0.75 else 1


def order(level: str) -> float:
    """Sorts the names of levels by when they fire."""
    return 1e9 + float(level) if level.startswith("+") else float(level)


def held_until(level: int, acks: Sequence[Ack], active_at: datetime | None, *, now: datetime) -> datetime | None:
    """Until when an acknowledgement of this level or above keeps repeats silent; None when there is none, or it expired.

    It lasts half an hour from its own instant, and from every move of the ticket after it.
    """
    ends = [
        max(ack.at, active_at or ack.at) + ACK_LASTS for ack in acks if ack.level >= level and LEVELS[level].most
    ]
    until = max(ends, default=None)
    return until if until is not None and until > now else None


def step(standing: Standing, *, now: datetime) -> Step:
    """What a ringing level does at `now`."""
    if standing.is_over:
        return Step(False, None, "over")
    if standing.is_passed:
        return Step(False, None, "passed")
    rung = LEVELS[standing.level]
    if standing.n_rung == 0:
        return _first(standing, rung, now)
    if standing.n_rung > rung.most:
        return Step(False, None, "most")
    every = rung.every or timedelta()
    if standing.is_held:
        return Step(False, now + every)
    until = None if rung.until_done else held_until(standing.level, standing.acks, standing.active_at, now=now)
    if until is not None:
        return Step(False, until)
    return _ring(standing, rung, now)


def _first(standing: Standing, rung: Rung, now: datetime) -> Step:
    latest = max((ack.at for ack in standing.acks), default=None)
    if standing.level < 3 and latest is not None and now < latest + WARNINGS_HOLD:
        return Step(False, latest + WARNINGS_HOLD)
    return _ring(standing, rung, now)


def _ring(standing: Standing, rung: Rung, now: datetime) -> Step:
    if rung.every is None or standing.n_rung + 1 > rung.most:
        return Step(True, None, "once" if rung.every is None else "most")
    return Step(True, now + rung.every)
