"""Weekly NPS of many stores over 13 weeks: `metrics.series` against raw SQL, pandas and DuckDB, in one run, cell for cell.

CXMS_BENCH_ROWS (1,000,000) synthetic answers in CXMS_BENCH_STORES (500) stores, each about one of CXMS_BENCH_STAFF (1,250)
employees, in an organisation of their own. Medians of five; every road but DuckDB's stale copy reads as the application role
behind row-level security. `series` also gives each of its cells an interval and the suppression, which the others do not.
Then the same by employee, the sizes, a dashboard of ten widgets part by part, and the weekly reports of some stores with
their PDF.
"""

import gc
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg2
from django.db import connection
from django.urls import get_resolver

from cxms.lib.periods import Period
from metrics import rollup
from metrics.series import Where, series
from reports import saved_dashboards, weekly_issue, weekly_print
from reports.models import WeeklyReport
from reports.widget_figures import Asked
from tenancy import members, organisations, staff, units
from tenancy import queries as tenancy_queries
from tenancy.enums import Role
from tenancy.models import Unit, User
from tenancy.scope import organisation_scope
from web.door import Visit
from web.widgets import draw

N_STORES = int(os.environ.get("CXMS_BENCH_STORES", "500"))
N_STAFF = int(os.environ.get("CXMS_BENCH_STAFF", "1250"))
N_WEEKS, N_TIMES, CHUNK, N_LOOKS, N_PRINTS = 13, 5, 500_000, 40, 10
MONDAY = date(2026, 8, 3)
Cells = dict[tuple[str, date], tuple[int, float]]

INSERT = """
    insert into feedback_score (organisation_id, feedback_id, kind, item, value, scale_min, scale_max, unit_id, channel,
                                local_day, excluded, staff_id)
    select %(org)s, gen_random_uuid(), 'nps', '',
           case when r.a < 0.5 then 9 + floor(r.b * 2) when r.a < 0.8 then 7 + floor(r.b * 2) else floor(r.b * 7) end,
           0, 10, u.ids[1 + floor(r.c * %(stores)s)::int], 'survey', %(first)s::date + floor(r.d * %(days)s)::int, false,
           p.ids[1 + floor(r.c * %(staff)s)::int]
    from (select random() a, random() b, random() c, random() d from generate_series(1, %(n)s)) r,
         (select array_agg(id order by code) ids from tenancy_unit where organisation_id = %(org)s and kind = 'store') u,
         (select array_agg(id order by employee_no) ids from tenancy_staff where organisation_id = %(org)s) p
"""
PEOPLE = """
    select e.employee_no, date_trunc('week', s.local_day)::date as week, count(*) as n,
           100.0 * (count(*) filter (where s.value >= 9) - count(*) filter (where s.value <= 6)) / count(*) as nps
    from feedback_score s join tenancy_staff e on e.organisation_id = s.organisation_id and e.id = s.staff_id
    where s.organisation_id = %s and s.kind = 'nps' and not s.excluded and s.local_day >= %s and s.local_day < %s
    group by 1, 2
"""
TABLES = ("feedback_score", "metrics_unitday", "metrics_staffweek", "metrics_touchpointday", "metrics_delta")
RAW = """
    select u.code, date_trunc('week', s.local_day)::date as week, count(*) as n,
           100.0 * (count(*) filter (where s.value >= 9) - count(*) filter (where s.value <= 6)) / count(*) as nps
    from feedback_score s join tenancy_unit u on u.organisation_id = s.organisation_id and u.id = s.unit_id
    where s.organisation_id = %s and s.kind = 'nps' and not s.excluded and s.local_day >= %s and s.local_day < %s
    group by 1, 2
"""
ROWS = """
    select u.code, s.local_day, s.value::float8 from feedback_score s
    join tenancy_unit u on u.organisation_id = s.organisation_id and u.id = s.unit_id
    where s.organisation_id = %s and s.kind = 'nps' and not s.excluded and s.local_day >= %s and s.local_day < %s
"""


