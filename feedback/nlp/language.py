"""Tells the language of a text from its scripts: no model, no guess beyond what the characters show."""

import re

from feedback.nlp.folding import simplified_characters, traditional_characters
from feedback.nlp.lexicon import read_toml, words_of

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA_HANGUL = re.compile("[\u3041-\u30fa\u30fc-\u30ff\uac00-\ud7a3\u1100-\u11ff]")
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_NOT_WORDS = re.compile(r"[\w.+-]+@[\w.-]+|https?://\S+|www\.\S+|[A-Za-z]*\d[A-Za-z\d-]*")
_ABBREVIATION = re.compile(r"[A-Z]{1,6}|[^aeiouAEIOU]{1,5}|[a-z]{1,2}|e?[A-Z]{2,4}|[A-Z][a-z]?[A-Z]\w{0,3}")
_ENGLISH = frozenset(words_of(read_toml("language")["english"]))
_ROMANCE = frozenset(words_of(read_toml("language")["romance"]))
# Latin words that Chinese speakers write without leaving Chinese.
_LOANS = frozenset(words_of(read_toml("language")["loans"]))


def language_of(text: str) -> str:
    """Return zh-Hans, zh-Hant, en, mixed (Chinese and English in one breath), other, or none (no letters)."""
    n_han = len(_HAN.findall(text))
    n_other = len(_KANA_HANGUL.findall(text))
    if n_other and n_other * 3 >= n_han:
        return "other"
    if n_han:
        switched = _switched_words(text)
        if switched:
            return "en" if n_han == 1 and len(switched) >= 4 else "mixed"
        return _written_in(text)
    words = [w.lower() for w in _WORD.findall(text)]
    foreign = sum(1 for c in text if c.isalpha() and c > "\u024f")
    if not words:
        return "other" if foreign else "none"
    n_english = sum(1 for w in words if w in _ENGLISH)
    n_romance = sum(1 for w in words if w in _ROMANCE and w not in _ENGLISH)
    if foreign > sum(map(len, words)) or n_romance > max(n_english, 1):
        return "other"
    return "en"


def _switched_words(text: str) -> list[str]:
    if text.isascii() or not _WORD.search(text):
        return []
    words = _WORD.findall(_NOT_WORDS.sub(" ", text))
    return [w for w in words if len(w) > 2 and w.lower() not in _LOANS and not _ABBREVIATION.fullmatch(w)]


def _written_in(text: str) -> str:
    letters = set(text)
    n_traditional = len(letters & traditional_characters())
    return "zh-Hant" if n_traditional and n_traditional >= len(letters & simplified_characters()) else "zh-Hans"
