"""What `make run` asks of the environment, what its children get, and how it knows that the web is ready."""

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxms.env import processes, roles, run
from cxms.env.engines import Engines
from cxms.env.places import EngineError

pytestmark = pytest.mark.xdist_group("env")
ROOT = Path(__file__).resolve().parents[3]
SECRETS = roles.Passwords("a", "m", "d", "k")


def options(folder: Path, **given: str) -> run.Options:
    return run.Options.of({"CXMS_DATA": str(folder), **given})


def test_options_have_defaults_and_the_live_port_follows_the_port(folder: Path) -> None:
    plain = run.Options.of({})
    assert (plain.port, plain.live_port, plain.demo, plain.data_dir) == (8000, 8001, True, ROOT / ".data")
    changed = options(folder, CXMS_PORT="9100", CXMS_DEMO="0")
    assert (changed.port, changed.live_port, changed.demo, changed.data_dir) == (9100, 9101, False, folder)
    assert options(folder, CXMS_LIVE_PORT="7").live_port == 7


@pytest.mark.parametrize(
    ("given", "own_postgres", "own_valkey"),
    [
        ({}, True, True),
        ({"CXMS_REDIS_URL": "redis://r"}, True, False),
        ({"CXMS_DATABASE_URL": "postgresql://d"}, False, True),
        ({"CXMS_SUPERUSER_URL": "postgresql://s", "CXMS_REDIS_URL": "redis://r"}, False, False),
        ({"CXMS_DATABASE_URL": ""}, True, True),
    ],
)
def test_given_addresses_replace_our_engines(
    folder: Path, given: dict[str, str], own_postgres: bool, own_valkey: bool
) -> None:
    asked = options(folder, **given)
    assert (asked.own_postgres, asked.own_valkey) == (own_postgres, own_valkey)


def test_half_given_addresses_are_refused_by_name(folder: Path) -> None:
    asked = options(folder, CXMS_DATABASE_URL="postgresql://d", CXMS_DISPATCHER_URL="postgresql://p")
    with pytest.raises(EngineError, match="set CXMS_MIGRATOR_URL too, or CXMS_SUPERUSER_URL alone"):
        run.urls_of(asked, Engines(folder), SECRETS)


def test_a_given_superuser_gets_our_roles(folder: Path, engines: Engines) -> None:
    asked = options(folder, CXMS_SUPERUSER_URL=engines.superuser_url)
    urls = run.urls_of(asked, Engines(folder, postgres=False), SECRETS)
    assert urls.app == engines.superuser_url.replace(
        engines.superuser_url.split("//")[1].split("@")[0], "cxms_app:a"
    ).replace("/postgres", "/cxms")


def test_children_never_get_the_keys_to_the_walls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXMS_SUPERUSER_URL", "postgresql://s")
    asked = options(folder, CXMS_REDIS_URL="redis://mine", CXMS_PORT="9100")
    values = run.values_for(asked, Engines(folder), roles.Urls("app", "migrator", "dispatcher", "superuser"), SECRETS)
    assert values["CXMS_REDIS_URL"] == "redis://mine"
    table = run.children(asked, values)
    assert [child.name for child in table] == ["web", "worker", "clockwork", "watchdog", "live"]
    for child in table:
        assert {"migrator", "superuser", "postgresql://s"}.isdisjoint(child.env.values())
        assert child.env["CXMS_DATABASE_URL"] == "app"
        assert child.env["CXMS_LIVE_URL"] == "http://127.0.0.1:9101"


def test_no_server_logs_requests(folder: Path) -> None:
    """A URL tells what was searched for and by which token somebody listens: nobody keeps a log of them."""
    asked = options(folder, CXMS_REDIS_URL="redis://mine")
    values = run.values_for(asked, Engines(folder), roles.Urls("app", "migrator", "dispatcher", "superuser"), SECRETS)
    web, live = (child.argv for child in run.children(asked, values) if child.name in {"web", "live"})
    compose, image, door = ((ROOT / name).read_text() for name in ("docker-compose.yml", "Dockerfile", "deploy/Caddyfile"))
    assert "--no-access-log" in live and not [flag for flag in web if "access" in flag]
    assert compose.count("uvicorn") == compose.count("--no-access-log") == 1
    assert "access" not in image and not re.search(r"^\s*log\b", door, re.M)


class Door(http.server.BaseHTTPRequestHandler):
    statuses = {"/healthz": 200, "/readyz": 503}

    def do_GET(self) -> None:
        self.send_response(self.statuses[self.path])
        self.end_headers()
        self.wfile.write(b"clockwork is late")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_web_is_ready_when_it_says_so_and_not_when_it_only_lives(
    door: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Door, "statuses", {"/healthz": 200, "/readyz": 503})
    monkeypatch.setattr(run, "PATIENCE_SECONDS", 0.1)
    ready = run.WebReady(door)
    assert not processes.wait_until(ready, 0.5)
    assert capsys.readouterr().out == "· the web answers but is not ready yet (503): clockwork is late\n"
    monkeypatch.setitem(Door.statuses, "/readyz", 200)
    assert processes.wait_until(ready, 2)
    assert ready()


def test_nobody_listening_is_not_ready_and_no_error() -> None:
    assert not processes.wait_until(run.WebReady(1), 0.1)


SKIPPING = """
import pytest
@pytest.mark.browser
def test_page():
    pytest.skip("no Chromium here")
def test_other():
    pytest.skip("for another reason")
"""


@pytest.mark.parametrize(("required", "code"), [("1", 1), ("0", 0)])
def test_skipped_browser_tests_fail_where_the_browser_is_required(tmp_path: Path, required: str, code: int) -> None:
    (tmp_path / "test_pages.py").write_text(SKIPPING)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser: runs in real Chromium\n")
    flags = ["-p", "tests.engines_plugin", "-p", "no:cacheprovider", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *flags, "-c", str(tmp_path / "pytest.ini"), str(tmp_path)],
        cwd=ROOT,
        env={**environment, "CXMS_TEST_SERVICES": "0", "CXMS_REQUIRE_BROWSER": required},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert ("browser tests were skipped, and here they must run" in answer.stdout) == (code == 1)
    assert ("test_pages.py::test_page\n" in answer.stdout) == (code == 1)