def main() -> None:
    """Prints one line a road: milliseconds, cells, and how many times slower than `series` it is."""
    n = int(os.environ.get("CXMS_BENCH_ROWS", "1000000"))
    _ = get_resolver().url_patterns  # as the web server does before it forks: no reader waits for either
    gc.collect()
    gc.freeze()
    organisation = _stage(n)
    times: dict[str, float] = {}
    found: dict[str, Cells] = {}
    for name, road in (("series", _series), ("raw SQL", _raw_sql), ("pandas", _pandas), ("DuckDB", _duckdb)):
        found[name], times[name] = _median(road, organisation)
    for name, cells in found.items():
        _compare(name, cells, found["raw SQL"])
    print(f"weekly NPS, {N_STORES} stores × {N_WEEKS} weeks, {n:,} rows; medians of {N_TIMES}, equal cell for cell")
    _print(times, found)
    _people(organisation)
    _sizes()
    _dashboard(organisation)
    _weekly(organisation)


def _print(times: dict[str, float], found: dict[str, Cells]) -> None:
    for name, seconds in times.items():
        ratio = seconds / times["series"]
        print(f"  {name:<10}{1000 * seconds:>9.1f} ms{len(found[name]):>8,} cells{ratio:>8.1f} ×")


def _people(organisation: int) -> None:
    """The same by employee: the raw road has no small ones hidden, so cells are compared where n is 5 or more."""
    times: dict[str, float] = {}
    found: dict[str, Cells] = {}
    for name, road in (("series", _series_people), ("raw SQL", _raw_people)):
        found[name], times[name] = _median(road, organisation)
    shown = {key: cell for key, cell in found["series"].items() if cell[0]}
    _compare("by employee", shown, {key: found["raw SQL"][key] for key in shown})
    print(f"weekly NPS of {N_STAFF:,} employees × {N_WEEKS} weeks; {len(shown):,} shown cells equal")
    _print(times, found)


def _series_people(organisation: int) -> Cells:
    period = Period(MONDAY, MONDAY + timedelta(weeks=N_WEEKS))
    asked: dict[str, Any] = {"organisation": organisation, "metric": "nps", "period": period, "grain": "week"}
    points = series(**asked, by=("staff",), now=datetime.now(UTC)).points
    return {(p.by["staff"] or "", p.from_date): (p.n or 0, p.value or 0.0) for p in points}


def _raw_people(organisation: int) -> Cells:
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, _span(organisation))
        return {(code, week): (n, float(nps)) for code, week, n, nps in cursor.fetchall()}


def _sizes() -> None:
    keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    with keeper.cursor() as cursor:
        print("sizes with indexes")
        for table in TABLES:
            cursor.execute("select pg_total_relation_size(%s), (select reltuples from pg_class where oid = %s::regclass)", [table, table])
            ((size, rows),) = cursor.fetchall()
            print(f"  {table:<24}{size / 2**20:>9,.0f} MB{int(rows):>14,} rows")
    keeper.close()


def _stage(n: int) -> int:
    now = datetime.now(UTC)
    slug = f"bench-{uuid.uuid4().hex[:8]}"
    organisation = organisations.create(slug=slug, name="量速", timezone="Asia/Shanghai", now=now, actor="bench").id
    with organisation_scope(organisation):
        parent = Unit.objects.get(organisation=organisation, code="HQ")
        for number in range(N_STORES):
            asked: dict[str, Any] = {"code": f"S{number:03}", "kind": "store", "name": f"店{number}"}
            units.add(organisation=organisation, parent=parent, now=now, actor="bench", **asked)
        lines = [f"E{number:05},S{number * N_STORES // N_STAFF:03},人{number}" for number in range(N_STAFF)]
        for start in range(0, N_STAFF, 1000):
            staff.import_csv("\n".join(["employee_no,unit,name", *lines[start : start + 1000]]), organisation=organisation, now=now, actor="bench")
    values = {"org": organisation, "stores": N_STORES, "staff": N_STAFF, "first": MONDAY, "days": 7 * N_WEEKS}
    for start in range(0, n, CHUNK):
        with organisation_scope(organisation), connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 0")
            cursor.execute(INSERT, {**values, "n": min(CHUNK, n - start)})
    _fold(organisation)
    return organisation


