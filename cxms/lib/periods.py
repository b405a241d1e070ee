"""Periods: half-open runs of local days, cut into buckets and turned into UTC bounds.

Called by the metric series and the reports, which compare a period with the one before or with last year. It knows no
metric and no query, and never what day it is.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Grain = Literal["day", "week", "month", "quarter", "year", "all"]

GRAIN_MONTHS = {"month": 1, "quarter": 3, "year": 12}
ALIGNED_YEAR = timedelta(days=52 * 7)  # the year that keeps weekdays under weekdays


@dataclass(frozen=True, order=True)
class Period:
    """The local days from `from_date` up to, and without, `to_date`; ValueError unless there is at least one."""

    from_date: date
    to_date: date

    def __post_init__(self) -> None:
        if self.to_date <= self.from_date:
            raise ValueError(f"a period ends after it begins: {self.from_date}, {self.to_date}")

    @property
    def n_days(self) -> int:
        """How many local days it holds."""
        return (self.to_date - self.from_date).days


def split(from_date: date, to_date: date, grain: Grain) -> list[Period]:
    """Cut [from_date, to_date) at the bounds of `grain`, in order; the first and the last are clipped to the range.

    Weeks begin on Monday, quarters in January, April, July and October; "all" is one period. An empty range gives [].
    ValueError: the range ends before it begins, or the grain is unknown.
    """
    if to_date < from_date:
        raise ValueError(f"a range cannot end before it begins: {from_date}, {to_date}")
    periods = []
    while from_date < to_date:
        cut = min(_next_bound(from_date, to_date, grain), to_date)
        periods.append(Period(from_date, cut))
        from_date = cut
    return periods


def local_date(instant: datetime, timezone: str) -> date:
    """The calendar day of an aware instant in an IANA zone; ValueError for a naive one."""
    if instant.utcoffset() is None:
        raise ValueError(f"an instant needs an offset: {instant.isoformat()}")
    return instant.astimezone(ZoneInfo(timezone)).date()


def bounds_utc(period: Period, timezone: str) -> tuple[datetime, datetime]:
    """The half-open UTC bounds of a period: its local midnights, each with its own offset.

    A midnight that a clock change skips is the instant of the change, one that it repeats is the first of the two.
    """
    zone = ZoneInfo(timezone)
    return _midnight(period.from_date, zone), _midnight(period.to_date, zone)


def previous(period: Period) -> Period:
    """The period of the same kind just before: as many whole months for whole months, else as many days."""
    first, last = period.from_date, period.to_date
    if first.day == last.day == 1:
        return Period(_add_months(first, -_months_between(first, last)), first)
    return Period(first - (last - first), first)


def same_week_last_year(period: Period) -> Period:
    """The period 364 days earlier, so that each weekday meets the same weekday."""
    return Period(period.from_date - ALIGNED_YEAR, period.to_date - ALIGNED_YEAR)


def _next_bound(day: date, to_date: date, grain: Grain) -> date:
    """The first bound of the grain after `day`."""
    if grain == "day":
        return day + timedelta(days=1)
    if grain == "week":
        return day + timedelta(days=7 - day.weekday())
    if grain == "all":
        return to_date
    if grain not in GRAIN_MONTHS:
        raise ValueError(f"unknown grain: {grain!r}")
    months = GRAIN_MONTHS[grain]
    return _add_months(day.replace(day=1), months - (day.month - 1) % months)


def _add_months(first: date, months: int) -> date:
    """The first of a month, so many months away."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
