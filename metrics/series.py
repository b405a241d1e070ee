"""The one function that gives figures: the screen, the API, the report and the alert rule all read `series`.

It cuts a period by a grain, picks the cheapest road that covers the asked dimensions (a roll-up with its unfolded
deltas in the same statement, else the rows), and turns sums into estimates by the metric's definition.

Suppression. A point with 1 ≤ n < 5 shows nothing, not even n. So that a total minus its visible siblings does not give a
hidden cell away, a `by` answer in which a period has exactly one hidden cell also hides the next smallest (for each
dimension along which cells add up). Units are hidden alike however they are asked, alone, beside each other or as the
whole of a reader (`metrics.hiding`, on the tree as it is today). Channel, touchpoint and tier likewise,
alone and jointly, under the same other filters (`metrics.cuts`), and groups of every hierarchy beside the tree and each other
(`metrics.group_hiding`). It does not cover what other answers tell together: one cut
over several units, overlapping date ranges, the same cut at two instants, or metrics whose components add up to one another. `raw=True` (scope metrics:raw) shows all but what was promised to be anonymous.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from cxms.lib.periods import Grain, Period, split
from metrics import grouping
from metrics.cuts import ALL, hidden_cells
from metrics.definitions.definition import Definition, Read
from metrics.definitions.table import BY_CODE
from metrics.grouping import GROUP
from metrics.hidden_tree import Code, Hidden, hidden_tree
from metrics.hiding import OWN
from metrics.points import Point as Point
from metrics.points import Series as Series
from metrics.points import Where as Where
from metrics.points import hide as hide
from metrics.points import suppress as suppress
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
    where, asked = where or Where(), tuple(by)
    _check(definition, asked, where, is_raw=raw and not definition.is_anonymous)
    cells = _cells(definition, organisation, period, grain, asked, where, now)
    points = _points(definition, cells, split(period.from_date, period.to_date, grain), asked)
    if raw and not definition.is_anonymous:
        return Series(metric, definition, definition.unit, now, points)
    is_grouped = GROUP in asked or bool(where.group)
    shown = points if asked == ("unit",) or is_grouped else suppress(points)
    if "unit" in definition.dimensions and (where.unit or where.subtrees or asked == ("unit",) or is_grouped):
        everywhere = replace(where, unit="", paths=(), hierarchy="", depth="", group="")
        is_whole = asked == ("unit",) and where == everywhere

        def tree() -> Hidden:
            if is_whole:
                return hidden_tree({(point.from_date, point.by["unit"]): point.n or 0 for point in points}, organisation)
            whole = _cells(definition, organisation, period, grain, ("unit",), everywhere, now)
            return hidden_tree({key: definition.n_of(definition.components(cell)) for key, cell in whole.items()}, organisation)

        hidden = once(("hidden", organisation, metric, period, grain, everywhere, now), tree)
        grouped = (definition, points, organisation, period, grain, where, now, hidden)
        shown = _hide_groups(*grouped) if is_grouped else _hide_units(shown, points, hidden, where)
    return Series(metric, definition, definition.unit, now, _hide_cuts(definition, shown, organisation, period, grain, asked, where, now))


def _check(definition: Definition, by: tuple[str, ...], where: Where, *, is_raw: bool) -> None:
    """ValueError for what cannot be cut. Groups are cut by themselves or into their stores, of the whole a reader sees."""
    for name in [*by, *where.given()]:
        if name not in definition.dimensions and not (name == GROUP and where.hierarchy and grouping.cuts(definition)):
            raise ValueError(f"{definition.code} has no dimension {name}")
    if not is_raw and (GROUP in by or where.group) and (where.unit or by not in {(), (GROUP,), ("unit",)}):
        raise ValueError("groups stand by themselves: no unit, no other dimension")


# ---- reading ------------------------------------------------------------------------------------------------------

CUTS = ("channel", "touchpoint", "tier")
Key = tuple[Any, ...]  # the bucket's first day, then a code per dimension


def _cells(
    definition: Definition, organisation: int, period: Period, grain: Grain, by: tuple[str, ...], where: Where, now: datetime
) -> dict[Key, dict[str, Any]]:
    """Measures of every cell that any of the definition's reads knows."""
    if len(definition.reads) == 1 and not definition.reads[0].shared:
        return _rows(definition, definition.reads[0], organisation, period, grain, by, where, now)
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
        return {row[:width]: dict(zip(names, row[width:], strict=True)) for row in cursor.fetchall()}


def parameters(read: Read, organisation: int, period: Period, where: Where, now: datetime) -> dict[str, Any]:
    """What a statement over a read is given."""
    found: dict[str, Any] = {"org": organisation, "now": now, "kind": read.kind, "subtrees": where.subtrees, **where.given()}
    found |= {"from_date": period.from_date, "to_date": period.to_date}
    if where.hierarchy:
        found |= grouping.parameters(where.hierarchy, where.depth, where.group, period, organisation=organisation)
    return found


def cut_of(relation: Relation, name: str) -> Cut:
    """How a relation is cut by a dimension; by group, as everything with a unit is."""
    return grouping.CUT if name == GROUP else relation.cuts[name]


def _statement(
    definition: Definition, read: Read, period: Period, grain: Grain, by: tuple[str, ...], where: Where
) -> str:
    """One statement: cut the rows, add them up, and name the cells by code."""
    relation = RELATIONS[read.relation]
    is_grouped = GROUP in by or bool(where.group)
    dimensions = {*by, *where.given(), *(["unit"] if where.subtrees or is_grouped else [])} - {GROUP}
    rows = _road(relation, period, grain, dimensions, is_placed=bool(where.unit or where.subtrees or is_grouped))
    keys = [f"{cut_of(relation, name).key} as k{index}" for index, name in enumerate(by)]
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
    cuts = [cut_of(relation, name) for name in by]
    joins = [join for cut in cuts for join in cut.joins]
    tests = [read.test, "r.local_day >= %(from_date)s", "r.local_day < %(to_date)s"]
    for name in given:
        joins += cut_of(relation, name).test_joins
        tests.append(grouping.test(where.group) if name == GROUP else _test(name, relation.cuts[name]))
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
    named_by: Callable[[Key], dict[str, Code]] = (lambda key: {by[0]: key[1]}) if len(by) == 1 else (lambda key: dict(zip(by, key[1:], strict=True)))
    made = [_point(definition, cells[key], key[0], ends[key[0]], named_by(key)) for key in order]
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


def _hide_groups(
    definition: Definition, points: Sequence[Point], organisation: int, period: Period, grain: Grain, where: Where, now: datetime, tree: Hidden
) -> list[Point]:
    """Hides the groups, and the stores of a group, that would give a small one away."""
    joint = replace(where, unit="", hierarchy=grouping.EVERY, depth="", group="")

    def find() -> grouping.HiddenGroups:
        cells = _cells(definition, organisation, period, grain, ("unit", GROUP), joint, now)
        counts = {key: definition.n_of(definition.components(cell)) for key, cell in cells.items()}
        return grouping.hidden(counts, tree, where.subtrees, organisation=organisation)

    hidden = once(("groups", organisation, definition.code, period, grain, joint, now), find)
    return [hide(point) if point.n and hidden.holds(point, where) else point for point in points]


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


def last_days(today: date, n_days: int) -> Period:
    """The `n_days` complete local days before today."""
    return Period(today - timedelta(days=n_days), today)
