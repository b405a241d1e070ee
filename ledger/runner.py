"""The executor of deliveries: the dispatcher lists who has due work, the application role opens that scope and works.

Called by Celery workers (ring and poll) and by the clockwork when no worker answers. The only ledger module that reads
a clock. Fairness is the order of the list: one batch per (organisation, queue) and pass.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from cxms.lib import clock, dispatch, failpoints
from ledger.errors import DeliveryError
from ledger.facts import flow_of
from ledger.flow import Flow
from ledger.models import Delivery, Fact, Heartbeat

log = logging.getLogger(__name__)
ROWS_TOGETHER = 1000  # rows that followers of one transaction may stand for
MOST_TOGETHER = 200  # deliveries in one transaction

Scope = Callable[[int], AbstractContextManager[Any]]

DUE = """
    select organisation_id, queue from ledger_delivery
    where done_at is null and dead_at is null and run_at <= clock_timestamp() and (%s = '' or queue = any(string_to_array(%s, ',')))
    group by 1, 2 order by min(run_at)
"""
CLAIM = """
    select id from ledger_delivery
    where queue = %s and organisation_id = %s and done_at is null and dead_at is null and run_at <= clock_timestamp()
      and id <> %s order by run_at limit %s for update skip locked
"""


@cache
def _scope() -> Scope:
    opener: Scope = import_string(settings.LEDGER_SCOPE)
    return opener


@cache
def _handler(path: str) -> Any:
    return import_string(path)


def database_now() -> datetime:
    """PostgreSQL's clock, the ledger's only one."""
    return clock.database_now()


def drain(queues: str = "", seconds: float = 5.0) -> int:
    """Works due deliveries until none is left or the time is up. Returns how many were done.

    queues: names with commas between; empty for all.
    """
    ends = time.monotonic() + seconds
    n = 0
    while time.monotonic() < ends:
        due = dispatch.rows(DUE, [queues, queues])
        done = 0
        for organisation, name in due:
            done += run_batch(int(organisation), str(name))
            if time.monotonic() >= ends:
                break
        n += done
        if not done:
            break
    return n


def run_batch(organisation: int, queue: str) -> int:
    """Claims one batch of an organisation's queue and works it. Returns how many deliveries reached an end."""
    with _scope()(organisation):
        claimed = _claim(organisation, queue)
        here = [row for row in claimed if not _is_outside(row)]
        away = [row for row in claimed if _is_outside(row)]
        n = sum(_work(rows, organisation) for rows in _calls(here[: _together(here)]))
        if away:
            _lease(away)
        failpoints.reach("ledger.before_commit")
    failpoints.reach("ledger.after_commit")
    return n + sum(_work_outside(row, organisation) for row in away)


def _together(claimed: Sequence[Delivery]) -> int:
    """How many of the first go in one transaction, so that it stays short; one at least.

    A delivery takes 1/batch of it. A heavy follower (batch 1) whose fact says how many rows it stands for takes by rows:
    a hundred voices that came one by one are no heavier than a hundred that came at once.
    """
    used = 0.0
    for place, row in enumerate(claimed):
        used += _share(row)
        if place and used > 1 + 1e-9:
            return place
    return len(claimed)


def _share(row: Delivery) -> float:
    flow, n = flow_of(row.follower), row.fact.data.get("n")
    share = 1 / flow.batch if flow else 0.05
    if share == 1 and isinstance(n, int):
        share = n / ROWS_TOGETHER
    return max(share, 1 / MOST_TOGETHER)


def _calls(rows: Sequence[Delivery]) -> list[list[Delivery]]:
    """What is handed to a follower at a time: one delivery, or all of a joint one's, in the order of the first.

    What failed before goes alone: it shall not fail the others with it each time it is tried.
    """
    calls: dict[tuple[str, int], list[Delivery]] = {}
    for row in rows:
        flow = flow_of(row.follower)
        calls.setdefault((row.follower, 0 if flow and flow.joint and not row.attempts else row.id), []).append(row)
    return list(calls.values())


def _is_outside(row: Delivery) -> bool:
    flow = flow_of(row.follower)
    return flow is not None and flow.outside


