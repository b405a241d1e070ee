"""One question over HTTP to an endpoint that speaks the chat-completions protocol. Called with no transaction open.

Whatever happens is an answer, never an exception: the words of the first choice, or the name of what went wrong.
The address is a stranger's: `cxms.lib.safe_http` judges it anew for every question.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from cxms.lib import safe_http, strict_json
from cxms.lib.errors import DomainError
from cxms.lib.safe_http import READ_BYTES, Unreachable, Unsafe

PATH = "/chat/completions"
SECONDS = 15.0
MOST_TOKENS = 300
# what waiting or a person mends; any other refusal is of this one voice, and is not asked again
AGAIN = {401: "unauthorised", 403: "unauthorised", 404: "not_found", 408: "timeout", 429: "too_many"}


@dataclass(frozen=True)
class Account:
    """Where to ask, and as whom. key: None when the sealed one does not open any more, "" for a provider without one."""

    base_url: str
    model: str
    key: str | None


@dataclass(frozen=True)
class Reply:
    """What came of one question. failure: the provider's, to be tried again; refusal: of this question, for good."""

    content: str = ""
    failure: str = ""
    refusal: str = ""
    milliseconds: int = 0


def allowed() -> frozenset[str]:
    """Addresses the operator permits although they are not public."""
    return frozenset(settings.WEBHOOK_ALLOW)


def ask(account: Account, messages: Sequence[dict[str, str]], *, seconds: float = SECONDS) -> Reply:
    """Asks once, within `seconds` of wall clock. Nothing but the messages and the model's name is in the body."""
    if account.key is None:
        return Reply(failure="key_lost")
    asked = {
        "model": account.model, "messages": list(messages), "temperature": 0, "max_tokens": MOST_TOKENS, "stream": False,
        "response_format": {"type": "json_object"},
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "CXMS"}
    if account.key:
        headers["Authorization"] = f"Bearer {account.key}"
    body = json.dumps(asked, ensure_ascii=False).encode()
    began = time.monotonic()
    try:
        answer = safe_http.post(
            account.base_url + PATH, body, headers, allow=allowed(), total_seconds=seconds, keep_bytes=READ_BYTES
        )
    except (Unsafe, Unreachable) as error:
        return Reply(failure=error.code, milliseconds=_since(began))
    return _reply(answer.status, answer.excerpt, _since(began))


def _since(began: float) -> int:
    return int(1000 * (time.monotonic() - began))


def _reply(status: int, body: bytes, took: int) -> Reply:
    if status >= 500 or status in AGAIN:
        return Reply(failure=AGAIN.get(status, "server_error"), milliseconds=took)
    if status != 200:
        return Reply(refusal=f"http_{status}", milliseconds=took)
    if len(body) >= READ_BYTES:
        return Reply(refusal="too_long", milliseconds=took)
    try:
        content = strict_json.loads(body)["choices"][0]["message"]["content"]
    except (DomainError, LookupError, TypeError):
        return Reply(refusal="not_chat", milliseconds=took)
    return Reply(content=content, milliseconds=took) if isinstance(content, str) else Reply(refusal="not_chat", milliseconds=took)
