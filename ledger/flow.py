"""The shapes of `cxms/flows.py`: what follows which fact, what runs by the clock, what loops beside. No tables, no imports up.

A *database* follower is `handler(*, organisation, fact, now)`: called inside the organisation's scope with one
claimed fact; its effect and the delivery's `done_at` commit together, a crash rolls both back: exactly once.
A *joint* one is `handler(*, organisation, facts, now)`: what is claimed together comes together, oldest first; when that
fails, each fact is tried by itself.
An *outside* follower (mail, HTTP) is a module with `prepare(*, organisation, fact, now)` in scope → message or None,
`perform(message)` with no transaction open, and `settle(*, organisation, fact, message, result, now)` in scope again:
at least once, fenced by a lease.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flow:
    """One arrow of the house: `fact` → `handler` (dotted path) on `queue`.

    batch: how many share a transaction. A follower of 1 is heavy: facts that say how many rows they stand for (`n`) go
    together up to a thousand rows. The same handler is joint or not wherever it stands.
    """

    fact: str
    handler: str
    queue: str
    outside: bool = False
    joint: bool = False
    batch: int = 20
    max_attempts: int = 12
    lease_seconds: int = 60


@dataclass(frozen=True)
class Timer:
    """Work by the clock: `organisations` lists who is due (dispatcher), `run` does one of them in scope.

    next_at: dotted path of a function giving the earliest instant at which this timer will have work, or None.
    """

    name: str
    organisations: str
    run: str
    next_at: str = ""


@dataclass(frozen=True)
class Pump:
    """Slow talk with the outside world: `run` loops for ever in a thread of its own of every worker child."""

    name: str
    run: str
