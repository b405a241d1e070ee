"""Regular expressions under the characters they need: a text meets only those that can match it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as opcode  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern of group `code`; `needs` are characters of which any match holds at least one."""

    code: str
    guarded: bool
    needs: frozenset[str] | None
    regex: re.Pattern[str]


def pattern(code: str, written: str, guarded: bool = False, flags: int = 0) -> Pattern:
    """Compile one pattern."""
    return Pattern(code, guarded, needed_characters(written), re.compile(written, flags))


def blanked(text: str, patterns: Iterable[Pattern]) -> str:
    """Return `text` with every match replaced by wide blanks of the same length."""
    for one in patterns:
        text = one.regex.sub(lambda match: "\u3000" * len(match[0]), text)
    return text


class Patterns:
    """Patterns under the characters they need, so that a text meets only those that can match it."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._all = tuple(patterns)
        self._always = frozenset(n for n, one in enumerate(self._all) if one.needs is None)
        self._by_character: dict[str, list[int]] = {}
        for number, one in enumerate(self._all):
            for character in one.needs or ():
                self._by_character.setdefault(character, []).append(number)

    def likely(self, letters: Iterable[str]) -> list[Pattern]:
        numbers = set(self._always)
        for letter in letters:
            numbers.update(self._by_character.get(letter, ()))
        return [self._all[number] for number in sorted(numbers)]


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
