"""What training on one's own corrections changed: the shipped model and the own one on the same voices, kept out of both.

Pages read it. The share of labels wholly right carries Wilson's interval; whether the change is real is McNemar's exact
test on the voices that only one of the two gets right (two-sided, Holm over the labels).
"""

from dataclasses import dataclass

from scipy.stats import binomtest

from feedback.own_models import OwnHead
from metrics.statistics import Estimate, holm, wilson

LEVEL = 0.05
FEW = 30


@dataclass(frozen=True)
class ClassLine:
    """One class: n voices of it by the persons' word, and F1 before and after (None where neither said nor so)."""

    name: str
    n: int
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Comparison:
    """One label: how many voices taught it, shares of the kept-out ones right before and after, and whether that is real.

    verdict: better, worse, same (no difference shown), few (fewer than 30 kept out: nothing is said).
    """

    field: str
    n_learnt: int
    before: Estimate
    after: Estimate
    n_gained: int
    n_lost: int
    p: float | None
    verdict: str
    classes: tuple[ClassLine, ...]


def mcnemar(only_first: int, only_second: int) -> float | None:
    """The exact two-sided p of McNemar's test; None where the two never differ."""
    n = only_first + only_second
    return float(binomtest(only_first, n, 0.5).pvalue) if n else None


def comparisons(heads: list[OwnHead]) -> list[Comparison]:
    """Every label of a model that was measured; p adjusted by Holm over the labels."""
    measured = [head for head in heads if head.scores]
    raw = [mcnemar(head.scores["only_before"], head.scores["only_after"]) for head in measured]
    adjusted = iter(holm([p for p in raw if p is not None]))
    return [_comparison(head, None if p is None else next(adjusted)) for head, p in zip(measured, raw, strict=True)]


def _comparison(head: OwnHead, p: float | None) -> Comparison:
    found = head.scores
    gained, lost, n = found["only_after"], found["only_before"], found["n"]
    real = p is not None and p < LEVEL
    verdict = "few" if n < FEW else ("better" if gained > lost else "worse") if real else "same"
    return Comparison(head.field, head.n_learnt, wilson(found["before"], n), wilson(found["after"], n), gained, lost, p, verdict, _classes(head))


def _classes(head: OwnHead) -> tuple[ClassLine, ...]:
    before, after = ({row[0]: row[1:] for row in head.scores["classes"][side]} for side in ("before", "after"))
    names = list(dict.fromkeys([*before, *after]))
    lines = []
    for name in names:
        old, new = before.get(name), after.get(name)
        lines.append(ClassLine(name, (old or new or [0, 0, 0])[1], _f1(old), _f1(new)))
    return tuple(lines)


def _f1(counts: list[int] | None) -> float | None:
    """2·both ÷ (said + true)."""
    return 2 * counts[2] / (counts[0] + counts[1]) if counts and counts[0] + counts[1] else None
