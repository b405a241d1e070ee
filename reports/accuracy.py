"""How well the engine hears, class by class, on the organisation's own labelled set: precision and recall with intervals.

One function gives the page, the API and the CSV. The set is `feedback.labelled`'s; the intervals are Wilson's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback import labelled
from feedback.enums import Label
from metrics.statistics import Estimate, wilson

SOURCES = ("coding", "passing")


@dataclass(frozen=True)
class Line:
    """One class: precision of what the engine said, recall of what is so (shares 0..1), and F1 of the two."""

    field: str
    name: str
    precision: Estimate
    recall: Estimate
    n_both: int

    @property
    def f1(self) -> float | None:
        """The harmonic mean; None where the class was neither said nor so."""
        n = self.precision.n + self.recall.n
        return 2 * self.n_both / n if n else None


@dataclass(frozen=True)
class Table:
    """One label: its classes, and how many voices persons spoke of; `exact` the share where both sides are the same."""

    field: str
    n: int
    exact: Estimate
    lines: Sequence[Line]


def tables(*, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[Table]:
    """Every label with its classes. source: "coding", "passing" or "" for both."""
    found = []
    for field in Label.values:
        rows = labelled.judged(field, organisation=organisation, paths=paths, source=source)
        lines = [
            Line(field, cell.name, wilson(len(cell.both), len(cell.said)), wilson(len(cell.both), len(cell.truth)), len(cell.both))
            for cell in labelled.cells(rows, field)
        ]
        found.append(Table(field, len(rows), wilson(sum(row.said == row.truth for row in rows), len(rows)), lines))
    return found


def ids(field: str, name: str, part: str, *, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[object]:
    """The voices behind a number of a class: "truth", "said" or "both"; of the whole label with name "" (part: all)."""
    rows = labelled.judged(field, organisation=organisation, paths=paths, source=source)
    if not name:
        return [row.feedback_id for row in rows if part != "both" or row.said == row.truth]
    cell = next((cell for cell in labelled.cells(rows, field) if cell.name == name), None)
    return list(getattr(cell, part)) if cell else []
