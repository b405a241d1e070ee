"""`/exposures`: how many orders, visits, calls a unit had on a day, as a system tells it; and what is held."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import CURSOR, DATE, LIMIT, NDJSON, WHOLE, Operation, Parameter, listed, maybe, obj, page, ref, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.feedback import MAX_ROWS, rows_of
from api.periods import day
from api.problems import Problem
from customers import exposures
from customers.exposures import ExposureError, RawExposure
from customers.models import Exposure
from cxms.lib import strict_json

ROW = obj(
    {"day": DATE, "unit": maybe(text(64)), "kind": text(24), "source": text(40), "count": {"type": "integer", "minimum": 0}},
    required=("day", "kind", "count"),
)  # fmt: skip


class ExposureList(Endpoint):
    """`POST /exposures`, `GET /exposures`."""

    needs: ClassVar[dict[str, str]] = {"POST": "events:write", "GET": "metrics:read"}
    takes: ClassVar[tuple[str, ...]] = ("application/json", NDJSON)
    limit_bytes: ClassVar[int] = settings.BULK_LIMIT_BYTES
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Events",
            "Tell exposures in bulk, up to 10,000",
            ref("BulkResult"),
            200,
            description="Idempotent by day × unit × kind × source (default `api`): told again, the count is replaced. No row means not known, "
            "which is not 0. Which source stands under the complaint rate is chosen in the settings. Good rows are kept when others are bad.",
            body=listed(ROW, maxItems=MAX_ROWS),
            lines=True,
            example=[{"day": "2026-11-22", "unit": "S001", "kind": "order", "source": "pos", "count": 412}],
        ),
        "GET": Operation(
            "Events",
            "What was told",
            page(obj({"day": DATE, "unit": maybe(text()), "kind": text(), "source": text(), "count": WHOLE})),
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                *(Parameter(name, f"only this {name}", text()) for name in ("kind", "source", "unit")),
                CURSOR,
                LIMIT,
            ),
        ),
    }

    def post(self, request: Request) -> Response:
        """Stores counts, each one told again replaced."""
        items = rows_of(self.body, request.content_type or "") if "ndjson" in (request.content_type or "") else strict_json.loads(self.body)
        if not isinstance(items, list):
            raise Problem(422, "wrong_type", "an array is expected", [{"field": "", "code": "wrong_type"}])
        if len(items) > MAX_ROWS:
            raise Problem(413, "too_many", f"at most {MAX_ROWS} items")
        said: dict[int, tuple[str, str]] = {}
        good: list[tuple[int, RawExposure]] = []
        for row, item in enumerate(items):
            try:
                good.append((row, _raw(item)))
            except ExposureError as error:
                said[row] = (error.code, str(error.field))
        stored = exposures.put([raw for _, raw in good], organisation=self.organisation, now=self.now, actor=self.actor)
        known = {row: status for (row, _), status in zip(good, stored, strict=True)}
        results: list[dict[str, Any]] = []
        for row in range(len(items)):
            code, field = said.get(row, ("", "")) if row in said else (("unknown_unit", "unit") if known[row] == "unknown_unit" else ("", ""))
            results.append({"row": row, "status": "rejected", "error": {"code": code, "field": field}} if code else {"row": row, "status": "accepted" if known[row] == "accepted" else "duplicate"})
        n = {status: sum(one["status"] == status for one in results) for status in ("accepted", "duplicate", "rejected")}
        return Response({"accepted": n["accepted"], "duplicates": n["duplicate"], "rejected": n["rejected"], "results": results})

    def get(self, request: Request) -> Response:
        """The rows, the newest day first."""
        rows = Exposure.objects.filter(organisation_id=self.organisation).select_related("unit").order_by("-local_day", "-id")
        from_date, to_date, limit = day(request, "from"), day(request, "to"), limit_of(request)
        rows = rows.filter(local_day__gte=from_date) if from_date else rows
        rows = rows.filter(local_day__lt=to_date) if to_date else rows
        for name, column in (("kind", "kind"), ("source", "source"), ("unit", "unit__code")):
            if value := request.query_params.get(name, ""):
                rows = rows.filter(**{column: value})
        after = read_cursor(request, lambda parts: (date.fromisoformat(parts[0]), uuid.UUID(parts[1])))
        if after is not None:
            rows = rows.extra(where=["(customers_exposure.local_day, customers_exposure.id) < (%s, %s)"], params=list(after))
        found = list(rows[: limit + 1])
        shown = [
            {"day": row.local_day.isoformat(), "unit": row.unit.code if row.unit else None, "kind": row.kind, "source": row.source, "count": row.count}
            for row in found[:limit]
        ]
        last = found[limit - 1] if len(found) > limit else None
        return Response({"results": shown, "next": cursor_of(last.local_day.isoformat(), last.id) if last else None})


def _raw(item: Any) -> RawExposure:
    if not isinstance(item, dict):
        raise ExposureError("an object is expected", code="wrong_type", field="")
    count = item.get("count")
    if type(count) is not int:
        raise ExposureError("a whole number is expected", code="wrong_type", field="count")
    words = {name: item.get(name) or "" for name in ("day", "unit", "kind", "source")}
    for name, value in words.items():
        if not isinstance(value, str) or len(value) > 64 or "\x00" in value:
            raise ExposureError("a text is expected", code="wrong_type", field=name)
    if not words["kind"]:
        raise ExposureError("is required", code="missing", field="kind")
    return exposures.checked(words["day"], words["unit"], words["kind"], words["source"] or "api", str(count))
