"""What many series over one organisation have in common, found once: which places of the whole tree are hidden.

A store's figure may only be shown when the whole tree says that it gives no other away. Two thousand stores' reports ask
the same question two thousand times; inside `sharing` the first answer serves all, for the same metric, days, filters and `now`.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("metrics_shared", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Answers are kept until the block ends. For one short transaction: what comes in meanwhile is not asked for again."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, make: Callable[[], T]) -> T:
    """The kept answer inside `sharing`, else a fresh one."""
    kept = _kept.get()
    if kept is None:
        return make()
    if key not in kept:
        kept[key] = make()
    found: T = kept[key]
    return found
