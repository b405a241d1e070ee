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
from django.utils.module_loading import import_string

from cxms.lib import clock, dispatch, failpoints
from ledger.errors import DeliveryError
from ledger.facts import flow_of
from ledger.flow import Flow
from ledger.models import Delivery, Fact, Heartbeat

log = logging.getLogger(__name__)
ROWS_TOGETHER = 1000  # rows that followers of one transaction may stand for

Scope = Callable[[int], AbstractContextManager[Any]]

DUE = """
    select organisation_id, queue from ledger_delivery
    where done_at is null and dead_at is null and run_at <= clock_timestamp() and (%s = '' or queue = %s)
    group by 1, 2 order by min(run_at)
"""
CLAIM = """
    select id from ledger_delivery
    where queue = %s and organisation_id = %s and done_at is null and dead_at is null and run_at <= clock_timestamp()
    order by run_at limit %s for update skip locked
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


def drain(queue: str = "", seconds: float = 5.0) -> int:
    """Works due deliveries until none is left or the time is up. Returns how many were done."""
    ends = time.monotonic() + seconds
    n = 0
    while time.monotonic() < ends:
        due = dispatch.rows(DUE, [queue, queue])
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
        claimed = _claim(organisation, queue, 20)
        here = [row for row in claimed if not _is_outside(row)]
        away = [row for row in claimed if _is_outside(row)]
        n = sum(_work(row, organisation) for row in here[: _together(here)])
        if away:
            _lease(away)
        failpoints.reach("ledger.before_commit")
    failpoints.reach("ledger.after_commit")
    return n + sum(_work_outside(row, organisation) for row in away)


def _together(claimed: Sequence[Delivery]) -> int:
    """How many of the first go in one transaction, so that it stays short; one at least.

    A delivery takes 1/batch of it. A heavy follower (batch 1) whose fact says how many rows it stands for takes by rows:
    twenty voices that came one by one are no heavier than twenty that came at once.
    """
    used = 0.0
    for place, row in enumerate(claimed):
        flow, n = flow_of(row.follower), row.fact.data.get("n")
        share = 1 / flow.batch if flow else 0.05
        if share == 1 and isinstance(n, int):
            share = n / ROWS_TOGETHER
        used += share
        if place and used > 1 + 1e-9:
            return place
    return len(claimed)


def _is_outside(row: Delivery) -> bool:
    flow = flow_of(row.follower)
    return flow is not None and flow.outside


def _claim(organisation: int, queue: str, limit: int) -> list[Delivery]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [queue, organisation, limit])
        ids = [row[0] for row in cursor.fetchall()]
    found = Delivery.objects.filter(organisation_id=organisation, id__in=ids).select_related("fact").order_by("id")
    return list(found)


def _work(row: Delivery, organisation: int) -> int:
    """One database follower, under a savepoint: its effect and `done_at` commit together."""
    flow = flow_of(row.follower)
    now = database_now()
    try:
        with transaction.atomic():
            if flow is not None:
                _handler(flow.handler)(organisation=organisation, fact=row.fact, now=now)
            row.done_at = now
            row.attempts += 1
            row.save(update_fields=["done_at", "attempts"])
        return 1
    except DatabaseError as error:
        if connection.connection is None or connection.connection.closed:
            raise  # the lease is the row lock: a lost connection gives it back
        _fail(row, flow, error, now)
    except Exception as error:
        _fail(row, flow, error, now)
    return 0


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
