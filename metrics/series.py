"""The one function that gives figures: the screen, the API, the report and the alert rule all read `series`.

It cuts a period by a grain, picks the cheapest road that covers the asked dimensions (a roll-up with its unfolded
deltas in the same statement, else the rows), and turns sums into estimates by the metric's definition.

Suppression. A point with 1 ≤ n < 5 shows nothing, not even n. So that a total minus its visible siblings does not give a
hidden cell away, a `by` answer in which a period has exactly one hidden cell also hides the next smallest (for each
dimension along which cells add up). Units are hidden alike however they are asked, alone, beside each other or as the
whole of a reader (`metrics.hiding`, on the tree as it is today). Channel, touchpoint and tier likewise,
alone and jointly, under the same other filters (`metrics.cuts`). It does not cover what other answers tell together: one cut
over several units, overlapping date ranges, the same cut at two instants, or metrics whose components add up to one another. `raw=True` (scope metrics:raw) shows all but what was promised to be anonymous.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from cxms.lib.periods import Grain, Period, split
from metrics.cuts import ALL, hidden_cells
from metrics.definitions.definition import Definition, Read
from metrics.definitions.table import BY_CODE
from metrics.hidden_tree import Code, Hidden, hidden_tree
from metrics.hiding import HIDDEN_BELOW, OWN
from metrics.relations import RELATIONS, Cut, Relation
from metrics.sharing import once

_CODES = {
    "unit": ("tenancy_unit", "code"),
    "staff": ("tenancy_staff", "employee_no"),
    "touchpoint": ("tenancy_touchpoint", "code"),
}
_BUCKETS: dict[str, str] = {
    "day": "r.local_day",
    "all": "%(from_date)s::date",
    **{
        grain: f"greatest(date_trunc('{grain}', r.local_day::timestamp)::date, %(from_date)s::date)"
        for grain in ("week", "month", "quarter", "year")
    },
}


@dataclass(frozen=True)
class Where:
    """Filters, by code; empty means any. `unit` covers its subtree and `paths` a reader's subtrees, each as the tree
    stood on the day."""

    unit: str = ""
    staff: str = ""
    channel: str = ""
    touchpoint: str = ""
    tier: str = ""
    topic: str = ""
    clause: str = ""
    level: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)

    def given(self) -> dict[str, str]:
        """The filters that are set, without `paths`."""
        names = ("unit", "staff", "channel", "touchpoint", "tier", "topic", "clause", "level")
        return {name: value for name in names if (value := getattr(self, name))}

    def without(self, names: Iterable[str]) -> "Where":
        """The same filters, these taken off."""
        kept = {name: value for name, value in self.given().items() if name not in set(names)}
        return Where(paths=self.paths, **kept)

    @property
    def subtrees(self) -> list[str]:
        """Codes of the reader's subtrees; empty when he sees everything."""
        if any(path.count("/") <= 2 for path in self.paths):
            return []
        return [path.strip("/").rsplit("/", 1)[-1] for path in self.paths]


