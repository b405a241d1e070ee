"""The two scripts of Chinese, for short texts that people type: names and codes. Whole texts are folded in `feedback`."""

import unicodedata
from functools import cache, lru_cache
from typing import Any

import opencc


def typed(text: str) -> str:
    """What was typed as it was meant: NFKC, without zero-width and control characters, trimmed."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in {"Cf", "Cc"})
    return plain.strip()


@lru_cache(maxsize=1_000)
def either(text: str) -> tuple[str, ...]:
    """The text as it is, in simplified and in traditional characters; each once. 陈晓明 also asks for 陳曉明."""
    return tuple(dict.fromkeys((text, *(str(_converter(config).convert(text)) for config in ("t2s", "s2t")))))


@cache
def _converter(config: str) -> Any:
    return opencc.OpenCC(config)
