"""One error shape: RFC 9457 problem details with `code`, `detail`, `errors[{field|row, code, detail}]`."""

from typing import Any

from django.db import transaction
from django.http import Http404
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.response import Response

from complaints.lifecycle import MoveNotAllowed
from complaints.moves import StaleVersion
from complaints.tickets import TicketError
from customers.customers import CustomerStale
from cxms.lib.errors import DomainError
from cxms.lib.strict_json import JsonError
from feedback.originals import TooManyLooks
from integrations.endpoints import EndpointDisabled, EndpointStale
from ledger.idempotency import KeyReused
from tenancy.versions import Stale

STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (JsonError, 400),
    (MoveNotAllowed, 409),
    (StaleVersion, 412),
    (CustomerStale, 412),
    (EndpointStale, 412),
    (Stale, 412),
    (EndpointDisabled, 409),
    (KeyReused, 422),
    (TooManyLooks, 429),
)


class Problem(Exception):
    """A refusal by the door itself."""

    def __init__(
        self, status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.errors = status, code, detail, errors or []
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def response(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> Response:
    """The problem document."""
    body = {"type": f"about:blank#{code}", "title": code.replace("_", " "), "status": status, "code": code}
    body |= {"detail": detail, "errors": errors or []}
    return Response(body, status=status, content_type="application/problem+json")


def of_domain(error: DomainError) -> Response:
    """A domain refusal as a document: 422 unless its class says otherwise; not_found is 404."""
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 422)
    if isinstance(error, TicketError) and error.code == "not_found" or error.code == "not_found":
        status = 404
    detail = str(error.message)
    errors = [{"field": error.field, "code": error.code, "detail": detail}] if error.field else []
    return response(status, error.code, detail, errors)


def not_found() -> Response:
    """The same bytes for another tenant's object and for one that never existed."""
    return response(404, "not_found", "not found")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception hook: rolls the request's transaction back and answers in our one shape."""
    found: Response | None = None
    if isinstance(error, Problem) and hasattr(error, "stored"):
        found = Response(error.stored.body, status=error.stored.status, headers={"Idempotent-Replayed": "true"})
    elif isinstance(error, Problem):
        found = response(error.status, error.code, error.detail, error.errors)
        for name, value in error.headers.items():
            found[name] = value
    elif isinstance(error, DomainError):
        found = not_found() if error.code == "not_found" else of_domain(error)
    elif isinstance(error, Http404):
        found = not_found()
    elif isinstance(error, MethodNotAllowed):
        found = response(405, "method_not_allowed", str(error.detail))
    elif isinstance(error, APIException):
        found = response(error.status_code, "refused", str(error.detail))
    if found is not None and transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    return found
