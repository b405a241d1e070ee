"""Voices for the tests of figures: received through the one intake, with declared scores, on a chosen local day."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from customers.cards import Card
from feedback import intake
from feedback.intake import Source
from feedback.shapes import SCALES, RawScore, RawVoice

ZONE = ZoneInfo("Asia/Shanghai")
SOURCE = Source(b"[]", "application/json", "test")


def at(day: date, hour: int = 12) -> datetime:
    """An instant on a local day of the shop."""
    return datetime.combine(day, time(hour), tzinfo=ZONE)


def voice(
    day: date,
    value: float | None = None,
    *,
    kind: str = "nps",
    scale: tuple[int, int] | None = None,
    unit: str = "S001",
    staff: str = "",
    channel: str = "app",
    touchpoint: str = "",
    customer: str = "",
    tier: str = "",
    text: str = "",
    hour: int = 12,
    item: str = "",
) -> RawVoice:
    """One voice with at most one score."""
    low, high = scale or SCALES[kind]
    scores = () if value is None else (RawScore(kind, Decimal(str(value)), low, high, item),)
    card = Card(external_id=customer, tier=tier) if customer else None
    return RawVoice(
        channel=channel,
        text=text,
        occurred_at=at(day, hour),
        customer=card,
        unit=unit,
        staff=staff,
        touchpoint=touchpoint,
        scores=scores,
    )


def receive(shop, voices: Sequence[RawVoice], *, now: datetime) -> list:
    """Receives and commits; the keys in order."""
    with shop.scope():
        receipts = intake.receive(list(voices), organisation=shop.id, source=SOURCE, now=now)
    assert [receipt.status for receipt in receipts] == ["accepted"] * len(voices)
    return [receipt.id for receipt in receipts]


def mix(day: date, promoters: int, passives: int, detractors: int, **more) -> list[RawVoice]:
    """So many promoters (10), passives (8) and detractors (3)."""
    values = [10] * promoters + [8] * passives + [3] * detractors
    return [voice(day, value, **more) for value in values]
