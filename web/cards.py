"""What scorecards of stores and of employees share: a figure with its past, and quotes with personal data written over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import Feedback
from metrics.changes import Change
from metrics.definitions.definition import Definition
from metrics.series import Point
from reports import changes, figures
from reports.figures import Sample, Spark
from reports.standing import Standing
from web.feedback import lines_of

MIN_N = 30
FIGURES = ("metric", "from", "to", "value", "low", "high", "n", "before", "change", "real", "tier", "tiers", "units")


@dataclass(frozen=True)
class Tile:
    """A figure in words. rows, definition: where the value and the label lead; few: below 30, for reference only."""

    label: str
    value: str
    margin: str
    n: int | None
    is_hidden: bool
    is_few: bool
    change: Change
    said: str
    spark: Spark
    standing: str
    rows: str
    definition: str


def tile(definition: Definition, point: Point, change: Change, weeks: Sequence[Point], *, rows: str, standing: Standing | None = None) -> Tile:
    """The figure as a scorecard shows it: value and interval, n, the change to its own past, then its tier."""
    decimals = max(definition.decimals, 1) if definition.unit == "points" else definition.decimals
    said = changes.words(change, decimals)
    samples = [Sample(None, week.value, week.low, week.high) for week in weeks]
    is_known = point.components is not None and point.value is not None
    return Tile(
        label=str(definition.label),
        value=changes.shown(definition, point.value) if is_known else "—",
        margin=changes.interval(definition, definition.estimate(point.components)) if is_known and point.components else "",
        n=point.n,
        is_hidden=point.suppressed,
        is_few=is_known and (point.n or 0) < MIN_N,
        change=change,
        said=f"{change.arrow} {said}" if said else "",
        spark=figures.sparkline(samples),
        standing=standing_text(standing) if standing else "",
        rows=rows,
        definition=reverse("definition", args=[definition.code]),
    )


def standing_text(placed: Standing) -> str:
    """“同一上级 12 家里第 1 层，共 3 层；这一层 4 家，不分先后”."""
    names = {"n": placed.n_units, "tier": placed.tier, "tiers": placed.n_tiers, "same": placed.n_same}
    if placed.n_tiers == 1:
        return ngettext("与同级 %(n)d 家没有真实差别", "与同级 %(n)d 家没有真实差别", placed.n_units) % names
    return _("同级 %(n)d 家里第 %(tier)d 层，共 %(tiers)d 层；这一层 %(same)d 家，不分先后") % names


def row(definition: Definition, point: Point, before: Point, change: Change, placed: Standing | None) -> list[Any]:
    """The same figure as it is taken away, under `FIGURES`."""
    where = [placed.tier, placed.n_tiers, placed.n_units] if placed else [None, None, None]
    figure = [definition.code, point.from_date, point.to_date, point.value, point.low, point.high, point.n]
    return [*figure, before.value, change.difference, change.kind in {"better", "worse"}, *where]


def quotes(rows: Sequence[Feedback], organisation: int) -> list[Any]:
    """Voices as cards quote them; one that is not analysed yet quotes nothing."""
    return [line for line in lines_of(list(rows), organisation) if line.parts]
