"""A customer's words cut into pieces for the page: aspects marked, personal data written over. Pure but for the words.

Spans count code points of the text as it came, half open. What is masked never leaves the server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from feedback import masking
from feedback.search_form import spans
from reports.topics import personal_data

FEELING = 0.15  # closer to zero a mention is neutral

# characters shown before the first hit of a search
BEFORE = 30

Hidden = tuple[int, int, str]


@dataclass(frozen=True)
class Part:
    """A stretch of text; `mask` names the personal data it stands for (then `text` is empty). is_hit: it was searched for."""

    text: str
    mask: str = ""
    is_hit: bool = False


@dataclass(frozen=True)
class Piece:
    """Parts under the same aspects. feel: neg, pos, mid, or "" outside; numbers: the aspects that end here; over: all."""

    parts: tuple[Part, ...]
    feel: str = ""
    numbers: tuple[int, ...] = ()
    over: tuple[int, ...] = ()


def feel_of(sentiment: float) -> str:
    """neg, pos or mid."""
    if sentiment > FEELING:
        return "pos"
    return "neg" if sentiment < -FEELING else "mid"


def pieces(text: str, mentions: Sequence[Mapping[str, Any]], pii: Sequence[Mapping[str, Any]]) -> list[Piece]:
    """The whole text as pieces. Mentions are numbered from 1 in the order given; where they overlap the worst colours."""
    return _pieces(text, mentions, [(span.start, span.end, span.type) for span in masking.personal(text, pii)])


def _pieces(text: str, mentions: Sequence[Mapping[str, Any]], hidden: Sequence[Hidden]) -> list[Piece]:
    length = len(text)
    aspects = [(_clip(m["start"], length), _clip(m["end"], length), float(m["sentiment"])) for m in mentions]
    bounds = sorted({0, length, *(place for row in (*aspects, *hidden) for place in row[:2])})
    cells = [
        (start, end, tuple(i for i, (a, b, _) in enumerate(aspects) if a <= start and end <= b))
        for start, end in zip(bounds, bounds[1:], strict=False)
    ]
    found = []
    for over, run in groupby(cells, key=lambda cell: cell[2]):
        spans = [(start, end) for start, end, _ in run]
        parts = tuple(part for start, end in spans for part in _parts(text, start, end, hidden))
        worst = min((aspects[i][2] for i in over), default=0.0)
        numbers = tuple(i + 1 for i in over if aspects[i][1] == spans[-1][1])
        if parts:
            found.append(Piece(parts, feel_of(worst) if over else "", numbers, tuple(i + 1 for i in over)))
    return found


def short(text: str, pii: Sequence[Mapping[str, Any]], limit: int = 120, words: Sequence[str] = ()) -> list[Part]:
    """The beginning of a text, masked, with … where it was cut; from the first of the words (in search form) on if it stands later."""
    covered = [(span.start, span.end, span.type) for span in masking.personal(text, pii)]
    hits = spans(_bare(text, covered), words) if words else []
    begin = max(0, hits[0][0] - BEFORE) if hits and hits[0][1] > limit else 0
    cut = text[begin : begin + limit]
    places = [{"start": a - begin, "end": b - begin, "sentiment": 0.0} for a, b in hits if a - begin < limit]
    hidden = [(max(a - begin, 0), min(b - begin, len(cut)), kind) for a, b, kind in covered if begin < b and a < begin + limit]
    parts = [Part(part.text, part.mask, bool(piece.over)) for piece in _pieces(cut, places, hidden) for part in piece.parts]
    return [*([Part("…")] if begin else []), *parts, *([Part("…")] if len(text) > begin + limit else [])]


def _bare(text: str, hidden: Sequence[Hidden]) -> str:
    """The text with blanks over personal data: a search must not tell by its place what stands under a mask."""
    shown = list(text)
    for start, end, _ in hidden:
        shown[start:end] = " " * (end - start)
    return "".join(shown)


def _parts(text: str, start: int, end: int, hidden: Sequence[Hidden]) -> list[Part]:
    for from_place, to_place, kind in hidden:
        if from_place <= start and end <= to_place:
            return [Part("", personal_data(kind))] if start == from_place else []
    return [Part(text[start:end])]


def _clip(place: int, length: int) -> int:
    return min(max(int(place), 0), length)
