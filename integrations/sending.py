"""The sender: leases due deliveries endpoint by endpoint, speaks HTTP in threads, settles behind a fence.

One loop holds the database; threads only speak to the world, with no transaction open. At least once: a process that
dies between the far side's 200 and our commit sends again, with the same id, when the lease ends. An endpoint has at
most four messages under way, one while it fails, an organisation half of the threads: a slow one holds up itself.
"""

import logging
import queue
import random
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections

from cxms.lib import dispatch, failpoints, safe_http
from cxms.lib.safe_http import Answer, Unreachable, Unsafe
from integrations import endpoints, retries, signing, warnings
from integrations.enums import DeliveryState, DisabledFor, EndpointState
from integrations.models import Endpoint, WebhookDelivery
from ledger import runner
from tenancy.scope import organisation_scope

log = logging.getLogger(__name__)
THREADS = 24
AT_ONCE = 4
LEASE_SECONDS = 30
KEEP_LOG = 20
DUE = """
    select e.organisation_id, e.id from integrations_endpoint e
    cross join lateral (
        select d.next_at from integrations_webhookdelivery d
        where d.organisation_id = e.organisation_id and d.endpoint_id = e.id and d.state = 'due'
          and d.next_at <= clock_timestamp()
        order by d.next_at limit 1
    ) first
    where e.state = 'active' and (e.resume_at is null or e.resume_at <= clock_timestamp())
    order by first.next_at limit 500
"""


