"""Word lists of the engine and the scanner that finds their words in folded, lower-case text.

The lists are data (`*.toml`, `*.txt`); the engine's signature covers them, since results change with them.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_HERE = Path(__file__).parent


@cache
def read_toml(name: str) -> dict[str, Any]:
    """Return the parsed word list `name`.toml."""
    with (_HERE / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def words_of(section: Mapping[str, Any]) -> list[str]:
    """Return the words and phrases of one section."""
    return [*section.get("words", "").split(), *section.get("phrases", [])]


@cache
def surnames() -> frozenset[str]:
    """Return the Chinese family names the engine knows, one or two characters each."""
    return frozenset(name for name in _single_and_double((_HERE / "surnames.txt").read_text("utf-8").split()))


def _single_and_double(blocks: list[str]) -> Iterable[str]:
    for block in blocks:
        if len(block) == 2:
            yield block
        else:
            yield from block


def digest_of_lists() -> str:
    """Return the sha256 of all word lists: results change with them, so the model card names it."""
    files = sorted(path for path in _HERE.iterdir() if path.suffix in (".toml", ".txt"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


class Hit(NamedTuple):
    """A word of group `group` at `start`..`end` of the scanned text."""

    group: int
    start: int
    end: int


class Scanner:
    """Finds the words of several groups in one pass; a word in Latin letters must stand alone."""

    def __init__(self, groups: Mapping[int, Iterable[str]]) -> None:
        self._single: dict[str, list[int]] = {}
        self._by_pair: dict[str, list[tuple[str, int]]] = {}
        for group, words in groups.items():
            for word in dict.fromkeys(words):
                if len(word) == 1:
                    self._single.setdefault(word, []).append(group)
                else:
                    self._by_pair.setdefault(word[:2], []).append((word, group))
        for entries in self._by_pair.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def scan(self, text: str) -> list[Hit]:
        """Return the hits in reading order; words may overlap, also within a group."""
        hits: list[Hit] = []
        pairs, single = self._by_pair, self._single
        for at, character in enumerate(text):
            if character in single:
                for group in single[character]:
                    hits.append(Hit(group, at, at + 1))
            pair = text[at : at + 2]
            if pair in pairs:
                for word, group in pairs[pair]:
                    if text.startswith(word, at) and (word[0] > "\x7f" or _stands_alone(text, at, word)):
                        hits.append(Hit(group, at, at + len(word)))
        return hits


def _stands_alone(text: str, at: int, word: str) -> bool:
    """Keep 'app' out of 'happy': Latin words need borders that are not Latin letters."""
    end = at + len(word)
    if word[0].isascii() and word[0].isalpha() and at and text[at - 1].isascii() and text[at - 1].isalpha():
        return False
    return not (
        word[-1].isascii() and word[-1].isalpha() and end < len(text) and text[end].isascii() and text[end].isalpha()
    )
