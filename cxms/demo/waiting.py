"""The demo's waits: visits whose tills told how long somebody stood in line, and who left; eight weeks of them."""

from datetime import datetime, timedelta
from random import Random

from customers import events
from customers.events import RawEvent
from cxms.demo.catalogue import STORES

DAYS = 56
A_DAY = 2


def load(rng: Random, *, organisation: int, now: datetime) -> None:
    """Worse stores make people wait longer; whoever waits long may leave."""
    for ago in range(DAYS, 0, -1):
        at = now - timedelta(days=ago)
        raw = [_visit(rng, at, f"{code}-{i}", code, quality) for code, _name, _region, quality in STORES for i in range(A_DAY)]
        events.receive(raw, organisation=organisation, now=at, announce=False)


def _visit(rng: Random, at: datetime, key: str, unit: str, quality: float) -> RawEvent:
    minutes = min(rng.lognormvariate(1.7 - 0.8 * quality, 0.6), 90)
    is_left = rng.random() < min(0.02 + minutes / 200, 0.5)
    metadata = {"waited_seconds": round(minutes * 60), "abandoned": is_left}
    return RawEvent(f"Q-{at:%y%m%d}-{key}", "visit", at - timedelta(minutes=rng.randrange(600)), unit=unit, metadata=metadata)
