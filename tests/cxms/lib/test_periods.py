"""Periods: buckets that cover a range exactly once, and bounds that follow the clocks of their zone."""

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxms.lib.periods import Grain, Period, bounds_utc, local_date, previous, same_week_last_year, split

EXAMPLES = 2_000 if os.environ.get("CXMS_NIGHTLY") == "1" else 100
GRAINS: list[Grain] = ["day", "week", "month", "quarter", "year", "all"]


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("first", "last", "grain", "cuts"),
    [
        ("2026-02-27", "2026-03-02", "day", ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]),
        ("2026-02-27", "2026-03-12", "week", ["2026-02-27", "2026-03-02", "2026-03-09", "2026-03-12"]),
        ("2026-03-02", "2026-03-09", "week", ["2026-03-02", "2026-03-09"]),
        ("2025-12-15", "2026-03-01", "month", ["2025-12-15", "2026-01-01", "2026-02-01", "2026-03-01"]),
        ("2025-11-15", "2026-08-01", "quarter", ["2025-11-15", "2026-01-01", "2026-04-01", "2026-07-01", "2026-08-01"]),
        ("2024-06-01", "2026-01-02", "year", ["2024-06-01", "2025-01-01", "2026-01-01", "2026-01-02"]),
        ("2024-06-01", "2026-01-02", "all", ["2024-06-01", "2026-01-02"]),
        ("2026-01-01", "2026-01-01", "day", ["2026-01-01"]),
    ],
)
def test_split(first: str, last: str, grain: Grain, cuts: list[str]) -> None:
    expected = [period(a, b) for a, b in pairwise(cuts)]
    assert split(date.fromisoformat(first), date.fromisoformat(last), grain) == expected


def test_split_refuses_what_is_no_range() -> None:
    with pytest.raises(ValueError, match="cannot end before it begins"):
        split(date(2026, 1, 2), date(2026, 1, 1), "day")
    with pytest.raises(ValueError, match="unknown grain"):
        split(date(2026, 1, 1), date(2026, 1, 2), "hour")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ends after it begins"):
        Period(date(2026, 1, 1), date(2026, 1, 1))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(0, 900), st.sampled_from(GRAINS))
def test_split_covers_every_day_once(first: date, n_days: int, grain: Grain) -> None:
    periods = split(first, first + timedelta(days=n_days), grain)
    days = [p.from_date + timedelta(days=n) for p in periods for n in range(p.n_days)]
    assert days == [first + timedelta(days=n) for n in range(n_days)]


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-03-01T15:59:59.999999+00:00", "Asia/Shanghai", "2026-03-01"),
        ("2026-03-01T16:00:00+00:00", "Asia/Shanghai", "2026-03-02"),
        ("2026-03-29T22:00:00+00:00", "Europe/Berlin", "2026-03-30"),
        ("2026-11-01T04:59:00+00:00", "America/New_York", "2026-11-01"),
        ("2026-11-02T04:59:00+00:00", "America/New_York", "2026-11-01"),
    ],
)
def test_local_date(instant: str, zone: str, day: str) -> None:
    assert local_date(datetime.fromisoformat(instant), zone) == date.fromisoformat(day)


def test_local_date_refuses_naive_instants() -> None:
    with pytest.raises(ValueError, match="needs an offset"):
        local_date(datetime(2026, 3, 1), "Asia/Shanghai")


@pytest.mark.parametrize(
    ("day", "zone", "from_at", "hours"),
    [
        ("2026-03-29", "Asia/Shanghai", "2026-03-28T16:00", 24),
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00", 23),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00", 25),
        ("2026-03-08", "America/New_York", "2026-03-08T05:00", 23),
        ("2026-11-01", "America/New_York", "2026-11-01T04:00", 25),
        ("2026-09-06", "America/Santiago", "2026-09-06T04:00", 23),
        ("2026-11-01", "America/Havana", "2026-11-01T04:00", 25),
    ],
)
def test_bounds_utc_over_clock_changes(day: str, zone: str, from_at: str, hours: int) -> None:
    first = date.fromisoformat(day)
    start = datetime.fromisoformat(from_at).replace(tzinfo=UTC)
    assert bounds_utc(Period(first, first + timedelta(days=1)), zone) == (start, start + timedelta(hours=hours))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_an_instant_lies_in_the_bounds_of_its_local_day(instant: datetime, zone: str) -> None:
    day = local_date(instant, zone)
    from_at, to_at = bounds_utc(Period(day, day + timedelta(days=1)), zone)
    assert from_at <= instant < to_at


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")),
        (("2026-01-01", "2026-04-01"), ("2025-10-01", "2026-01-01")),
        (("2026-01-01", "2027-01-01"), ("2025-01-01", "2026-01-01")),
        (("2026-03-02", "2026-03-09"), ("2026-02-23", "2026-03-02")),
        (("2026-03-01", "2026-03-16"), ("2026-02-14", "2026-03-01")),
        (("2026-03-05", "2026-03-06"), ("2026-03-04", "2026-03-05")),
    ],
)
def test_previous(now: tuple[str, str], before: tuple[str, str]) -> None:
    assert previous(period(*now)) == period(*before)


def test_same_week_last_year_keeps_weekdays() -> None:
    week = period("2026-03-02", "2026-03-09")
    assert same_week_last_year(week) == period("2025-03-03", "2025-03-10")
    assert same_week_last_year(week).from_date.weekday() == 0
