"""What persons said of labels beside what the engine said: the organisation's own labelled set. Reports count in it.

A voice belongs to the set of a label when a person spoke of that label, be it to change it or to say that it is right.
The engine's side is its own newest row, so that a newer engine is measured on the same words, and a language-model provider
never counts as the engine: what it changed is neither the engine's merit nor its fault.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback import queries
from feedback.corrections import PERSON, PROVIDER, living
from feedback.enums import Kind, Label, LabelSource, Sentiment
from feedback.models import Analysis, Correction
from feedback.queries import Filters
from feedback.topics import LABELS

RED = "red"
CLASSES: dict[str, tuple[str, ...]] = {
    Label.KIND: tuple(Kind.values),
    Label.SENTIMENT: tuple(Sentiment.values),
    Label.TOPICS: tuple(LABELS),
    Label.RED_LINE: (RED,),
}
PARTS = ("truth", "said", "both")


@dataclass(frozen=True)
class Judged:
    """One voice under one label: the classes the engine said, and those that persons say are right."""

    feedback_id: uuid.UUID
    said: frozenset[str]
    truth: frozenset[str]


@dataclass(frozen=True)
class Cell:
    """One class: the voices of it by the persons' word, by the engine's, and by both."""

    name: str
    truth: tuple[uuid.UUID, ...]
    said: tuple[uuid.UUID, ...]
    both: tuple[uuid.UUID, ...]


def classes_of(field: str, value: Any) -> frozenset[str]:
    """A stored label as a set of classes; a node of the taxonomy counts as its topic."""
    if field == Label.TOPICS:
        return frozenset(str(mention["code"]).partition("/")[0] for mention in value)
    if field == Label.RED_LINE:
        return frozenset({RED} if value else ())
    return frozenset({str(value)})


def judged(field: str, *, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[Judged]:
    """The labelled set of a label inside the subtrees; `source` "coding" only what two persons coded, "passing" the rest."""
    rows = Correction.objects.filter(organisation_id=organisation, field=field, undone_at=None)
    held: dict[uuid.UUID, Correction] = {}
    for row in rows.order_by("version"):
        held[row.feedback_id] = living([row])[field]
    if source:
        held = {key: row for key, row in held.items() if (row.source == LabelSource.CODING) == (source == "coding")}
    inside = set(queries.voices(Filters(paths=paths), organisation=organisation).filter(id__in=list(held)).values_list("id", flat=True))
    engines = Analysis.objects.filter(organisation_id=organisation, feedback_id__in=list(inside)).exclude(engine__endswith=PERSON)
    engines = engines.exclude(engine__endswith=PROVIDER)
    said = {row.feedback_id: classes_of(field, getattr(row, field)) for row in engines.order_by("analysed_at", "id")}
    return [Judged(key, said[key], classes_of(field, row.after)) for key, row in held.items() if key in said]


def cells(rows: Sequence[Judged], field: str) -> list[Cell]:
    """Every class that anybody named in the set, in the taxonomy's order. Pure."""
    found = []
    for name in CLASSES[field]:
        truth = tuple(row.feedback_id for row in rows if name in row.truth)
        said = tuple(row.feedback_id for row in rows if name in row.said)
        if truth or said:
            found.append(Cell(name, truth, said, tuple(key for key in said if key in set(truth))))
    return found
