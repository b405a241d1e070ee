"""One PostgreSQL server as our child: initialised, started in the foreground, recovered after a crash.

Called by `engines`. Roles and databases are `roles`' business.
"""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2

from cxms.env import binaries, ports, processes
from cxms.env.places import EngineError, give_to
from cxms.env.processes import Account

SUPERUSER = "postgres"
# A crashed server replays its log before it answers.
READY_SECONDS = 120.0
STOP_SECONDS = 20.0
# The kernel allows 107 bytes for the path of a unix socket.
LONGEST_SOCKET_FOLDER = 85
TAIL_CHARACTERS = 2000


class PostgresServer:
    """A server over `<place>/postgres`, listening on 127.0.0.1 and, where the path is short enough, a unix socket."""

    def __init__(self, place: Path, account: Account | None, *, durable: bool) -> None:
        self.place = place
        self.data = place / "postgres"
        self.log = place / "postgres.log"
        self.durable = durable
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None
        self._account = account
        self._installation = binaries.find_postgres(account, major=self._major_of_data())

    @property
    def origin(self) -> str:
        return f"PostgreSQL {self._installation.major} ({self._installation.origin})"

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start and wait until it answers; a fresh data directory is initialised first."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._end_stale()
        self.port = ports.remembered_port(self.place / "postgres.port")
        self._launch()

    def restart(self) -> None:
        """Start again on the same port after the server died; its clients keep their address."""
        if self.child is not None:
            processes.bury(self.child)
        self._launch()

    def stop(self) -> None:
        """End every session and stop with a checkpoint."""
        if self.child is not None:
            processes.end(self.child, stop_signal=signal.SIGINT, grace_seconds=STOP_SECONDS)
            self.child = None

    def has_died(self) -> bool:
        return self.child is not None and processes.has_ended(self.child)

    def _launch(self) -> None:
        # Processes of a killed server may hold its shared memory for a moment, and a dying one its port.
        for patience in range(40, -1, -1):
            offset = self._spawn()
            if processes.wait_until(lambda: self.has_died() or self._answers(), READY_SECONDS) and not self.has_died():
                return
            told = self._log_since(offset)
            self.stop()
            if not patience or not any(words in told for words in ("still in use", "Address already in use")):
                raise EngineError(f"PostgreSQL did not start:\n{told or 'it said nothing'}")
            processes.wait_until(lambda: False, 0.25)

    def _spawn(self) -> int:
        """Start the server; return where in the log its own words begin."""
        argv = [str(self._installation.bin_dir / "postgres"), "-D", str(self.data)]
        for name, value in self._settings().items():
            argv += ["-c", f"{name}={value}"]
        with processes.open_log(self.log) as log:
            offset = log.seek(0, os.SEEK_END)
            self.child = processes.spawn(
                argv,
                env=self._environment(),
                cwd=self.data if self._account is None else Path("/"),
                account=self._account,
                death_signal=signal.SIGINT,
                stdout=log,
                stderr=log,
            )
        return offset

    def _settings(self) -> dict[str, str]:
        socket_folder = str(self.data) if len(str(self.data)) <= LONGEST_SOCKET_FOLDER else ""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": socket_folder,
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "effective_cache_size": "1GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "synchronous_commit": "on",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            "wal_compression": "on",
            "max_wal_size": "2GB",
            "min_wal_size": "128MB",
            "checkpoint_timeout": "15min",
            "checkpoint_completion_target": "0.9",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
        }
        if self._installation.has_library("pg_stat_statements"):
            settings["shared_preload_libraries"] = "pg_stat_statements"
        if not _shared_memory_is_ample():
            settings["dynamic_shared_memory_type"] = "mmap"
        return settings

    def _initialise(self) -> None:
        """Make the data directory beside its place and move it there, so that a crash leaves none half made."""
        fresh = self.place / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        give_to(fresh, self._account)
        password_file = self.place / "postgres.initial"
        processes.write_atomically(password_file, self._password())
        give_to(password_file, self._account)
        try:
            with processes.open_log(self.log) as log:
                child = processes.spawn(
                    [str(self._installation.bin_dir / "initdb"), *self._initdb_flags(fresh, password_file)],
                    env=self._environment(),
                    cwd=Path("/"),
                    account=self._account,
                    stdout=log,
                    stderr=log,
                )
                status = child.wait()
        finally:
            password_file.unlink(missing_ok=True)
        if status != 0:
            raise EngineError(f"initdb failed:\n{self._log_since(0)}")
        fresh.rename(self.data)

    def _initdb_flags(self, fresh: Path, password_file: Path) -> list[str]:
        flags = ["-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256"]
        flags += ["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        if self._installation.has_builtin_locale:
            # The C locale of the system would leave trigrams of Chinese text empty.
            flags += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return flags if self.durable else [*flags, "--no-sync"]

    def _end_stale(self) -> None:
        """End a server that a killed run left on this data directory; drop the pid file of one that is long gone.

        Only the holder of the engines' lock comes here, so no living run owns that server. PostgreSQL itself sees that
        a dead server's number is stale, but not that the number now belongs to another program.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if processes.started_ticks(pid) is None:
            return
        if f"-D {self.data}" not in processes.command_line(pid):
            if not _works_in(self.data):
                pid_file.unlink(missing_ok=True)
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            os.kill(pid, number)
            if processes.wait_until(lambda: processes.started_ticks(pid) is None, 10.0):
                return

    def _password(self) -> str:
        path = self.place / "superuser.password"
        if not path.exists():
            if (self.data / "PG_VERSION").exists():
                raise EngineError(f"{path} is gone, and without it nobody gets into {self.data}")
            processes.write_atomically(path, secrets.token_hex(24))
        return path.read_text()

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _major_of_data(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except (OSError, ValueError):
            return None

    def _log_since(self, offset: int) -> str:
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")[-TAIL_CHARACTERS:].strip()

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _works_in(folder: Path) -> bool:
    """Whether any process has the folder as its working directory, as every process of a PostgreSQL server does."""
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink() == folder:
                return True
        except OSError:
            continue
    return False


def _shared_memory_is_ample() -> bool:
    """Whether /dev/shm holds a parallel query's memory; containers often give it 64 MB."""
    try:
        size = os.statvfs("/dev/shm")
    except OSError:
        return False
    return os.access("/dev/shm", os.W_OK) and size.f_frsize * size.f_bavail >= 256 * 1024 * 1024
