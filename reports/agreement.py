"""How far two coders agree: Cohen's kappa per question, from the voices both have coded. Pages and the API call it."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coding import FIELDS, Pair
from metrics.statistics import Agreement, cohens_kappa

TARGET = 0.7
FEW = 30  # voices both coded, below which nothing is said of the target


@dataclass(frozen=True)
class Question:
    """One question: kappa with interval over the voices both coded, and how many they differ on."""

    field: str
    agreement: Agreement
    n_differ: int

    @property
    def verdict(self) -> str:
        """good, bad: the whole interval lies above the target, or below; few: under 30 voices; unclear else, "" without a kappa."""
        found = self.agreement
        if found.low is None or found.high is None:
            return ""
        if found.n < FEW:
            return "few"
        return "good" if found.low >= TARGET else "bad" if found.high < TARGET else "unclear"


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
