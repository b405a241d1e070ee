"""Promise clocks with a million open: how late a breach is written, what the sweep costs, and a calendar edit for all.

CXMS_BENCH_CLOCKS (1,000,000) open clocks of one organisation stand while CXMS_BENCH_STREAM (600) more fall due, one every
twentieth of a second. Beside it, computed on the same due instants: who looks every five minutes, and every hour.
"""

import os
import statistics
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import psycopg2
from django.db import connection

from complaints import recomputing, sla_policies, sweep
from complaints.recomputing import Walk
from ledger.models import Fact
from tenancy import calendars, organisations
from tenancy.scope import organisation_scope

CHUNK = 100_000
WORKERS = 2
LOOKS = {"five minutes": 300.0, "one hour": 3600.0}
HOURS = {"timezone": "Asia/Shanghai", "weekly": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}}
TICKETS = """
    insert into complaints_ticket (id, organisation_id, number, feedback_id, title, state, severity, channel, topics, policy_id,
        cycle, version, received_at, local_day, opened_at, n_reopened, is_history, reconstruction, proposal)
    select gen_random_uuid(), %(org)s, %(name)s || '-' || i, gen_random_uuid(), '量速', 'handling', 'normal', 'phone', '{}',
        %(policy)s, 1, 1, %(now)s, current_date, %(now)s, 0, false, '{}', '{}' from generate_series(%(from)s, %(to)s) i
"""
CLOCKS = """
    insert into complaints_clock (id, organisation_id, ticket_id, clause, kind, cycle, position, state, calendar_id, target_seconds,
        changes, gaps, warn_shares, after_seconds, pausable_by, started_at, due_at, next_fire_at, stopped_by, cause, excused,
        hours, calendar_code)
    select t.id, t.organisation_id, t.id, 'solution', 'solution', 1, 0, 'running', %(calendar)s, %(target)s, '[]', '[]', '[]', '[]',
        '{waiting_customer}', s.began, s.began + %(target)s * interval '1 second', s.began + %(target)s * interval '1 second', '', '', '',
        'round', 'round'
    from (select *, row_number() over () n from complaints_ticket where organisation_id = %(org)s and number like %(name)s || '-%%') t
    cross join lateral (select %(now)s + t.n * %(every)s * interval '1 second' + %(shift)s * interval '1 second' as began) s
"""


def main() -> None:
    """Prints latency, costs and the recomputation."""
    n, stream = int(os.environ.get("CXMS_BENCH_CLOCKS", "1000000")), int(os.environ.get("CXMS_BENCH_STREAM", "600"))
    keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    keeper.autocommit = True
    stage = _Stage(keeper)
    standing = 0
    for size in sorted({max(n // 100, 1), max(n // 10, 1), n}):
        stage.stand(standing, size)
        standing = size
        print(f"  {size:>9,} open: listing who is due {_cost(keeper, sweep.DUE):.3f} ms, the next instant {_cost(keeper, sweep.NEXT):.3f} ms")
    _stream(stage, stream, n)
    _recompute(stage, n)
    keeper.close()


class _Stage:
    """An organisation with a policy, a round-the-clock calendar of its own, and clocks by the hundred thousand."""

    def __init__(self, keeper: "psycopg2.extensions.connection") -> None:
        now = datetime.now(UTC)
        slug = f"bench-{uuid.uuid4().hex[:8]}"
        self.keeper, self.now = keeper, now
        self.org = organisations.create(slug=slug, name="量速", timezone="Asia/Shanghai", now=now, actor="bench").id
        with organisation_scope(self.org):
            sla_policies.add_presets(organisation=self.org, now=now, actor="bench")
            policy = sla_policies.in_force(organisation=self.org)[0]
            calendar = calendars.put("round", HOURS, organisation=self.org, now=now, actor="bench")
        self.values = {"org": self.org, "policy": policy.id.hex, "calendar": calendar.id.hex, "now": now}

    def stand(self, begins: int, ends: int) -> None:
        """Clocks due in thirty days, `begins` to `ends` of them."""
        for start in range(begins, ends, CHUNK):
            name = f"B{start}"
            span = {"name": name, "from": start + 1, "to": min(start + CHUNK, ends)}
            self.write(span, target=30 * 86400, every=0.001, shift=0)
        with self.keeper.cursor() as cursor:
            cursor.execute("vacuum analyze complaints_clock")
            cursor.execute("analyze complaints_ticket")

    def write(self, span: dict[str, object], *, target: int, every: float, shift: float) -> None:
        """One batch of tickets with a clock each."""
        with self.keeper.cursor() as cursor:
            values = {**self.values, **span, "target": target, "every": every, "shift": shift}
            cursor.execute(TICKETS, values)
            cursor.execute(CLOCKS, values)


def _cost(keeper: "psycopg2.extensions.connection", query: str) -> float:
    """Median milliseconds of eleven runs."""
    times = []
    with keeper.cursor() as cursor:
        for _ in range(11):
            began = time.perf_counter()
            cursor.execute(query)
            cursor.fetchall()
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _stream(stage: _Stage, stream: int, n: int) -> None:
    """Clocks fall due one after another while a sweeper looks once a second, as the clockwork does between instants."""
    stage.now = datetime.now(UTC)
    stage.values["now"] = stage.now
    stage.write({"name": "S", "from": 1, "to": stream}, target=3600, every=0.05, shift=5 - 3600)
    ends = time.perf_counter() + 5 + stream * 0.05 + 10
    done = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=(stage.org, done))
    sweeper.start()
    while time.perf_counter() < ends:
        time.sleep(0.5)
    done.set()
    sweeper.join()
    with stage.keeper.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from e.written_at - e.fire_at), extract(epoch from e.fire_at) from complaints_escalation e "
            "where e.organisation_id = %s and e.level = '1'", [stage.org],
        )  # fmt: skip
        rows = [(float(late), float(at)) for late, at in cursor.fetchall()]
    late = sorted(row[0] for row in rows)
    if len(late) != stream:
        raise AssertionError(f"{len(late)} breaches written, {stream} fell due")
    ours = _p99(late)
    print(f"  {stream} fell due beside {n:,} open ones: written p50 {statistics.median(late):.2f} s, p99 {ours:.2f} s, all once")
    for name, every in LOOKS.items():
        scanned = sorted((-at) % every for _, at in rows)
        # the stream is shorter than the pause between looks: over all phases the wait is even, and its p99 is 0.99 of it
        wait = max(_p99(scanned), 0.99 * every)
        print(f"  who looks every {name:<13} p99 {wait:>8.1f} s, {wait / ours:>8.0f} × ours")


