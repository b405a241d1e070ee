"""A receiver that misbehaves as told, on a real socket, and an endpoint that points at it."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integrations import endpoints
from integrations.models import Endpoint
from integrations.sending import Sender


class Receiver:
    """What came in (path, headers, body), and what to answer next on a path: a status, headers, or a way to fail."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.script: dict[str, list[Any]] = {}
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                    steps = receiver.script.get(self.path, [])
                    step = steps.pop(0) if len(steps) > 1 else (steps[0] if steps else 200)
                receiver.answer(self, step)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str = "/hook") -> list[tuple[str, dict[str, str], bytes]]:
        return [got for got in self.got if got[0] == path]

    def answer(self, handler: Any, step: Any) -> None:
        status, headers = step if isinstance(step, tuple) else (step, {})
        if status == "drip":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(300):
                time.sleep(0.1)
                try:
                    handler.wfile.write(b"X: y\r\n")
                except OSError:
                    return
        elif status == "reset":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            handler.wfile.flush()
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
        elif status == "lost":
            handler.connection.close()
        elif isinstance(status, float):
            time.sleep(status)
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            size = int(headers.get("X-Size", 0))
            try:
                for _ in range(size // 65536 + 1):
                    handler.wfile.write(b"a" * min(size, 65536) if size else b"said")
            except OSError:
                pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hook(shop: Any, receiver: Receiver, now: Any) -> Iterator[Callable[..., Any]]:
    """Registers an endpoint of `shop`; gives (row, secret). Afterwards nothing of it waits for later tests."""
    homes = []

    def make(path: str = "/hook", kinds: tuple[str, ...] = ("*",), home: Any = shop) -> Any:
        homes.append(home)
        with home.scope():
            return endpoints.create(
                organisation=home.id, url=receiver.url(path), kinds=list(kinds), now=now, actor="test"
            )

    yield make
    for home in homes:
        with home.scope():
            Endpoint.objects.all().delete()


@pytest.fixture
def send() -> Callable[..., None]:
    """Sends what is due now, as a worker's pump would, and waits for it."""

    def run(seconds: float = 30.0) -> None:
        sender = Sender(threads=8)
        sender.until_idle(seconds)
        sender.pool.shutdown()

    return run
