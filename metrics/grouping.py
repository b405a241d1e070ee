"""The cut by group of a hierarchy: rows joined with the group of their unit on their own day. `metrics.series` and `metrics.behind` ask.

Figures are added up from rows and daily buckets, never from figures: a store that changed its group within a period counts
for each on the days it belonged there. Rows of no group have no code, so all groups and they are the organisation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cxms.lib.periods import Period
from metrics.definitions.definition import Definition
from metrics.group_hiding import Cell, hidden_groups
from metrics.hidden_tree import Code, Hidden, unit_paths
from metrics.hiding import HIDDEN_BELOW, OWN, Place
from metrics.points import Point, Where
from metrics.relations import Cut
from metrics.sharing import once
from tenancy import group_spans, groups
from tenancy.groups import UNGROUPED

GROUP = "group"
BY = "h:"  # `by` of a page: h:HIERARCHY@LEVEL, the leaves without a level
EVERY = "*"  # all hierarchies at once: a cell's code tells the leaf in each of them
BETWEEN = "\x1f"
_JOIN = (
    "left join unnest(%(g_units)s::uuid[], %(g_from)s::date[], %(g_to)s::date[], %(g_codes)s::text[], %(g_inside)s::boolean[])"
    " as grouped(unit_id, from_date, to_date, code, inside)"
    " on grouped.unit_id = r.unit_id and grouped.from_date <= r.local_day and grouped.to_date > r.local_day"
)
CUT = Cut("grouped.code", (_JOIN,), test_joins=(_JOIN,))
Entry = tuple[Any, date, date, str, bool]  # unit, from, to, code of the cell, inside the filtered group


def cuts(definition: Definition) -> bool:
    """True where groups add up to the organisation: whatever has a unit, but one answer a customer and group is no part of a sum."""
    return "unit" in definition.dimensions and not definition.per_customer


def cut(by: str, where: Where) -> Where:
    """The filters with the hierarchy and level that a page's `by` names."""
    hierarchy, _at, level = by.removeprefix(BY).partition("@")
    return replace(where, hierarchy=hierarchy, depth=level)


def test(group: str) -> str:
    """Rows of a group's subtree, or of none."""
    return "grouped.code is null" if group == UNGROUPED else "grouped.inside"


def parameters(hierarchy: str, depth: str, group: str, period: Period, *, organisation: int) -> dict[str, Any]:
    """What the join is given: the spans that meet the period, each with the code of its cell. depth: "" for leaves, else a level from "1"."""
    entries = _joint(organisation) if hierarchy == EVERY else _entries(hierarchy, depth, group, organisation)
    met = [entry for entry in entries if entry[1] < period.to_date and entry[2] > period.from_date]
    names = ("g_units", "g_from", "g_to", "g_codes", "g_inside")
    return {name: [entry[at] for entry in met] for at, name in enumerate(names)}


def _entries(hierarchy: str, depth: str, group: str, organisation: int) -> list[Entry]:
    level = int(depth or 0)
    return [
        (s.unit, s.from_date, s.to_date, s.path[min(level or len(s.path), len(s.path)) - 1], group in s.path)
        for s in _spans(hierarchy, organisation)
    ]


def _spans(hierarchy: str, organisation: int) -> list[group_spans.Span]:
    make: Callable[[], list[group_spans.Span]] = lambda: group_spans.spans(hierarchy, organisation=organisation)  # noqa: E731 - named for its type
    return once(("spans", organisation, hierarchy), make)


def codes_of_all(organisation: int) -> list[str]:
    """The codes of the hierarchies in use, the oldest first: what is hidden in one is settled before the next."""
    return [row.code for row in groups.hierarchies(organisation=organisation)]


def _joint(organisation: int) -> list[Entry]:
    lists = [_spans(code, organisation) for code in codes_of_all(organisation)]
    return [
        (unit, first, last, BETWEEN.join("/".join(path) for path in leaves), True)
        for unit, first, last, leaves in group_spans.joint(lists)
    ]


def leaves_of(code: str | None, n: int) -> tuple[group_spans.Path, ...]:
    """The leaf path in each of `n` hierarchies that a joint cell's code tells; (UNGROUPED,) where it has none."""
    texts = code.split(BETWEEN) if code is not None else [""] * n
    return tuple(tuple(text.split("/")) if text else (UNGROUPED,) for text in texts)


@dataclass(frozen=True)
class HiddenGroups:
    """What is hidden of all hierarchies, by the bucket's first day. order: their codes; paths: where each unit hangs."""

    cells: Mapping[date, set[Cell]]
    places: Mapping[date, set[Place]]
    order: Sequence[str]
    paths: Mapping[Code, Place]

    def holds(self, point: Point, where: Where) -> bool:
        """True for a point of a group, or of one store within a group, that must not be shown."""
        if (point.n or 0) < HIDDEN_BELOW:
            return True
        code = (point.by[GROUP] or UNGROUPED) if GROUP in point.by else where.group
        if where.hierarchy not in self.order:
            return bool(self.places)  # no longer in use: nothing was settled for it
        at, place = self.order.index(where.hierarchy), None
        if "unit" in point.by:
            place = self.paths.get(point.by["unit"], ())
            if (*place, OWN) in self.places.get(point.from_date, ()):
                return True
        found = self.cells.get(point.from_date, ())
        return any(cell[0] == at and cell[1][-1] == code and cell[2] == place for cell in found)


def hidden(
    counts: Mapping[tuple[Any, ...], int], tree: Hidden, subtrees: Sequence[str], *, organisation: int
) -> HiddenGroups:
    """Of the n of every joint cell a reader sees: (bucket, unit code, joint code) → n. subtrees: codes of his; none is all."""
    order = codes_of_all(organisation)
    if not tree.places and not any(1 <= n < HIDDEN_BELOW for n in counts.values()):
        return HiddenGroups({}, {}, order, {})
    paths = tree.paths or unit_paths(organisation)
    atoms: dict[date, dict[tuple[Place, tuple[group_spans.Path, ...]], int]] = {}
    for (bucket, unit, code), n in counts.items():
        key = (paths.get(unit, ()), leaves_of(code, len(order)))
        cells = atoms.setdefault(bucket, {})
        cells[key] = cells.get(key, 0) + n
    places = {bucket: _seen(tree.places.get(bucket, set()), [paths[code] for code in subtrees if code in paths]) for bucket in atoms}
    return HiddenGroups({bucket: hidden_groups(found, places[bucket]) for bucket, found in atoms.items()}, places, order, paths)


def _seen(hidden: set[Place], mine: Sequence[Place]) -> set[Place]:
    """The hidden places as a reader of some subtrees meets them: above his own there is only his whole."""
    if not mine:
        return hidden
    above = {place[:depth] for place in mine for depth in range(1, len(place))}
    return hidden | above | ({()} if any(place in hidden for place in mine) else set())
