"""Walking an organisation's facts in the order of `seq` without ever passing one that is not there yet.

Numbers are given before transactions end, so a fact with a lower number may become visible after one with a higher.
Who records therefore first announces, by a shared advisory lock that lasts as long as his transaction, the number
below which he will write nothing; who walks stops at the lowest number announced. The lock falls after the commit is
visible, never before, so what the walker sees up to there is complete.
"""

from collections.abc import Collection

from django.db import connection

from ledger.models import Fact

# first key of the locks of an organisation: this plus its number
LOCKS = 1_340_000_000
SPAN = 0x7FFFFFFF
# once a transaction and organisation: the first number announced is the lowest
ANNOUNCE = """
    select pg_advisory_xact_lock_shared(%(key)s, floor.at), set_config('app.recording', %(organisation)s, true)
    from (select ((case when is_called then last_value else 0 end) & 2147483647)::int as at from ledger_fact_seq) floor
    where coalesce(current_setting('app.recording', true), '') <> %(organisation)s
"""
LAST = "select case when is_called then last_value else 0 end from ledger_fact_seq"
ANNOUNCED = """
    select objid::bigint from pg_locks
    where locktype = 'advisory' and objsubid = 2 and classid = %s and granted
      and database = (select oid from pg_database where datname = current_database())
"""


def announce(organisation: int) -> None:
    """Called before a number is taken: says that this transaction writes nothing at or below the present last one."""
    with connection.cursor() as cursor:
        cursor.execute(ANNOUNCE, {"key": LOCKS + organisation, "organisation": str(organisation)})


def horizon(organisation: int) -> int:
    """The number up to which every fact of the organisation is visible, now and for ever.

    The order matters: the last number first, then the announcements. Who announces after the second look takes a
    number above the first one.
    """
    with connection.cursor() as cursor:
        cursor.execute(LAST)
        (last,) = cursor.fetchone() or (0,)
        cursor.execute(ANNOUNCED, [LOCKS + organisation])
        floors = [last - ((last - int(floor)) & SPAN) for (floor,) in cursor.fetchall()]
    return min([int(last), *floors])


def walk(after: int, kinds: Collection[str], *, organisation: int, limit: int) -> tuple[list[Fact], int]:
    """Facts of these kinds with numbers above `after`, in order, and the number to go on from.

    The number given back moves ahead even when nothing of these kinds happened, but never past the horizon.
    """
    safe = horizon(organisation)
    rows = Fact.objects.filter(organisation_id=organisation, seq__gt=after, seq__lte=safe, kind__in=kinds)
    found = list(rows.order_by("seq")[:limit])
    return found, found[-1].seq if len(found) == limit else max(after, safe)
