"""What a definition is: words for people, sums for the database, an estimate for the numbers. No query runs here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.statistics import Estimate

Measures = Mapping[str, Any]
Components = dict[str, Any]
Word = Any  # a lazy 简体中文 string: str() gives it in the reader's language

DIMENSIONS = ("unit", "staff", "channel", "touchpoint", "tier", "topic")


@dataclass(frozen=True)
class Read:
    """What to add up: measures (name → aggregate over `r`) of a relation.

    kind: the kind of score, where the relation is one of scores; test: which rows count; shared: dimensions this
    relation cannot be cut by, whose cells all stand over its whole (exposure by channel).
    """

    relation: str
    measures: Mapping[str, str]
    kind: str = ""
    test: str = "true"
    shared: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Part:
    """The rows a count stands for: those of the definition's `read`-th read that pass `test`, a condition over `r`.

    distinct: SQL over `r` of which each value counts once, by its first row in the order `prefer`, the newest day next.
    """

    test: str = "true"
    read: int = 0
    distinct: str = ""
    prefer: str = ""


@dataclass(frozen=True)
class Extra:
    """A figure told beside a metric's own, from the same components. code: the part that opens its rows, if there is one."""

    code: str
    label: Word
    unit: str
    estimate: Callable[[Components], Estimate]


@dataclass(frozen=True)
class Definition:
    """A metric. `estimate` gives value and interval in `unit`; n = 0 gives value None.

    unit: points, %, mean 1–7 …; direction: 1 when higher is better, -1 when lower is; decimals: as shown.
    parts: counts that open their rows: `n`, what the estimate calls n, and components by their names; numerator_part: the
    one the value is a share of, or ""; shows: name → what a listed row shows besides its day, SQL over `r`;
    size: n alone, where it is dear to estimate all to learn it; extras: what is told beside the value;
    is_anonymous: few are hidden from everybody, raw keys too.
    is_unstable: too little stands under it for the value to be steady.
    """

    code: str
    label: Word
    unit: str
    direction: int
    decimals: int
    version: int
    formula: Word
    numerator: Word
    denominator: Word
    exclusions: Word
    source: str
    reads: tuple[Read, ...]
    components: Callable[[Measures], Components]
    estimate: Callable[[Components], Estimate]
    dimensions: tuple[str, ...] = DIMENSIONS
    per_customer: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict)
    numerator_part: str = ""
    shows: Mapping[str, str] = field(default_factory=dict)
    size: Callable[[Components], int] | None = None
    extras: tuple[Extra, ...] = ()
    is_anonymous: bool = False
    is_unstable: Callable[[Components], bool] | None = None

    def n_of(self, found: Components) -> int:
        """The n of an estimate without the estimate, where the definition tells it apart (`size`)."""
        return self.estimate(found).n if self.size is None else self.size(found)

    def unstable(self, found: Components | None) -> bool:
        """True where the value rests on so little that the next case may double it."""
        return found is not None and self.is_unstable is not None and self.is_unstable(found)

    @property
    def name(self) -> str:
        """Code and version, as answers name the definition they follow."""
        return f"{self.code} v{self.version}"


def count(value: Any) -> int:
    """A sum from the database as a count; no rows are 0."""
    return int(value or 0)


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """A share or rate in the unit it is shown in."""
    if estimate.value is None:
        return estimate
    low = None if estimate.low is None else estimate.low * factor
    high = None if estimate.high is None else estimate.high * factor
    return Estimate(estimate.value * factor, low, high, estimate.n)
