"""Looks for words that prove a topic: the topic model may guess, but strict topics are named on evidence alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from feedback.nlp.cues import Reading
from feedback.nlp.lexicon import Hit, Scanner, read_toml
from feedback.nlp.taxonomy import TOPIC_CODES

_SAFETY = TOPIC_CODES.index("safety")
# What words add to the log odds of a topic: the first proving word, each further one; a mere hint; nothing at all.
_PROOF, _FURTHER, _MOST = 0.7, 0.2, 3
_HINT, _HINT_STRICT = 0.0, -0.35
_NOTHING, _NOTHING_STRICT = -0.3, -1.25


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proving words of one text and what they add to the log odds of the topics."""

    hits: tuple[Hit, ...]
    bonus: npt.NDArray[np.float64]


def evidence_of(reading: Reading, red: bool = False) -> Evidence:
    """Return the evidence for each topic in one text; a red line is a hint at safety."""
    scanner, roles, hinted, nothing = _lists()
    hits = tuple(scanner.scan(reading.text))
    bonus = nothing.copy()
    for hit in reading.topics:
        if reading.text[hit.start : hit.end] not in roles:
            bonus[hit.group] = hinted[hit.group]
    if red:
        bonus[_SAFETY] = _HINT
    seen: dict[int, int] = {}
    for hit in hits:
        seen[hit.group] = seen.get(hit.group, 0) + 1
    for group, times in seen.items():
        bonus[group] = _PROOF + _FURTHER * (min(times, _MOST) - 1)
    return Evidence(hits, bonus)


@cache
def _lists() -> tuple[Scanner, frozenset[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    lists = read_toml("evidence")
    scanner = Scanner({TOPIC_CODES.index(code): words.split() for code, words in lists["words"].items()})
    strict = [code in lists["strict"] for code in TOPIC_CODES]
    hinted, nothing = np.where(strict, _HINT_STRICT, _HINT), np.where(strict, _NOTHING_STRICT, _NOTHING)
    return scanner, frozenset(lists["roles"].split()), hinted, nothing
