"""Cuts a folded, lower-cased text into clauses: the pieces that carry one feeling each."""

import re

_TURN = (
    r"但是|但(?![凡愿])|不过(?!是)|可是|只是(?!想)|然而|可惜|就是(?=[有太那价贵慢小])|不然|除了|奈何|无奈"
    r"|\bbut\b|\bhowever\b|\bthough\b|\balthough\b|\bexcept\b"
)
_END = re.compile(r"[。!?;,\n…~！？；，]+|\.{2,}|\.(?=\s|$)")
_TURN_AT = re.compile(_TURN)


def clauses_of(text: str) -> list[tuple[int, int]]:
    """Return the half-open spans of the clauses in reading order; blanks around a clause are left out."""
    cuts = [0]
    for match in _END.finditer(text):
        cuts.append(match.end())
    cuts.extend(match.start() for match in _TURN_AT.finditer(text))
    cuts = sorted({*cuts, len(text)})
    spans = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip(" \t\r\n。!?;,…~！？；，"))
        right = end - (len(piece) - len(piece.rstrip(" \t\r\n。!?;,…~！？；，.")))
        if right > left:
            spans.append((left, right))
    return spans


def turns_in(text: str) -> int:
    """Return how often the text turns (但是, 不过, but …)."""
    return sum(1 for _ in _TURN_AT.finditer(text))


def last_turn(text: str) -> int:
    """Return where the last turn begins, 0 where there is none."""
    return max((match.start() for match in _TURN_AT.finditer(text)), default=0)
