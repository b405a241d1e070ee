"""A receiver on this machine that plays the group apps and the SMS gateway, and checks signatures by itself."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.smtp import posting

SECRET = "SECthis-is-a-test"


class Receiver:
    """What was posted, in order; `answers` scripts what is said back, else what the real service says."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.url = ""

    def said(self, got: dict[str, Any]) -> tuple[int, Any]:
        if self.answers:
            return self.answers.pop(0)
        path = got["path"]
        if path == "/robot/send":
            return 200, self._dingtalk(got["query"])
        if path.startswith("/open-apis/bot/"):
            return 200, self._feishu(got["body"])
        return 200, {"errcode": 0, "errmsg": "ok", "code": 0}

    def _dingtalk(self, query: dict[str, list[str]]) -> dict[str, Any]:
        stamp = query.get("timestamp", [""])[0]
        fresh = stamp.isdigit() and abs(int(stamp) / 1000 - time.time()) < 3600
        made = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256").digest()
        good = fresh and query.get("sign") == [base64.b64encode(made).decode()]
        return {"errcode": 0, "errmsg": "ok"} if good else {"errcode": 310000, "errmsg": "sign not match"}

    def _feishu(self, body: dict[str, Any]) -> dict[str, Any]:
        stamp = str(body.get("timestamp", ""))
        fresh = stamp.isdigit() and abs(int(stamp) - time.time()) < 3600
        made = base64.b64encode(hmac.new(f"{stamp}\n{SECRET}".encode(), msg=None, digestmod=hashlib.sha256).digest()).decode()
        if fresh and body.get("sign") == made:
            return {"code": 0, "msg": "success", "data": {}}
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    box = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            try:
                body: Any = json.loads(raw)
            except ValueError:
                body = raw.decode()
            got = {"method": self.command, "path": parts.path, "query": parse_qs(parts.query), "body": body, "headers": dict(self.headers)}
            box.got.append(got)
            status, answer = box.said(got)
            out = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    box.url = f"http://127.0.0.1:{server.server_port}"
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    yield box
    server.shutdown()
    server.server_close()


class Post:
    """A real SMTP server: what it took; addresses in `refused` get a 550, in `busy` a 451."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refused: set[str] = set()
        self.busy: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 no such person"
        if address in self.busy:
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes, policy

        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"

    def to(self, address: str) -> list[str]:
        return [str(mail["Subject"]).strip() for who, mail in self.mails if who == address]


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    with posting(settings, Post()) as box:
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield box
