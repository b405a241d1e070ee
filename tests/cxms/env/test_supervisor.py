"""Children are shown, restarted and ended: by Ctrl-C, by a crash of their own, by the death of their parent."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cxms.env import beside, processes

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("env")]
ROOT = Path(__file__).resolve().parents[3]

SUPERVISOR = """
import json, sys
from pathlib import Path
from cxms.env.supervisor import Child, Supervisor
rows = [Child(name, tuple(argv), {"PATH": "/usr/bin:/bin"}, grace_seconds=1.0) for name, argv in json.loads(sys.argv[2])]
supervisor = Supervisor(rows, Path(sys.argv[1]) / "pids.json")
sys.exit(supervisor.run(lambda: print("ready", *supervisor.pids.values(), flush=True)))
"""
SLEEPER = ["/bin/sh", "-c", "echo hello; while :; do sleep 0.1; done"]
STUBBORN = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]
# A child whose own child would outlive it.
PARENT = ["/bin/sh", "-c", "sleep 61 & echo grandchild $!; wait"]


@contextmanager
def supervised(folder: Path, rows: dict[str, list[str]]) -> Iterator["subprocess.Popen[str]"]:
    argv = [sys.executable, "-c", SUPERVISOR, str(folder), json.dumps(list(rows.items()))]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", words: str) -> list[str]:
    """The lines up to the one that holds the words."""
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if words in line:
            return lines
    raise AssertionError(f"{words!r} was never said: {lines}")


def gone(pids: list[int], limit_seconds: float = 5.0) -> bool:
    return processes.wait_until(lambda: all(processes.started_ticks(pid) is None for pid in pids), limit_seconds)


def test_lines_carry_their_child_and_interrupt_ends_all(folder: Path) -> None:
    with supervised(folder, {"web": SLEEPER, "worker": PARENT}) as supervisor:
        lines = read_until(supervisor, "ready")
        pids = [int(word) for word in lines[-1].split()[1:]]
        lines += read_until(supervisor, "grandchild") if not any("grandchild" in line for line in lines) else []
        assert "web    | hello" in lines
        grandchild = int(next(line for line in lines if "grandchild" in line).split()[-1])
        assert json.loads((folder / "pids.json").read_text())["processes"][0]["pid"] == pids[0]
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(5) == 0
        assert gone([*pids, grandchild], 0.5)
        assert not (folder / "pids.json").exists()


def test_a_crashed_child_is_started_again_with_longer_and_longer_pauses(folder: Path) -> None:
    with supervised(folder, {"bad": ["/bin/sh", "-c", "exit 3"], "good": SLEEPER}) as supervisor:
        lines = read_until(supervisor, "in 1 s")
    assert [line for line in lines if line.startswith("run")] == [
        "run  | bad ended with exit code 3; starting it again in 0.5 s",
        "run  | bad ended with exit code 3; starting it again in 1 s",
    ]


def test_a_killed_child_comes_back_and_takes_its_own_children_along(folder: Path) -> None:
    with supervised(folder, {"worker": PARENT}) as supervisor:
        lines = read_until(supervisor, "grandchild")
        grandchild = int(lines[-1].split()[-1])
        leader = json.loads((folder / "pids.json").read_text())["processes"][0]["pid"]
        os.kill(leader, signal.SIGKILL)
        assert read_until(supervisor, "SIGKILL")[-1].endswith("ended with SIGKILL; starting it again in 0.5 s")
        read_until(supervisor, "grandchild")
        assert gone([leader, grandchild], 0.5)


def test_a_child_that_ignores_the_signal_is_killed_after_its_grace(folder: Path) -> None:
    with supervised(folder, {"stubborn": STUBBORN}) as supervisor:
        pids = [int(word) for word in read_until(supervisor, "ready")[-1].split()[1:]]
        supervisor.terminate()
        assert supervisor.wait(5) == 0
        assert gone(pids, 0.5)


def test_children_of_a_killed_supervisor_end_and_the_next_one_sweeps_the_stubborn(folder: Path) -> None:
    with supervised(folder, {"web": SLEEPER, "stubborn": STUBBORN}) as supervisor:
        web, stubborn = (int(word) for word in read_until(supervisor, "ready")[-1].split()[1:])
        supervisor.kill()
        supervisor.wait()
        assert gone([web])
        assert processes.started_ticks(stubborn) is not None
        assert [line for line in processes.end_leftovers(folder / "pids.json", grace_seconds=0.3) if "trap" in line]
        assert gone([stubborn], 0.5)


def test_a_number_given_to_somebody_else_is_left_alone(folder: Path) -> None:
    stranger = processes.spawn(["/bin/sleep", "60"])
    try:
        processes.record(folder / "pids.json", [stranger.pid], mark="of another run")
        former = json.loads((folder / "pids.json").read_text())
        former["processes"][0]["started_ticks"] -= 1
        (folder / "pids.json").write_text(json.dumps(former))
        assert processes.end_leftovers(folder / "pids.json") == []
        assert not processes.has_ended(stranger)
    finally:
        processes.end(stranger, stop_signal=signal.SIGTERM, grace_seconds=2)


def test_a_command_beside_a_running_system_finds_it(folder: Path) -> None:
    beside.write(folder, {"CXMS_DATABASE_URL": "postgresql://u:p=w@h/d", "CXMS_REDIS_URL": "redis://r"})
    environment = {"CXMS_DATA": str(folder), "CXMS_REDIS_URL": "mine"}
    assert beside.adopt(ROOT, environment)
    assert environment["CXMS_DATABASE_URL"] == "postgresql://u:p=w@h/d"
    assert environment["CXMS_REDIS_URL"] == "mine"
    elsewhere = {"CXMS_DATA": str(folder), "CXMS_DATABASE_URL": "mine"}
    assert not beside.adopt(ROOT, elsewhere)
    assert "CXMS_REDIS_URL" not in elsewhere
    beside.forget(folder)
    assert not beside.adopt(ROOT, {"CXMS_DATA": str(folder)})
