"""The form in which search compares words: pure, one rule for texts and queries.

What nobody sees dropped, NFKC, small letters, traditional characters made simplified one by one, blanks folded.
Character by character, never word by word: what occurs in a text then occurs in its form, whatever stands around it.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

import opencc

from feedback.nlp.folding import UNSEEN

# no form of a query holds it: what stands on its two sides is never found as one
GONE = "\x1f"


def search_form(text: str) -> str:
    """The form of a text or a query; control characters are blanks."""
    return " ".join(_folded(text).split())


def bare_form(text: str, hidden: Iterable[tuple[int, int]]) -> str:
    """The form of a text without the stretches `hidden` (start, end; in order), a sign for each that no query holds."""
    parts, at = [], 0
    for start, end in hidden:
        parts.append(search_form(text[at:start]))
        at = end
    return GONE.join([*parts, search_form(text[at:])])


def terms(query: str) -> list[str]:
    """The words of a query, in search form: blanks part them, double quotes hold together."""
    found: list[str] = []
    for number, part in enumerate(query.replace("“", '"').replace("”", '"').split('"')):
        form = search_form(part)
        found += [form] if number % 2 else form.split()
    return list(dict.fromkeys(term for term in found if term))


def spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words in search form stand in a text: (start, end) in its own characters, in order, none touching another."""
    made: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        for one in _folded(character):
            if one != " " or (made and made[-1] != " "):
                made.append(one)
                origins.append(place)
    form = "".join(made)
    found: list[tuple[int, int]] = []
    for word in filter(None, words):
        at = form.find(word)
        while at >= 0:
            found.append((origins[at], origins[at + len(word) - 1] + 1))
            at = form.find(word, at + 1)
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _folded(text: str) -> str:
    """The form but for runs of blanks; the only blank left is the plain one."""
    text = UNSEEN.sub("", text)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).translate(_simplified())
    return "".join(c if c.isprintable() else " " for c in folded)


def pairs(term: str) -> list[int]:
    """The pairs of neighbouring characters of a term, as `feedback_search_tokens` numbers them; none for one character."""
    codes = [ord(c) & 0xFFFF for c in term]
    return sorted({(a << 16) | b for a, b in zip(codes, codes[1:], strict=False)})


@cache
def _simplified() -> dict[int, str]:
    characters = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    turned = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(a): b for a, b in zip(characters, turned, strict=True) if a != b and len(b) == 1}
