"""Working time: which instants a calendar counts, and when so much of it has passed.

Called by the promise clocks (`complaints.verdicts`), the calendar and preview doors and the journeys. It knows nothing
of promises, cycles or verdicts, of storage, or of the present: every instant is an argument.

A calendar is a set of half-open local intervals in an IANA zone, turned into UTC day by day. Inside, instants are whole
microseconds since 1970-01-01 UTC, so that nothing is ever rounded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cxms.lib.calendar_spec import (
    DAY_MINUTES,
    DAYS,
    KEYS,
    CalendarError,
    Hours,
    gettext_noop,
    minutes,
    read_dated,
    read_holidays,
    read_weekly,
    zone,
)

Pause = tuple[datetime, datetime | None]
Span = tuple[int, int]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
# A calendar that opens no more within five years is closed for good; no promise is followed for more than a century.
MAX_QUIET_DAYS = 5 * 366
MAX_DAYS = 100 * 366
# stretches of UTC whose open time a calendar remembers, so that a target of weeks is not walked day by day
BLOCK = 8 * 86_400 * 1_000_000
MAX_BLOCKS = 50 * 366 // 8


@dataclass(frozen=True)
class Calendar:
    """The hours that count, in one zone.

    timezone: IANA name; always: 24x7, all hours below are then ignored; weekly: hours by weekday, 0 = Monday;
    holidays: days without hours; workdays: days that are worked after all (调休); special: the exact hours of one day,
    `()` for closed. For one day `special` beats `workdays` beats `holidays` beats `weekly`. Hours are local
    ("HH:MM", "HH:MM") pairs; a close not after its open lies on the next day and belongs to the day of its open; "24:00"
    is a close only. Raises CalendarError for an unknown zone; build from outside data with `from_spec`, which checks all.
    """

    timezone: str
    always: bool = False
    weekly: Mapping[int, Hours] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    workdays: Mapping[date, Hours] = field(default_factory=dict)
    special: Mapping[date, Hours] = field(default_factory=dict)
    zone: ZoneInfo = field(init=False, repr=False, compare=False)
    opened: dict[date, tuple[Span, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    totals: dict[int, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", zone(self.timezone))

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Calendar":
        """Read the JSON of `PUT /calendars`; CalendarError names the first field that is malformed."""
        if not isinstance(spec, Mapping):
            raise CalendarError(gettext_noop("日历必须是一个对象"), field="calendar")
        for key in spec:
            if key not in KEYS:
                raise CalendarError(gettext_noop("日历中没有这个字段"), field=str(key))
        always = spec.get("always", False)
        if not isinstance(always, bool):
            raise CalendarError(gettext_noop("只能填 true 或 false"), field="always")
        calendar = cls(
            timezone=spec.get("timezone", ""),
            always=always,
            weekly=read_weekly(spec.get("weekly", {})),
            holidays=read_holidays(spec.get("holidays", [])),
            workdays=read_dated(spec.get("workdays", {}), "workdays"),
            special=read_dated(spec.get("special", {}), "special"),
        )
        for day, hours in calendar.workdays.items():
            if not hours:
                raise CalendarError(gettext_noop("工作日必须有营业时段"), field=f"workdays.{day.isoformat()}")
        if not (always or any(calendar.weekly.values()) or calendar.workdays or any(calendar.special.values())):
            raise CalendarError(gettext_noop("日历没有任何营业时段"), field="weekly")
        return calendar

    def to_spec(self) -> dict[str, Any]:
        """The JSON of `PUT /calendars` that reads back as this calendar."""
        return {
            "timezone": self.timezone,
            "always": self.always,
            "weekly": {DAYS[day]: _listed(hours) for day, hours in sorted(self.weekly.items())},
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "workdays": {day.isoformat(): _listed(hours) for day, hours in sorted(self.workdays.items())},
            "special": {day.isoformat(): _listed(hours) for day, hours in sorted(self.special.items())},
        }

    def hours_on(self, day: date) -> Hours:
        """The local hours that open on this day; meaningless for an `always` calendar."""
        if day in self.special:
            return self.special[day]
        if day in self.workdays:
            return self.workdays[day]
        return () if day in self.holidays else self.weekly.get(day.weekday(), ())

    def open_on(self, day: date) -> tuple[Span, ...]:
        """The spans that open on this local day, in µs UTC, by opening time; remembered for the calendar's lifetime.

        A local time that a clock change skips is read with the offset before the change, one that it repeats is the
        first of the two (RFC 5545 §3.3.5, PEP 495 fold 0). A day that the zone skipped as a whole has no spans.
        """
        spans = self.opened.get(day)
        if spans is None:
            spans = self._open_on(day) if self.hours_on(day) else ()
            self.opened[day] = spans
        return spans

    def open_in(self, block: int) -> int:
        """The open µs of the block-th BLOCK since 1970, remembered for the calendar's lifetime."""
        total = self.totals.get(block)
        if total is None:
            total = self.totals[block] = _open_between(self, block * BLOCK, (block + 1) * BLOCK)
        return total

    def _open_on(self, day: date) -> tuple[Span, ...]:
        if self._micros(day, DAY_MINUTES) <= self._micros(day, 0):
            return ()
        hours = minutes(self.hours_on(day))
        spans = ((self._micros(day, opens), self._micros(day, closes)) for opens, closes in hours)
        return tuple(sorted(span for span in spans if span[0] < span[1]))

    def _micros(self, day: date, minutes: int) -> int:
        days, minutes = divmod(minutes, DAY_MINUTES)
        hour, minute = divmod(minutes, 60)
        return _micros(datetime.combine(day + timedelta(days=days), time(hour, minute), tzinfo=self.zone))


