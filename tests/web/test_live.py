"""The live channel: one organisation's changes, for whoever holds its token, and nobody else."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from cxms import live
from ledger import doorbell
from web import live_tokens


async def _listen(token, publish, seconds=5.0):
    """Opens /live, publishes once it listens, and gives the status and every byte heard before the reader leaves."""
    heard, status = [], []
    leave = asyncio.Event()
    done = asyncio.Event()

    async def receive():
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append((message["status"], dict(message["headers"])))
        body = message.get("body", b"")
        heard.append(body)
        if b"listening" in body:
            await asyncio.to_thread(publish)
        if b"data:" in body or status[0][0] != 200:
            done.set()

    scope = {"type": "http", "method": "GET", "path": "/live", "query_string": f"token={token}".encode()}
    task = asyncio.create_task(live.application(scope, receive, send))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), seconds)
    leave.set()
    await asyncio.wait_for(task, 5)
    return status[0], b"".join(heard)


def _heard(*arguments, **options):
    """In a thread of its own: a browser test of the same process keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_listen(*arguments, **options))).result(30)


def test_a_change_is_heard_by_its_organisation(shop, settings):
    token = live_tokens.make(shop.id, 1)
    publish = lambda: doorbell.publish(shop.id, [("complaint.moved", "x")])  # noqa: E731
    (status, headers), heard = _heard(token, publish)
    assert status == 200
    assert b'data: [["complaint.moved", "x"]]' in heard
    assert headers[b"access-control-allow-origin"] == settings.SITE_URL.encode()


def test_a_change_elsewhere_is_not_heard(shop, stranger):
    token = live_tokens.make(shop.id, 1)
    publish = lambda: doorbell.publish(stranger.id, [("complaint.moved", "secret")])  # noqa: E731
    _, heard = _heard(token, publish, seconds=1.0)
    assert b"secret" not in heard


@pytest.mark.parametrize("token", ["", "x", "WzEsMV0:1sX:AAAA"])
def test_without_a_token_nobody_listens(token):
    (status, _), heard = _heard(token, lambda: None)
    assert (status, heard) == (403, b"")


def test_a_token_of_yesterday_is_over(shop, monkeypatch):
    token = live_tokens.make(shop.id, 1)
    assert live_tokens.read(token) == (shop.id, 1)
    monkeypatch.setattr(live_tokens, "MAX_AGE_SECONDS", -1)
    assert live_tokens.read(token) is None


def test_a_stop_ends_open_streams(shop, tmp_path):
    import os
    import socket
    import subprocess
    import sys
    import time
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "cxms.live:application", "--port", str(port), "--log-level", "error"]
    server = subprocess.Popen(command, env={**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings"})
    try:
        for _ in range(100):
            try:
                token = live_tokens.make(shop.id, 1)
                stream = urllib.request.urlopen(f"http://127.0.0.1:{port}/live?token={token}", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        assert stream.readline().startswith(b"retry")
        server.terminate()
        server.wait(5)
    finally:
        server.kill()
