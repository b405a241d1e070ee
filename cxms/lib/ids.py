"""UUIDv7 keys, made here so that the database learns an id from us and ids of one batch stand in order.

The time inside an id serves index locality only; nothing reads it as an instant.
"""

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """A fresh UUIDv7, greater than every one this process made before."""
    return new_ids(1)[0]


def new_ids(n: int) -> list[uuid.UUID]:
    """`n` UUIDv7 in rising order (48 bits of milliseconds, 12 + 30 bits of counter, the rest random)."""
    global _last
    with _lock:
        # 42-bit counter below the millisecond keeps ids of one process strictly rising
        start = max((time.time_ns() // 1_000_000) << 42, _last + 1)
        _last = start + n - 1
    noise = os.urandom(4 * n)
    return [_compose(start + i, int.from_bytes(noise[4 * i : 4 * i + 4], "big")) for i in range(n)]


def _compose(tick: int, noise: int) -> uuid.UUID:
    milliseconds, counter = tick >> 42, tick & ((1 << 42) - 1)
    value = milliseconds << 80 | 0x7 << 76 | (counter >> 30) << 64 | 0b10 << 62 | (counter & ((1 << 30) - 1)) << 32 | noise
    return uuid.UUID(int=value)
