"""Working time against a stepper that knows no arithmetic: it asks the local clock whether the doors are open, and counts."""

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from cxms.lib.working_time import Calendar, due_at, elapsed, elapsed_seconds, reached_at, splice

EXAMPLES = 2_000 if os.environ.get("CXMS_NIGHTLY") == "1" else 60
STEADY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SHANGHAI = "Asia/Shanghai"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# A naive world: minute by minute the local clock is asked whether the doors are open, second by second time is counted.
# Hours begin and end on the whole hour, where a skipped or repeated local time has one meaning only.

WEEKS = [  # a zone and a Monday; the second and later hold a change of clocks, a holiday or nothing special
    (SHANGHAI, date(2026, 2, 9)),
    ("Europe/Berlin", date(2026, 3, 23)),
    ("Europe/Berlin", date(2026, 10, 19)),
    ("America/New_York", date(2026, 3, 2)),
    ("America/New_York", date(2026, 10, 26)),
]
N_DAYS = 9
Minutes = np.ndarray[Any, np.dtype[np.bool_]]


@st.composite
def day_hours(draw: st.DrawFn) -> list[list[str]]:
    cuts = sorted(draw(st.sets(st.integers(0, 29), min_size=2, max_size=6)))
    pairs = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < 24 and b - a <= 24]
    return [[f"{a:02}:00", "24:00" if b == 24 and draw(st.booleans()) else f"{b % 24:02}:00"] for a, b in pairs]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Any], datetime]:
    zone, monday = draw(st.sampled_from(WEEKS))
    days = [(monday + timedelta(days=n)).isoformat() for n in range(N_DAYS)]
    spec = {
        "timezone": zone,
        "always": draw(st.integers(0, 9)) == 0,
        "weekly": dict(
            zip(draw(st.permutations(EVERY_DAY)), draw(st.lists(day_hours(), min_size=2)) * 4, strict=False)
        ),
        "holidays": draw(st.lists(st.sampled_from(days), max_size=2)),
        "workdays": draw(st.dictionaries(st.sampled_from(days), day_hours().filter(bool), max_size=2)),
        "special": draw(st.dictionaries(st.sampled_from(days), st.one_of(day_hours(), st.just([])), max_size=2)),
    }
    assume(spec["always"] or spec["workdays"] or any(spec["weekly"].values()) or any(spec["special"].values()))
    return spec, at(f"{monday.isoformat()} 12:00", zone)


def hours_of(spec: dict[str, Any], day: date) -> list[list[str]]:
    for exact in (spec["special"], spec["workdays"]):
        if day.isoformat() in exact:
            return list(exact[day.isoformat()])
    return [] if day.isoformat() in spec["holidays"] else list(spec["weekly"].get(EVERY_DAY[day.weekday()], []))


def doors_open(local: datetime, today: list[list[str]], yesterday: list[list[str]]) -> bool:
    clock = local.isoformat()[11:16]
    return any(a <= clock and (clock < b or b <= a) for a, b in today) or any(clock < b <= a for a, b in yesterday)


def seconds_open(spec: dict[str, Any], origin: datetime, n_days: int) -> Minutes:
    zone, minutes = ZoneInfo(spec["timezone"]), []
    hours = {day: hours_of(spec, day) for n in range(-2, n_days + 2) if (day := origin.date() + timedelta(days=n))}
    for n in range(n_days * 1440):
        local = (origin + timedelta(minutes=n)).astimezone(zone)
        day = local.date()
        minutes.append(spec["always"] or doors_open(local, hours[day], hours[day - timedelta(days=1)]))
    return np.repeat(np.array(minutes, dtype=np.bool_), 60)


offsets = st.one_of(st.integers(0, 5 * 86_400), st.integers(0, 5 * 24).map(lambda hour: hour * 3600))
pause_lists = st.lists(
    st.tuples(
        offsets, st.one_of(st.integers(-10, 4 * 3600), st.integers(4, 60).map(lambda hours: hours * 3600), st.none())
    ),
    max_size=4,
)


def instants_of(origin: datetime, pauses: list[tuple[int, int | None]]) -> list[tuple[datetime, datetime | None]]:
    moments = [(origin + timedelta(seconds=begins), lasts) for begins, lasts in pauses]
    return [(begins, None if lasts is None else begins + timedelta(seconds=lasts)) for begins, lasts in moments]


