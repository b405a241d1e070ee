"""How well the engine hears, class by class, on the organisation's own labelled set: precision and recall with intervals.

One function gives the page, the API and the CSV. The set is `feedback.labelled`'s; the intervals are Wilson's. Two things
cannot be measured and are left out: of coded topics all but the recall, because coders name one topic of a voice and leave
the others open; and what an own model says of voices it may have learnt from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback import labelled, learning
from feedback.enums import Label
from feedback.labelled import Judged
from metrics.statistics import Estimate, wilson

SOURCES = ("coding", "passing")
WHOLE = ("all", "learnt")  # parts of a whole label


@dataclass(frozen=True)
class Line:
    """One class: precision of what the engine said, recall of what is so (shares 0..1), and F1 of the two.

    precision: None where the set cannot tell; F1 is None then too.
    """

    field: str
    name: str
    precision: Estimate | None
    recall: Estimate
    n_both: int

    @property
    def f1(self) -> float | None:
        """The harmonic mean; None where the class was neither said nor so."""
        n = self.precision.n + self.recall.n if self.precision else 0
        return 2 * self.n_both / n if n else None


@dataclass(frozen=True)
class Table:
    """One label: its classes, and how many voices persons spoke of.

    exact: the share where both sides are the same; heard: where the main topic is among those the engine heard. A set of
    main topics has the second, every other the first. n_learnt: voices left out because an own model may have learnt them.
    """

    field: str
    n: int
    exact: Estimate | None
    heard: Estimate | None
    lines: Sequence[Line]
    n_learnt: int = 0


def tables(*, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[Table]:
    """Every label with its classes. source: "coding", "passing" or "" for both."""
    found = []
    for field in Label.values:
        every = labelled.judged(field, organisation=organisation, paths=paths, source=source)
        rows, is_main = _measured(every), labelled.is_main(field, source)
        right = wilson(sum(_is_right(row, is_main=is_main) for row in rows), len(rows))
        exact, heard = (None, right) if is_main else (right, None)
        found.append(Table(field, len(rows), exact, heard, _lines(rows, field, is_main=is_main), len(every) - len(rows)))
    return found


def _lines(rows: Sequence[Judged], field: str, *, is_main: bool) -> list[Line]:
    cells = [cell for cell in labelled.cells(rows, field) if cell.truth or not is_main]
    return [
        Line(field, cell.name, None if is_main else wilson(len(cell.both), len(cell.said)), wilson(len(cell.both), len(cell.truth)), len(cell.both))
        for cell in cells
    ]


def _measured(rows: Sequence[Judged]) -> list[Judged]:
    """Without the voices that an own model said something of after it may have learnt them."""
    return [row for row in rows if not row.is_taught or learning.is_held(row.feedback_id)]


def _is_right(row: Judged, *, is_main: bool) -> bool:
    return row.truth <= row.said if is_main else row.truth == row.said


def ids(field: str, name: str, part: str, *, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[object]:
    """The voices behind a number of a class: "truth", "said" or "both"; of the whole label with name "" (part: "all", "both" or
    "learnt", those left out)."""
    every = labelled.judged(field, organisation=organisation, paths=paths, source=source)
    rows, is_main = _measured(every), labelled.is_main(field, source)
    if part == "learnt":
        return [row.feedback_id for row in every if row not in rows]
    if not name:
        return [row.feedback_id for row in rows if part != "both" or _is_right(row, is_main=is_main)]
    cell = next((cell for cell in labelled.cells(rows, field) if cell.name == name), None)
    return list(getattr(cell, part)) if cell else []
