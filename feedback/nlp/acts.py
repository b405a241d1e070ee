"""Hears what a customer does with words: demands, reports a failure, praises, wishes, asks. Rules, no models.

`decisions` sets these acts above the models: plain words outweigh a score. The rules are data (`lexicon/acts.toml`).
"""

import re
from dataclasses import dataclass
from functools import cache

from feedback.nlp.clauses import last_turn
from feedback.nlp.lexicon import read_toml
from feedback.nlp.patterns import Pattern, Patterns, pattern

ACTS: tuple[str, ...] = ("relief", "plain", "question", "demand", "wish", "failure", "bad", "good")
_LINES = str.maketrans(dict.fromkeys(",。!?;…~！？；，", "\n"))
_BLANK = "\u3000"


@dataclass(frozen=True, slots=True)
class Acts:
    """In how many clauses each act of `ACTS` was heard; `turned`: what is good came first, then the text turned."""

    relief: int = 0
    plain: int = 0
    question: int = 0
    demand: int = 0
    wish: int = 0
    failure: int = 0
    bad: int = 0
    good: int = 0
    turned: bool = False


def acts_in(text: str) -> Acts:
    """Return the acts of one folded, lower-case text."""
    patterns, hiding = _rules()
    lines = text.translate(_LINES)
    by_act: dict[str, list[Pattern]] = {}
    for one in patterns.likely(set(text)):
        by_act.setdefault(one.code, []).append(one)
    heard: dict[str, int] = {}
    for act in ACTS:
        if act in by_act:
            found, clean = _heard(lines, by_act[act])
            if found:
                heard[act] = found
                lines = clean if act in hiding else lines
    return Acts(**heard, turned="good" in heard and _turns_from_good(lines, by_act["good"]))


def _heard(lines: str, patterns: list[Pattern]) -> tuple[int, str]:
    """Return in how many lines the patterns match, and the lines without the matches."""
    numbers: set[int] = set()
    clean = lines
    for one in patterns:
        if one.regex.search(lines) is None:
            continue
        for match in one.regex.finditer(lines):
            start, end = match.span()
            if end > start:
                numbers.add(lines.count("\n", 0, start))
                clean = clean[:start] + _BLANK * (end - start) + clean[end:]
    return len(numbers), clean


def _turns_from_good(lines: str, good: list[Pattern]) -> bool:
    turns = last_turn(lines)
    return turns > 0 and all(match.start() < turns for one in good for match in one.regex.finditer(lines))


@cache
def _rules() -> tuple[Patterns, frozenset[str]]:
    lists = read_toml("acts")
    patterns = Patterns(pattern(act, p, flags=re.MULTILINE) for act in ACTS for p in lists[act]["find"])
    return patterns, frozenset(act for act in ACTS if lists[act]["hides"])


# What an act adds to the log odds: first of complaint, suggestion, praise, enquiry, other, then of positive, negative,
# neutral, mixed. A score of the models seldom leads by more than three, so a demand or a relief decides and a single word leans.
_FIRST: dict[str, tuple[float, ...]] = {
    "relief": (-3.0, 0.0, 5.0, -0.5, 0.0, 5.0, -3.0, 0.0, 0.5),
    "plain": (-1.5, 0.0, -0.5, 0.0, 3.0, -0.5, -1.5, 3.0, 0.5),
    "question": (-0.5, 0.0, -0.5, 3.0, 0.0, -0.5, -0.5, 2.0, 0.0),
    "demand": (5.0, 0.0, -2.0, 0.0, 0.0, -2.0, 3.5, 0.0, 0.0),
    "wish": (0.0, 3.0, -0.5, 0.0, 0.0, 0.0, -0.5, 2.0, 0.0),
    "failure": (2.0, 0.0, -1.0, 0.0, -0.5, -1.0, 1.5, 0.0, 0.5),
    "bad": (1.5, 0.0, -0.5, 0.0, -1.0, -1.0, 1.5, 0.0, 0.5),
    "good": (-0.5, 0.0, 2.0, 0.0, 0.0, 1.5, -0.5, 0.0, 0.5),
}
_FURTHER = 0.4  # what each further clause with the same act adds, as a share of the first
_TURNED = 0.2  # the weight of praise that only leads up to a "but"
_ALONE = 1.5  # praise with nothing against it, and blame with nothing for it, count more
_KINDS = 5
# What a rule weighs beside the models, which have heard more sentences; a demand and a relief are said to be understood.
_SAY, _SAY_PLAINLY, _PLAINLY = 0.3, 1.0, frozenset({"demand", "relief"})


def leanings(acts: Acts) -> tuple[list[float], list[float]]:
    """Return what the acts add to the log odds of the kinds and of the feelings."""
    sums = [0.0] * len(_FIRST["relief"])
    asking = bool(acts.question and not acts.demand)
    for act, row in _FIRST.items():
        times = getattr(acts, act)
        if not times or (act == "failure" and (asking or acts.wish)):
            continue
        say = _SAY_PLAINLY if act in _PLAINLY else _SAY
        share = say * (1 + _FURTHER * min(times - 1, 2)) * (_TURNED if act == "good" and acts.turned else 1)
        sums = [total + share * one for total, one in zip(sums, row, strict=True)]
    friendly, sour = acts.good or acts.relief, acts.failure or acts.bad or acts.demand
    if friendly and sour:
        sums[-1] += 1.5 * _SAY
    elif friendly and not (acts.wish or acts.question or acts.turned):
        sums[_KINDS - 3] += _ALONE * _SAY
        sums[_KINDS] += _ALONE * _SAY
    elif acts.bad and not (acts.wish or acts.question):
        sums[0] += _ALONE * _SAY
        sums[_KINDS + 1] += _ALONE * _SAY
    return sums[:_KINDS], sums[_KINDS:]
