"""Starts the real engines for a test session and points the settings at them before Django reads any.

Loaded with `-p tests.engines_plugin`. The controlling process starts the engines and migrates one template; each
worker (or the only process) gets a copy of its own, `cxms_test_<worker>`. `CXMS_TEST_SERVICES=0` leaves all that out;
`CXMS_TEST_FRESH=1` starts from nothing; `CXMS_REQUIRE_BROWSER=1` makes skipped browser tests a failure.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from cxms.env import roles, services

ROOT = Path(__file__).resolve().parent.parent
HANDED_ON = "CXMS_TEST_HANDED_ON"

_running: services.Running | None = None
_skipped_browser_tests: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before pytest-django imports the settings."""
    global _running
    if os.environ.get("CXMS_TEST_SERVICES") == "0":
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _running = services.acquire(ROOT / ".data" / "test", fresh=os.environ.get("CXMS_TEST_FRESH") == "1")
        try:
            services.migrate_template(_running, ROOT)
        except BaseException:
            _stop()
            raise
        # Workers are started with this process's environment.
        os.environ[HANDED_ON] = json.dumps(
            [_running.superuser_url, _running.redis_url, asdict(_running.passwords)]
        )
    superuser_url, redis_url, passwords = json.loads(os.environ[HANDED_ON])
    os.environ |= services.clone_for(superuser_url, redis_url, roles.Passwords(**passwords), worker or "main")


def pytest_unconfigure() -> None:
    _stop()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "browser" in report.keywords and not hasattr(report, "wasxfail"):
        _skipped_browser_tests.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CXMS_REQUIRE_BROWSER") == "1" and _skipped_browser_tests:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CXMS_REQUIRE_BROWSER") == "1" and _skipped_browser_tests:
        terminalreporter.section("browser tests were skipped, and here they must run", red=True)
        for name in _skipped_browser_tests:
            terminalreporter.line(name)


def _stop() -> None:
    global _running
    if _running is not None:
        services.release(_running)
        _running = None
