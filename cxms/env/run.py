"""`make run`: engines, roles, migrations, demo, then the table of children under one supervisor, in the foreground.

Settings come from the environment: CXMS_PORT, CXMS_LIVE_PORT, CXMS_DATA, CXMS_DEMO, and URLs that replace our own
engines: CXMS_REDIS_URL; CXMS_SUPERUSER_URL (roles are prepared there) or CXMS_DATABASE_URL with CXMS_MIGRATOR_URL and
CXMS_DISPATCHER_URL (everything is prepared already).
"""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psycopg2

from cxms.env import beside, ports, processes, roles, schema
from cxms.env.engines import Engines
from cxms.env.places import EngineError
from cxms.env.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "cxms"
DEMO_SLUG = "demo"
# When the system is up but does not call itself ready, say what it says about itself after this long.
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Options:
    """What the environment asks for."""

    data_dir: Path
    port: int
    live_port: int
    demo: bool
    given: Mapping[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Options":
        port = int(environment.get("CXMS_PORT") or 8000)
        return cls(
            data_dir=beside.data_dir(ROOT, environment),
            port=port,
            live_port=int(environment.get("CXMS_LIVE_PORT") or port + 1),
            demo=environment.get("CXMS_DEMO", "1") != "0",
            given={name: value for name, value in environment.items() if name.startswith("CXMS_") and value},
        )

    @property
    def own_postgres(self) -> bool:
        return not {"CXMS_DATABASE_URL", "CXMS_SUPERUSER_URL"} & set(self.given)

    @property
    def own_valkey(self) -> bool:
        return "CXMS_REDIS_URL" not in self.given


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return run(Options.of(os.environ))
    except EngineError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
        return 130


def run(options: Options) -> int:
    """Bring everything up, stay until told to stop, bring everything down."""
    began = time.monotonic()
    with ExitStack() as stack:
        engines = Engines(options.data_dir, postgres=options.own_postgres, valkey=options.own_valkey)
        with step("engines"):
            engines.start()
        stack.callback(engines.stop)
        # Only now: holding the engines' lock proves that no living run owns these.
        processes.end_leftovers(options.data_dir / "pids.json")
        for port in (options.port, options.live_port):
            if not ports.is_free(port):
                raise EngineError(f"port {port} is taken: stop what listens there, or set CXMS_PORT (CXMS_LIVE_PORT)")
        secrets = roles.passwords_of(options.data_dir)
        with step("roles"):
            urls = urls_of(options, engines, secrets)
        values = values_for(options, engines, urls, secrets)
        beside.write(options.data_dir, values)
        stack.callback(beside.forget, options.data_dir)
        prepare_schema(urls, values)
        if options.demo:
            load_demo(urls, values)
        logins = _start_logins(values) if options.demo else None
        table = children(options, values)
        print(f"· starting {', '.join(child.name for child in table)} …", flush=True)
        supervisor = Supervisor(table, options.data_dir / "pids.json", revive=engines.revive)
        return supervisor.run(lambda: announce(options, engines, logins, time.monotonic() - began))


def urls_of(options: Options, engines: Engines, secrets: roles.Passwords) -> roles.Urls:
    """The URLs of the roles: prepared on our own or the given cluster, else the three that were given."""
    given = options.given
    if "CXMS_SUPERUSER_URL" in given or options.own_postgres:
        return roles.prepare(given.get("CXMS_SUPERUSER_URL") or engines.superuser_url, DATABASE, secrets)
    missing = [name for name in ("CXMS_MIGRATOR_URL", "CXMS_DISPATCHER_URL") if name not in given]
    if missing:
        raise EngineError(f"CXMS_DATABASE_URL is set, so set {' and '.join(missing)} too, or CXMS_SUPERUSER_URL alone")
    return roles.Urls(given["CXMS_DATABASE_URL"], given["CXMS_MIGRATOR_URL"], given["CXMS_DISPATCHER_URL"], "")


def values_for(options: Options, engines: Engines, urls: roles.Urls, secrets: roles.Passwords) -> dict[str, str]:
    """The variables by which our commands and children find everything; what was given wins."""
    values = {
        "CXMS_SECRET_KEY": secrets.secret_key,
        "CXMS_DATABASE_URL": urls.app,
        "CXMS_MIGRATOR_URL": urls.migrator,
        "CXMS_DISPATCHER_URL": urls.dispatcher,
        "CXMS_REDIS_URL": options.given.get("CXMS_REDIS_URL") or engines.redis_url,
        "CXMS_LIVE_URL": f"http://127.0.0.1:{options.live_port}",
        "CXMS_PORT": str(options.port),
        "CXMS_DATA": str(options.data_dir),
    }
    return values | {name: options.given[name] for name in values.keys() & options.given.keys()}


def children(options: Options, values: Mapping[str, str]) -> list[Child]:
    """The table of what runs. None of them gets the migrator's or the superuser's URL."""
    python = sys.executable
    walled = {"CXMS_MIGRATOR_URL", "CXMS_SUPERUSER_URL"}
    env = {name: value for name, value in {**os.environ, **values}.items() if name not in walled}
    env["PYTHONUNBUFFERED"] = "1"
    # several processes share few cores: threads of a linear algebra library only get in each other's way
    env.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Loading the application once for both workers halves the start and their memory.
    # Celery's warning does not apply: it never unpickles, and the machine's owner chose to be root.
    quiet = ("-W", "ignore:You're running the worker with superuser privileges")
    web = f"--preload -k gthread --workers 2 --threads 8 --graceful-timeout 10 --no-control-socket -b 127.0.0.1:{options.port}"
    worker = "--pool prefork -c 2 -l info --without-gossip --without-mingle -Q cxms"
    # neither keeps a log of requests: a URL tells what was searched for, and the live one its token
    live = f"--host 127.0.0.1 --port {options.live_port} --log-level warning --no-access-log"
    rows = {
        "web": (python, "-m", "gunicorn", "cxms.wsgi", *web.split()),
        "worker": (python, *quiet, "-m", "celery", "-q", "-A", "cxms.celery", "worker", *worker.split()),
        "clockwork": (python, "manage.py", "clockwork"),
        "watchdog": (python, "manage.py", "watchdog"),
        "live": (python, "-m", "uvicorn", "cxms.live:application", *live.split()),
    }
    ready: dict[str, Callable[[], bool]] = {"web": WebReady(options.port), "live": lambda: _listens(options.live_port)}
    return [Child(name, argv, env, cwd=ROOT, ready=ready.get(name)) for name, argv in rows.items()]


def prepare_schema(urls: roles.Urls, values: Mapping[str, str]) -> None:
    with step("migrations"):
        if urls.superuser and schema.is_current(urls.superuser, ROOT):
            return
        code, said = schema.migrate(ROOT, values, lambda: print(".", end="", flush=True))
        if code != 0:
            raise EngineError(f"manage.py migrate failed:\n{said}")
        if urls.superuser:
            schema.mark_current(urls.superuser, ROOT)


def load_demo(urls: roles.Urls, values: Mapping[str, str]) -> None:
    """Load the demo organisation unless it is there; the command shows its own progress, line by line."""
    if _has_demo(urls.superuser or urls.migrator):
        return
    if not _has_command("load_demo"):
        print("· demo: no command load_demo here, left out")
        return
    with step("demo", lines=True):
        command = [sys.executable, "manage.py", "load_demo"]
        code, _ = processes.run_tied(command, env={**os.environ, **values}, cwd=ROOT, stdout=sys.stdout)
    if code != 0:
        print("· demo: loading it failed, going on without (see above)")


def announce(options: Options, engines: Engines, logins: "subprocess.Popen[bytes] | None", seconds: float) -> None:
    """Say where the system is, who can log in and what runs."""
    origins = [f"{name}: {origin}" for name, origin in engines.origins.items()]
    lines = ["", f"CXMS is ready at http://127.0.0.1:{options.port} after {seconds:.1f} s"]
    if logins is not None:
        said = logins.communicate()[0].decode(errors="replace").strip()
        lines += ["logins (role, e-mail, password):", *(f"  {line}" for line in said.splitlines())] if said else []
    lines.append(f"runs: web :{options.port}, live :{options.live_port}, worker, clockwork, watchdog; {'; '.join(origins)}")
    lines.append(f"data: {options.data_dir}" + ("" if engines.place == options.data_dir else f" and {engines.place}"))
    lines += ["Ctrl-C stops everything", ""]
    print("\n".join(lines), flush=True)


class WebReady:
    """Whether /healthz and then /readyz answer 200; tells once what /readyz says when that takes long.

    Asks without waiting: the supervisor that calls it has children to listen to.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._paths = ["/healthz", "/readyz"]
        self._asking: http.client.HTTPConnection | None = None
        self._alive_at = 0.0
        self._told = False

    def __call__(self) -> bool:
        answer = self._answer() if self._paths else None
        if answer is None:
            return not self._paths
        status, body = answer
        if status == 200:
            self._alive_at = self._alive_at or time.monotonic()
            del self._paths[0]
        elif self._alive_at and not self._told and time.monotonic() - self._alive_at > PATIENCE_SECONDS:
            self._told = True
            print(f"· the web answers but is not ready yet ({status}): {body[:500]}", flush=True)
        return not self._paths

    def _answer(self) -> tuple[int, str] | None:
        """The answer to the question on its way, else ask the next one and return None."""
        answer: tuple[int, str] | None
        try:
            if self._asking is None:
                self._asking = http.client.HTTPConnection("127.0.0.1", self._port, timeout=3)
                self._asking.request("GET", self._paths[0])
            if not select.select([self._asking.sock], [], [], 0)[0]:
                return None
            response = self._asking.getresponse()
            answer = response.status, response.read(2000).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            answer = None
        self._hang_up()
        return answer

    def _hang_up(self) -> None:
        if self._asking is not None:
            self._asking.close()
            self._asking = None


@contextmanager
def step(name: str, *, lines: bool = False) -> Iterator[None]:
    """Show that a step began, and how long it took; `lines` when the step writes lines of its own."""
    began = time.monotonic()
    print(f"· {name} …", end="\n" if lines else " ", flush=True)
    try:
        yield
    except BaseException:
        print("failed" if not lines else f"· {name} failed", flush=True)
        raise
    print(f"{f'· {name} ' if lines else ''}{time.monotonic() - began:.1f} s", flush=True)


def _start_logins(values: Mapping[str, str]) -> "subprocess.Popen[bytes] | None":
    """Ask for the demo logins while the children start; `announce` reads the answer."""
    if not _has_command("demo_logins"):
        return None
    kept = Path(values["CXMS_DATA"]) / "demo-logins.txt"
    # asked once: loading the application for six lines would slow every warm start
    asked = f"'{sys.executable}' manage.py demo_logins > '{kept}.new' && mv '{kept}.new' '{kept}' && cat '{kept}'"
    return processes.spawn(
        ["cat", str(kept)] if kept.exists() else ["sh", "-c", asked],
        env={**os.environ, **values},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _has_command(name: str) -> bool:
    return any(ROOT.glob(f"*/management/commands/{name}.py"))


def _has_demo(url: str) -> bool:
    """Whether the demo organisation exists. Asked in SQL: importing Django for it would cost a warm start a second."""
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('tenancy_organisation') IS NOT NULL")
            if cursor.fetchone() != (True,):
                return False
            cursor.execute("SELECT EXISTS (SELECT 1 FROM tenancy_organisation WHERE slug = %s)", [DEMO_SLUG])
            return bool(cursor.fetchone() == (True,))
    finally:
        connection.close()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
