"""Finds red lines: danger to people, fraud, leaks, threats of exposure, discrimination, self-harm.

Recall comes first: a class is a list of patterns over folded, lower-case text; phrases that merely look alike are
blanked before. Whether a guarded class counts in a friendly text or a plain question is decided by the engine.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from re import _constants as opcode  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from feedback.nlp.lexicon import read_toml


@dataclass(frozen=True, slots=True)
class RedLine:
    """A stretch of the folded text that draws a red line of class `code`; `guarded` ones yield to the context."""

    code: str
    start: int
    end: int
    guarded: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    code: str
    guarded: bool
    needs: frozenset[str] | None
    regex: re.Pattern[str]


def red_lines_in(text: str) -> list[RedLine]:
    """Return the red lines of a folded, lower-case text in reading order, at most one for each class and place."""
    rules, spare = _rules()
    letters = set(text)
    likely = rules.likely(letters)
    found = {(m.start(), m.end(), r.code): r for r in likely for m in r.regex.finditer(text) if m.end() > m.start()}
    if not found:
        return []
    blanked = _blank(text, spare.likely(letters))
    if blanked != text:
        found = {(m.start(), m.end(), r.code): r for r in likely for m in r.regex.finditer(blanked)}
    return [
        RedLine(code, start, end, rule.guarded)
        for (start, end, code), rule in sorted(found.items(), key=lambda i: i[0])
    ]


def _blank(text: str, patterns: Iterable[_Pattern]) -> str:
    for pattern in patterns:
        text = pattern.regex.sub(lambda match: "\u3000" * len(match[0]), text)
    return text


class _Patterns:
    """Patterns under the characters they need, so that a text meets only those that can match it."""

    def __init__(self, patterns: Iterable[_Pattern]) -> None:
        self._all = tuple(patterns)
        self._always = frozenset(n for n, pattern in enumerate(self._all) if pattern.needs is None)
        self._by_character: dict[str, list[int]] = {}
        for number, pattern in enumerate(self._all):
            for character in pattern.needs or ():
                self._by_character.setdefault(character, []).append(number)

    def likely(self, letters: Iterable[str]) -> list[_Pattern]:
        numbers = set(self._always)
        for letter in letters:
            numbers.update(self._by_character.get(letter, ()))
        return [self._all[number] for number in sorted(numbers)]


@cache
def _rules() -> tuple[_Patterns, _Patterns]:
    lists = read_toml("redlines")
    spare = tuple(_Pattern("", False, needed_characters(p), re.compile(p)) for p in lists["spare"]["phrases"])
    rules = tuple(
        _Pattern(code, bool(section["guarded"]), needed_characters(p), re.compile(p))
        for code, section in lists.items()
        if code != "spare"
        for p in section["find"]
    )
    return _Patterns(rules), _Patterns(spare)


def needed_characters(pattern: str) -> frozenset[str] | None:
    """Return characters of which any match of `pattern` holds at least one; None where no such set is known."""
    return _needs(parser.parse(pattern))


def _needs(items: Any) -> frozenset[str] | None:
    best: frozenset[str] | None = None
    for op, value in items:
        one = _needs_of(op, value)
        if one is not None and (best is None or len(one) < len(best)):
            best = one
    return best


def _needs_of(op: Any, value: Any) -> frozenset[str] | None:
    if op is opcode.LITERAL:
        return frozenset(chr(value))
    if op is opcode.IN:
        if any(kind is not opcode.LITERAL for kind, _ in value):
            return None
        return frozenset(chr(code) for _, code in value)
    if op is opcode.SUBPATTERN:
        return _needs(value[3])
    if op is opcode.BRANCH:
        parts = [_needs(branch) for branch in value[1]]
        return None if any(part is None for part in parts) else frozenset().union(*(p for p in parts if p is not None))
    if op in (opcode.MAX_REPEAT, opcode.MIN_REPEAT) and value[0] > 0:
        return _needs(value[2])
    return None
