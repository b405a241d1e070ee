"""Working time against the worked examples of the promise pages and against a stepper that knows no arithmetic."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cxms.lib.calendar_spec import CalendarError
from cxms.lib.errors import DomainError
from cxms.lib.working_time import Calendar, due_at, elapsed, elapsed_seconds, reached_at

SHANGHAI = "Asia/Shanghai"
HOLIDAYS_2026 = [
    *(f"2026-01-{day:02}" for day in range(1, 4)),
    *(f"2026-02-{day:02}" for day in range(15, 24)),
    *(f"2026-04-{day:02}" for day in range(4, 7)),
    *(f"2026-05-{day:02}" for day in range(1, 6)),
    *(f"2026-06-{day:02}" for day in range(19, 22)),
    *(f"2026-09-{day:02}" for day in range(25, 28)),
    *(f"2026-10-{day:02}" for day in range(1, 8)),
]
WORKDAYS_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
EVERY_DAY = (*WEEKDAYS, "sat", "sun")


def weekly(days: Iterable[str], *hours: tuple[str, str]) -> dict[str, list[list[str]]]:
    return {day: [list(pair) for pair in hours] for day in days}


def calendar(zone: str = SHANGHAI, **spec: Any) -> Calendar:
    return Calendar.from_spec({"timezone": zone, **spec})


OFFICE = calendar(
    weekly=weekly(WEEKDAYS, ("09:00", "18:00")),
    holidays=HOLIDAYS_2026,
    workdays={day: [["09:00", "18:00"]] for day in WORKDAYS_2026},
)
ALWAYS = calendar(always=True)
STORE = calendar(
    weekly=weekly(EVERY_DAY, ("10:00", "22:00")), special={"2026-02-16": [["10:00", "17:00"]], "2026-02-17": []}
)
LUNCH = calendar(weekly=weekly(WEEKDAYS, ("09:00", "12:00"), ("13:30", "18:00")))
DESK = calendar(weekly=weekly(WEEKDAYS, ("10:00", "18:00")))
NIGHT = calendar(weekly=weekly(EVERY_DAY, ("22:00", "06:00")))


def at(text: str, zone: str = SHANGHAI) -> datetime:
    """An instant, local unless it carries an offset, in UTC so that equality is exact."""
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


WORKED = [  # id, calendar, start, target in seconds, due
    ("E1 50%", ALWAYS, "2026-03-02 10:00", 3600, "2026-03-02 11:00"),
    ("E1", ALWAYS, "2026-03-02 10:00", 7200, "2026-03-02 12:00"),
    ("E1b", ALWAYS, "2026-03-02 10:00", 3600, "2026-03-02 11:00"),
    ("E2 50%", OFFICE, "2026-02-13 17:30", 3600, "2026-02-14 09:30"),
    ("E2 75%", OFFICE, "2026-02-13 17:30", 5400, "2026-02-14 10:00"),
    ("E2", OFFICE, "2026-02-13 17:30", 7200, "2026-02-14 10:30"),
    ("E4 50%", OFFICE, "2025-12-31 17:00", 3600, "2025-12-31 18:00"),
    ("E4 75%", OFFICE, "2025-12-31 17:00", 5400, "2026-01-04 09:30"),
    ("E4", OFFICE, "2025-12-31 17:00", 7200, "2026-01-04 10:00"),
    ("E5 50%", OFFICE, "2026-09-30 17:15", 3600, "2026-10-08 09:15"),
    ("E5", OFFICE, "2026-09-30 17:15", 7200, "2026-10-08 10:15"),
    ("E6 50%", STORE, "2026-02-16 16:15", 3600, "2026-02-18 10:15"),
    ("E6", STORE, "2026-02-16 16:15", 7200, "2026-02-18 11:15"),
    ("E14", OFFICE, "2026-03-02 16:00", 7200, "2026-03-02 18:00"),
    ("E14 +1 us", OFFICE, "2026-03-02 16:00:00.000001", 7200, "2026-03-03 09:00:00.000001"),
    ("E15", OFFICE, "2026-03-07 20:00", 7200, "2026-03-09 11:00"),
    ("E17 half", LUNCH, "2026-03-02 11:30", 1800, "2026-03-02 12:00"),
    ("E17 hour", LUNCH, "2026-03-02 11:30", 3600, "2026-03-02 14:00"),
    ("frappe high, response", DESK, "2026-03-02 08:00", 3600, "2026-03-02 11:00"),
    ("frappe high, resolution", DESK, "2026-03-02 08:00", 4 * 3600, "2026-03-02 14:00"),
    ("frappe urgent, response", DESK, "2026-03-02 20:00", 1800, "2026-03-03 10:30"),
    ("frappe urgent, resolution", DESK, "2026-03-02 20:00", 7200, "2026-03-03 12:00"),
    ("frappe low, response", DESK, "2026-03-07 15:00", 24 * 3600, "2026-03-11 18:00"),
    ("frappe low, resolution", DESK, "2026-03-07 15:00", 72 * 3600, "2026-03-19 18:00"),
    ("frappe Friday, response", DESK, "2026-03-06 17:00", 1800, "2026-03-06 17:30"),
    ("frappe Friday, resolution", DESK, "2026-03-06 17:00", 7200, "2026-03-09 11:00"),
    ("night shift", NIGHT, "2026-03-02 21:00", 8 * 3600, "2026-03-03 06:00"),
    ("night shift, morning after", NIGHT, "2026-03-03 05:00", 7200, "2026-03-03 23:00"),
]


@pytest.mark.parametrize(("hours", "start", "target", "due"), [case[1:] for case in WORKED], ids=[c[0] for c in WORKED])
def test_due_at_worked_examples(hours: Calendar, start: str, target: int, due: str) -> None:
    assert due_at(hours, at(start), target) == at(due)
    assert elapsed(hours, at(start), at(due)) == timedelta(seconds=target)
    assert elapsed(hours, at(start), at(due) - timedelta(microseconds=1)) < timedelta(seconds=target)


def test_frappe_two_holidays_in_a_row() -> None:
    hours = calendar(weekly=weekly(WEEKDAYS, ("10:00", "18:00")), holidays=["2026-03-05", "2026-03-06"])
    assert due_at(hours, at("2026-03-05 15:00"), 1800) == at("2026-03-09 10:30")
    assert due_at(hours, at("2026-03-05 15:00"), 7200) == at("2026-03-09 12:00")


def test_frappe_hold() -> None:
    start = at("2026-03-05 15:00")
    one_hour = [(at("2026-03-05 15:30"), at("2026-03-05 16:30"))]
    longer = [(at("2026-03-05 15:30"), at("2026-03-05 16:30:01"))]
    assert due_at(DESK, start, 7200, one_hour) == at("2026-03-05 18:00")
    assert due_at(DESK, start, 7200, longer) == at("2026-03-06 10:00:01")


def test_chatwoot_friday_evening() -> None:
    hours = calendar(weekly=weekly(WEEKDAYS, ("09:00", "17:00")))
    assert due_at(hours, at("2026-03-06 16:30"), 3600) == at("2026-03-09 09:30")


def test_e7_pause_shifts_every_level() -> None:
    pauses = [(at("2026-03-02 10:40"), at("2026-03-02 14:10"))]
    due = [due_at(ALWAYS, at("2026-03-02 10:00"), seconds, pauses) for seconds in (3600, 5400, 7200, 9000)]
    assert due == [at(f"2026-03-02 {clock}") for clock in ("14:30", "15:00", "15:30", "16:00")]


def test_e7b_pause_without_end() -> None:
    pauses = [(at("2026-03-02 10:40"), None)]
    assert due_at(ALWAYS, at("2026-03-02 10:00"), 7200, pauses) is None
    assert due_at(ALWAYS, at("2026-03-02 10:00"), 2400, pauses) == at("2026-03-02 10:40")
    assert due_at(OFFICE, at("2026-03-02 10:00"), 7200, pauses) is None
    assert elapsed_seconds(ALWAYS, at("2026-03-02 10:00"), at("2027-03-02 10:00"), pauses) == 2400


def test_e9_two_pauses_in_one_minute() -> None:
    start = at("2026-03-02 09:30")
    pauses = [
        (at("2026-03-02 10:00:40"), at("2026-03-02 10:05:00")),
        (at("2026-03-02 10:00:10"), at("2026-03-02 10:00:25")),
    ]
    due = [due_at(ALWAYS, start, seconds, pauses) for seconds in (3600, 5400, 7200, 9000)]
    assert due == [at(f"2026-03-02 {clock}") for clock in ("10:34:35", "11:04:35", "11:34:35", "12:04:35")]


def test_e11_berlin_spring() -> None:
    start = at("2026-03-29T01:30+01:00")
    due = [due_at(calendar("Europe/Berlin", always=True), start, seconds) for seconds in (3600, 5400, 7200, 9000)]
    assert due == [at(f"2026-03-29T{clock}+02:00") for clock in ("03:30", "04:00", "04:30", "05:00")]


def test_e11b_new_york_autumn() -> None:
    start = datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=ZoneInfo("America/New_York"))
    due = [due_at(calendar("America/New_York", always=True), start, seconds) for seconds in (3600, 5400, 7200, 9000)]
    assert due == [at(f"2026-11-01T{clock}-05:00") for clock in ("01:30", "02:00", "02:30", "03:00")]


@pytest.mark.parametrize(
    ("zone", "evening", "morning", "hours"),
    [
        ("Europe/Berlin", "2026-03-28 20:00", "2026-03-29 12:00", 7),
        ("Europe/Berlin", "2026-10-24 20:00", "2026-10-25 12:00", 9),
        ("America/New_York", "2026-03-07 20:00", "2026-03-08 12:00", 7),
        ("America/New_York", "2026-10-31 20:00", "2026-11-01 12:00", 9),
        (SHANGHAI, "2026-03-28 20:00", "2026-03-29 12:00", 8),
    ],
)
def test_night_shift_over_a_clock_change(zone: str, evening: str, morning: str, hours: int) -> None:
    night = calendar(zone, weekly=weekly(EVERY_DAY, ("22:00", "06:00")))
    assert elapsed_seconds(night, at(evening, zone), at(morning, zone)) == hours * 3600


def test_clock_change_inside_the_hours() -> None:
    early = calendar("Europe/Berlin", weekly=weekly(EVERY_DAY, ("02:30", "04:00")))
    assert due_at(early, at("2026-03-28T12:00+01:00"), 1) == at("2026-03-29T03:30:01+02:00")
    assert elapsed_seconds(early, at("2026-10-24T12:00+02:00"), at("2026-10-25T12:00+01:00")) == 9000
    gone = calendar("Europe/Berlin", weekly=weekly(["sun"], ("02:30", "03:15")))
    assert elapsed_seconds(gone, at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00")) == 0


def test_day_that_a_zone_skipped() -> None:
    apia = calendar("Pacific/Apia", weekly=weekly(EVERY_DAY, ("09:00", "12:00")) | {"fri": [["13:00", "15:00"]]})
    start, end = at("2011-12-29 00:00", "Pacific/Apia"), at("2012-01-01 00:00", "Pacific/Apia")
    assert elapsed_seconds(apia, start, end) == 2 * 3 * 3600


def test_precedence_of_days() -> None:
    hours = calendar(
        weekly=weekly(EVERY_DAY, ("09:00", "10:00")),
        holidays=["2026-03-03", "2026-03-04", "2026-03-05"],
        workdays={"2026-03-04": [["11:00", "13:00"]], "2026-03-05": [["11:00", "13:00"]]},
        special={"2026-03-05": [["14:00", "17:00"]], "2026-03-06": []},
    )
    worked = [
        elapsed_seconds(hours, at(f"2026-03-0{day} 00:00"), at(f"2026-03-0{day + 1} 00:00")) // 3600
        for day in range(2, 8)
    ]
    assert worked == [1, 0, 2, 3, 0, 1]


def test_shift_belongs_to_the_day_it_opens() -> None:
    hours = calendar(weekly=weekly(EVERY_DAY, ("22:00", "06:00")), holidays=["2026-03-03"])
    assert elapsed_seconds(hours, at("2026-03-03 00:00"), at("2026-03-04 12:00")) == 6 * 3600


def test_overlap_of_two_days_counts_once() -> None:
    hours = calendar(weekly={"mon": [["22:00", "06:00"]], "tue": [["05:00", "10:00"]]})
    assert elapsed_seconds(hours, at("2026-03-02 00:00"), at("2026-03-04 00:00")) == 12 * 3600


@pytest.mark.parametrize("close", ["24:00", "00:00"])
def test_whole_days_are_as_always(close: str) -> None:
    whole = calendar(weekly=weekly(EVERY_DAY, ("00:00", close)))
    start = at("2026-03-02 10:00")
    assert due_at(whole, start, 400 * 86_400) == due_at(ALWAYS, start, 400 * 86_400) == start + timedelta(days=400)


def test_same_open_and_close_is_a_full_day() -> None:
    hours = calendar(weekly={"mon": [["09:00", "09:00"]]})
    assert elapsed_seconds(hours, at("2026-03-02 00:00"), at("2026-03-09 00:00")) == 86_400


def test_target_of_nothing_is_due_at_the_start() -> None:
    assert due_at(OFFICE, at("2026-03-07 20:00"), 0) == at("2026-03-07 20:00")


def test_elapsed_rounds_down_and_never_runs_backwards() -> None:
    start = at("2026-03-02 10:00")
    assert elapsed_seconds(ALWAYS, start, start + timedelta(microseconds=1_999_999)) == 1
    assert elapsed(ALWAYS, start, start + timedelta(microseconds=1)) == timedelta(microseconds=1)
    assert elapsed_seconds(ALWAYS, start, start - timedelta(hours=1)) == 0


def test_reached_at_counts_microseconds() -> None:
    assert reached_at(OFFICE, at("2026-03-02 17:59:59.999999"), timedelta(microseconds=2)) == at(
        "2026-03-03 09:00:00.000001"
    )


def test_pauses_may_touch_overlap_and_be_empty() -> None:
    start = at("2026-03-02 10:00")
    pauses = [(10, 20), (15, 30), (30, 40), (50, 45), (12, 13), (0, 5)]
    instants = [(start + timedelta(minutes=a), start + timedelta(minutes=b)) for a, b in pauses]
    assert due_at(ALWAYS, start, 600, iter(instants)) == start + timedelta(minutes=45)


def test_a_pause_runs_on_over_closed_hours_and_whole_days() -> None:
    start = at("2026-03-02 10:00")
    pauses = [(at("2026-03-02 11:00"), at("2026-03-05 16:30")), (at("2026-03-05 17:00"), at("2026-03-06 02:00"))]
    assert due_at(OFFICE, start, 7200, pauses) == at("2026-03-06 09:30")
    assert elapsed_seconds(OFFICE, start, at("2026-03-06 10:00"), pauses) == 3600 + 1800 + 3600


def test_calendar_that_never_opens_again() -> None:
    hours = calendar(special={"2026-03-02": [["09:00", "10:00"]]})
    assert due_at(hours, at("2026-03-02 08:00"), 3600) == at("2026-03-02 10:00")
    assert due_at(hours, at("2026-03-02 08:00"), 3601) is None
    assert due_at(hours, at("2026-03-02 12:00"), 1) is None


def test_a_spec_serves_as_a_calendar() -> None:
    spec = OFFICE.to_spec()
    assert due_at(spec, at("2026-02-13 17:30"), 7200) == at("2026-02-14 10:30")
    assert elapsed_seconds(spec, at("2026-02-13 17:30"), at("2026-02-14 10:30")) == 7200


def test_naive_instants_and_negative_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="an instant needs an offset"):
        due_at(ALWAYS, datetime(2026, 3, 2, 10), 60)
    with pytest.raises(ValueError, match="cannot be negative"):
        due_at(ALWAYS, at("2026-03-02 10:00"), -1)


def test_long_spans_are_quick() -> None:
    began = time.perf_counter()
    assert due_at(OFFICE, at("2020-01-01 00:00"), 72 * 3600) == at("2020-01-10 18:00")
    assert elapsed_seconds(ALWAYS, at("1970-01-01 00:00"), at("2026-01-01 00:00")) == 20_454 * 86_400
    assert elapsed_seconds(DESK, at("2010-01-04 00:00"), at("2025-12-29 00:00")) == 834 * 40 * 3600
    assert time.perf_counter() - began < 2


MALFORMED = [
    ({"timezone": "Mars/Olympus", "always": True}, "timezone"),
    ({"timezone": "asia/shanghai", "always": True}, "timezone"),
    ({"timezone": "right/Asia/Shanghai", "always": True}, "timezone"),
    ({"timezone": "../etc/passwd", "always": True}, "timezone"),
    ({"timezone": None, "always": True}, "timezone"),
    ({"always": True}, "timezone"),
    ({"timezone": SHANGHAI}, "weekly"),
    ({"timezone": SHANGHAI, "weekly": {"mon": []}}, "weekly"),
    ({"timezone": SHANGHAI, "special": {"2026-01-01": []}}, "weekly"),
    ({"timezone": SHANGHAI, "always": 1}, "always"),
    ({"timezone": SHANGHAI, "always": True, "week": {}}, "week"),
    ({"timezone": SHANGHAI, "weekly": []}, "weekly"),
    ({"timezone": SHANGHAI, "weekly": {"monday": []}}, "weekly.monday"),
    ({"timezone": SHANGHAI, "weekly": {0: []}}, "weekly.0"),
    ({"timezone": SHANGHAI, "weekly": {"mon": "09:00-18:00"}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["09:00"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [[9, 18]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["9:00", "18:00"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["09:00", "18:60"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["09:00", "24:01"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["24:00", "06:00"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"mon": [["０９:00", "18:00"]]}}, "weekly.mon"),
    ({"timezone": SHANGHAI, "weekly": {"tue": [["09:00", "12:00"], ["11:59", "18:00"]]}}, "weekly.tue"),
    ({"timezone": SHANGHAI, "weekly": {"tue": [["22:00", "06:00"], ["21:00", "22:01"]]}}, "weekly.tue"),
    ({"timezone": SHANGHAI, "always": True, "holidays": "2026-01-01"}, "holidays"),
    ({"timezone": SHANGHAI, "always": True, "holidays": ["2026-01-01", "2026-02-30"]}, "holidays.1"),
    ({"timezone": SHANGHAI, "always": True, "holidays": ["20260101"]}, "holidays.0"),
    ({"timezone": SHANGHAI, "always": True, "workdays": []}, "workdays"),
    ({"timezone": SHANGHAI, "always": True, "workdays": {"2026-01-04": []}}, "workdays.2026-01-04"),
    ({"timezone": SHANGHAI, "always": True, "special": {"tomorrow": []}}, "special.tomorrow"),
    ([], "calendar"),
]


@pytest.mark.parametrize(("spec", "field"), MALFORMED)
def test_malformed_specs_name_their_field(spec: Any, field: str) -> None:
    with pytest.raises(CalendarError) as refused:
        Calendar.from_spec(spec)
    assert (refused.value.field, refused.value.code) == (field, "calendar_invalid")
    assert isinstance(refused.value, DomainError)


def test_touching_hours_and_a_midnight_close_are_fine() -> None:
    hours = calendar(weekly={"mon": [["12:00", "24:00"], ["09:00", "12:00"]]})
    assert elapsed_seconds(hours, at("2026-03-02 00:00"), at("2026-03-03 00:00")) == 15 * 3600