@dataclass(frozen=True)
class Job:
    """One leased message, complete: the thread that sends it needs nothing else."""

    organisation: int
    endpoint: uuid.UUID
    delivery: uuid.UUID
    fence: int
    url: str
    message_id: str
    stamp: int
    body: bytes
    secrets: tuple[bytes, ...]
    allow: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt. status 0: no answer, `error` says why."""

    job: Job
    status: int
    error: str
    excerpt: str
    retry_after: str
    milliseconds: int


def lease(organisation: int, endpoint: uuid.UUID, room: int) -> list[Job]:
    """Takes up to `room` due deliveries of an endpoint for this sender; none when another sender has it in hand."""
    with organisation_scope(organisation):
        rows = Endpoint.objects.select_for_update(skip_locked=True, no_key=True).filter(organisation_id=organisation, id=endpoint)
        target = rows.filter(state=EndpointState.ACTIVE).first()
        now = runner.database_now()
        if target is None or (target.resume_at is not None and target.resume_at > now):
            return []
        due = WebhookDelivery.objects.filter(organisation_id=organisation, endpoint=target, state=DeliveryState.DUE)
        n_away = due.filter(leased_until__gt=now).count()
        n = min(room, _at_once(target) - n_away)
        found = list(due.filter(next_at__lte=now).order_by("next_at", "sequence")[: max(0, n)])
        until = now + timedelta(seconds=LEASE_SECONDS)
        for row in found:
            # a lease that is never settled makes the row due again by itself
            row.leased_until = row.next_at = until
            row.fence += 1
        WebhookDelivery.objects.bulk_update(found, ["leased_until", "next_at", "fence"])
        secrets = tuple(endpoints.secrets_of(target, now=now)) if found else ()
        return [_job(row, target, secrets, now) for row in found]


def _at_once(target: Endpoint) -> int:
    proven = target.last_success_at is not None and target.last_success_at >= target.enabled_at
    return AT_ONCE if proven and target.n_failures == 0 else 1


def _job(row: WebhookDelivery, target: Endpoint, secrets: tuple[bytes, ...], now: datetime) -> Job:
    return Job(
        organisation=row.organisation_id,
        endpoint=target.id,
        delivery=row.id,
        fence=row.fence,
        url=target.url,
        message_id=row.message_id,
        stamp=int(now.timestamp()),
        body=bytes(row.body),
        secrets=secrets,
        allow=endpoints.allowed(),
    )


def perform(job: Job) -> Outcome:
    """Sends one message. Never raises: whatever happens is an outcome."""
    began = time.monotonic()
    answer, error = Answer(0), ""
    try:
        headers = signing.headers(job.message_id, job.stamp, job.body, job.secrets)
        headers |= {"Content-Type": "application/json", "User-Agent": "CXMS-Webhooks/1"}
        answer = safe_http.post(job.url, job.body, headers, allow=job.allow)
        error = "" if retries.is_success(answer.status) else f"HTTP {answer.status}"
    except (Unsafe, Unreachable) as refused:
        error = f"{refused.code}: {refused}"
    except Exception as broken:
        log.exception("webhook attempt broke")
        error = f"bug: {type(broken).__name__}"
    excerpt = answer.excerpt.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    spent = round((time.monotonic() - began) * 1000)
    return Outcome(job, answer.status, error[:200], excerpt, answer.headers.get("retry-after", ""), spent)


def settle(outcome: Outcome) -> bool:
    """Writes what came of an attempt. False when the lease had passed to another sender meanwhile."""
    job = outcome.job
    with organisation_scope(job.organisation):
        rows = Endpoint.objects.select_for_update(no_key=True).filter(organisation_id=job.organisation, id=job.endpoint)
        target = rows.first()
        waiting = WebhookDelivery.objects.select_for_update().filter(
            organisation_id=job.organisation, id=job.delivery, fence=job.fence, state=DeliveryState.DUE
        )
        row = waiting.first()
        if target is None or row is None:
            return False
        now = runner.database_now()
        row.attempts += 1
        row.leased_until = None
        row.last_status, row.last_error, row.excerpt = outcome.status or None, outcome.error, outcome.excerpt
        step = {"at": now.isoformat(), "status": outcome.status, "error": outcome.error, "ms": outcome.milliseconds}
        row.log = [*row.log, step][-KEEP_LOG:]
        if not outcome.error:
            row.state, row.finished_at = DeliveryState.DONE, now
            target.last_success_at, target.failing_since, target.n_failures, target.resume_at = now, None, 0, None
        else:
            _failed(row, target, outcome, now)
        row.save()
        target.save()
        return True


def _failed(row: WebhookDelivery, target: Endpoint, outcome: Outcome, now: datetime) -> None:
    target.n_failures += 1
    target.failing_since = target.failing_since or now
    wait = retries.asked_to_wait(outcome.status, outcome.retry_after, now=now)
    spared = retries.spared_until(target.n_failures, now=now)
    target.resume_at = max((at for at in (now + wait if wait else None, spared) if at), default=None)
    at = retries.next_attempt_at(row.attempts, now=now, wait=wait, jitter=lambda: random.uniform(0.8, 1.2))
    if at is not None and outcome.status != 410:
        row.next_at = at
    else:
        row.state, row.finished_at = DeliveryState.DEAD, now
        if outcome.status != 410:
            warnings.dead(target, now=now)
    reason = DisabledFor.GONE if outcome.status == 410 else DisabledFor.FAILING
    hopeless = retries.is_hopeless(target.n_failures, target.failing_since, now=now)
    if target.state == EndpointState.ACTIVE and (outcome.status == 410 or hopeless):
        endpoints.disable(target, reason)
        target.version += 1
        warnings.disabled(target, now=now)


class Sender:
    """The loop of one process."""

    def __init__(self, threads: int = THREADS) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="webhook")
        self.outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.away: Counter[int] = Counter()

    def turn(self, wait_seconds: float = 0.0) -> int:
        """Settles what came back, waiting that long for a first one, and sends what is due. Returns how much it did."""
        n = self._settle(wait_seconds)
        for organisation, endpoint in dispatch.rows(DUE):
            room = min(self.threads - self.away.total(), max(1, self.threads // 2) - self.away[organisation], AT_ONCE)
            if self.away.total() >= self.threads:
                break
            if room <= 0:
                continue
            try:
                jobs = lease(int(organisation), endpoint, room)
            except Exception:
                log.exception("deliveries of endpoint %s could not be leased", endpoint)
                continue
            for job in jobs:
                self.away[job.organisation] += 1
                self.pool.submit(self._send, job)
            n += len(jobs)
        return n

    def _send(self, job: Job) -> None:
        self.outcomes.put(perform(job))

    def _settle(self, wait_seconds: float) -> int:
        n = 0
        while True:
            try:
                outcome = self.outcomes.get(timeout=wait_seconds) if wait_seconds and not n else self.outcomes.get_nowait()
            except queue.Empty:
                return n
            self.away[outcome.job.organisation] -= 1
            n += 1
            failpoints.reach("webhooks.sent")
            try:
                settle(outcome)
            except Exception:
                log.exception("delivery %s could not be settled; its lease will end", outcome.job.delivery)

    def until_idle(self, seconds: float) -> None:
        """Works until nothing is due or under way, or the time is up."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and (self.turn(0.05) or self.away.total()):
            pass

    def forever(self) -> None:
        """The loop of a worker child; survives a database that comes and goes."""
        while True:
            try:
                close_old_connections()
                self.turn(random.uniform(0.4, 0.8))
            except Exception as error:
                log.warning("webhooks: %s", error)
                time.sleep(1.0)
