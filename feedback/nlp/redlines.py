"""Finds red lines: danger to people, fraud, leaks, threats of exposure, discrimination, self-harm.

Recall comes first: a class is a list of patterns over folded, lower-case text; phrases that merely look alike are
blanked before. Whether a guarded class counts in a friendly text or a plain question is decided by the engine.
"""

from dataclasses import dataclass
from functools import cache

from feedback.nlp.lexicon import read_toml
from feedback.nlp.patterns import Patterns, blanked, pattern


@dataclass(frozen=True, slots=True)
class RedLine:
    """A stretch of the folded text that draws a red line of class `code`; `guarded` ones yield to the context."""

    code: str
    start: int
    end: int
    guarded: bool


def red_lines_in(text: str) -> list[RedLine]:
    """Return the red lines of a folded, lower-case text in reading order, at most one for each class and place."""
    rules, spare = _rules()
    letters = set(text)
    likely = rules.likely(letters)
    found = {(m.start(), m.end(), r.code): r for r in likely for m in r.regex.finditer(text) if m.end() > m.start()}
    if not found:
        return []
    clean = blanked(text, spare.likely(letters))
    if clean != text:
        found = {(m.start(), m.end(), r.code): r for r in likely for m in r.regex.finditer(clean)}
    return [
        RedLine(code, start, end, rule.guarded)
        for (start, end, code), rule in sorted(found.items(), key=lambda i: i[0])
    ]


def without_look_alikes(text: str) -> str:
    """Return `text` with the phrases that merely look like danger replaced by wide blanks."""
    return blanked(text, _rules()[1].likely(set(text)))


@cache
def _rules() -> tuple[Patterns, Patterns]:
    lists = read_toml("redlines")
    spare = tuple(pattern("", p) for p in lists["spare"]["phrases"])
    rules = tuple(
        pattern(code, p, bool(section["guarded"]))
        for code, section in lists.items()
        if code != "spare"
        for p in section["find"]
    )
    return Patterns(rules), Patterns(spare)
