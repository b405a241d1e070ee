"""RawFeedback → NormalisedFeedback: the values every door ends in, before anything is stored. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from customers.cards import Card
from cxms.lib.errors import DomainError

SCALES: dict[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "csi": (1, 10), "stars": (1, 5)}


class ShapeError(DomainError):
    """A row is not what the contract asks; `field` and `code` say where and why."""


@dataclass(frozen=True, slots=True)
class RawScore:
    """One answered score as the source declares it."""

    kind: str
    value: Decimal
    scale_min: int
    scale_max: int
    item: str = ""


@dataclass(frozen=True, slots=True)
class RawVoice:
    """One voice as a source tells it, already checked for shape but not against the organisation's catalogues."""

    channel: str
    text: str = ""
    external_id: str | None = None
    occurred_at: datetime | None = None
    customer: Card | None = None
    unit: str = ""
    staff: str = ""
    touchpoint: str = ""
    scores: tuple[RawScore, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    row: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one voice: accepted (id), duplicate (id of the first), rejected (code, field, detail)."""

    status: str
    id: Any = None
    code: str = ""
    field: str = ""
    detail: str = ""
