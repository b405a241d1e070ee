"""Who else has a ticket's page open, reading or writing: a hint that lives thirty seconds in Redis and nowhere else.

Losing Redis loses the hint only; what is typed is guarded by versions and drafts.
"""

import json
import logging
import uuid
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

log = logging.getLogger(__name__)
LIVES_SECONDS = 30
DOING = ("reading", "writing")


@dataclass(frozen=True)
class Other:
    """Somebody else on the page."""

    name: str
    doing: str


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.25, socket_connect_timeout=0.25)


def beat(
    organisation: int, ticket: uuid.UUID, member: uuid.UUID, *, name: str, doing: str, now_seconds: float
) -> list[Other]:
    """Says that a member is here, and gives the others who were here in the last thirty seconds; writers first."""
    key = f"cxms:here:{organisation}:{ticket}"
    mine = json.dumps([name, doing if doing in DOING else DOING[0], now_seconds])
    try:
        pipe = _redis().pipeline(transaction=False)
        pipe.hset(key, str(member), mine)
        pipe.expire(key, LIVES_SECONDS)
        pipe.hgetall(key)
        found = pipe.execute()[-1]
    except redis.RedisError as error:
        log.debug("presence silent: %s", error)
        return []
    others = []
    for who, value in found.items():
        said, what, at = json.loads(value)
        if who.decode() != str(member) and now_seconds - float(at) < LIVES_SECONDS:
            others.append(Other(str(said), str(what)))
    return sorted(others, key=lambda other: (other.doing != "writing", other.name))
