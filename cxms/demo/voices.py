"""The demo's voices: twelve months of them, drawn so that stores, touchpoints and last week differ for a reason."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from customers.cards import Card
from cxms.demo import phrases
from cxms.demo.catalogue import CSI_ITEMS, GIVEN, STORES, SURNAMES, TIERS, TINY, TOUCHES, YOUNG
from feedback.shapes import RawScore, RawVoice

CHANNELS = ("survey",) * 12 + ("app",) * 3 + ("wechat",) * 2 + ("qr",) * 2 + ("store",)
SOUTH_DROP = -0.4


def person(rng: Random) -> str:
    """An invented name."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def cards(rng: Random, n: int) -> list[Card]:
    """`n` invented customers; the numbers lie in a block that is not assigned."""
    return [
        Card(external_id=f"B{i:06d}", name=person(rng), phone=f"+86100{rng.randrange(10**8):08d}", tier=rng.choice(TIERS))
        for i in range(n)
    ]


def draw(
    rng: Random,
    n: int,
    *,
    now: datetime,
    people: list[Card],
    staff: dict[str, list[str]],
    days: int = 365,
    prefix: str = "demo",
) -> Iterator[RawVoice]:
    """`n` voices of the last `days` days, oldest first."""
    busy = [store for store in STORES for _ in range(1 if store[0] in TINY else 12)]
    ages = sorted((rng.random() ** 1.1 * days for _ in range(n)), reverse=True)
    for i, age in enumerate(ages):
        code, _, region, quality = rng.choice(busy)
        if code in YOUNG and age > YOUNG[code]:
            code, _, region, quality = STORES[rng.randrange(12)]
        if code in TINY:
            age = age % 60
        at = _shop_hours(rng, now - timedelta(days=age), now)
        touch = rng.choices(TOUCHES, weights=[t.share for t in TOUCHES])[0]
        pull = quality + touch.weight + 0.12 * math.sin(age / 50)
        if region == "SOUTH" and age < 7:
            pull += SOUTH_DROP
        yield _voice(rng, f"{prefix}-{i}", at, code, touch.code, pull, people, staff)


def _shop_hours(rng: Random, at: datetime, now: datetime) -> datetime:
    hour = rng.choices(range(1, 15), weights=(3, 5, 6, 5, 4, 6, 7, 7, 6, 7, 8, 7, 4, 2))[0]  # UTC: 09–23 in Shanghai
    found = at.astimezone(UTC).replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
    return found if found < now else found - timedelta(days=1)


def _voice(
    rng: Random, key: str, at: datetime, store: str, touch: str, pull: float, people: list[Card], staff: dict[str, list[str]]
) -> RawVoice:
    latent = pull + rng.gauss(0, 1)
    score = _zero_to_ten(latent)
    mood = 1 if score >= 9 else -1 if score <= 6 else 0
    kind = rng.random()
    scores: list[RawScore] = []
    if kind < 0.72:
        scores.append(RawScore("nps", Decimal(score), 0, 10))
    if 0.55 < kind < 0.8:
        scores.append(RawScore("csat", Decimal(max(1, min(5, 1 + round(score * 0.42)))), 1, 5))
    if kind > 0.85:
        scores.append(RawScore("ces", Decimal(max(1, min(7, 2 + round(score * 0.48)))), 1, 7))
    if kind < 0.3:
        scores += [_item(rng, item, score) for item in CSI_ITEMS if rng.random() < 0.93]
    speaks = rng.random() < (0.75 if mood < 0 else 0.4) or not scores
    return RawVoice(
        channel=rng.choice(CHANNELS),
        text=phrases.say(rng, touch, mood) if speaks else "",
        external_id=key,
        occurred_at=at,
        customer=rng.choice(people) if rng.random() < 0.6 else None,
        unit=store,
        staff=rng.choice(staff[store]) if rng.random() < 0.8 else "",
        touchpoint=touch,
        scores=tuple(scores),
    )


def _zero_to_ten(latent: float) -> int:
    """Scores as people give them: many nines and tens, a tail of anger."""
    for score, edge in ((10, 0.55), (9, -0.1), (8, -0.55), (7, -0.95), (6, -1.2), (5, -1.4), (4, -1.55), (3, -1.7), (2, -1.9), (1, -2.1)):  # fmt: skip
        if latent >= edge:
            return score
    return 0


def _item(rng: Random, item: str, score: int) -> RawScore:
    value = max(1, min(10, round(3.2 + 0.62 * score + rng.gauss(0, 0.9))))
    return RawScore("csi", Decimal(value), 1, 10, item)