def _sweep_until(organisation: int, done: threading.Event) -> None:
    try:
        while not done.is_set():
            with organisation_scope(organisation):
                found = sweep.sweep(organisation=organisation)
            if not found:
                time.sleep(0.5)
    finally:
        connection.close()


def _p99(values: list[float]) -> float:
    return values[min(len(values) - 1, int(len(values) * 0.99))]


def _recompute(stage: _Stage, n: int) -> None:
    """A holiday in ten days: every standing clock moves by a day; slice by slice, each committed with the next's request.

    Two processes, as two workers of one machine would, take the lanes of the walk between them.
    """
    now = datetime.now(UTC)
    holiday = (now + timedelta(days=10)).date().isoformat()
    with organisation_scope(stage.org):
        calendars.put("round", {**HOURS, "holidays": [holiday]}, organisation=stage.org, now=now, actor="bench")
        fact = Fact.objects.filter(kind="calendar.changed").get()
        walk = recomputing.of_fact(fact.kind, fact.data, fact.at, organisation=stage.org)
        before = Fact.objects.count()
    if walk is None:
        raise AssertionError("the holiday moves nothing")
    began = time.perf_counter()
    with organisation_scope(stage.org):
        recomputing.step(walk, organisation=stage.org, now=now)
        facts = list(Fact.objects.filter(kind="promises.retimed").order_by("id"))
    # below a slice there is nothing to share out
    lanes = [found for fact in facts if (found := recomputing.of_fact(fact.kind, fact.data, fact.at, organisation=stage.org))]
    connection.close()
    children = [_forked(stage.org, lanes[part::WORKERS], now) for part in range(WORKERS)]
    if any(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children):
        raise AssertionError("a worker of the recomputation failed")
    seconds = time.perf_counter() - began
    with stage.keeper.cursor() as cursor:
        cursor.execute("select count(*) from complaints_clock where organisation_id = %s and due_at > started_at + interval '30 days 1 hour'", [stage.org])
        moved = cursor.fetchone()[0]
    if moved != n:
        raise AssertionError(f"{moved} clocks moved of {n}")
    with organisation_scope(stage.org):
        slices = Fact.objects.count() - before
    print(f"  calendar edit: {moved:,} clocks in {seconds:.1f} s by {WORKERS} workers, {slices:,} slices, {1000 * seconds / moved:.3f} ms a clock")


def _forked(organisation: int, lanes: list[Walk], now: datetime) -> int:
    """A process that walks these lanes to their ends."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for lane in lanes:
            walk: Walk | None = lane
            while walk is not None:
                with organisation_scope(organisation):
                    recomputing.step(walk, organisation=organisation, now=now)
                    walk = _next(walk, organisation)
        code = 0
    finally:
        os._exit(code)


def _next(walk: Walk, organisation: int) -> Walk | None:
    """The slice the last one of its lane asked for."""
    rows = Fact.objects.filter(organisation_id=organisation, kind="promises.retimed", data__lane=walk.lane)
    row = rows.order_by("-id").first()
    found = recomputing.of_fact(row.kind, row.data, row.at, organisation=organisation) if row else None
    return found if found is not None and found.cursor > walk.cursor else None