@dataclass(frozen=True)
class Point:
    """A figure of the local days [from_date, to_date). All but the dates, `by` and `suppressed` are None where hidden."""

    from_date: date
    to_date: date
    by: dict[str, Code]
    value: float | None
    n: int | None
    low: float | None
    high: float | None
    suppressed: bool
    components: dict[str, Any] | None

    @property
    def margin(self) -> float | None:
        """±: half the width of the interval, in the metric's unit."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Series:
    """The points of a metric, by period and then by code (cells without one last), true at `as_of`."""

    metric: str
    definition: Definition
    unit: str
    as_of: datetime
    points: list[Point]


def series(
    *,
    organisation: int,
    metric: str,
    period: Period,
    now: datetime,
    grain: Grain = "all",
    by: Sequence[str] = (),
    where: Where | None = None,
    raw: bool = False,
) -> Series:
    """The figures of a metric over a period of local days, in the open scope.

    Without `by` every period has a point, empty ones with n 0 and value None; with it only cells that hold something.
    A cell whose code is None holds rows without one; by staff there is none, for it lists people.
    KeyError for an unknown metric, ValueError for a dimension the metric does not have.
    """
    definition = BY_CODE[metric]
    where = where or Where()
    for name in [*by, *where.given()]:
        if name not in definition.dimensions:
            raise ValueError(f"{metric} has no dimension {name}")
    cells = _cells(definition, organisation, period, grain, tuple(by), where, now)
    points = _points(definition, cells, split(period.from_date, period.to_date, grain), tuple(by))
    if raw and not definition.is_anonymous:
        return Series(metric, definition, definition.unit, now, points)
    shown = points if tuple(by) == ("unit",) else suppress(points)
    if "unit" in definition.dimensions and (where.unit or where.subtrees or tuple(by) == ("unit",)):
        everywhere = replace(where, unit="", paths=())
        is_whole = tuple(by) == ("unit",) and where == everywhere

        def tree() -> Hidden:
            if is_whole:
                return hidden_tree({(point.from_date, point.by["unit"]): point.n or 0 for point in points}, organisation)
            whole = _cells(definition, organisation, period, grain, ("unit",), everywhere, now)
            return hidden_tree({key: definition.n_of(definition.components(cell)) for key, cell in whole.items()}, organisation)

        hidden = once(("hidden", organisation, metric, period, grain, everywhere, now), tree)
        shown = _hide_units(shown, points, hidden, where)
    return Series(metric, definition, definition.unit, now, _hide_cuts(definition, shown, organisation, period, grain, tuple(by), where, now))


# ---- reading ------------------------------------------------------------------------------------------------------

CUTS = ("channel", "touchpoint", "tier")
Key = tuple[Any, ...]  # the bucket's first day, then a code per dimension


def _cells(
    definition: Definition, organisation: int, period: Period, grain: Grain, by: tuple[str, ...], where: Where, now: datetime
) -> dict[Key, dict[str, Any]]:
    """Measures of every cell that any of the definition's reads knows."""
    empty = {name: None for read in definition.reads for name in read.measures}
    cells: dict[Key, dict[str, Any]] = {}
    for read in definition.reads:
        own_by = tuple(name for name in by if name not in read.shared)
        found = _rows(definition, read, organisation, period, grain, own_by, where.without(read.shared), now)
        if own_by == by:
            for key, measures in found.items():
                cells.setdefault(key, dict(empty)).update(measures)
            continue
        kept = [0] + [index + 1 for index, name in enumerate(by) if name in own_by]
        for key, cell in cells.items():
            cell.update(found.get(tuple(key[index] for index in kept), {}))
    return cells


def _rows(
    definition: Definition, read: Read, organisation: int, period: Period, grain: Grain, by: tuple[str, ...], where: Where, now: datetime
) -> dict[Key, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(definition, read, period, grain, by, where), parameters(read, organisation, period, where, now)
        )
        width = 1 + len(by)
        names = list(read.measures)
        return {tuple(row[:width]): dict(zip(names, row[width:], strict=True)) for row in cursor.fetchall()}


def parameters(read: Read, organisation: int, period: Period, where: Where, now: datetime) -> dict[str, Any]:
    """What a statement over a read is given."""
    found: dict[str, Any] = {"org": organisation, "now": now, "kind": read.kind, "subtrees": where.subtrees, **where.given()}
    return found | {"from_date": period.from_date, "to_date": period.to_date}


def _statement(
    definition: Definition, read: Read, period: Period, grain: Grain, by: tuple[str, ...], where: Where
) -> str:
    """One statement: cut the rows, add them up, and name the cells by code."""
    relation = RELATIONS[read.relation]
    rows = _road(relation, period, grain, {*by, *where.given(), *(["unit"] if where.subtrees else [])}, is_placed=bool(where.unit or where.subtrees))
    keys = [f"{relation.cuts[name].key} as k{index}" for index, name in enumerate(by)]
    source = source_of(read, rows, by, where)
    bucket = f"{_BUCKETS[grain]} as bucket"
    if definition.per_customer:
        names = ", ".join(["customer_id", "bucket", *[f"k{index}" for index in range(len(by))]])
        latest = ", ".join([bucket, *keys, "r.customer_id", "r.value", "r.occurred_at", "r.id"])
        source = f"from (select distinct on ({names}) * from (select {latest} {source}) x order by {names}, occurred_at desc, id desc) r"
        bucket, keys = "bucket", [f"k{index}" for index in range(len(by))]
    sums = ", ".join(f"{sql} as m_{name}" for name, sql in read.measures.items())
    group = ", ".join(str(index + 1) for index in range(1 + len(by)))
    return _named(f"select {', '.join([bucket, *keys, sums])} {source} group by {group}", by, list(read.measures))


