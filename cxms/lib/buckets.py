"""Token buckets: so many calls a minute, so many at once. Kept in Redis; in this process while Redis is away.

A rate is written "12000/24000": tokens a minute, and the most that gather. "" or "off" means no limit. Redis costs one
round trip; when it fails it is left alone for some seconds and each process counts for itself: never an error, never
open without limit.
"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

log = logging.getLogger(__name__)
AWAY_SECONDS = 5.0
MOST_LOCAL = 10_000
TAKE = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local old = redis.call('HMGET', KEYS[1], 'n', 'at')
local n = math.min(burst, (tonumber(old[1]) or burst) + (now - (tonumber(old[2]) or now)) * rate)
local wait = 0
if n >= 1 then n = n - 1 else wait = (1 - n) / rate end
redis.call('HSET', KEYS[1], 'n', tostring(n), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {tostring(wait), tostring(math.floor(n))}
"""


@dataclass(frozen=True)
class Rate:
    """Tokens a second, and how many gather at most."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Taken:
    """What a call found: 0 seconds to wait when it may go on, and how many may follow at once."""

    wait_seconds: float
    left: int


@cache
def rate(text: str) -> Rate | None:
    """The rate a setting names, or None for no limit. Raises ValueError for what is neither."""
    if text in {"", "off"}:
        return None
    per_minute, _, burst = text.partition("/")
    found = Rate(float(per_minute) / 60, float(burst or per_minute))
    if found.per_second <= 0 or found.burst < 1:
        raise ValueError(f"not a rate: {text}")
    return found


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.25, socket_connect_timeout=0.25)


class Buckets:
    """All buckets of a process; `clock` is its monotonic one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local: dict[str, tuple[float, float]] = {}
        self._away_until = 0.0

    def take(self, name: str, of: Rate) -> Taken:
        """Takes one token of the bucket, or says how long to wait for it."""
        if time.monotonic() >= self._away_until:
            try:
                wait, left = _redis().eval(TAKE, 1, f"cxms:bucket:{name}", of.per_second, of.burst)
                return Taken(float(wait), int(left))
            except redis.RedisError as error:
                self._away_until = time.monotonic() + AWAY_SECONDS
                log.debug("buckets are counted here: %s", error)
        return self._take_here(name, of, time.monotonic())

    def _take_here(self, name: str, of: Rate, now: float) -> Taken:
        with self._lock:
            if len(self._local) > MOST_LOCAL:
                self._local.clear()
            n, at = self._local.get(name, (of.burst, now))
            n = min(of.burst, n + (now - at) * of.per_second)
            wait = 0.0 if n >= 1 else (1 - n) / of.per_second
            n -= 1 if n >= 1 else 0
            self._local[name] = (n, now)
            return Taken(wait, int(n))


buckets = Buckets()
