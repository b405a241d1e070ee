"""An organisation's own words for topics, found in a text: pure, beside the engine and in its terms.

A text that says one of the words speaks of the topic, with the feeling of the clause the engine heard there, else of
the whole text. What the engine found stays as it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import opencc

from feedback.nlp import Understanding
from feedback.nlp.folding import fold_with_map, lowered
from feedback.nlp.understanding import Mention

Words = Mapping[str, tuple[str, ...]]


@cache
def folded(word: str) -> str:
    """A word as the engine folds text: full width, traditional and capital letters do not matter."""
    return str(lowered(fold_with_map(word).text))


@cache
def _converters() -> tuple[Any, ...]:
    return tuple(opencc.OpenCC(config) for config in ("s2t", "s2tw", "s2hk"))


def spellings(word: str) -> set[str]:
    """The ways a folded word is written in simplified and traditional texts, for searching where nothing is folded."""
    return {word, *(str(converter.convert(word)) for converter in _converters())}


def add(text: str, found: Understanding, words: Words) -> Understanding:
    """The understanding with a mention for each topic whose words occur and which the engine did not hear."""
    heard = {mention.code for mention in found.topics}
    missing = {code: own for code, own in words.items() if code not in heard}
    if not missing or not text:
        return found
    fold = fold_with_map(text)
    low = lowered(fold.text)
    mentions = list(found.topics)
    for code, own in missing.items():
        for word in own:
            at = low.find(folded(word))
            if at >= 0:
                start, end = fold.origin(at, at + len(folded(word)))
                mentions.append(Mention(code, _feeling(found, start, end), start, end))
                break
    if len(mentions) == len(found.topics):
        return found
    # “other” says that the engine found no topic; now there is one
    kept = [mention for mention in mentions if mention.code != "other"]
    return replace(found, topics=tuple(kept))


def _feeling(found: Understanding, start: int, end: int) -> float:
    near = [m.sentiment for m in found.topics if m.start < end and start < m.end]
    return near[0] if near else found.sentiment_score


def in_script(text: str, language: str) -> str:
    """A Chinese text as readers of the language write it."""
    return str(_converters()[1].convert(text)) if language.lower() in {"zh-hant", "zh-tw", "zh-hk"} else text