def source_of(read: Read, rows: str, by: tuple[str, ...], where: Where) -> str:
    """“from … where …” over `rows` as `r`: what is added up, and what `metrics.behind` lists."""
    relation, given = RELATIONS[read.relation], where.given()
    cuts = [relation.cuts[name] for name in by]
    joins = [join for cut in cuts for join in cut.joins]
    tests = [read.test, "r.local_day >= %(from_date)s", "r.local_day < %(to_date)s"]
    for name in given:
        joins += relation.cuts[name].test_joins
        tests.append(_test(name, relation.cuts[name]))
    if where.subtrees:
        tests.append(_placed("%(subtrees)s"))
    if "staff" in by:
        tests.append("r.staff_id is not null")
    if "topic" in by and "topic" in given:
        tests.append("topic.code = split_part(%(topic)s, '/', 1)")
    return f"from {rows} r {' '.join(dict.fromkeys(joins))} where {' and '.join(tests)}"


def _road(relation: Relation, period: Period, grain: Grain, dimensions: set[str], *, is_placed: bool) -> str:
    """The roll-up that covers the dimensions, else the rows. Weekly ones serve whole weeks, and no subtree of a day."""
    is_whole = period.from_date.weekday() == 0 and period.to_date.weekday() == 0 and grain in {"week", "all"} and not is_placed
    for family in relation.families:
        if dimensions <= family.dimensions and (is_whole or not family.is_weekly):
            return family.rows
    return relation.rows


def _test(name: str, cut: Cut) -> str:
    if name == "unit":
        return _placed("array[%(unit)s]")
    if name in _CODES:
        return cell_test(name, cut, name)
    return cut.test or f"{cut.key} = %({name})s"


def cell_test(name: str, cut: Cut, parameter: str) -> str:
    """Rows of the cell whose code is the parameter: of a unit its own, not its subtree's."""
    if name not in _CODES:
        return f"{cut.key} = %({parameter})s"
    table, column = _CODES[name]
    return f"{cut.key} = (select id from {table} where organisation_id = %(org)s and {column} = %({parameter})s)"


def _placed(inside: str) -> str:
    """The row's unit hung below such a unit on the row's day. Codes hold no '/', and a path is made of codes.

    The units that ever hung there come first, as an array found once: it leads into the indexes, the day decides.
    """
    below = f"string_to_array(p.path, '/') && {inside}::text[]"
    return (
        f"r.unit_id = any(array(select p.unit_id from tenancy_unitplacement p where p.organisation_id = %(org)s and {below}))"
        " and exists (select 1 from tenancy_unitplacement p where p.organisation_id = r.organisation_id"
        f" and p.unit_id = r.unit_id and p.from_date <= r.local_day and p.to_date > r.local_day and {below})"
    )


def _named(statement: str, by: tuple[str, ...], measures: list[str]) -> str:
    """The same cells under codes instead of keys."""
    columns, joins = ["g.bucket"], []
    for index, name in enumerate(by):
        if name in _CODES:
            table, column = _CODES[name]
            joins.append(f"left join {table} t{index} on t{index}.organisation_id = %(org)s and t{index}.id = g.k{index}")
            columns.append(f"t{index}.{column}")
        else:
            columns.append(f"g.k{index}")
    columns += [f"g.m_{name}" for name in measures]
    return f"select {', '.join(columns)} from ({statement}) g {' '.join(joins)}"


# ---- figures ------------------------------------------------------------------------------------------------------


def _points(
    definition: Definition, cells: Mapping[Key, dict[str, Any]], periods: list[Period], by: tuple[str, ...]
) -> list[Point]:
    ends = {period.from_date: period.to_date for period in periods}
    if not by:
        empty = {name: None for read in definition.reads for name in read.measures}
        keys: Iterable[Key] = [(period.from_date,) for period in periods]
        cells = {key: cells.get(key, empty) for key in keys}
    named = [key for key in cells if None not in key]
    unnamed = [key for key in cells if None in key]
    order = sorted(named) + sorted(unnamed, key=lambda key: tuple((part is None, str(part)) for part in key))
    if unnamed and named:
        order.sort(key=lambda key: key[0])  # stable: within a period the cells without a code come last
    made = [_point(definition, cells[key], key[0], ends[key[0]], dict(zip(by, key[1:], strict=True))) for key in order]
    return made if not by else [point for point in made if point.n or _holds(point)]


