"""The one call of the sinks that speak HTTP, and how an answer reads: a status, then the error in the body behind a 200."""

import json
from typing import Any

from alerts.sinks.shapes import Account, SinkError
from cxms.lib import safe_http
from cxms.lib.safe_http import Answer, Unreachable, Unsafe

SECONDS = 10.0


def call(account: Account, url: str, body: bytes, headers: dict[str, str], method: str = "POST") -> Answer:
    """One request. Raises SinkError: for good when the address is refused or the status says so, else passing."""
    try:
        answer = safe_http.post(
            url, body, {"User-Agent": "CXMS-Notices/1", **headers}, allow=account.allow, total_seconds=SECONDS, method=method
        )
    except Unsafe as error:
        raise SinkError(f"{error.code}: {error}", permanent=True) from error
    except Unreachable as error:
        raise SinkError(f"{error.code}: {error}", permanent=False) from error
    if not 200 <= answer.status < 300:
        passing = answer.status in {408, 425, 429} or answer.status >= 500
        raise SinkError(f"HTTP {answer.status} {excerpt(answer)}", permanent=not passing)
    return answer


def post_json(account: Account, url: str, document: dict[str, Any]) -> dict[str, Any]:
    """Posts a document and reads the document that comes back. Raises SinkError when it is none."""
    body = json.dumps(document, ensure_ascii=False).encode()
    answer = call(account, url, body, {"Content-Type": "application/json; charset=utf-8"})
    try:
        found = json.loads(answer.excerpt)
    except ValueError as error:
        raise SinkError(f"not JSON: {excerpt(answer)}", permanent=False) from error
    if not isinstance(found, dict):
        raise SinkError(f"not an object: {excerpt(answer)}", permanent=False)
    return found


def excerpt(answer: Answer) -> str:
    """The beginning of the body, printable."""
    text = answer.excerpt[:300].decode("utf-8", errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:150]


def clipped(text: str, most_bytes: int) -> str:
    """The text within so many bytes of UTF-8, cut between characters."""
    raw = text.encode()
    return text if len(raw) <= most_bytes else raw[: most_bytes - 3].decode(errors="ignore") + "…"


def tame(text: str) -> str:
    """What others wrote, so that no group app reads a mention, a link or a tag in it."""
    return text.translate(str.maketrans("<>[]", "＜＞［］"))