def _fold(organisation: int) -> None:
    began, n = time.perf_counter(), 0
    while True:
        with organisation_scope(organisation):
            folded = rollup.fold(organisation=organisation)
        n += folded
        if not folded:
            break
    seconds = time.perf_counter() - began
    print(f"  folded {n:,} deltas in {seconds:.1f} s ({n / seconds:,.0f}/s)")
    keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    keeper.autocommit = True
    with keeper.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"vacuum analyze {table}")
    keeper.close()


def _median(road: Callable[[int], Cells], organisation: int) -> tuple[Cells, float]:
    times, cells = [], {}
    for _ in range(N_TIMES + 1):
        with organisation_scope(organisation):
            began = time.perf_counter()
            cells = road(organisation)
            times.append(time.perf_counter() - began)
    return cells, statistics.median(times[1:])  # the first warms the caches of each


def _series(organisation: int) -> Cells:
    period = Period(MONDAY, MONDAY + timedelta(weeks=N_WEEKS))
    asked: dict[str, Any] = {"organisation": organisation, "metric": "nps", "period": period, "grain": "week"}
    points = series(**asked, by=("unit",), now=datetime.now(UTC)).points
    return {(p.by["unit"] or "", p.from_date): (p.n or 0, p.value or 0.0) for p in points}


def _span(organisation: int) -> list[Any]:
    return [organisation, MONDAY, MONDAY + timedelta(weeks=N_WEEKS)]


def _raw_sql(organisation: int) -> Cells:
    with connection.cursor() as cursor:
        cursor.execute(RAW, _span(organisation))
        return {(code, week): (n, float(nps)) for code, week, n, nps in cursor.fetchall()}


def _pandas(organisation: int) -> Cells:
    with connection.cursor() as cursor:
        cursor.execute(ROWS, _span(organisation))
        frame = pd.DataFrame(cursor.fetchall(), columns=["unit", "day", "value"])
    day = pd.to_datetime(frame["day"])
    frame["week"] = day - pd.to_timedelta(day.dt.weekday, unit="D")
    frame["step"] = (frame["value"] >= 9).astype(int) - (frame["value"] <= 6).astype(int)
    table = frame.groupby(["unit", "week"])["step"].agg(["size", "mean"])
    return {(unit, week.date()): (int(row[0]), 100 * row[1]) for (unit, week), row in zip(table.index, table.values, strict=True)}


COPY = """
    copy (select unit_id::text u, local_day, value::float8 as value from feedback_score
    where organisation_id = {organisation} and kind = 'nps' and not excluded) to stdout with csv
"""
DUCK = """
    select u, date_trunc('week', local_day)::date as week, count(*) as n,
           100.0 * (count(*) filter (where value >= 9) - count(*) filter (where value <= 6)) / count(*) as nps
    from '{file}' where local_day >= ? and local_day < ? group by 1, 2
"""
_files: dict[int, Path] = {}


def _duckdb(organisation: int) -> Cells:
    """Reads a copy in Parquet, made once and outside the clock of all but the first time: what was exported an hour ago."""
    codes = {str(key): code for key, code in Unit.objects.filter(organisation_id=organisation).values_list("id", "code")}
    if organisation not in _files:
        folder = Path(tempfile.mkdtemp())
        keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
        with (folder / "rows.csv").open("w") as out, keeper.cursor() as cursor:
            cursor.copy_expert(COPY.format(organisation=organisation), out)
        keeper.close()
        duckdb.execute(f"copy (select column0 as u, column1 as local_day, column2 as value from '{folder}/rows.csv') to '{folder}/rows.parquet'")
        _files[organisation] = folder / "rows.parquet"
    rows = duckdb.execute(DUCK.format(file=_files[organisation]), [MONDAY, MONDAY + timedelta(weeks=N_WEEKS)]).fetchall()
    return {(codes[unit], week): (n, float(value)) for unit, week, n, value in rows}


