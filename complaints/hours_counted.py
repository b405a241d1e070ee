"""The hours a promise clock counts: its clause's calendar, with every edit since spliced in at its instant.

Worked out from what is stored (calendar versions, hours of units, a clock's own turns), never remembered on the clock: so
a sweep between an edit and the recomputation already judges by the new hours. Called by `complaints.clocks`.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from complaints.models import Clock
from cxms.lib.working_time import Counting, splice
from tenancy import calendars, hours, queries
from tenancy.hours import SINCE_EVER, Kept

UNIT = "unit"
Turn = tuple[datetime, uuid.UUID, str]


class Book:
    """The calendars and hours of one organisation, read once for many clocks; two clocks alike share one calendar."""

    def __init__(self, organisation: int) -> None:
        self.organisation = organisation
        self.lines: dict[str, list[tuple[datetime, uuid.UUID]]] = {}
        self.codes: dict[uuid.UUID, str] = {}
        self.units: dict[uuid.UUID | None, list[tuple[datetime, Kept]]] = {}
        self.made: dict[tuple[object, ...], Counting] = {}

    def read_units(self, units: Iterable[uuid.UUID | None]) -> None:
        """Reads the changes of these units' hours; a ticket without a unit keeps the headquarters'."""
        wanted = set(units) - set(self.units)
        if not wanted:
            return
        root: uuid.UUID | None = None
        if None in wanted:
            root = queries.root_key(organisation=self.organisation)
        found = hours.turns_of([key for key in {*wanted, root} if key], organisation=self.organisation)
        for key in wanted:
            actual = key or root
            self.units[key] = found.get(actual, []) if actual else []

    def line(self, code: str) -> list[tuple[datetime, uuid.UUID]]:
        """The versions of a calendar by their first instant."""
        if code not in self.lines:
            self.lines[code] = calendars.line_of(code, organisation=self.organisation)
            self.codes |= dict.fromkeys((key for _, key in self.lines[code]), code)
        return self.lines[code]

    def counting(self, clock: Clock, unit: uuid.UUID | None, since: datetime) -> Counting:
        """The hours of a clock of a ticket that was opened at `since`."""
        changes = self.units.get(unit, []) if UNIT in {clock.hours, *(turn["hours"] for turn in clock.turns)} else []
        key = (clock.calendar_id, clock.hours, clock.zone, str(clock.turns), unit if changes else None, since if changes else None)
        if key not in self.made:
            first = calendars.by_key(clock.calendar_id, organisation=self.organisation, timezone=clock.zone)
            turns = [
                (at, calendars.by_key(version, organisation=self.organisation, timezone=zone))
                for at, version, zone in self._turns(clock, [change for change in changes if change[0] > since])
            ]
            self.made[key] = splice(first, turns)
        return self.made[key]

    def _turns(self, clock: Clock, changes: list[tuple[datetime, Kept]]) -> list[Turn]:
        """Every instant at which other hours began to count for a clock, in order."""
        own = [(datetime.fromisoformat(turn["at"]), turn["hours"]) for turn in clock.turns]
        stretches = [(SINCE_EVER, clock.hours), *own]
        found: list[Turn] = []
        for i, (begins, word) in enumerate(stretches):
            ends = stretches[i + 1][0] if i + 1 < len(stretches) else None
            code, zone = self._base(clock, i, begins, word, changes)
            spans = [(begins, code, zone)]
            if word == UNIT:
                spans += [(at, kept.calendar, kept.timezone) for at, kept in changes if begins < at and (not ends or at < ends)]
            for j, (since, name, place) in enumerate(spans):
                until = spans[j + 1][0] if j + 1 < len(spans) else ends
                found += self._versions(name, place, since, until, clock.calendar_id if i == j == 0 else None)
        return found

    def _base(
        self, clock: Clock, i: int, begins: datetime, word: str, changes: list[tuple[datetime, Kept]]
    ) -> tuple[str, str]:
        """The calendar and zone at the beginning of a stretch."""
        if word != UNIT and i > 0:
            return word, ""
        if i > 0:
            kept = [kept for at, kept in changes if at <= begins]
            turn = clock.turns[i - 1]
            return (kept[-1].calendar, kept[-1].timezone) if kept else (turn["calendar"], turn["zone"])
        return clock.calendar_code or word, clock.zone

    def _versions(
        self, code: str, zone: str, since: datetime, until: datetime | None, pinned: uuid.UUID | None
    ) -> list[Turn]:
        """The versions of one calendar in force in a stretch; the first stretch begins with the pinned one."""
        line = self.line(code)
        keys = [key for _, key in line]
        if pinned in keys:
            begins = keys.index(pinned)
        else:
            begins = max((n for n, (at, _) in enumerate(line) if at <= since), default=0)
        turns = [(max(at, since), key, zone) for at, key in line[begins:] if until is None or at < until]
        return turns[1:] if pinned in keys else turns


def attach(clocks: Iterable[Clock]) -> None:
    """Gives each clock the hours it counts, in a handful of statements. The clocks need their ticket."""
    by_organisation: dict[int, list[Clock]] = {}
    for clock in clocks:
        by_organisation.setdefault(clock.organisation_id, []).append(clock)
    for organisation, rows in by_organisation.items():
        book = Book(organisation)
        if any(clock.hours == UNIT or clock.turns for clock in rows):
            book.read_units({clock.ticket.unit_id for clock in rows})
        for clock in rows:
            clock.counting = book.counting(clock, clock.ticket.unit_id, clock.ticket.opened_at)
