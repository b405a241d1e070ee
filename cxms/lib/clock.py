"""The only clocks of the house. Doors, tasks, commands and the ledger's runner read them; domain functions get `now`.

`database_now` is PostgreSQL's `clock_timestamp()`: what stops or sweeps a promise clock asks it after taking the row
lock, so that a stop and a sweep can never both be right.
"""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The wall clock of this process, aware, UTC."""
    return datetime.now(UTC)  # noqa: TID251  the door's clock is the one place that may


def database_now() -> datetime:
    """PostgreSQL's clock at this very statement (not the transaction's start), aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (instant,) = cursor.fetchone() or (None,)
    if not isinstance(instant, datetime):
        raise RuntimeError("PostgreSQL gave no time")
    return instant.astimezone(UTC)
