"""Where a store stands among its peers: tiers of units that do not really differ, for any metric with a test.

Peers are the open units of the same kind right below the same unit, so that a store is compared with its neighbours in
the tree and with nobody a reader of another region would have to explain. The rule is that of `statistics.tiers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cxms.lib.periods import Period
from metrics import statistics
from metrics.changes import LEVEL, TESTS
from metrics.definitions.definition import Components, Definition
from metrics.definitions.table import BY_CODE
from metrics.series import Where, series
from tenancy.models import Unit

MIN_N = 30
Cell = tuple[str, float, Components]  # code, value, components


@dataclass(frozen=True)
class Standing:
    """The tier of a unit, from 1 (the best): how many tiers there are, how many units share it, how many take part."""

    tier: int
    n_tiers: int
    n_same: int
    n_units: int


def tiers(definition: Definition, cells: Sequence[Cell], level: float = LEVEL) -> list[list[str]]:
    """Codes in tiers, the best first: a tier starts with its head, and a unit joins while it does not differ from the head.

    The p values of one head against all units below it are adjusted together (Holm). The next that differs heads the next.
    """
    test = TESTS[definition.code]
    below = sorted(cells, key=lambda cell: -definition.direction * cell[1])
    found: list[list[str]] = []
    while below:
        head, *rest = below
        p_values = [test(head[2], one[2]).p for one in rest]
        adjusted = statistics.holm([1.0 if p is None else p for p in p_values])
        n_same = next((index for index, p in enumerate(adjusted) if p < level), len(rest))
        found.append([cell[0] for cell in below[: n_same + 1]])
        below = rest[n_same:]
    return found


def peers(unit: Unit, *, organisation: int) -> list[Unit]:
    """The unit and its open siblings of the same kind; nobody when units hang below one of them, for their figures do not compare."""
    if unit.parent_id is None:
        return []
    rows = list(Unit.objects.filter(organisation_id=organisation, parent=unit.parent_id, kind=unit.kind, retired_at=None))
    below = Unit.objects.filter(organisation_id=organisation, parent__in=rows, retired_at=None)
    return [] if below.exists() else rows


def standing(unit: Unit, among: Sequence[Unit], *, metric: str, period: Period, organisation: int, now: datetime) -> Standing | None:
    """The unit's tier over a period; None when it or all others have fewer than 30, or the metric has no test."""
    codes = {row.code for row in among}
    if metric not in TESTS or len(codes) < 2 or unit.parent is None:
        return None
    found = series(
        organisation=organisation, metric=metric, period=period, by=("unit",), where=Where(unit=unit.parent.code), now=now
    ).points
    cells = [
        (str(point.by["unit"]), point.value, point.components)
        for point in found
        if point.by["unit"] in codes and point.value is not None and point.components is not None and (point.n or 0) >= MIN_N
    ]
    groups = tiers(BY_CODE[metric], cells)
    place = next((index for index, group in enumerate(groups) if unit.code in group), None)
    if place is None or len(cells) < 2:
        return None
    return Standing(place + 1, len(groups), len(groups[place]), len(cells))
