"""What a survey asks: scale, bands, texts in three languages, chips. Pure values; nothing is stored here.

The shipped texts live in `presets/*.toml`. `texts` is {field: {language: text}}, `reasons` {band: [topic code]}.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from surveys.enums import Band, Kind

PRESETS = Path(__file__).parent / "presets"
LANGUAGES = ("zh-hans", "zh-hant", "en")
FIELDS = (
    "question", "end_low", "end_high",
    "ask_low", "hint_low", "ask_middle", "hint_middle", "ask_high", "hint_high",
)  # fmt: skip
# what changes the meaning of a score when it changes
WORDING = ("question", "end_low", "end_high")
# the last score of the low band and of the middle one: NPS as everybody counts it, the top two boxes of CSAT, and
# 1–3 against 6–7 of CES
EDGES = {"nps": (6, 8), "csat": (2, 3), "ces": (3, 5)}
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
MOST_REASONS = 8
# whether he would come back, when a survey asks it: a choice of its own beside score and words
RETURNS = ("yes", "maybe", "no")
PROBLEMS = ("none", "told", "silent")  # met none; met one and told us; met one and kept it to himself
FIRST_REASONS: Mapping[str, tuple[str, ...]] = {
    Band.LOW: ("waiting_time", "after_sales", "information", "price", "staff_attitude", "other"),
    Band.MIDDLE: ("waiting_time", "information", "price", "staff_skill", "environment", "other"),
    Band.HIGH: ("staff_attitude", "staff_skill", "waiting_time", "product_quality", "price", "other"),
}
Texts = dict[str, dict[str, str]]
Reasons = dict[str, list[str]]


def scale(kind: str) -> range:
    """Every score of a kind, lowest first."""
    low, high = SCALES[kind]
    return range(low, high + 1)


def band(kind: str, score: int) -> str:
    """Where a score lies: low asks what went wrong, middle what would be better, high what to keep."""
    low, middle = EDGES[kind]
    return Band.LOW if score <= low else Band.MIDDLE if score <= middle else Band.HIGH


@cache
def _preset(name: str) -> dict[str, Any]:
    return tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def default_texts(kind: str) -> Texts:
    """The shipped texts of a kind, a fresh copy."""
    return texts_of(Kind(kind).value)


def texts_of(name: str) -> Texts:
    """The shipped texts of a preset, a fresh copy."""
    found = _preset(name)
    return {field: {language: str(found[field][language]) for language in LANGUAGES} for field in FIELDS}


def default_reasons() -> Reasons:
    """The shipped chips of each band, a fresh copy."""
    return {str(name): list(codes) for name, codes in FIRST_REASONS.items()}


def reason_codes() -> tuple[str, ...]:
    """Every topic that has words for customers."""
    return tuple(_preset("reasons"))


def reason_label(code: str, name: str, language: str) -> str:
    """What the chip of a topic says in a band; the code where there are no words for it."""
    words = _preset("reasons").get(code)
    if words is None:
        return code
    said = words["high" if name == Band.HIGH else "low"]
    return str(said.get(language) or said["zh-hans"])


def say(texts: Mapping[str, Mapping[str, str]], field: str, language: str) -> str:
    """A text in the reader's language, else in the next that has one."""
    found = texts.get(field, {})
    return next((found[name] for name in (language, *LANGUAGES) if found.get(name)), "")


def is_comparable(before_kind: str, before: Texts, after_kind: str, after: Texts) -> bool:
    """Whether scores given to the two versions mean the same: same scale, same question, same ends."""
    return before_kind == after_kind and all(before.get(field) == after.get(field) for field in WORDING)
