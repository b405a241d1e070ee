"""What persons said of labels beside what the engine said: the organisation's own labelled set. Reports count in it.

A voice belongs to the set of a label when a person spoke of that label, be it to change it or to say that it is right.
The engine's side is its own newest row, so that a newer engine is measured on the same words, and a language-model provider
never counts as the engine: what it changed is neither the engine's merit nor its fault.

Coders say what a voice is mostly about, not all it speaks of. So of topics there are two sets: whole lists, said in passing,
and main topics, coded. Only `source` “coding” gives the second; nothing is trained on it, and nothing but “was the main
topic heard” can be read from it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from feedback import own_weights, queries, rereading
from feedback.enums import Kind, Label, LabelSource, Sentiment
from feedback.models import Analysis, Correction, Feedback
from feedback.own_models import OwnHead
from feedback.queries import Filters
from feedback.rereading import PERSON, PROVIDER
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
    """One voice under one label: the classes the engine said, and those that persons say are right.

    is_taught: the engine's side was read with an own model that was trained on this label.
    """

    feedback_id: uuid.UUID
    said: frozenset[str]
    truth: frozenset[str]
    is_taught: bool = False


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


def is_main(field: str, source: str) -> bool:
    """Whether the set holds main topics: one class a voice, the others left open."""
    return field == Label.TOPICS and source == "coding"


def spoken(field: str, *, organisation: int, source: str = "") -> QuerySet[Correction]:
    """The corrections that may be in the set of a label; of topics those of one of its two sets."""
    rows = Correction.objects.filter(organisation_id=organisation, field=field, undone_at=None)
    if field != Label.TOPICS:
        return rows
    return rows.filter(source=LabelSource.CODING) if is_main(field, source) else rows.exclude(source=LabelSource.CODING)


def judged(field: str, *, organisation: int, paths: tuple[str, ...] = (), source: str = "") -> list[Judged]:
    """The labelled set of a label inside the subtrees, what was said last at the end; `source` "coding" only what two persons
    coded, "passing" the rest."""
    held: dict[uuid.UUID, Correction] = {}
    for row in spoken(field, organisation=organisation, source=source).order_by("version"):
        held[row.feedback_id] = row
    if source:
        held = {key: row for key, row in held.items() if (row.source == LabelSource.CODING) == (source == "coding")}
    inside = set(queries.voices(Filters(paths=paths), organisation=organisation).filter(id__in=list(held)).values_list("id", flat=True))
    said = rereading.last_read(list(inside), organisation=organisation)
    taught = _taught(field, organisation)
    return [
        Judged(key, classes_of(field, getattr(said[key], field)), classes_of(field, row.after), own_weights.version_of(said[key].engine) in taught)
        for key, row in sorted(held.items(), key=lambda pair: (pair[1].corrected_at, pair[1].id))
        if key in said
    ]


def counted(field: str, *, organisation: int) -> int:
    """How many voices `judged` gives for the whole organisation, without reading them."""
    engines = Analysis.objects.filter(organisation_id=organisation, feedback_id=OuterRef("feedback_id")).exclude(engine__endswith=PERSON)
    rows = spoken(field, organisation=organisation).filter(Exists(engines.exclude(engine__endswith=PROVIDER)))
    there = Feedback.objects.filter(organisation_id=organisation, id=OuterRef("feedback_id"), deleted_at=None)
    return rows.filter(Exists(there)).values("feedback_id").distinct().count()


def _taught(field: str, organisation: int) -> set[int]:
    """The versions of the own model that learnt a label."""
    return set(OwnHead.objects.filter(organisation_id=organisation, field=field).values_list("model__version", flat=True))


def cells(rows: Sequence[Judged], field: str) -> list[Cell]:
    """Every class that anybody named in the set, in the taxonomy's order. Pure."""
    found = []
    for name in CLASSES[field]:
        truth = tuple(row.feedback_id for row in rows if name in row.truth)
        said = tuple(row.feedback_id for row in rows if name in row.said)
        if truth or said:
            found.append(Cell(name, truth, said, tuple(key for key in said if key in set(truth))))
    return found
