"""Real processes to kill: a Celery worker, the clockwork, an SMTP server that keeps what it took."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

ROOT = Path(__file__).resolve().parents[2]


class Mailbox:
    """What the SMTP server accepted with a 250, in order."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, str]] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes
        from email.header import decode_header, make_header

        mail = message_from_bytes(envelope.content)
        subject = str(make_header(decode_header(mail["Subject"])))
        for recipient in envelope.rcpt_tos:
            self.mails.append((recipient, subject, mail["Message-ID"]))
        return "250 taken"

    def to(self, address: str) -> list[str]:
        """The subjects a person sees, in order: what came twice with one Message-ID is one mail to him."""
        seen = {key: subject for recipient, subject, key in reversed(self.mails) if recipient == address}
        return list(reversed(seen.values()))

    def repeats(self) -> int:
        """How many mails came again with a Message-ID that was there before."""
        return len(self.mails) - len({(recipient, key) for recipient, _, key in self.mails})


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def _descendants(root: int) -> list[int]:
    """The processes below `root`, from /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


class Processes:
    """Starts and kills the house's processes; ends whatever is left."""

    def __init__(self, **environment: str) -> None:
        self.environment = {**os.environ, **environment}
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
        # kept for whoever must find out why a process of a test did not do its work
        log = (ROOT / ".data" / "test" / "processes.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.environment, **more},
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
        self.running.append(process)
        return process

    def worker(self) -> "subprocess.Popen[bytes]":
        flags = ("--pool", "prefork", "-c", "1", "--without-gossip", "--without-mingle", "-Q", "cxms")
        return self.start("-m", "celery", "-q", "-A", "cxms.celery", "worker", *flags)

    def clockwork(self) -> "subprocess.Popen[bytes]":
        return self.start("manage.py", "clockwork")

    @staticmethod
    def kill(process: "subprocess.Popen[bytes]") -> None:
        """kill -9 of the process and everything below it, whatever group it moved to: an orphan would go on working."""
        for pid in [process.pid, *_descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.kill(process)


@pytest.fixture
def processes() -> Iterator[type[Processes]]:
    made: list[Processes] = []

    class Made(Processes):
        def __init__(self, **environment: str) -> None:
            super().__init__(**environment)
            made.append(self)

    yield Made
    for group in made:
        group.end()


def until(condition: Any, seconds: float, what: str) -> None:
    """Waits for a condition; fails by name when it does not come."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(f"{what} did not come within {seconds} s")
