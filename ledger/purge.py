"""Once a day what is done goes: deliveries after a week, idempotency keys after a week (the contract keeps a day).

Facts stay: they are the audit. Dead letters stay until someone replays them. In slices, so that no transaction is long.
"""

from django.db import connection

from cxms.lib import dispatch
from ledger import runner

HEARTBEAT = "purge"
DAY_SECONDS = 86_400.0
SLICE = 2_000
SLICES = 5
OLD = (
    ("ledger_delivery", "done_at < clock_timestamp() - interval '7 days'"),
    ("ledger_idempotencykey", "created_at < clock_timestamp() - interval '7 days'"),
)


def due_organisations(old: tuple[tuple[str, str], ...] = OLD, heartbeat: str = HEARTBEAT) -> list[int]:
    """Who has something old, once a day; when nobody has, the day is noted as done."""
    if runner.silent_seconds(heartbeat) < DAY_SECONDS:
        return []
    found: set[int] = set()
    for table, test in old:
        sql = f"select distinct organisation_id from (select organisation_id from {table} where {test} limit 5000) old"
        found |= {int(key) for (key,) in dispatch.rows(sql)}
    if not found:
        runner.beat(heartbeat)
    return sorted(found)


def purge(organisation: int, old: tuple[tuple[str, str], ...] = OLD) -> int:
    """Deletes up to ten thousand old rows of each table of one organisation. Returns how many."""
    n = 0
    with connection.cursor() as cursor:
        for table, test in old:
            for _ in range(SLICES):
                cursor.execute(
                    f"delete from {table} where id in (select id from {table} where organisation_id = %s and {test} "
                    f"order by id limit {SLICE})",
                    [organisation],
                )
                n += cursor.rowcount
                if cursor.rowcount < SLICE:
                    break
    return n
