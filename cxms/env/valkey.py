"""One Valkey (or Redis) server as our child: a doorbell and a cache, nothing kept on disk.

Called by `engines`.
"""

import secrets
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cxms.env import binaries, ports, processes
from cxms.env.places import EngineError
from cxms.env.processes import Account

READY_SECONDS = 15.0
STOP_SECONDS = 5.0


class ValkeyServer:
    """A server on 127.0.0.1 with a password; keys with a life are evicted first, queues (which have none) never."""

    def __init__(self, place: Path, account: Account | None) -> None:
        self.place = place
        self.log = place / "valkey.log"
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None
        self._account = account
        self._program, self._origin = binaries.find_valkey(account)

    @property
    def origin(self) -> str:
        return f"{self._program.name} ({self._origin})"

    @property
    def url(self) -> str:
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.port = ports.remembered_port(self.place / "valkey.port")
        self._launch()

    def restart(self) -> None:
        """Start again, empty, on the same port after the server died."""
        if self.child is not None:
            processes.bury(self.child)
        self._launch()

    def stop(self) -> None:
        if self.child is not None:
            processes.end(self.child, stop_signal=signal.SIGTERM, grace_seconds=STOP_SECONDS)
            self.child = None

    def has_died(self) -> bool:
        return self.child is not None and processes.has_ended(self.child)

    def _launch(self) -> None:
        with processes.open_log(self.log) as log:
            # Settings come by standard input: a password among the arguments would show in the list of processes.
            self.child = processes.spawn(
                [str(self._program), "-"],
                cwd=Path("/"),
                account=self._account,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        assert self.child.stdin is not None
        with suppress(BrokenPipeError), self.child.stdin as stream:
            stream.write(self._settings().encode())
        answered = processes.wait_until(lambda: self.has_died() or self._answers(), READY_SECONDS)
        if not answered or self.has_died():
            self.stop()
            raise EngineError(f"{self._program.name} did not start, see {self.log}")

    def _settings(self) -> str:
        return (
            f"bind 127.0.0.1\nport {self.port}\nprotected-mode yes\nrequirepass {self._password()}\n"
            "daemonize no\ndir /tmp\nsave \"\"\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy volatile-lru\n"
        )

    def _password(self) -> str:
        path = self.place / "valkey.password"
        if not path.exists():
            processes.write_atomically(path, secrets.token_hex(24))
        return path.read_text()

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
