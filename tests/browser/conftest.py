"""A real browser on a real server: gunicorn in its own process on the test database, Debian's Chromium."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import complain as complain

ROOT = Path(__file__).resolve().parents[2]
# the shell is the same engine without the windows nobody sees, and twice as quick
BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((path for path in BROWSERS if path.exists()), BROWSERS[-1])
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder runs in a browser, and says so when there is none."""
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(**extra: str) -> Iterator[str]:
    """A gunicorn on this session's database with the live channel beside it; `extra`: its environment besides ours."""
    port, live_port = _free_port(), _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "cxms.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    env = {**os.environ, "CXMS_SITE_URL": address, "DJANGO_SETTINGS_MODULE": "cxms.settings", **extra}
    env["CXMS_LIVE_URL"] = f"http://127.0.0.1:{live_port}"
    live = [sys.executable, "-m", "uvicorn", "cxms.live:application", "--port", str(live_port), "--log-level", "warning"]
    # a page that was left open listens on; it does not hold up the end
    live += ["--timeout-graceful-shutdown", "2"]
    servers = [subprocess.Popen(line, cwd=ROOT, env=env) for line in ([*command, "--log-level", "warning"], live)]
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(20)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the pages."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for the session."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread; Django must not mistake its calls for asynchronous ones
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(site: str, chromium: Any, shop: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page as the member of a role ("" for a stranger from the street) in a context of its own."""
    contexts = []

    def open_page(role: str = "cx_manager", *, width: int = 1440, dark: bool = False, home: Any = shop) -> Any:
        scheme = "dark" if dark else "light"
        context = chromium.new_context(
            viewport={"width": width, "height": 900 if width > 500 else 780},
            color_scheme=scheme,
            locale="zh-CN",
            base_url=site,
            has_touch=width < 500,
        )
        contexts.append(context)
        if role:
            cookie = home.page(role).cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": site}])
        page = context.new_page()
        page.set_default_timeout(25_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
