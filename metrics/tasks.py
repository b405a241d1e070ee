"""Timers of the metrics floor."""

from metrics import rollup


def due_organisations() -> list[int]:
    """Timer: who has deltas to fold."""
    return rollup.due_organisations()


def fold(*, organisation: int) -> int:
    """Timer: fold one batch."""
    return rollup.fold(organisation=organisation)
