"""The clockwork: sleeps until the next instant at which a timer has work, at most a second, and does it.

Runs as one process (`manage.py clockwork`) of two threads: the punctual timers (those that know their next instant, such
as the promises) never wait behind a chore, however many organisations want their Monday report. Workers call
`run_timers` when it has been silent for five seconds, so it is no single point of failure. Two at once are harmless:
rows are locked with SKIP LOCKED and written under unique keys.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

from ledger import runner
from ledger.flow import Timer

log = logging.getLogger(__name__)
HEARTBEAT = "clockwork"
SILENCE_SECONDS = 5.0


@cache
def timers() -> tuple[Timer, ...]:
    """The timers named by the settings."""
    return tuple(import_string(settings.LEDGER_TIMERS))


def _call(path: str) -> Any:
    return import_string(path)


def punctual() -> tuple[Timer, ...]:
    """The timers whose work has an instant at which it must be done."""
    return tuple(timer for timer in timers() if timer.next_at)


def chores() -> tuple[Timer, ...]:
    """The other timers: what is done soon after it is due."""
    return tuple(timer for timer in timers() if not timer.next_at)


def run_timers(some: Iterable[Timer] | None = None) -> int:
    """Runs `some` timers (all) for every organisation that is due. A failing timer or organisation stops no other."""
    n = 0
    for timer in timers() if some is None else some:
        for organisation in _due(timer):
            try:
                with runner._scope()(organisation):
                    n += _call(timer.run)(organisation=organisation)
            except Exception:
                log.exception("timer %s failed for organisation %s", timer.name, organisation)
    return n


def _due(timer: Timer) -> list[int]:
    try:
        return list(_call(timer.organisations)())
    except Exception:
        log.exception("timer %s cannot say who is due", timer.name)
        for connection in connections.all():
            connection.close_if_unusable_or_obsolete()
        return []


def next_at() -> datetime | None:
    """The earliest instant any timer waits for."""
    instants = [_call(timer.next_at)() for timer in timers() if timer.next_at]
    return min((instant for instant in instants if instant is not None), default=None)


def tick(most_seconds: float = 1.0) -> float:
    """One turn: run what is due, beat, and say how long to sleep."""
    close_old_connections()
    run_timers(punctual())
    runner.beat(HEARTBEAT)
    if runner.silent_seconds("worker") > SILENCE_SECONDS:
        runner.drain(seconds=1.0)
    wait = next_at()
    if wait is None:
        return most_seconds
    return max(0.005, min(most_seconds, (wait - runner.database_now()).total_seconds()))


def stand_in() -> bool:
    """A worker's fallback: runs the timers when the clockwork is silent. True when it did."""
    if runner.silent_seconds(HEARTBEAT) < SILENCE_SECONDS:
        return False
    run_timers()
    return True


def do_chores() -> float:
    """One turn of the chores; says how long to sleep."""
    close_old_connections()
    run_timers(chores())
    return 1.0


def forever() -> None:
    """The process's two loops; they survive a database that comes and goes."""
    threading.Thread(target=_loop, args=(do_chores,), name="chores", daemon=True).start()
    _loop(tick)


def _loop(turn: Callable[[], float]) -> None:
    while True:
        try:
            seconds = turn()
        except Exception:
            log.exception("clockwork turn failed")
            for connection in connections.all():
                connection.close()
            seconds = 0.5
        time.sleep(seconds)
