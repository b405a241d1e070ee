"""How far two coders agree: Cohen's kappa per question, from the voices both have coded. Pages and the API call it."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coding import FIELDS, Pair
from metrics.statistics import Agreement, cohens_kappa

TARGET = 0.7


@dataclass(frozen=True)
class Question:
    """One question: kappa with interval over the voices both coded, and how many they differ on."""

    field: str
    agreement: Agreement
    n_differ: int


def questions(pairs: Sequence[Pair]) -> list[Question]:
    """Stance, kind and topic, each with its kappa. A class nobody used is no row of the table."""
    both = [(pair.first, pair.second) for pair in pairs if pair.first is not None and pair.second is not None]
    found = []
    for field in FIELDS:
        said = [(str(getattr(a, field)), str(getattr(b, field))) for a, b in both]
        names = sorted({name for row in said for name in row})
        table = [[said.count((row, column)) for column in names] for row in names]
        found.append(Question(field, cohens_kappa(table), sum(a != b for a, b in said)))
    return found
