"""Child processes that never outlive us: tied at birth, ended by group, recognised after a crash.

Called by the engines and the supervisor. What to start, and when to start it again, is theirs to say.
"""

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
# Bound before any fork: between fork and exec only the system call itself may run.
_prctl = ctypes.CDLL(None).prctl

# Environment mark by which the processes of one run, grandchildren included, are recognised.
RUN_MARK = "CXMS_RUN_MARK"

LARGEST_LOG_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """A user and group to run a child as."""

    uid: int
    gid: int


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own that gets `death_signal` when this process dies, however it dies.

    Call it from the main thread: the kernel ties the child to the thread that made it.
    """
    parent = os.getpid()

    def tie() -> None:
        # Runs after the change of user, which would have cleared the setting.
        _prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    options: dict[str, Any] = {}
    if account is not None:
        options = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.Popen(
        list(argv),
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        process_group=0,
        preexec_fn=tie,
        **options,
    )


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; one that has grown large makes room first and stays beside it as `.1`."""
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def run_tied(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdout: int | IO[Any] | None = subprocess.PIPE,
    each_second: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Run a command to its end and return its exit code and what it said; it ends early when we do."""
    child = spawn(argv, env=env, cwd=cwd, stdout=stdout, stderr=subprocess.STDOUT)
    said: bytes | None = None
    try:
        while child.returncode is None:
            try:
                said = child.communicate(timeout=1.0)[0]
            except subprocess.TimeoutExpired:
                each_second()
    except BaseException:
        end(child, stop_signal=signal.SIGTERM, grace_seconds=5.0)
        raise
    return child.returncode, (said or b"").decode(errors="replace")


def has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child is dead, without reaping it: as long as it is a zombie its group's number is not given away."""
    if child.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def bury(child: subprocess.Popen[bytes]) -> int:
    """Reap a dead child, ending first what is left of its group; return its exit code (negative: the signal)."""
    if child.returncode is None:
        signal_group(child.pid, signal.SIGKILL)
    return child.wait()


def end(child: subprocess.Popen[bytes], *, stop_signal: signal.Signals, grace_seconds: float) -> int:
    """Ask the child to stop, kill its group after the grace, reap it; return its exit code."""
    if not has_ended(child):
        child.send_signal(stop_signal)
        wait_until(lambda: has_ended(child), grace_seconds)
    return bury(child)


def signal_group(group: int, number: signal.Signals) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def wait_until(condition: Callable[[], bool], limit_seconds: float, *, pause_seconds: float = 0.02) -> bool:
    """Poll until the condition holds; False when the limit passed first."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_seconds)
    return True


def started_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; with the number it names one process for good.

    None when there is no such process or only its zombie is left.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace the file in one step, readable by its owner only unless `mode` says otherwise."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def record(path: Path, pids: Iterable[int], *, mark: str = "") -> None:
    """Write down what runs, so that the next run can end what this one left behind."""
    rows = []
    for pid in pids:
        ticks = started_ticks(pid)
        if ticks is not None:
            rows.append({"pid": pid, "started_ticks": ticks, "command_line": command_line(pid)})
    write_atomically(path, json.dumps({"mark": mark, "processes": rows}, indent=1))


def end_leftovers(path: Path, *, grace_seconds: float = 8.0) -> list[str]:
    """End what a former run recorded and did not end itself; return the command lines of what was ended.

    A process is touched only when its number and start time are the recorded ones, or when its environment carries
    the former run's mark; a number that was given to somebody else is left alone.
    """
    try:
        former = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    found = _recorded(former.get("processes", ())) | _marked(former.get("mark", ""))
    found.pop(os.getpid(), None)
    lines = [command_line(pid) for pid in found]
    for number, limit_seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 2.0)):
        for pid, ticks in found.items():
            if started_ticks(pid) == ticks:
                _signal(pid, number)
        if wait_until(lambda: all(started_ticks(pid) != ticks for pid, ticks in found.items()), limit_seconds):
            break
    path.unlink(missing_ok=True)
    return lines


def _recorded(rows: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    return {row["pid"]: row["started_ticks"] for row in rows if started_ticks(row["pid"]) == row["started_ticks"]}


def _marked(mark: str) -> dict[int, int]:
    """The living processes whose environment carries the mark, with their start times."""
    found: dict[int, int] = {}
    if not mark:
        return found
    needle = f"{RUN_MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        ticks = started_ticks(int(folder.name))
        if ticks is not None and needle in environment.split(b"\0"):
            found[int(folder.name)] = ticks
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
