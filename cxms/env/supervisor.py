"""Keeps a table of child processes running in the foreground and shows what they say.

Called by `run` with the table. Everything happens in one thread: children are tied to the thread that makes them.
"""

import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from cxms.env import processes

# After a crash, wait this long, twice as long after the next; a child that ran for a while starts afresh.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 30.0
TICK_SECONDS = 0.2
COLOURS = (36, 33, 32, 35, 34, 31)


@dataclass(frozen=True)
class Child:
    """A row of the table: what to start, with which whole environment, how to stop it, and how to know it is ready."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0


@dataclass
class _Running:
    """What became of a row: its process, its half-said line, and when to start it again."""

    row: Child
    colour: int
    process: subprocess.Popen[bytes] | None = None
    unfinished: bytes = b""
    started: float = 0.0
    n_crashes: int = 0
    restart: float | None = None
    is_ready: bool = False


class Supervisor:
    """Starts the rows in order, restarts what crashes, stops them in reverse order.

    `revive` is called every moment and returns the names of engines it had to start again. `pids_path` keeps what
    runs, so that the next start can end what a killed supervisor left behind.
    """

    def __init__(
        self,
        rows: Sequence[Child],
        pids_path: Path,
        *,
        revive: Callable[[], list[str]] | None = None,
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._mark = secrets.token_hex(8)
        width = max((len(row.name) for row in rows), default=0)
        self._width = max(width, len("run"))
        self._children = [_Running(row, COLOURS[n % len(COLOURS)]) for n, row in enumerate(rows)]
        self._pids_path = pids_path
        self._revive = revive
        self._write = write or _print
        self._selector = selectors.DefaultSelector()
        self._stops = 0

    def run(self, on_ready: Callable[[], None] | None = None) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP; call `on_ready` once when every row was ready; return 0.

        A second signal kills instead of waiting.
        """
        former = {number: signal.signal(number, self._asked_to_stop) for number in _STOP_SIGNALS}
        try:
            for line in processes.end_leftovers(self._pids_path):
                self._say(f"ended what a former run left behind: {line[:100]}")
            for child in self._children:
                self._start(child)
            self._loop(on_ready)
        finally:
            self._stop_all()
            self._pids_path.unlink(missing_ok=True)
            for number, handler in former.items():
                signal.signal(number, handler)
        return 0

    @property
    def pids(self) -> dict[str, int]:
        return {child.row.name: child.process.pid for child in self._children if child.process is not None}

    def _loop(self, on_ready: Callable[[], None] | None) -> None:
        while not self._stops:
            self._pump(TICK_SECONDS)
            self._revive_engines()
            for child in self._children:
                self._look_after(child)
            if on_ready is not None and all(child.is_ready for child in self._children):
                on_ready()
                on_ready = None

    def _look_after(self, child: _Running) -> None:
        if child.process is None:
            if child.restart is not None and time.monotonic() >= child.restart:
                self._start(child)
        elif processes.has_ended(child.process):
            self._crashed(child)
        elif not child.is_ready:
            child.is_ready = child.row.ready is None or child.row.ready()

    def _start(self, child: _Running) -> None:
        environment = {**child.row.env, processes.RUN_MARK: self._mark}
        child.process = processes.spawn(
            child.row.argv, env=environment, cwd=child.row.cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        child.started, child.restart = time.monotonic(), None
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        processes.record(self._pids_path, self.pids.values(), mark=self._mark)

    def _crashed(self, child: _Running) -> None:
        assert child.process is not None
        if time.monotonic() - child.started > HEALTHY_SECONDS:
            child.n_crashes = 0
        pause = min(FIRST_PAUSE_SECONDS * 2**child.n_crashes, LONGEST_PAUSE_SECONDS)
        child.n_crashes += 1
        code = processes.bury(child.process)
        self._hang_up(child)
        child.process, child.restart = None, time.monotonic() + pause
        self._say(f"{child.row.name} ended with {_reason(code)}; starting it again in {pause:g} s")

    def _revive_engines(self) -> None:
        if self._revive is None:
            return
        try:
            for name in self._revive():
                self._say(f"{name} died and was started again")
        except Exception as error:
            self._say(f"an engine died and does not come back yet: {error}")
            self._pump(1.0)

    def _stop_all(self) -> None:
        for child in reversed(self._children):
            if child.process is None:
                continue
            if not processes.has_ended(child.process):
                child.process.send_signal(child.row.stop_signal)
            deadline = time.monotonic() + child.row.grace_seconds
            while not processes.has_ended(child.process) and time.monotonic() < deadline and self._stops < 2:
                self._pump(0.05)
            processes.bury(child.process)
            self._hang_up(child)
            child.process = None

    def _pump(self, limit_seconds: float) -> None:
        """Show what the children said, waiting for at most the limit."""
        for key, _ in self._selector.select(limit_seconds):
            if not self._read(key.data):
                self._selector.unregister(key.fileobj)

    def _read(self, child: _Running) -> bool:
        """Show the whole lines that are there; False when the child closed its output."""
        assert child.process is not None and child.process.stdout is not None
        try:
            chunk = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
        for line in lines:
            self._show(child.row.name, child.colour, line.decode(errors="replace"))
        return bool(chunk)

    def _hang_up(self, child: _Running) -> None:
        """Show the rest of what a dead child said and close its pipe."""
        assert child.process is not None and child.process.stdout is not None
        stream = child.process.stdout
        if stream in self._selector.get_map():
            while self._read(child) and _has_more(stream.fileno()):
                pass
            self._selector.unregister(stream)
        if child.unfinished:
            self._show(child.row.name, child.colour, child.unfinished.decode(errors="replace"))
            child.unfinished = b""
        stream.close()

    def _say(self, text: str) -> None:
        self._show("run", 37, text)

    def _show(self, name: str, colour: int, text: str) -> None:
        label = f"{name:<{self._width}} |"
        self._write(f"\033[{colour}m{label}\033[0m {text}" if sys.stdout.isatty() else f"{label} {text}")

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _has_more(descriptor: int) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _print(text: str) -> None:
    # Whoever read our output may be gone; that is no reason to end the children.
    try:
        print(text, flush=True)
    except (BrokenPipeError, OSError):
        return
