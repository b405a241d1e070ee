"""Verdicts of promise clocks against the worked examples of the promise pages and against a second-by-second clock."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from complaints.verdicts import TargetChange, Verdict, fired, judge, preview
from cxms.lib.working_time import Calendar

SHANGHAI = "Asia/Shanghai"
WEEKDAYS = range(5)
ALWAYS = Calendar(SHANGHAI, always=True)
OFFICE = Calendar.from_spec(
    {
        "timezone": SHANGHAI,
        "weekly": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": [*(f"2026-01-0{n}" for n in (1, 2, 3)), *(f"2026-02-{n}" for n in range(15, 24))]
        + [*(f"2026-09-{n}" for n in (25, 26, 27)), *(f"2026-10-0{n}" for n in range(1, 8))],
        "workdays": {day: [["09:00", "18:00"]] for day in ("2026-01-04", "2026-02-14", "2026-10-10")},
    }
)
STORE = Calendar(
    SHANGHAI,
    weekly=dict.fromkeys(range(7), (("10:00", "22:00"),)),
    special={datetime(2026, 2, 16).date(): (("10:00", "17:00"),), datetime(2026, 2, 17).date(): ()},
)
LUNCH = Calendar(SHANGHAI, weekly=dict.fromkeys(WEEKDAYS, (("09:00", "12:00"), ("13:30", "18:00"))))
BERLIN = Calendar("Europe/Berlin", always=True)
NEW_YORK = Calendar("America/New_York", always=True)
MICROSECOND = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """An instant in UTC; a bare clock is on Monday 2026-03-02, a bare date and clock in Shanghai."""
    instant = datetime.fromisoformat(text if "-" in text else f"2026-03-02 {text}")
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(SHANGHAI))).astimezone(UTC)


def change(clock: str, seconds: int) -> TargetChange:
    return {"at": at(clock), "target_seconds": seconds}


def rings(verdict: Verdict) -> dict[str, datetime | None]:
    return {level.name: level.fire_at for level in verdict.levels}


def names(verdict: Verdict, until: str) -> list[str]:
    return [level.name for level in fired(verdict, at(until))]


E7_PAUSE = [(at("10:40"), at("14:10"))]
E9_PAUSES = [(at("10:00:10"), at("10:00:25")), (at("10:00:40"), at("10:05:00"))]
LADDERS: list[tuple[str, Calendar, str, int, list[Any], list[str]]] = [
    ("E1", ALWAYS, "10:00", 7200, [], ["11:00", "11:30", "12:00", "12:30"]),
    ("E1b", ALWAYS, "10:00", 3600, [], ["10:30", "10:45", "11:00", "11:30"]),
    ("E2", OFFICE, "2026-02-13 17:30", 7200, [], [f"2026-02-14 {t}" for t in ("09:30", "10:00", "10:30", "11:00")]),
    ("E4", OFFICE, "2025-12-31 17:00", 7200, [], ["2025-12-31 18:00"] + [f"2026-01-04 {t}" for t in ("09:30", "10:00", "10:30")]),
    ("E5", OFFICE, "2026-09-30 17:15", 7200, [], [f"2026-10-08 {t}" for t in ("09:15", "09:45", "10:15", "10:45")]),
    ("E6", STORE, "2026-02-16 16:15", 7200, [], [f"2026-02-18 {t}" for t in ("10:15", "10:45", "11:15", "11:45")]),
    ("E7", ALWAYS, "10:00", 7200, E7_PAUSE, ["14:30", "15:00", "15:30", "16:00"]),
    ("E9", ALWAYS, "09:30", 7200, E9_PAUSES, ["10:34:35", "11:04:35", "11:34:35", "12:04:35"]),
    ("E11", BERLIN, "2026-03-29T01:30+01:00", 7200, [], [f"2026-03-29T{t}+02:00" for t in ("03:30", "04:00", "04:30", "05:00")]),
    ("E11b", NEW_YORK, "2026-11-01T01:30-04:00", 7200, [], [f"2026-11-01T{t}-05:00" for t in ("01:30", "02:00", "02:30", "03:00")]),
    ("E14", OFFICE, "16:00", 7200, [], ["17:00", "17:30", "18:00", "2026-03-03 09:30"]),
    ("E15", OFFICE, "2026-03-07 20:00", 7200, [], [f"2026-03-09 {t}" for t in ("10:00", "10:30", "11:00", "11:30")]),
    ("E17", LUNCH, "11:30", 1800, [], ["11:45", "11:52:30", "12:00", "14:00"]),
    ("E17 1 h", LUNCH, "11:30", 3600, [], ["12:00", "13:45", "14:00", "14:30"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("calendar", "start", "target", "pauses", "expected"), [row[1:] for row in LADDERS], ids=[row[0] for row in LADDERS]
)
def test_ladders_of_the_worked_examples(
    calendar: Calendar, start: str, target: int, pauses: list[Any], expected: list[str]
) -> None:
    verdict = judge(calendar=calendar, started_at=at(start), target_seconds=target, pauses=pauses, now=at(start))
    assert rings(verdict) == dict(zip(("0.5", "0.75", "1", "+1800"), map(at, expected), strict=True))
    assert (verdict.state, verdict.due_at, verdict.next_fire_at) == ("running", at(expected[2]), at(expected[0]))
    assert [(level.share, level.after_seconds) for level in verdict.levels] == [
        (0.5, None),
        (0.75, None),
        (1.0, None),
        (None, 1800),
    ]


def test_e7b_pause_without_end() -> None:
    clock: Any = {
        "calendar": ALWAYS,
        "started_at": at("10:00"),
        "target_seconds": 7200,
        "pauses": [(at("10:40"), None)],
    }
    verdict = judge(**clock, now=at("2026-03-12 10:00"))
    assert set(rings(verdict).values()) == {None}
    assert (verdict.state, verdict.due_at, verdict.next_fire_at, verdict.elapsed_seconds) == (
        "running",
        None,
        None,
        2400,
    )
    assert judge(**clock, stopped_at=at("2026-03-12 10:00")).state == "met"


@pytest.mark.parametrize(
    ("clock", "pauses", "state", "due", "breached", "cause"),
    [
        ("11:00", [], "met", "12:00", None, ""),
        ("11:00", [(at("10:30"), at("10:50"))], "met", "12:20", None, ""),
        ("12:30", [], "breached", "12:30", "12:30", "target_change"),
    ],
)
def test_e10_a_new_target_is_measured_from_the_same_start(
    clock: str, pauses: list[Any], state: str, due: str, breached: str | None, cause: str
) -> None:
    verdict = judge(
        calendar=ALWAYS,
        started_at=at("10:00"),
        target_seconds=4 * 3600,
        pauses=pauses,
        changes=[change(clock, 7200)],
        stopped_at=at(due) + (timedelta(minutes=10) if breached else timedelta()),
    )
    assert (verdict.state, verdict.due_at, verdict.cause) == (state, at(due), cause)
    assert verdict.breached_at == (None if breached is None else at(breached))
    assert verdict.late_seconds == verdict.late_working_seconds == (600 if breached else 0)


def test_e10_levels_after_a_breach_by_change() -> None:
    clock: Any = {
        "calendar": ALWAYS,
        "started_at": at("10:00"),
        "target_seconds": 4 * 3600,
        "changes": [change("12:30", 7200)],
    }
    verdict = judge(**clock, now=at("12:30"))
    assert rings(verdict) == {"0.5": at("12:00"), "0.75": None, "1": at("12:30"), "+1800": at("13:00")}
    assert (verdict.state, verdict.breached_at, verdict.next_fire_at) == ("breached", at("12:30"), at("13:00"))
    assert judge(**clock, now=at("12:30") - MICROSECOND).state == "running"
    stopped = judge(**clock, stopped_at=at("12:30"))
    assert (stopped.state, stopped.due_at, stopped.cause) == ("met", at("14:00"), "")


def test_e10_fired_warnings_stay_and_higher_ones_move() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "now": at("11:16")}
    looser = judge(**clock, target_seconds=7200, changes=[change("11:15", 4 * 3600)])
    assert rings(looser) == {"0.5": at("11:00"), "0.75": at("13:00"), "1": at("14:00"), "+1800": at("14:30")}
    tighter = judge(**clock, target_seconds=4 * 3600, changes=[change("11:15", 7200)])
    assert rings(tighter) == {"0.5": at("11:15"), "0.75": at("11:30"), "1": at("12:00"), "+1800": at("12:30")}
    twice = judge(**clock, target_seconds=7200, changes=[change("11:45", 7200), change("11:15", 4 * 3600)])
    assert rings(twice) == {"0.5": at("11:00"), "0.75": at("11:45"), "1": at("12:00"), "+1800": at("12:30")}


def test_a_change_at_the_due_instant_comes_before_the_breach() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200, "now": at("12:05")}
    assert judge(**clock, changes=[change("12:00", 3 * 3600)]).due_at == at("13:00")
    late = judge(**clock, changes=[{"at": at("12:00") + MICROSECOND, "target_seconds": 3 * 3600}])
    assert (late.state, late.due_at, late.cause) == ("breached", at("12:00"), "")
    assert judge(**clock, changes=[change("12:00", 7200)]).cause == ""


def test_a_breach_by_change_while_paused_counts_on_after_the_pause() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 4 * 3600, "now": at("14:00")}
    verdict = judge(**clock, pauses=[(at("12:10"), at("13:00"))], changes=[change("12:30", 7200)])
    assert rings(verdict) == {"0.5": at("12:00"), "0.75": None, "1": at("12:30"), "+1800": at("13:30")}
    assert (verdict.late_seconds, verdict.late_working_seconds) == (5400, 3600)


def test_a_change_comes_after_the_pause_and_before_the_sweep_of_its_instant() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "now": at("13:00")}
    unrung = judge(**clock, target_seconds=7200, changes=[change("11:00", 4 * 3600)])
    assert rings(unrung)["0.5"] == at("12:00")
    exact = judge(**clock, target_seconds=4 * 3600, changes=[change("12:00", 7200)])
    assert (exact.breached_at, exact.cause) == (at("12:00"), "target_change")
    held = judge(**clock, target_seconds=4 * 3600, changes=[change("12:30", 7200)], pauses=[(at("12:30"), at("12:50"))])
    assert rings(held)["+1800"] == at("13:20")


def test_changes_after_stop_or_breach_change_nothing() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200}
    for changes in ([change("12:01", 86_400)], [change("12:01", 60)]):
        assert judge(**clock, changes=changes, now=at("13:00")) == judge(**clock, now=at("13:00"))
    for clock_time in ("11:00", "11:30"):
        stopped = judge(**clock, changes=[change(clock_time, 60)], stopped_at=at("11:00"))
        assert stopped == judge(**clock, stopped_at=at("11:00"))


def test_e13_resumed_and_new_cycle() -> None:
    first = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200, stopped_at=at("11:20"))
    assert (first.state, first.elapsed_seconds) == ("met", 80 * 60)
    gap = [(at("11:20"), at("15:00"))]
    resumed = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200, pauses=gap, now=at("15:00"))
    assert (resumed.due_at, resumed.elapsed_seconds) == (at("15:40"), 80 * 60)
    again = judge(calendar=ALWAYS, started_at=at("15:00"), target_seconds=7200, now=at("15:00"))
    assert again.due_at == at("17:00")


def test_e14_used_up_at_closing() -> None:
    clock: Any = {"calendar": OFFICE, "started_at": at("16:00"), "target_seconds": 7200}
    assert judge(**clock, stopped_at=at("18:00")).state == "met"
    late = judge(**clock, stopped_at=at("2026-03-03 09:00"))
    assert (late.state, late.breached_at) == ("breached", at("18:00"))
    assert (late.late_working_seconds, late.late_seconds, late.elapsed_seconds) == (0, 15 * 3600, 7200)


def test_e18_an_outage_finds_every_level_at_its_own_instant() -> None:
    verdict = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200, now=at("12:40"))
    swept = [
        (level.name, int((at("12:40") - level.fire_at).total_seconds()))
        for level in fired(verdict, at("12:40"))
        if level.fire_at
    ]
    assert swept == [("0.5", 6000), ("0.75", 4200), ("1", 2400), ("+1800", 600)]
    assert (verdict.state, verdict.late_seconds, verdict.next_fire_at) == ("breached", 2400, None)


def test_e19_stopped_late_but_before_the_sweep() -> None:
    verdict = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200, stopped_at=at("12:00:03"))
    assert (verdict.state, verdict.breached_at, verdict.late_seconds) == ("breached", at("12:00"), 3)
    assert names(verdict, "12:00:05") == ["0.5", "0.75", "1"]
    assert names(verdict, "2026-03-09 12:00") == ["0.5", "0.75", "1"]
    assert verdict.next_fire_at is None


def test_e20_stopped_exactly_at_due() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200}
    exact = judge(**clock, stopped_at=at("12:00"))
    assert (exact.state, exact.breached_at, exact.late_seconds) == ("met", None, 0)
    assert names(exact, "13:00") == ["0.5", "0.75"]
    over = judge(**clock, stopped_at=at("12:00") + MICROSECOND)
    assert (over.state, over.late_seconds, names(over, "13:00")) == ("breached", 0, ["0.5", "0.75", "1"])
    assert judge(**clock, now=at("12:00")).state == "running"
    assert judge(**clock, now=at("12:00") + MICROSECOND).state == "breached"


def test_every_level_has_rung_or_is_next() -> None:
    for minutes in range(0, 200, 5):
        now = at("10:00") + timedelta(minutes=minutes)
        verdict = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200, now=now)
        coming = [level.fire_at for level in verdict.levels if level not in fired(verdict, now)]
        assert verdict.next_fire_at == (coming[0] if coming else None)


def test_pauses_at_or_after_due_change_nothing() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200}
    for begins in ("12:00", "12:10"):
        held = judge(**clock, pauses=[(at(begins), None)], stopped_at=at("14:00"))
        assert held == judge(**clock, stopped_at=at("14:00"))
        assert (held.late_seconds, held.late_working_seconds, held.elapsed_seconds) == (7200, 7200, 4 * 3600)


def test_created_while_paused_and_created_closed() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200}
    assert judge(**clock, pauses=[(at("09:00"), at("11:00"))], now=at("10:30")).due_at == at("13:00")
    closed = judge(**clock, stopped_at=at("09:59"))
    assert (closed.state, closed.elapsed_seconds, names(closed, "15:00")) == ("met", 0, [])


def test_a_target_of_nothing_breaks_after_its_start() -> None:
    clock: Any = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 0}
    assert judge(**clock, stopped_at=at("10:00")).state == "met"
    assert judge(**clock, now=at("10:00:01")).breached_at == at("10:00")


def test_a_plan_is_judged_at_its_start() -> None:
    plan = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=7200)
    assert (plan.state, plan.elapsed_seconds, plan.next_fire_at) == ("running", 0, at("11:00"))


def test_shares_are_decimal_and_levels_in_order() -> None:
    verdict = judge(
        calendar=ALWAYS,
        started_at=at("10:00"),
        target_seconds=7,
        warn_shares=[0.9, 0.1, 0.1],
        after_seconds=[3600, 60],
        now=at("10:00"),
    )
    offsets = [(level.name, (level.fire_at or at("10:00")) - at("10:00")) for level in verdict.levels]
    assert offsets == [
        ("0.1", timedelta(seconds=0.7)),
        ("0.9", timedelta(seconds=6.3)),
        ("1", timedelta(seconds=7)),
        ("+60", timedelta(seconds=67)),
        ("+3600", timedelta(seconds=3607)),
    ]


def test_local_instants_across_the_repeated_hour() -> None:
    zone = ZoneInfo("America/New_York")
    start, stop = (datetime(2026, 11, 1, 1, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    verdict = judge(calendar=NEW_YORK, started_at=start, target_seconds=1800, stopped_at=stop)
    assert (verdict.state, verdict.elapsed_seconds, verdict.late_seconds) == ("breached", 3600, 1800)
    assert [level.name for level in fired(verdict, stop)] == ["0.5", "0.75", "1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_seconds": -1},
        {"warn_shares": [0]},
        {"warn_shares": [1]},
        {"after_seconds": [0]},
        {"changes": [change("11:00", -1)]},
        {"started_at": datetime(2026, 3, 2, 10)},
        {"now": datetime(2026, 3, 2, 10)},
    ],
)
def test_impossible_clocks_are_refused(wrong: dict[str, Any]) -> None:
    clock: dict[str, Any] = {"calendar": ALWAYS, "started_at": at("10:00"), "target_seconds": 7200, "now": at("10:00")}
    with pytest.raises(ValueError):
        judge(**(clock | wrong))


def test_preview_of_a_broken_promise() -> None:
    answer = preview(
        {
            "calendar": OFFICE,
            "started_at": at("16:00"),
            "target_seconds": 7200,
            "pauses": [[at("16:30"), at("17:00")]],
            "stopped_at": at("2026-03-03 10:00"),
        }
    )
    assert answer == {
        "due_at": at("2026-03-03 09:30"),
        "levels": [
            {"share": 0.5, "fire_at": at("17:30")},
            {"share": 0.75, "fire_at": at("18:00")},
            {"share": 1, "fire_at": at("2026-03-03 09:30")},
            {"after_seconds": 1800, "fire_at": at("2026-03-03 10:00")},
        ],
        "verdict": "breached",
        "breached_at": at("2026-03-03 09:30"),
        "elapsed_seconds": 9000,
        "late_seconds": 1800,
        "late_working_seconds": 1800,
    }


def test_preview_of_a_running_clock() -> None:
    answer = preview(
        {
            "calendar": ALWAYS,
            "started_at": at("10:00"),
            "target_seconds": 4 * 3600,
            "warn_shares": [],
            "after_seconds": [],
            "pauses": [[at("10:40"), None]],
            "changes": [change("10:20", 7200)],
            "stopped_at": None,
            "now": at("11:00"),
        }
    )
    assert answer == {
        "due_at": None,
        "levels": [{"share": 1, "fire_at": None}],
        "verdict": "running",
        "breached_at": None,
        "elapsed_seconds": 2400,
        "late_seconds": 0,
        "late_working_seconds": 0,
    }


@pytest.mark.parametrize("ends", [None, "10:20", "12:00", "2026-03-05 10:10"])
def test_what_a_hold_lasts_after_the_stop_moves_nothing(ends: str | None) -> None:
    """Held at 10:10, stopped at 10:20: due stays where it stood at the stop, whenever the hold ends."""
    hold = (at("10:10"), at(ends) if ends else None)
    found = judge(calendar=ALWAYS, started_at=at("10:00"), target_seconds=3600, pauses=[hold], stopped_at=at("10:20"))
    assert (found.state, found.due_at, found.elapsed_seconds) == ("met", at("11:10"), 600)
