"""Questions about the register of metrics. Nothing here reads a figure; that is `metrics.series`."""

from feedback.nlp.taxonomy import TOPIC_CODES
from metrics.definitions.definition import Definition
from metrics.definitions.table import BY_CODE, METRICS
from tenancy.enums import Channel

CHANNELS = frozenset(Channel.values)
TOPICS = frozenset(TOPIC_CODES)


def register() -> tuple[Definition, ...]:
    """Every metric in the order of the table."""
    return METRICS


def definition(code: str) -> Definition | None:
    """The definition of this code, or None."""
    return BY_CODE.get(code)
