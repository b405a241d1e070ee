"""Which complaints a figure asks about: those received in a span of days, below a unit, as far as the reader sees."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Asked:
    """Received from `from_date` to before `to_date`; `unit`: where it happened, a subtree; `paths`: what the reader sees, empty for all."""

    from_date: date
    to_date: date
    unit: str = ""
    paths: tuple[str, ...] = ()