def _dashboard(organisation: int) -> None:
    """Each widget of the ready-made overview, drawn as a page would, on the last day of the data."""
    now = datetime.combine(MONDAY + timedelta(weeks=N_WEEKS), datetime.min.time(), UTC) + timedelta(hours=8)
    with organisation_scope(organisation):
        user = User.objects.create_user(f"b{organisation}@bench.example")
        head = Unit.objects.get(organisation=organisation, code="HQ")
        members.add(organisation=organisation, user=user, name="量速", roles=[(Role.CX_MANAGER, head)], now=now, actor="bench")
        seat = members.seat_of(user, organisation=organisation)
    assert seat is not None
    visit = Visit(tenancy_queries.organisation(organisation), seat, user, now)
    asked = Asked(organisation, now, N_WEEKS, Where(paths=seat.paths))
    times: dict[str, list[float]] = {}
    for _ in range(N_LOOKS):
        for widget in saved_dashboards.presets()["overview"][1]:
            with organisation_scope(organisation):
                began = time.perf_counter()
                draw(widget, asked, visit)
                times.setdefault(f"{widget.kind} {widget.label}", []).append(1000 * (time.perf_counter() - began))
    print(f"a dashboard of {len(times)} widgets, {N_LOOKS} looks: median and p95 of each, drawn without its template")
    for name, found in sorted(times.items(), key=lambda row: -statistics.median(row[1])):
        print(f"  {name:<32}{statistics.median(found):>9.1f} ms{sorted(found)[int(0.95 * len(found))]:>9.1f} ms")
    whole = [sum(row) for row in zip(*times.values(), strict=True)]
    print(f"  {'all of it, one after the other':<32}{statistics.median(whole):>9.1f} ms{sorted(whole)[int(0.95 * len(whole))]:>9.1f} ms")


def _weekly(organisation: int) -> None:
    """A slice of stores' reports issued as the worker does it, and some of them printed; a chain's whole Monday from it."""
    week = MONDAY + timedelta(weeks=N_WEEKS - 1)
    now = datetime.combine(week + timedelta(weeks=1), datetime.min.time(), UTC)
    with organisation_scope(organisation):
        stores = list(Unit.objects.filter(organisation=organisation, kind="store").order_by("code")[: weekly_issue.SLICE])
        for store in stores:
            user = User.objects.create_user(f"{store.code}-{organisation}@bench.example")
            members.add(organisation=organisation, user=user, name=store.name, roles=[(Role.STORE_MANAGER, store)], now=now, actor="bench")
    began = time.perf_counter()
    with organisation_scope(organisation):
        weekly_issue.issue_slice([str(store.id) for store in stores], week, organisation=organisation, now=now)
    each = (time.perf_counter() - began) / len(stores)
    times = []
    for store in stores[:N_PRINTS]:
        with organisation_scope(organisation):
            report = WeeklyReport.objects.get(organisation_id=organisation, unit=store)
            began = time.perf_counter()
            weekly_print.printed(report, "zh-hans", organisation=organisation, now=now)
            times.append(time.perf_counter() - began)
    paper = statistics.median(times[1:])  # the first loads the press
    minutes = N_STORES * (each + paper) / 120
    print(f"weekly report of a store: {1000 * each:.0f} ms issued in a slice of {len(stores)}, {1000 * paper:.0f} ms its PDF;")
    print(f"  {N_STORES:,} of both by two workers in about {minutes:.1f} min")


def _compare(name: str, cells: Cells, others: Cells) -> None:
    if cells.keys() != others.keys():
        raise AssertionError(f"{name}: {len(cells)} cells, raw SQL {len(others)}")
    for key, (n, value) in cells.items():
        if n != others[key][0] or abs(value - others[key][1]) > 1e-9:
            raise AssertionError(f"{name}: {key} is {n}, {value}; raw SQL says {others[key]}")
