"""When a message is tried again, and when an endpoint is given up. Pure; the numbers are those of Standard Webhooks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# the pause before each attempt: ten attempts over three days and more
PAUSES = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_ATTEMPTS = len(PAUSES)
MOST_WAIT = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(days=5)
GIVE_UP_FAILURES = 20
# an endpoint that fails in a row is spared: not every fact of the hour knocks on a dead door
SPARE_FROM = 3
SPARE_MOST_SECONDS = 300
BUSY = frozenset({429, 503})


def is_success(status: int) -> bool:
    """2xx only; a redirect is a failure."""
    return 200 <= status < 300


def next_attempt_at(attempts: int, *, now: datetime, wait: timedelta, jitter: Callable[[], float]) -> datetime | None:
    """When attempt `attempts + 1` is due, or None when there is none. wait: what the far side asked for."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + max(timedelta(seconds=PAUSES[attempts] * jitter()), wait)


def asked_to_wait(status: int, retry_after: str, *, now: datetime) -> timedelta:
    """What a busy far side asks for in Retry-After, seconds or a date, at most a day; zero otherwise."""
    text = retry_after.strip()
    if status not in BUSY or not text:
        return timedelta()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), int(MOST_WAIT.total_seconds())))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), MOST_WAIT)


def spared_until(n_failures: int, *, now: datetime) -> datetime | None:
    """Until when an endpoint with this many failures in a row is left alone, or None."""
    if n_failures < SPARE_FROM:
        return None
    return now + timedelta(seconds=min(5 * 2 ** min(n_failures - SPARE_FROM, 10), SPARE_MOST_SECONDS))


def is_hopeless(n_failures: int, failing_since: datetime | None, *, now: datetime) -> bool:
    """True after five days without any success and at least twenty failures."""
    return failing_since is not None and n_failures >= GIVE_UP_FAILURES and now - failing_since >= GIVE_UP_AFTER
