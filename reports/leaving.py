"""客户为什么离开: complaints and leaving records on the two axes, and the own distribution of reasons beside the folk one.

One function for the page, its file and the API. The folk table is widely told in service trainings; no study stands behind
it that could be found, so it is shown as what is told and never enters a figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from complaints import leaving_list
from complaints.axes import SET
from complaints.enums import AxesState, LeavingReason, LeftWith, Unmet
from complaints.leaving_list import Counts
from complaints.received import Asked
from metrics import statistics
from metrics.hiding import HIDDEN_BELOW
from metrics.statistics import Estimate
from metrics.statistics.results import NOTHING
from reports.figures import Axis
from tenancy import queries
from tenancy.models import Unit

# shares as they are told; they add up to 1
FOLK: dict[str, float] = {
    LeavingReason.DIED: 0.01, LeavingReason.MOVED: 0.03, LeavingReason.FRIENDS: 0.05, LeavingReason.COMPETITOR: 0.09,
    LeavingReason.PRODUCT: 0.14, LeavingReason.INDIFFERENCE: 0.68,
}  # fmt: skip
HOWS = (SET, AxesState.CODED.value, AxesState.SUGGESTED.value)
# what a unit's line tells: the margins that say something went wrong
ENDS = ((Unmet.EXPECTATION.value, ""), (Unmet.NEED.value, ""), ("", LeftWith.WHOLLY.value), ("", LeftWith.PARTLY.value))


@dataclass(frozen=True)
class Cell:
    """A cell, or a margin where one axis is "". share (0..1) of all that stand somewhere, None below five of them."""

    unmet: str
    left_with: str
    n: int
    share: Estimate | None


@dataclass(frozen=True)
class Table:
    """Both axes. n: what stands somewhere, by what was asked; n_coded, n_suggested, n_open: all, whatever was asked."""

    kind: str
    n: int
    n_coded: int
    n_suggested: int
    n_open: int
    cells: tuple[Cell, ...]

    def cell(self, unmet: str, left_with: str) -> Cell:
        """One of its cells or margins."""
        return next(cell for cell in self.cells if (cell.unmet, cell.left_with) == (unmet, left_with))


@dataclass(frozen=True)
class Reason:
    """A reason's own share with its Wilson interval, and the folk figure where there is one (share and folk 0..1).

    folk_is: "below", "above" or "within" the own interval; "" where one of them is missing.
    """

    code: str
    n: int
    share: Estimate | None
    folk: float | None
    folk_is: str


@dataclass(frozen=True)
class Part:
    """The complaints of a unit's subtree: n of them stand somewhere; its two axes' ends as cells, shares of n."""

    unit: Unit
    n: int
    ends: tuple[Cell, ...]


@dataclass(frozen=True)
class Leaving:
    """Everything the page shows. n: leaving records, each with one reason."""

    how: str
    complaints: Table
    records: Table
    reasons: tuple[Reason, ...]
    n: int
    units: tuple[Part, ...]


def leaving(asked: Asked, *, how: str = SET, source: str = "", organisation: int, now: datetime) -> Leaving:
    """Complaints received and records of customers who left in these days. how: set (coded or suggested), coded, suggested.

    source: only records that came this way, and their reasons; complaints are not narrowed by it.
    units: the units right below the one asked for, or below the top one the reader sees; those without any are left out.
    """
    wanted = leaving_list.wanted_of(asked, source)
    by_unit = leaving_list.n_complaints(asked, organisation=organisation, now=now)
    records = leaving_list.n_records(wanted, organisation=organisation)
    by_reason = leaving_list.n_reasons(wanted, organisation=organisation)
    total = sum(by_reason.values())
    found = [_reason(str(code), by_reason.get(str(code), 0), total) for code in LeavingReason.values]
    return Leaving(how, _table("complaints", leaving_list.summed(by_unit), how), _table("records", records, how), tuple(found), total, _parts(by_unit, asked, how, organisation))


def _parts(by_unit: Mapping[str, Counts], asked: Asked, how: str, organisation: int) -> tuple[Part, ...]:
    seen = queries.units_of(organisation=organisation, paths=asked.paths or ("/",))
    top = next((unit for unit in seen if unit.code == asked.unit), None) if asked.unit else next(iter(seen), None)
    found = []
    for unit in seen:
        if top is not None and unit.parent_id == top.id and (counts := leaving_list.summed(by_unit, unit.path)):
            table = _table("complaints", counts, how)
            ends = tuple(table.cell(unmet, left) for unmet, left in ENDS)
            if table.n:
                found.append(Part(unit, table.n, ends))
    return tuple(sorted(found, key=lambda part: (-part.n, part.unit.code)))


def _table(kind: str, counts: Counts, how: str) -> Table:
    states = {state: sum(n for (_u, _l, said), n in counts.items() if said == state) for state in AxesState.values}
    asked = [AxesState.CODED, AxesState.SUGGESTED] if how == SET else [AxesState(how)]
    total = sum(states[state] for state in asked)
    cells = []
    for unmet in (*Unmet.values, ""):
        for left in (*LeftWith.values, ""):
            n = sum(m for (one, other, said), m in counts.items() if said in asked and unmet in {one, ""} and left in {other, ""})
            cells.append(Cell(unmet, left, n, _share(n, total)))
    return Table(kind, total, states[AxesState.CODED], states[AxesState.SUGGESTED], states[AxesState.OPEN], tuple(cells))


def _share(n: int, total: int) -> Estimate | None:
    return statistics.wilson(n, total) if total >= HIDDEN_BELOW else None


def _reason(code: str, n: int, total: int) -> Reason:
    share, folk = _share(n, total), FOLK.get(code)
    if share is None or share.low is None or share.high is None or folk is None:
        return Reason(code, n, share, folk, "")
    return Reason(code, n, share, folk, "below" if folk < share.low else "above" if folk > share.high else "within")


@dataclass(frozen=True)
class Mark:
    """A reason's line of the figure: the end of its bar, its interval and the folk mark as places from the left, None where unknown."""

    reason: Reason
    x: float | None
    x1: float | None
    x2: float | None
    folk: float | None


def marks(reasons: Sequence[Reason], *, width: float) -> list[Mark]:
    """All lines on one axis from 0, wide enough for every interval and for the folk table."""
    ends = [row.share.high for row in reasons if row.share and row.share.high is not None]
    x_of = Axis(0.0, max([*ends, *FOLK.values()]), 0.0, width - 6)

    def at(value: float | None) -> float | None:
        return None if value is None else round(x_of(value), 1)

    shares = [row.share or NOTHING for row in reasons]
    return [Mark(row, at(e.value), at(e.low), at(e.high), at(row.folk)) for row, e in zip(reasons, shares, strict=True)]