@STEADY
@given(worlds(), st.integers(0, 3 * 86_400), pause_lists, st.lists(st.integers(0, 60 * 3600), min_size=1, max_size=8))
def test_counting_agrees_with_the_stepper(
    world: tuple[dict[str, Any], datetime], start: int, pauses: list[tuple[int, int | None]], spans: list[int]
) -> None:
    spec, origin = world
    hours, started_at = Calendar.from_spec(spec), origin + timedelta(seconds=start)
    counts = seconds_open(spec, origin, 8)
    for begins, lasts in pauses:
        counts[begins : None if lasts is None else max(begins + lasts, begins)] = False
    worked = np.concatenate([[0], np.cumsum(counts[start:])])
    held = instants_of(origin, pauses)
    for span in spans:
        assert elapsed_seconds(hours, started_at, started_at + timedelta(seconds=span), held) == worked[span]
        first = int(np.searchsorted(worked, span))
        if first < len(worked):
            assert due_at(hours, started_at, span, held) == started_at + timedelta(seconds=first)
        else:
            due = due_at(hours, started_at, span, held)
            assert due is None or due > started_at + timedelta(seconds=len(worked) - 1)


@STEADY
@given(worlds(), st.integers(0, 3 * 86_400_000_000), pause_lists, st.lists(st.integers(0, 50 * 3600), min_size=2))
def test_due_never_falls_as_the_target_grows(
    world: tuple[dict[str, Any], datetime], start: int, pauses: list[tuple[int, int | None]], targets: list[int]
) -> None:
    spec, origin = world
    hours, started_at = Calendar.from_spec(spec), origin + timedelta(microseconds=start)
    held = instants_of(origin, pauses)
    due = [due_at(hours, started_at, target, held) for target in sorted(targets)]
    far = datetime.max.replace(tzinfo=UTC)
    assert all((earlier or far) <= (later or far) for earlier, later in pairwise(due))
    for target, instant in zip(sorted(targets), due, strict=True):
        if instant is not None:
            assert elapsed(hours, started_at, instant, held) == timedelta(seconds=target)
            assert elapsed(hours, started_at, instant - timedelta(microseconds=1), held) < timedelta(
                seconds=target
            ) or (target == 0)


@STEADY
@given(worlds(), st.integers(0, 86_400), pause_lists, pause_lists, st.integers(0, 40 * 3600))
def test_another_pause_never_brings_due_forward(
    world: tuple[dict[str, Any], datetime],
    start: int,
    pauses: list[tuple[int, int | None]],
    more: list[tuple[int, int | None]],
    target: int,
) -> None:
    spec, origin = world
    hours, started_at, far = (
        Calendar.from_spec(spec),
        origin + timedelta(seconds=start),
        datetime.max.replace(tzinfo=UTC),
    )
    before = due_at(hours, started_at, target, instants_of(origin, pauses))
    after = due_at(hours, started_at, target, instants_of(origin, [*pauses, *more]))
    assert (after or far) >= (before or far)


@STEADY
@given(worlds(), st.integers(0, 86_400), st.integers(0, N_DAYS - 1), st.integers(0, 40 * 3600))
def test_another_holiday_never_brings_due_forward(
    world: tuple[dict[str, Any], datetime], start: int, offset: int, target: int
) -> None:
    spec, origin = world
    started_at, far = origin + timedelta(seconds=start), datetime.max.replace(tzinfo=UTC)
    day = (origin + timedelta(days=offset)).date().isoformat()
    before = due_at(Calendar.from_spec(spec), started_at, target)
    after = due_at(Calendar.from_spec(spec | {"holidays": [*spec["holidays"], day]}), started_at, target)
    assert (after or far) >= (before or far)


@STEADY
@example(
    (
        {"timezone": SHANGHAI, "always": True, "weekly": {}, "holidays": [], "workdays": {}, "special": {}},
        at("2026-01-01"),
    )
)
@given(worlds())
def test_specs_read_back(world: tuple[dict[str, Any], datetime]) -> None:
    hours = Calendar.from_spec(world[0])
    assert Calendar.from_spec(hours.to_spec()) == hours


# Weeks and months are counted by remembered blocks; the walk by days, which `elapsed` takes, must agree to the microsecond.


@STEADY
@given(
    worlds(), worlds(), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40)), st.integers(1, 400 * 86_400_000_000)
)
def test_a_target_of_weeks_is_reached_where_the_walk_by_days_says(world, other, until_turn, target):
    (spec, start), (later, _) = world, other
    micro = timedelta(microseconds=1)
    wanted = target * micro
    first = Calendar.from_spec(spec)
    for counting in (first, splice(first, [(start + until_turn, Calendar.from_spec(later))])):
        found = reached_at(counting, start, wanted)
        if found is None:
            assert elapsed(counting, start, start + timedelta(days=3_000)) < wanted
            continue
        assert elapsed(counting, start, found) == wanted
        assert elapsed(counting, start, found - micro) == wanted - micro
        assert reached_at(counting, start, wanted, [(start - 2 * micro, start - micro)]) == found