@dataclass(frozen=True)
class Spliced:
    """Calendars one after the other: `first` counts until the first turn, then each turn's calendar from its instant on.

    What a calendar's edit does to a running promise: the hours before the edit stay as they were, those after it are
    new. turns: (instant, calendar) in the order of their instants.
    """

    first: Calendar
    turns: tuple[tuple[datetime, Calendar], ...]

    def until(self, instant: datetime) -> "Spliced":
        """The same without the turns at or after an instant."""
        return Spliced(self.first, tuple(turn for turn in self.turns if turn[0] < instant))

    def pieces(self) -> Iterator[tuple[int, int, Calendar]]:
        """(from, to, calendar) in µs UTC, half-open, disjoint and in order; an empty piece is left out."""
        begins, calendar = -NEVER, self.first
        for at, later in self.turns:
            if begins < _micros(at):
                yield begins, _micros(at), calendar
                begins = _micros(at)
            calendar = later
        yield begins, NEVER, calendar


Counting = Calendar | Spliced


def splice(first: Calendar, turns: Iterable[tuple[datetime, Calendar]]) -> Counting:
    """The calendar that counts `first` until the first turn, then each turn's; itself when no turn changes anything."""
    kept: list[tuple[datetime, Calendar]] = []
    last = first
    for at, calendar in turns:
        if calendar != last:
            kept.append((at, calendar))
            last = calendar
    return Spliced(first, tuple(kept)) if kept else first


def due_at(
    calendar: Counting | Mapping[str, Any],
    started_at: datetime,
    target_seconds: float,
    pauses: Iterable[Pause] = (),
) -> datetime | None:
    """The first instant (UTC) at which `target_seconds` of unpaused working time have passed since `started_at`.

    calendar: a Calendar, or the spec of one; pauses: (from, to) in any order, may overlap, `to` None while it lasts.
    A target used up exactly at closing is due at closing; a target of 0 is due at `started_at`.
    None: a pause never ends, or the calendar opens no more within five years. ValueError: negative target, naive instant.
    """
    return reached_at(calendar, started_at, timedelta(seconds=target_seconds), pauses)


def reached_at(
    calendar: Counting | Mapping[str, Any],
    started_at: datetime,
    target: timedelta,
    pauses: Iterable[Pause] = (),
) -> datetime | None:
    """As `due_at`, for a target in microseconds: min {t : elapsed(t) >= target}."""
    missing = target // MICROSECOND
    if missing < 0:
        raise ValueError("a target cannot be negative")
    start = _micros(started_at)
    if missing == 0:
        return _instant(start)
    counting, held = _calendar(calendar), _merged(pauses)
    if not held:
        start, missing = _skipped(counting, start, missing)
    for opens, closes in _working(counting, start, held):
        if missing <= closes - opens:
            return _instant(opens + missing)
        missing -= closes - opens
    return None


def elapsed_seconds(
    calendar: Counting | Mapping[str, Any],
    started_at: datetime,
    until: datetime,
    pauses: Iterable[Pause] = (),
) -> int:
    """Whole seconds of unpaused working time in [started_at, until), rounded down; 0 when `until` comes first."""
    return elapsed(calendar, started_at, until, pauses) // timedelta(seconds=1)


