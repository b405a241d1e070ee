"""Folds text for search and analysis, and remembers where every folded character came from.

Folding drops what nobody sees (zero-width characters), then NFKC, then traditional to simplified Chinese, then nothing
else: case stays. Called by the engine, by search and by `mask`'s callers through `fold`. The original is never replaced
by its folded form: spans lead back to it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import opencc

# Characters that t2s would change although they are ordinary in simplified text (名著, 乾隆, 徵羽, 瞭望, 摺扇 aside).
_ALSO_SIMPLIFIED = frozenset("著乾徵瞭藉覆夥餘甯昇陞")
# Half-width voicing marks join the kana before them.
_JOINING = frozenset("\uff9e\uff9f") | frozenset(map(chr, range(0x1160, 0x1200)))
# Full-width forms of ASCII keep their place: the common case needs no map.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# Characters of format (Cf): they break a number or a word in two and show nothing.
UNSEEN = re.compile(
    "[\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text with the way back; `starts`/`ends` are None where every character kept its place."""

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open span of the original that became folded characters `start`..`end` (end > start)."""
        if self.starts is None or self.ends is None or end <= start:
            return start, end
        return self.starts[start], self.ends[end - 1]


@cache
def traditional_characters() -> frozenset[str]:
    """Return the characters that occur in traditional text only."""
    return _one_sided("t2s") - _ALSO_SIMPLIFIED


@cache
def simplified_characters() -> frozenset[str]:
    """Return the characters that occur in simplified text only."""
    both_ways = _one_sided("t2s")
    return (
        _one_sided("s2t")
        - both_ways
        - frozenset("台里面后干只系于么了着几才千丑谷松云致制征志冬佣伙佛修借克准占卷咽咸喂困")
    )


def _one_sided(config: str) -> frozenset[str]:
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    turned = _converter(config).convert("\n".join(characters)).split("\n")
    return frozenset(a for a, b in zip(characters, turned, strict=True) if a != b)


@cache
def _converter(config: str) -> Any:
    with _LOCK:
        return opencc.OpenCC(config)


def fold(text: str) -> str:
    """Return `text` in NFKC with traditional characters made simplified (Taiwan words become mainland words)."""
    return fold_with_map(text).text


def fold_with_map(text: str) -> Folded:
    """Fold `text` and keep the map back; control characters become blanks and lone surrogates U+FFFD."""
    text = text.translate(_FULL_WIDTH)
    if not text.isascii() and (UNSEEN.search(text) or not unicodedata.is_normalized("NFKC", text)):
        folded = _compatible(text)
    else:
        folded = Folded(text)
    clean = _UNSAFE.sub(_harmless, folded.text)
    if not traditional_characters().isdisjoint(clean):
        clean = _simplified(clean)
    return Folded(clean, folded.starts, folded.ends)


def _harmless(match: re.Match[str]) -> str:
    return "\ufffd" if match[0] >= "\ud800" else " "


def _compatible(text: str) -> Folded:
    """Normalise cluster by cluster (a starter with its combining marks), so that each piece knows its origin; unseen ones go."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        if UNSEEN.match(text, at):
            at += 1
            continue
        end = at + 1
        while end < len(text) and _joins(text[end]):
            end += 1
        piece = unicodedata.normalize("NFKC", text[at:end])
        pieces.append(piece)
        starts.extend([at] * len(piece))
        ends.extend([end] * len(piece))
        at = end
    return Folded("".join(pieces), starts, ends)


def _joins(character: str) -> bool:
    return character in _JOINING or (character > "\u02ff" and unicodedata.category(character)[0] == "M")


def _simplified(text: str) -> str:
    """Convert with Taiwan vocabulary where that keeps the length of a line, else character by character.

    Keeping the length keeps the map: 部落格 stays three characters, 軟體 becomes 软件.
    """
    turned: str = _converter("tw2sp").convert(text)
    if len(turned) == len(text):
        return turned
    parts = re.split(r"([,，。!！?？;；\s]+)", text)
    return "".join(_same_length(part) for part in parts)


def _same_length(part: str) -> str:
    for config in ("tw2sp", "t2s"):
        turned: str = _converter(config).convert(part)
        if len(turned) == len(part):
            return turned
    return part


def lowered(text: str) -> str:
    """Return `text` in lower case without ever changing its length."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
