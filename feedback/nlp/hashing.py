"""Hashes the characters, character pairs and words of many texts at once: features without a vocabulary.

Called by the training and by the engine; both must see the same numbers, so the constants below are part of the model.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_MARK = 2  # U+0002 stands between texts: folding has removed it from them
_DIGITS = {ord(d): ord("0") for d in "123456789"}


def ngram_rows(
    texts: Sequence[str], bits: int, order: int = 2, words: Sequence[Sequence[str]] = ()
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the distinct feature numbers of each text, laid end to end, and the offset where each text begins.

    Texts are folded and lower-cased; `words` are those of each text, counted beside its characters where given. Every
    text has at least one feature (its own border), so offsets rise strictly.
    """
    joined = "\x02" + "\x02".join(texts) + "\x02"
    codes = np.frombuffer(joined.translate(_DIGITS).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rows = (np.cumsum(codes == _MARK) - 1)[:-1].astype(np.int64)
    grams = [_mix(codes[:-1], np.zeros(1, np.uint32)), _mix(codes[:-1], codes[1:])]
    row_sets = [rows, rows]
    if order == 3 and len(codes) > 2:
        triples = _mix(codes[:-2] * np.uint32(0x27D4EB2F) + codes[1:-1], codes[2:])
        inside = (codes[:-2] != _MARK) & (codes[1:-1] != _MARK) & (codes[2:] != _MARK)
        grams.append(triples[inside])
        row_sets.append(rows[: len(triples)][inside])
    if words:
        counts = [len(found) for found in words]
        hashed = [_word(word.translate(_DIGITS)) for found in words for word in found]
        grams.append(np.array(hashed, dtype=np.uint32))
        row_sets.append(np.repeat(np.arange(len(words)), counts).astype(np.int64))
    hashes = np.concatenate([g >> np.uint32(32 - bits) for g in grams]).astype(np.int64)
    keys = _distinct((np.concatenate(row_sets) << bits) | hashes)
    offsets = np.searchsorted(keys >> bits, np.arange(len(texts)))
    return keys & ((1 << bits) - 1), offsets.astype(np.int64)


def _distinct(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    keys.sort()
    distinct: npt.NDArray[np.int64] = keys[np.append(True, keys[1:] != keys[:-1])]
    return distinct


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> int:
    """Return 32 bits of a word: its checksum, stirred, for the upper bits of a checksum of short strings are alike."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) * 0x9E3779B1 & 0xFFFFFFFF


def _mix(first: npt.NDArray[np.uint32], second: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    with np.errstate(over="ignore"):
        h = (first + np.uint32(1)) * np.uint32(0x9E3779B1) ^ (second + np.uint32(7)) * np.uint32(0xC2B2AE35)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA6B)
        mixed: npt.NDArray[np.uint32] = h ^ (h >> np.uint32(13))
        return mixed


def row_sums(
    weights: npt.NDArray[np.float32], features: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return, for each text, the weights of its features summed and divided by the root of their number.

    `weights` has one row a feature and one column a score; the result has one row a text.
    """
    counts = np.diff(np.append(offsets, len(features)))
    sums: npt.NDArray[np.float32] = np.add.reduceat(weights[features], offsets, axis=0)
    norms = np.sqrt(counts).astype(np.float32)
    return sums / (norms[:, None] if sums.ndim == 2 else norms)