def elapsed(
    calendar: Counting | Mapping[str, Any],
    started_at: datetime,
    until: datetime,
    pauses: Iterable[Pause] = (),
) -> timedelta:
    """As `elapsed_seconds`, exact to the microsecond."""
    start, end = _micros(started_at), _micros(until)
    total = 0
    if start < end:
        for opens, closes in _working(_calendar(calendar), start, _merged(pauses)):
            if opens >= end:
                break
            total += min(closes, end) - opens
    return timedelta(microseconds=total)


def _calendar(calendar: Counting | Mapping[str, Any]) -> Counting:
    return calendar if isinstance(calendar, Calendar | Spliced) else Calendar.from_spec(calendar)


def _micros(instant: datetime) -> int:
    if instant.utcoffset() is None:
        raise ValueError(f"an instant needs an offset: {instant.isoformat()}")
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _merged(pauses: Iterable[Pause]) -> list[Span]:
    """Disjoint pauses in order; a pause that ends before it begins covers nothing."""
    merged: list[Span] = []
    for begins, ends in sorted((_micros(p[0]), NEVER if p[1] is None else _micros(p[1])) for p in pauses):
        if begins >= ends:
            continue
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def _working(calendar: Counting, start: int, pauses: list[Span]) -> Iterator[Span]:
    """The spans of open and unpaused time from `start` on, disjoint and in order."""
    index = 0
    for opens, closes in _open_from(calendar, start):
        at = max(opens, start)
        while at < closes and index < len(pauses) and pauses[index][0] < closes:
            begins, ends = pauses[index]
            if begins > at:
                yield at, begins
            at = max(at, ends)
            if ends > closes:
                break
            index += 1
        if at < closes:
            yield at, closes
        if at >= NEVER:
            return


def _open_from(calendar: Counting, start: int) -> Iterator[Span]:
    """The open spans around and after `start`, disjoint and in order; the overlap of two days counts once."""
    if isinstance(calendar, Spliced):
        for begins, ends, piece in calendar.pieces():
            if ends > start:
                yield from _clipped(_open_from(piece, max(start, begins)), begins, ends)
        return
    if calendar.always:
        yield start, NEVER
        return
    # A shift may have opened on the day before, and a zone may have skipped a whole day in between.
    first = max(_instant(start).astimezone(calendar.zone).date(), date.min + timedelta(days=3)) - timedelta(days=2)
    counted, quiet = -NEVER, 0
    for offset in range(min(MAX_DAYS, (date.max - first).days - 1)):
        spans = calendar.open_on(first + timedelta(days=offset))
        for opens, closes in spans:
            if closes > counted:
                yield max(opens, counted), closes
                counted = closes
        quiet = 0 if spans else quiet + 1
        if quiet > MAX_QUIET_DAYS:
            return


def _open_between(calendar: Calendar, begins: int, ends: int) -> int:
    """The open µs of one calendar in [begins, ends)."""
    return sum(closes - opens for opens, closes in _clipped(_open_from(calendar, begins), begins, ends))


def _skipped(counting: Counting, start: int, missing: int) -> Span:
    """A later start and what is missing there: the blocks that end before the target is reached are counted as a whole.

    Stops before a block without open time, which the walk by days judges, and after fifty years.
    """
    pieces = counting.pieces() if isinstance(counting, Spliced) else [(-NEVER, NEVER, counting)]
    for _begins, ends, calendar in pieces:
        if ends <= start:
            continue
        if calendar.always:
            break
        last = min(ends, (start // BLOCK + MAX_BLOCKS) * BLOCK)
        while start < last:
            block = start // BLOCK
            to = min((block + 1) * BLOCK, ends)
            whole = start == block * BLOCK and to == start + BLOCK
            part = calendar.open_in(block) if whole else _open_between(calendar, start, to)
            if part >= missing or (whole and part == 0):
                return start, missing
            start, missing = to, missing - part
    return start, missing


def _clipped(spans: Iterator[Span], begins: int, ends: int) -> Iterator[Span]:
    """What of the spans lies in [begins, ends)."""
    for opens, closes in spans:
        if opens >= ends:
            return
        if closes > begins:
            yield max(opens, begins), min(closes, ends)


def _listed(hours: Hours) -> list[list[str]]:
    return [list(pair) for pair in hours]
