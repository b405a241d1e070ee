"""Personal data in what people wrote, written over before it leaves: the one rule for every road out.

Pages, lists, notices and reports show the kind in 【】; the API writes * over every character, so that spans keep their
places. What an engine has found is taken from its analysis, else looked for here. `originals` shows what is under it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback.nlp import PersonalData, mask
from feedback.nlp.folding import fold_with_map
from feedback.nlp.personal_data import personal_data_in

COVER = "*"
Spans = Sequence[Mapping[str, Any]]


def hidden(text: str, pii: Spans | None = None, *, names: bool = True) -> str:
    """The text with each kind in 【】. pii: spans of an analysis, None to look; names=False leaves names: colleagues' words."""
    return mask(text, _spans(text, pii, names))


def hidden_throughout(text: str, known: Iterable[str]) -> str:
    """As `hidden`, looked for anew, and wherever else what was found or is known to name somebody stands in the text.

    known: names of the people the voice belongs to; those of one character are left out. For words that leave the house.
    """
    spans = _spans(text, None, True)
    said = {name: "name" for name in map(str.strip, known) if len(name) > 1} | {text[span.start : span.end]: span.type for span in spans}
    spans += [PersonalData(kind, m.start(), m.end()) for word, kind in said.items() if word for m in re.finditer(re.escape(word), text)]
    apart: list[PersonalData] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if apart and span.start < apart[-1].end:
            apart[-1] = PersonalData(apart[-1].type, apart[-1].start, max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return mask(text, apart)


def covered(text: str, pii: Spans | None = None, *, names: bool = True) -> str:
    """The text with * over personal data, character for character."""
    shown = list(text)
    for span in _spans(text, pii, names):
        shown[span.start : span.end] = COVER * (span.end - span.start)
    return "".join(shown)


def covered_deep(value: Any, *, names: bool = True) -> Any:
    """Every text within JSON-like data, covered; keys stay."""
    if isinstance(value, str):
        return covered(value, names=names)
    if isinstance(value, dict):
        return {key: covered_deep(item, names=names) for key, item in value.items()}
    return [covered_deep(item, names=names) for item in value] if isinstance(value, list) else value


def _spans(text: str, pii: Spans | None, names: bool) -> list[PersonalData]:
    length = len(text)
    if pii is None:
        fold = fold_with_map(text)
        found: Iterable[PersonalData] = (PersonalData(kind, *fold.origin(a, b)) for kind, a, b in personal_data_in(fold.text))
    else:
        found = (PersonalData(s["type"], min(int(s["start"]), length), min(int(s["end"]), length)) for s in pii)
    return [span for span in found if names or span.type != "name"]