def _claim(organisation: int, queue: str) -> list[Delivery]:
    """Locks the oldest delivery, and as many more as have room beside more of its kind: what a worker holds and does not
    work is what another goes without."""
    first = _locked(organisation, queue, 1, 0)
    if not first:
        return []
    room = min(MOST_TOGETHER, int(1 / _share(first[0]) + 1e-9)) - 1
    return sorted(first + (_locked(organisation, queue, room, first[0].id) if room > 0 else []), key=lambda row: row.id)


def _locked(organisation: int, queue: str, limit: int, besides: int) -> list[Delivery]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [queue, organisation, besides, limit])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(organisation_id=organisation, id__in=ids).select_related("fact"))


def _work(rows: list[Delivery], organisation: int) -> int:
    """One call of a database follower, under a savepoint: its effect and `done_at` commit together.

    Returns how many are done. Where several fail together each is tried by itself, so that one bad fact holds up no other.
    """
    flow = flow_of(rows[0].follower)
    now = database_now()
    try:
        with transaction.atomic():
            if flow is not None:
                given: dict[str, Any] = {"facts": [row.fact for row in rows]} if flow.joint else {"fact": rows[0].fact}
                _handler(flow.handler)(organisation=organisation, now=now, **given)
            done = Delivery.objects.filter(organisation_id=organisation, id__in=[row.id for row in rows])
            done.update(done_at=now, attempts=F("attempts") + 1)
        return len(rows)
    except Exception as error:
        if isinstance(error, DatabaseError) and (connection.connection is None or connection.connection.closed):
            raise  # the lease is the row lock: a lost connection gives it back
        if len(rows) == 1:
            _fail(rows[0], flow, error, now)
            return 0
        log.warning("%s failed for %s facts together, each is tried alone: %s", rows[0].follower, len(rows), error)
    return sum(_work([row], organisation) for row in rows)


def _lease(rows: list[Delivery]) -> None:
    now = database_now()
    for row in rows:
        flow = flow_of(row.follower)
        row.fence += 1
        row.attempts += 1
        row.run_at = now + timedelta(seconds=flow.lease_seconds if flow else 60)
        row.save(update_fields=["fence", "attempts", "run_at"])


def _work_outside(row: Delivery, organisation: int) -> int:
    """One outside follower: prepare in scope, perform without a transaction, settle in scope behind the fence."""
    flow = flow_of(row.follower)
    if flow is None:
        return 0
    sink = _handler(flow.handler)
    fact: Fact = row.fact
    try:
        with _scope()(organisation):
            message = sink.prepare(organisation=organisation, fact=fact, now=database_now())
        result = sink.perform(message) if message is not None else None
        failpoints.reach("ledger.performed")
        with _scope()(organisation):
            now = database_now()
            if _finish(row, now) and message is not None:
                sink.settle(organisation=organisation, fact=fact, message=message, result=result, now=now)
        return 1
    except Exception as error:
        with _scope()(organisation):
            _fail(row, flow, error, database_now())
        return 0


def _finish(row: Delivery, now: datetime) -> bool:
    return bool(Delivery.objects.filter(id=row.id, fence=row.fence, done_at__isnull=True).update(done_at=now))


def _fail(row: Delivery, flow: Flow | None, error: Exception, now: datetime) -> None:
    failure = error.failure if isinstance(error, DeliveryError) else "bug"
    attempts = row.attempts if flow and flow.outside else row.attempts + 1
    limit = flow.max_attempts if flow else 1
    dead = failure in {"refused", "settings"} or attempts >= limit
    if dead and failure == "passing":
        failure = "exhausted"
    pause = min(3600.0, 2.0 ** min(attempts, 12)) * random.uniform(0.8, 1.2)
    Delivery.objects.filter(id=row.id, fence=row.fence).update(
        attempts=attempts,
        failure=failure,
        last_error=f"{type(error).__name__}: {error}"[:2000],
        run_at=now + timedelta(seconds=pause),
        dead_at=now if dead else None,
    )
    log.warning("%s failed (%s, attempt %s): %s", row.follower, failure, attempts, error, exc_info=failure == "bug")


def beat(name: str) -> None:
    """Says that a process is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": database_now()})


def silent_seconds(name: str) -> float:
    """Seconds since the named heartbeat by PostgreSQL's clock; infinity when it never beat."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from clock_timestamp() - at) from ledger_heartbeat where name = %s", [name]
        )
        row = cursor.fetchone()
    return float(row[0]) if row else float("inf")
