"""Which units' subtrees are hidden over a period, for lists that put several of them side by side."""

from dataclasses import replace
from datetime import datetime

from cxms.lib.periods import Period
from metrics.hidden_tree import unit_paths
from metrics.hiding import Place, hidden_places
from metrics.series import Where, series


def hidden_units(*, organisation: int, metric: str, period: Period, where: Where, now: datetime) -> set[str]:
    """Codes of the units whose subtree's figure must not be shown, as `series` would hide it when asked for each alone."""
    everywhere = replace(where, unit="", paths=())
    points = series(organisation=organisation, metric=metric, period=period, now=now, by=("unit",), where=everywhere, raw=True).points
    paths = unit_paths(organisation)
    own: dict[Place, int] = {}
    for point in points:
        place = paths.get(point.by["unit"], ())
        own[place] = own.get(place, 0) + (point.n or 0)
    hidden = hidden_places(own)
    return {code for code, place in paths.items() if code is not None and place in hidden}
