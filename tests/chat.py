"""A provider on a real socket that speaks the chat-completions protocol, well or badly, as told."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {"kind": "complaint", "sentiment": "negative", "topics": ["waiting_time"], "urgency": 2}


def said(content: object) -> bytes:
    """A well-formed completion with this content."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


class Chat:
    """What came in, and what is answered: `answer(voice)` gives content, or (status, bytes), or seconds to be silent."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.answer: Callable[[str], Any] = lambda voice: GOOD
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                chat.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                made = chat.answer(json.loads(body["messages"][1]["content"])["voice"])
                if isinstance(made, float):
                    time.sleep(made)
                    made = (200, said(GOOD))
                status, out = made if isinstance(made, tuple) else (200, said(made))
                try:
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(out)
                except OSError:
                    pass

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def voices(self) -> list[str]:
        """The words that were sent, in order."""
        return [json.loads(body["messages"][1]["content"])["voice"] for _path, _headers, body in self.got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
