"""Where two calendars part: what a recomputation may leave out after an edit. Pure."""

from datetime import UTC, datetime, timedelta

from cxms.lib.working_time import EPOCH, MICROSECOND, Calendar


def first_difference(one: Calendar, other: Calendar, since: datetime, days: int = 3 * 366) -> datetime | None:
    """From when on two calendars may count differently: the earliest opening hour on which they disagree, at or after
    `since`; None when they agree on every day of the next three years. Never later than the true difference.
    """
    if one.always != other.always:
        return since
    if one.always:
        return None
    day = since.astimezone(UTC).date() - timedelta(days=3)
    for offset in range(days):
        ours, theirs = one.open_on(day + timedelta(days=offset)), other.open_on(day + timedelta(days=offset))
        if ours != theirs:
            begins = min(span[0] for span in set(ours) ^ set(theirs))
            closes = max(span[1] for span in set(ours) ^ set(theirs))
            if EPOCH + closes * MICROSECOND > since:
                return max(since, EPOCH + begins * MICROSECOND)
    return None
