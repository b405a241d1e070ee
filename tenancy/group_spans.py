"""Which group of a hierarchy a unit's rows belong to on which days. The cutting is pure; `metrics` joins by these spans.

A store's memberships hold for all that hangs below it: rows of a team count for its store's group. The nearest unit
above that is a member decides, so each row of each day has one group or none, and totals of groups add up.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tenancy.models import GroupMembership, UnitPlacement

Path = tuple[str, ...]  # codes of groups from the top to the leaf


@dataclass(frozen=True)
class Run:
    """From which day to which (not included) a unit stood somewhere: codes from the top."""

    from_date: date
    to_date: date
    path: Path


@dataclass(frozen=True)
class Span:
    """A unit's rows of [from_date, to_date) belong to the leaf group at `path`."""

    unit: uuid.UUID
    from_date: date
    to_date: date
    path: Path


def effective(placement: Run, members: Mapping[str, Sequence[Run]]) -> list[Run]:
    """The groups of a unit while it hung at `placement`; members: runs by the code of the unit that is a member."""
    free, found = [(placement.from_date, placement.to_date)], []
    for code in reversed(placement.path):
        for run in members.get(code, ()):
            left: list[tuple[date, date]] = []
            for start, end in free:
                first, last = max(start, run.from_date), min(end, run.to_date)
                if first >= last:
                    left.append((start, end))
                    continue
                found.append(Run(first, last, run.path))
                left += [(a, b) for a, b in ((start, first), (last, end)) if a < b]
            free = left
    return sorted(found, key=lambda run: run.from_date)


def spans(code: str, *, organisation: int) -> list[Span]:
    """The spans of every unit that has or had a group in the hierarchy of this code. Two statements."""
    members: dict[str, list[Run]] = {}
    rows = GroupMembership.objects.filter(organisation_id=organisation, hierarchy__code=code)
    for unit, path, first, last in rows.values_list("unit__code", "group__path", "from_date", "to_date"):
        members.setdefault(unit, []).append(Run(first, last, codes(path)))
    return _spans(members, organisation) if members else []


def _spans(members: Mapping[str, Sequence[Run]], organisation: int) -> list[Span]:
    placed = UnitPlacement.objects.filter(organisation_id=organisation).values_list("unit_id", "path", "from_date", "to_date")
    found: list[Span] = []
    for unit, path, first, last in placed:
        found += [Span(unit, run.from_date, run.to_date, run.path) for run in effective(Run(first, last, codes(path)), members)]
    return found


def joint(hierarchies: Iterable[Sequence[Span]]) -> list[tuple[uuid.UUID, date, date, tuple[Path, ...]]]:
    """Each unit's days cut wherever one of its groups changes: its leaf path in every hierarchy, () for none."""
    lists = list(hierarchies)
    by_unit: dict[uuid.UUID, list[tuple[int, Span]]] = {}
    for at, found in enumerate(lists):
        for span in found:
            by_unit.setdefault(span.unit, []).append((at, span))
    made = []
    for unit, known in by_unit.items():
        days = sorted({day for _, span in known for day in (span.from_date, span.to_date)})
        for first, last in zip(days, days[1:], strict=False):
            here = {at: span.path for at, span in known if span.from_date <= first and span.to_date >= last}
            if here:
                made.append((unit, first, last, tuple(here.get(at, ()) for at in range(len(lists)))))
    return made


def codes(path: str) -> Path:
    """The codes of a stored path."""
    return tuple(path.strip("/").split("/"))
