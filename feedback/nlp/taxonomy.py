"""The default topic taxonomy: codes, labels and the words that name each topic in any industry.

The codes are those of the API; tenants map their own trees onto them. Words live in `lexicon/topics.toml`.
"""

from dataclasses import dataclass
from functools import cache

from feedback.nlp.lexicon import read_toml, words_of

TOPIC_CODES: tuple[str, ...] = (
    "product_quality", "product_function", "price", "promotion", "stock", "delivery_speed", "delivery_damage",
    "staff_attitude", "staff_skill", "waiting_time", "environment", "hygiene", "safety", "refund", "after_sales",
    "billing", "app_usability", "information", "privacy", "reservation", "loyalty", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the default taxonomy: its code, its label in simplified Chinese, its words (folded, lower case)."""

    code: str
    label: str
    words: tuple[str, ...]


@cache
def default_taxonomy() -> tuple[Topic, ...]:
    """Return the topics in the order of `TOPIC_CODES`."""
    lists = read_toml("topics")
    return tuple(Topic(code, lists[code]["label"], tuple(words_of(lists[code]))) for code in TOPIC_CODES)


@cache
def topic_labels() -> dict[str, str]:
    """Return the label of each topic code in simplified Chinese."""
    return {topic.code: topic.label for topic in default_taxonomy()}
