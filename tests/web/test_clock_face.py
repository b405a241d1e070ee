"""The promise clock's seven faces, said three times: shape, word, label."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from complaints.enums import ClockState
from complaints.queries import ClockView
from web import clock_face, words

NOW = datetime(2026, 11, 23, 1, 42, tzinfo=UTC)


def _view(state, elapsed=0, kind="solution", target=7200, late=0, stopped=False, due=None):
    clock = SimpleNamespace(id="k", kind=kind, clause=kind, promise="")
    due = NOW + timedelta(seconds=target - elapsed) if due is None else due
    left = max(0.0, 1 - elapsed / target)
    return ClockView(clock, state, due, target, elapsed, (), late, late, left, stopped)


@pytest.mark.parametrize(
    ("view", "state", "time", "ticks"),
    [
        (_view(ClockState.RUNNING, 4080), "run", "剩 52 分", "down"),
        (_view(ClockState.RUNNING, 6840), "risk", "剩 6:00", "down"),
        (_view(ClockState.BREACHED, 7920, late=720), "broken", "超 12 分", "up"),
        (_view(ClockState.MET, 42, kind="notify", target=60, stopped=True), "met", "用时 42 秒", ""),
        (_view(ClockState.PAUSED, 4320), "paused", "暂停，余 48 分", ""),
        (_view(ClockState.WAITING), "wait", "未开始", ""),
        (_view(ClockState.EXCUSED), "excused", "已免责", ""),
    ],
)
def test_the_seven_faces(view, state, time, ticks):
    face = clock_face.face(view, size="md", now=NOW)
    assert (face.state, face.time) == (state, time)
    if state in {"run", "risk", "broken", "met", "paused"}:
        assert face.ticks == ticks
    assert face.name in face.label


def test_seconds_stand_on_the_open_case_and_in_the_last_ten_minutes():
    view = _view(ClockState.RUNNING, 7200 - 1122)
    assert clock_face.face(view, size="md", now=NOW).time == "剩 19 分"
    assert clock_face.face(view, size="lg", now=NOW).time == "剩 18:42"


def test_a_clock_across_closed_hours_does_not_tick():
    view = _view(ClockState.RUNNING, 3600, due=NOW + timedelta(hours=15))
    assert clock_face.face(view, size="md", now=NOW).ticks == ""


@pytest.mark.parametrize(
    ("seconds", "up", "said"),
    [(0, False, "0 秒"), (59, False, "59 秒"), (60, False, "1 分"), (61, True, "2 分"), (3600, False, "1 小时"),
     (4740, False, "1 小时 19 分"), (86_400, False, "1 天"), (100_000, False, "1 天 3 小时"), (-5, False, "0 秒")],
)  # fmt: skip
def test_spans(seconds, up, said):
    assert words.span(seconds, up=up) == said


def test_promises_by_name():
    assert words.promise("solution", 7200) == "2 小时方案"
    assert words.promise("reconstruction", 3600) == "1 小时还原"
    assert words.promise("notify", 60, is_met=True) == "已直达高管"
