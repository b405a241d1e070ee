"""What an inspection scores. Pure: items and answers in, a number out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = ("yes", "scale")
LEAST_SHARE = 0.6  # of the weight, as for the index of attributes
HIGHEST = {"yes": 1, "scale": 5}
LOWEST = {"yes": 0, "scale": 1}


@dataclass(frozen=True)
class Item:
    """A line of a checklist. kind: yes (0, 1) or scale (1 to 5); a critical one that has its lowest answer is told apart."""

    code: str
    label: str
    weight: float
    kind: str = "yes"
    is_critical: bool = False


@dataclass(frozen=True)
class Scored:
    """value: 0..100, None when less than six tenths of the weight were answered; failed: codes of critical items at their lowest."""

    value: float | None
    failed: tuple[str, ...]


def score(items: Sequence[Item], answers: Mapping[str, int]) -> Scored:
    """The weighted mean of the answered items on 0..100; what was not applicable is left out and the rest renormalised."""
    given = [item for item in items if item.code in answers]
    whole, weight = sum(item.weight for item in items), sum(item.weight for item in given)
    failed = tuple(item.code for item in given if item.is_critical and answers[item.code] == LOWEST[item.kind])
    if not weight or weight < LEAST_SHARE * whole - 1e-9:
        return Scored(None, failed)
    total = sum(item.weight * (answers[item.code] - LOWEST[item.kind]) / (HIGHEST[item.kind] - LOWEST[item.kind]) for item in given)
    return Scored(100 * total / weight, failed)
