"""The clockwork keeps its promises' instants whatever else it has to do."""

import sys
import threading

import pytest

from ledger import clockwork
from ledger.flow import Timer

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
HERE = __name__
chore_may_end = threading.Event()
chore_began = threading.Event()
turns: list[bool] = []


def long_chore() -> list[int]:
    chore_began.set()
    chore_may_end.wait(60)
    sys.exit()


def promise() -> list[int]:
    chore_began.wait(30)
    turns.append(chore_may_end.is_set())
    if len(turns) == 3:
        sys.exit()
    return []


def never() -> None:
    return None


@pytest.fixture
def two_timers(monkeypatch):
    chore = Timer("chore", organisations=f"{HERE}.long_chore", run="")
    prompt = Timer("promise", organisations=f"{HERE}.promise", run="", next_at=f"{HERE}.never")
    monkeypatch.setattr(clockwork, "timers", lambda: (chore, prompt))
    yield
    chore_may_end.set()


def test_a_chore_that_takes_its_time_does_not_hold_up_a_promise(two_timers):
    with pytest.raises(SystemExit):
        clockwork.forever()
    assert turns == [False, False, False], "three turns while the chore was still at work"


def test_the_promises_are_punctual_and_the_reports_a_chore():
    punctual = {timer.name for timer in clockwork.punctual()}
    assert "promises" in punctual
    assert {timer.name for timer in clockwork.chores()} == {timer.name for timer in clockwork.timers()} - punctual
