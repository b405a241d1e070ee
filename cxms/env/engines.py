"""PostgreSQL and Valkey over one data directory, for `make run` and for the tests.

Called by `run` and `services`. It knows no roles, no schema and no child of the product. One holder at a time: a lock
that the kernel drops with its process says whether a server found on the data directory is alive or left over.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from cxms.env import processes
from cxms.env.places import EngineError, account_for_engines, place_for
from cxms.env.postgres import PostgresServer
from cxms.env.valkey import ValkeyServer


class AlreadyRunning(EngineError):
    """Another living process holds the engines of this data directory."""


class Engines:
    """The engines of one data directory; a context manager, or `start()` and `stop()`.

    `durable=False` drops the wait for the disk (tests): a crash of the machine may lose the data, a crash of a process
    not. `CXMS_TEST_DURABLE=1` overrules it. `postgres` or `valkey` False leaves that engine to somebody else.
    Start it from the main thread: the engines end with the thread that made them.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True) -> None:
        self.data_dir = data_dir.absolute()
        self._durable = durable or os.environ.get("CXMS_TEST_DURABLE") == "1"
        self._wanted = {"postgres": postgres, "valkey": valkey}
        self._servers: dict[str, PostgresServer | ValkeyServer] = {}
        self._lock: int | None = None
        self._account = account_for_engines()
        # Where the engines' files are: the data directory, unless the engines' account cannot live there.
        self.place = place_for(self.data_dir, self._account)

    def __enter__(self) -> "Engines":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def superuser_url(self) -> str:
        return self._servers["postgres"].url

    @property
    def redis_url(self) -> str:
        return self._servers["valkey"].url

    @property
    def pids(self) -> dict[str, int]:
        return {name: server.child.pid for name, server in self._servers.items() if server.child is not None}

    @property
    def origins(self) -> dict[str, str]:
        """What runs, in words: the version and where the program comes from."""
        return {name: server.origin for name, server in self._servers.items()}

    def start(self) -> None:
        """Start what is wanted and wait until it answers; nothing is left running when one of them fails."""
        self._take_lock()
        try:
            processes.end_leftovers(self.place / "engines.json")
            if self._wanted["valkey"]:
                self._servers["valkey"] = ValkeyServer(self.place, self._account)
            if self._wanted["postgres"]:
                self._servers["postgres"] = PostgresServer(self.place, self._account, durable=self._durable)
            for server in self._servers.values():
                server.start()
            self._record()
        except BaseException:
            self.stop()
            raise

    def revive(self) -> list[str]:
        """Start again what died since; return the names. Meant to be called every moment by who supervises."""
        died = [name for name, server in self._servers.items() if server.has_died()]
        for name in died:
            self._servers[name].restart()
        if died:
            self._record()
        return died

    def stop(self) -> None:
        for server in reversed(self._servers.values()):
            server.stop()
        self._servers.clear()
        if self._lock is not None:
            (self.place / "engines.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = os.open(self.place / "engines.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "?"
            os.close(lock)
            raise AlreadyRunning(
                f"the engines of {self.data_dir} already run under process {holder}: "
                "stop it, or set CXMS_DATA to another folder"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def _record(self) -> None:
        processes.record(self.place / "engines.json", self.pids.values())
