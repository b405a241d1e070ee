"""The doorbell: after a commit, tell workers there is work and open pages that something changed. Best effort.

Nothing is lost when Redis is: workers poll, pages poll. Time-outs are milliseconds, nothing is retried or raised.
"""

import json
import logging
from collections.abc import Iterable
from functools import cache

import redis
from celery import current_app
from django.conf import settings

log = logging.getLogger(__name__)


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.25, socket_connect_timeout=0.25)


def ring(queues: Iterable[str]) -> None:
    """Sends one droppable `ledger.drain` for all the queues: a commit pays for one message, whatever follows it."""
    named = ",".join(sorted(queues))
    if not named:
        return
    try:
        current_app.send_task("ledger.drain", args=[named], retry=False, ignore_result=True)
    except Exception as error:
        log.debug("doorbell silent: %s", error)


def publish(organisation: int, kinds: list[tuple[str, str]]) -> None:
    """Publishes (kind, subject) of the facts to the organisation's live channel."""
    if len(kinds) > 20:
        kinds = kinds[:20]
    try:
        _redis().publish(f"cxms:live:{organisation}", json.dumps(kinds))
    except redis.RedisError as error:
        log.debug("live channel silent: %s", error)