def _holds(point: Point) -> bool:
    """A cell of n 0 that still has something to tell: running promises, complaints without exposure."""
    return any(isinstance(value, int | float) and value for value in (point.components or {}).values())


def _point(
    definition: Definition, measures: Mapping[str, Any], from_date: date, to_date: date, by: dict[str, Code]
) -> Point:
    found = definition.components(measures)
    estimate = definition.estimate(found)
    return Point(from_date, to_date, by, estimate.value, estimate.n, estimate.low, estimate.high, False, found)


def suppress(points: Sequence[Point]) -> list[Point]:
    """Hides points with 1 ≤ n < 5, and siblings that would give one of them away."""
    hidden = {index for index, point in enumerate(points) if point.n is not None and 1 <= point.n < HIDDEN_BELOW}
    lines = _lines(points) if hidden else []
    changed = bool(lines)
    while changed:
        changed = False
        for line in lines:
            if len(hidden.intersection(line)) == 1:
                others = [index for index in line if index not in hidden and points[index].n]
                if others:
                    hidden.add(min(others, key=lambda index: (points[index].n or 0, index)))
                    changed = True
    return [hide(point) if index in hidden else point for index, point in enumerate(points)]


def _lines(points: Sequence[Point]) -> list[list[int]]:
    """Siblings that add up to something that can be asked for: per period, along each dimension and along all."""
    lines: dict[tuple[Any, ...], list[int]] = {}
    for index, point in enumerate(points):
        if not point.by:
            continue
        items = tuple(point.by.items())
        lines.setdefault((point.from_date, "all"), []).append(index)
        if len(items) > 1:
            for free, _ in items:
                rest = tuple(item for item in items if item[0] != free)
                lines.setdefault((point.from_date, free, rest), []).append(index)
    return list(lines.values())


def _hide_units(shown: Sequence[Point], points: Sequence[Point], tree: Hidden, where: Where) -> list[Point]:
    """Hides the subtrees and units that would give a small one away, and a part of a hidden whole that is cut otherwise."""
    hidden, paths = tree.places, tree.paths
    if not hidden:
        return list(shown)
    inside = [where.unit] if where.unit else where.subtrees
    kept, told = list(shown), {point.from_date for point in shown if point.suppressed}
    for index in sorted(range(len(points)), key=lambda one: (points[one].n or 0, one)):
        point, places = points[index], hidden.get(points[index].from_date, set())
        is_of_hidden = any(paths.get(code, ()) in places for code in inside if code in paths)
        if tuple(point.by) == ("unit",):
            is_hidden = (*paths.get(point.by["unit"], ()), OWN) in places
        else:
            # a cut of a hidden whole: one part of it is enough
            is_hidden = is_of_hidden and (not point.by or point.from_date not in told)
        if is_hidden and point.n:
            kept[index] = hide(point)
            told.add(point.from_date)
    return kept


def _hide_cuts(
    definition: Definition, shown: Sequence[Point], organisation: int, period: Period, grain: Grain, by: tuple[str, ...], where: Where, now: datetime
) -> list[Point]:
    """Hides a cell of channel, touchpoint and tier alike, alone, beside others or jointly (`metrics.cuts`)."""
    given = where.given()
    dims = tuple(name for name in CUTS if name in definition.dimensions and (name != "tier" or "tier" in {*by, *given}))
    if definition.per_customer or not {*by, *given}.intersection(dims):
        return list(shown)
    rest = tuple(name for name in by if name not in dims)
    leaves: dict[Key, dict[Key, int]] = {}
    for key, measures in _cells(definition, organisation, period, grain, (*rest, *dims), where.without(dims), now).items():
        leaves.setdefault(key[: 1 + len(rest)], {})[key[1 + len(rest) :]] = definition.n_of(definition.components(measures))
    hidden = {head: hidden_cells(found, is_refined=dims[-1] == "tier") for head, found in leaves.items()}

    def is_told(point: Point) -> bool:
        cell = tuple(point.by[name] if name in point.by else given.get(name, ALL) for name in dims)
        return cell in hidden.get((point.from_date, *(point.by[name] for name in rest)), ())

    return [hide(point) if point.n and is_told(point) else point for point in shown]


def hide(point: Point) -> Point:
    """The point with nothing but its period and cell."""
    return replace(point, value=None, n=None, low=None, high=None, suppressed=True, components=None)


def last_days(today: date, n_days: int) -> Period:
    """The `n_days` complete local days before today."""
    return Period(today - timedelta(days=n_days), today)
