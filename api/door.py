"""The REST door: bearer key → rate → scope check → both walls → idempotency → one call → answer.

Every endpoint is an `Endpoint` with `needs = {method: capability}`; a test walks the routes and fails on one without.
The organisation's transaction commits before the answer leaves: 2xx means committed.
"""

import base64
import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.contract import Operation
from api.problems import Problem
from cxms.lib import buckets, clock, strict_json
from ledger import idempotency
from ledger.idempotency import Replayed
from ledger.models import IdempotencyKey
from tenancy import keys
from tenancy.keys import FoundKey
from tenancy.scope import organisation_scope

JSON_TYPES = ("application/json", "application/problem+json")
MAX_KEY = 255


class Endpoint(APIView):
    """One resource. `needs` names the scope of each method, `says` its contract; `takes` the content types of bodies."""

    needs: ClassVar[dict[str, str]] = {}
    takes: ClassVar[tuple[str, ...]] = JSON_TYPES
    limit_bytes: ClassVar[int] = settings.BODY_LIMIT_BYTES
    says: ClassVar[dict[str, Operation]] = {}
    is_bulk: ClassVar[bool] = False

    key: FoundKey | None
    now: datetime
    stored: IdempotencyKey | None

    @property
    def organisation(self) -> int:
        """The organisation of the key."""
        if self.key is None:
            raise Problem(401, "unauthenticated", "a valid API key is required")
        return self.key.organisation

    @property
    def actor(self) -> str:
        """The key as facts name it."""
        return f"key:{self.key.name if self.key else '?'}"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Finds the key before any scope is open, then works inside its organisation's scope."""
        self.now, self.stored = clock.now(), None
        self.key = keys.find(_bearer(request), now=self.now)
        opened = organisation_scope(self.key.organisation) if self.key else nullcontext()
        with opened:
            answer = super().dispatch(request, *args, **kwargs)
            taken: IdempotencyKey | None = self.__dict__["stored"]
            if taken is not None and isinstance(answer, Response) and answer.status_code < 400:
                idempotency.end(taken, status=answer.status_code, body=self.remembered(answer.data))
        return answer

    def remembered(self, data: Any) -> Any:
        """What is kept of an answer for a repeated Idempotency-Key; a secret shown once is not."""
        return data

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses who has no key or scope, and bodies that are too large or of the wrong type."""
        super().initial(request, *args, **kwargs)
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Problem(404, "not_found", "not found")
        if any("\x00" in value for values in request.query_params.lists() for value in values[1]):
            raise Problem(422, "bad_characters", "a parameter holds NUL")
        if self.key is None:
            raise Problem(401, "unauthenticated", "a valid API key is required", WWW_Authenticate="Bearer")
        self._take_token(self.key)
        method = request.method or "GET"
        if method not in self.needs:
            if method in {"HEAD", "OPTIONS"} or not hasattr(self, method.lower()):
                return
            raise Problem(403, "forbidden", "this method names no scope")
        if self.needs[method] not in self.key.scopes:
            raise Problem(403, "scope_missing", f"the key lacks the scope {self.needs[method]}")
        keys.used(self.key, now=self.now)
        if method in {"POST", "PUT", "PATCH"}:
            self._check_body(request)
        if method == "POST" and (name := request.headers.get("Idempotency-Key", "")):
            self._take_key(request, name)

    def _take_token(self, key: FoundKey) -> None:
        rate = buckets.rate(settings.API_BULK_RATE if self.is_bulk else settings.API_RATE)
        if rate is None:
            return
        taken = buckets.buckets.take(f"{key.id}:{'bulk' if self.is_bulk else 'call'}", rate)
        if taken.wait_seconds > 0:
            seconds = str(math.ceil(taken.wait_seconds))
            raise Problem(429, "too_many_requests", f"try again in {seconds} s", Retry_After=seconds)

    def _check_body(self, request: Request) -> None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self.limit_bytes):
            raise Problem(413, "too_large", f"the body is larger than {self.limit_bytes} bytes")
        given = (request.content_type or "").split(";")[0].strip().lower()
        if given and given not in self.takes and self.body:
            raise Problem(415, "unsupported_media_type", f"send {' or '.join(self.takes)}")

    def _take_key(self, request: Request, name: str) -> None:
        if len(name) > MAX_KEY or not name.isprintable():
            raise Problem(400, "bad_idempotency_key", "at most 255 printable characters")
        found = idempotency.begin(
            organisation=self.organisation,
            principal=self.key.id if self.key else "",
            route=f"{request.method} {request.path}"[:160],
            key=name,
            body=self.body,
            now=self.now,
        )
        if isinstance(found, Replayed):
            raise Replay(found)
        self.stored = found

    @property
    def body(self) -> bytes:
        """The raw bytes of the request."""
        try:
            raw: bytes = self.request._request.body
        except RequestDataTooBig as error:
            raise Problem(413, "too_large", f"the body is larger than {self.limit_bytes} bytes") from error
        except RawPostDataException as error:
            raise Problem(400, "malformed_json", "the body cannot be read") from error
        if len(raw) > self.limit_bytes:
            raise Problem(413, "too_large", f"the body is larger than {self.limit_bytes} bytes")
        return raw

    def json(self) -> Any:
        """The body as strict JSON; JsonError (400) otherwise."""
        found = strict_json.loads(self.body)
        strict_json.check_size(found)
        return found

    def document(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise Problem(422, "wrong_type", "an object is expected")
        return found

    def may(self, scope: str) -> bool:
        """True when the key holds another scope besides the method's."""
        return self.key is not None and scope in self.key.scopes


class Replay(Problem):
    """Carries the stored answer of an idempotent write out of the handler."""

    def __init__(self, stored: Replayed) -> None:
        super().__init__(stored.status, "replayed", "")
        self.stored = stored


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


# ---- lists: keyset pages -----------------------------------------------------------------------------------------

MAX_LIMIT = 200


def limit_of(request: Request) -> int:
    """`limit=`, 1 to 200, 50 by default."""
    text = request.query_params.get("limit", "50")
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem(422, "bad_limit", f"limit is 1 to {MAX_LIMIT}", [{"field": "limit", "code": "bad_limit"}])
    return int(text)


def read_cursor(request: Request, parse: Callable[[list[Any]], Any]) -> Any:
    """The position in `cursor=`, or None at the beginning."""
    text = request.query_params.get("cursor", "")
    if not text:
        return None
    try:
        return parse(json.loads(base64.urlsafe_b64decode(text.encode() + b"===")))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise Problem(422, "bad_cursor", "not a cursor of ours", [{"field": "cursor", "code": "bad_cursor"}]) from error


def cursor_of(*position: Any) -> str:
    """A cursor for the position after the last row."""
    text = json.dumps([str(part) for part in position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
