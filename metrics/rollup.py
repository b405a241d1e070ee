"""Folding signed deltas into the roll-ups, rebuilding them, and auditing them against the raw rows.

One statement deletes deltas and adds their sums, so a crash leaves either all or nothing; a read that adds the rest in
the same snapshot is exact at any instant.
"""

from dataclasses import dataclass

from django.db import connection

from cxms.lib import dispatch, failpoints
from metrics.models import N_BINS

BATCH = 20_000
BINS = [f"h{i}" for i in range(N_BINS)]
SUMS = "sum(sign) as n, sum(sign * value) as total, sum(sign * value * value) as squares, " + ", ".join(
    f"coalesce(sum(sign) filter (where value = {i} and scale_max <= 10), 0) as h{i}" for i in range(N_BINS)
)
MEASURES = ["n", "total", "squares", *BINS]
KEY = ["organisation_id", "kind", "item", "scale_min", "scale_max"]

# roll-up table → (its dimensions, how a delta row maps onto each, which deltas belong)
FAMILIES: dict[str, tuple[dict[str, str], str]] = {
    "metrics_unitday": ({"unit_id": "unit_id", "local_day": "local_day"}, "true"),
    "metrics_unitweek": ({"unit_id": "unit_id", "local_day": "date_trunc('week', local_day)::date"}, "true"),
    "metrics_staffweek": (
        {"staff_id": "staff_id", "local_day": "date_trunc('week', local_day)::date"},
        "staff_id is not null",
    ),
    "metrics_touchpointday": (
        {"touchpoint_id": "touchpoint_id", "channel": "channel", "local_day": "local_day"},
        "true",
    ),
}


def _aggregate(table: str, source: str) -> str:
    dimensions, belongs = FAMILIES[table]
    mapped = ", ".join(f"{expression} as {name}" for name, expression in dimensions.items())
    group = ", ".join(str(i + 1) for i in range(len(KEY) + len(dimensions)))
    return f"select {', '.join(KEY)}, {mapped}, {SUMS} from {source} where {belongs} group by {group}"


def _upsert(table: str, source: str) -> str:
    dimensions, _ = FAMILIES[table]
    columns = [*KEY, *dimensions, *MEASURES]
    conflict = ["organisation_id", "kind", "local_day", *[d for d in dimensions if d != "local_day"]]
    added = ", ".join(f"{m} = {table}.{m} + excluded.{m}" for m in MEASURES)
    return (
        f"insert into {table} ({', '.join(columns)}) {_aggregate(table, source)} "
        f"on conflict ({', '.join([*conflict, 'item', 'scale_min', 'scale_max'])}) do update set {added}"
    )


# the oldest deltas up to a cut: a range of the index, whatever the planner believes of a table that fills and empties
CUT = "select max(id) from (select id from metrics_delta where organisation_id = %s order by id limit %s) as oldest"
FOLD = (
    "with gone as (delete from metrics_delta where organisation_id = %s and id <= %s returning *), "
    + ", ".join(f"f{i} as ({_upsert(table, 'gone')} returning 1)" for i, table in enumerate(FAMILIES))
    + " select count(*) from gone"
)
# one folder per organisation: two would wait for each other's buckets in different orders
LOCK = "select pg_try_advisory_xact_lock(1480938835, %s)"


def due_organisations() -> list[int]:
    """Organisations with unfolded deltas. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows("select distinct organisation_id from metrics_delta")]


def fold(*, organisation: int, limit: int = BATCH) -> int:
    """Folds up to `limit` deltas of an organisation; 0 when another folder is at work. In the open scope."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [organisation])
        if not (cursor.fetchone() or (False,))[0]:
            return 0
        cursor.execute(CUT, [organisation, limit])
        cut = (cursor.fetchone() or (None,))[0]
        if cut is None:
            return 0
        cursor.execute(FOLD, [organisation, cut])
        n = int((cursor.fetchone() or (0,))[0])
    failpoints.reach("rollup.before_commit")
    return n


RAW = """
    (select s.organisation_id, s.kind, s.item, s.scale_min, s.scale_max, s.unit_id, s.staff_id, s.touchpoint_id,
            s.channel, s.local_day, s.value, 1 as sign
     from feedback_score s where s.organisation_id = %s and not s.excluded
     union all
     select f.organisation_id, 'volume', '', 0, 0, f.unit_id, f.staff_id, f.touchpoint_id, f.channel, f.local_day,
            0::numeric, 1
     from feedback_feedback f
     where f.organisation_id = %s and f.excluded_at is null and f.deleted_at is null) as raw
"""


@dataclass(frozen=True)
class Difference:
    """A bucket whose stored components are not what the raw rows say."""

    table: str
    bucket: tuple[object, ...]


def audit(*, organisation: int) -> list[Difference]:
    """Recomputes every bucket from the raw rows and names those that differ (roll-up plus unfolded deltas)."""
    found = []
    for table, (dimensions, _) in FAMILIES.items():
        columns = ", ".join([*KEY, *dimensions])
        measures = ", ".join(f"sum({m}) as {m}" for m in MEASURES)
        kept = f"select {columns}, {', '.join(MEASURES)} from {table} where organisation_id = %s"
        loose = f"({_aggregate(table, 'metrics_delta')})".replace(" where ", " where organisation_id = %s and ", 1)
        stored = (
            f"select {columns}, {measures} from ({kept} union all select * from {loose} l) u "
            f"group by {columns} having sum(n) <> 0 or sum(total) <> 0"
        )
        sql = f"(({stored}) except ({_aggregate(table, RAW)})) union all (({_aggregate(table, RAW)}) except ({stored}))"
        n = sql.count("%s")
        with connection.cursor() as cursor:
            cursor.execute(sql, [organisation] * n)
            width = len(KEY) + len(dimensions)
            found += [Difference(table, tuple(row[:width])) for row in cursor.fetchall()]
    return found


def rebuild(*, organisation: int) -> None:
    """Throws the organisation's roll-ups and deltas away and computes them from the raw rows. For repair."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(1480938835, %s)", [organisation])
        cursor.execute("lock table feedback_score, feedback_feedback in share row exclusive mode")
        for table in [*FAMILIES, "metrics_delta"]:
            cursor.execute(f"delete from {table} where organisation_id = %s", [organisation])
        for table in FAMILIES:
            cursor.execute(_upsert(table, RAW), [organisation, organisation])
