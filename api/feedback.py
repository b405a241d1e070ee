"""`/feedback`: one voice, many voices, lists, exclusion, deletion."""

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.contract import (
    ANY,
    CURSOR,
    DATE,
    ID,
    LIMIT,
    NDJSON,
    YES,
    Operation,
    Parameter,
    choice,
    listed,
    maybe,
    obj,
    page,
    ref,
    text,
)
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import Problem, not_found
from cxms.lib import strict_json
from cxms.lib.text import clean_text
from feedback import intake, normalise, originals, queries, search, voices
from feedback.intake import Source
from feedback.models import Feedback
from feedback.queries import Filters
from feedback.shapes import RawVoice, Receipt, ShapeError

MAX_ROWS = 10_000
EXAMPLE = {
    "channel": "app",
    "external_id": "app-7731",
    "occurred_at": "2026-11-22T10:12:00+08:00",
    "customer": {"external_id": "K-1001", "phone": "13812346629"},
    "unit": "S001",
    "text": "耳机左侧无声，换过一次还是坏的",
    "scores": [{"kind": "nps", "value": 3}],
}
RECEIPT = obj({"id": ID, "status": choice("pending", "analysed"), "duplicate_of": maybe(ID)})
EXCLUSION = obj({"id": ID, "excluded": YES})
WALK = (
    "Walk on while `next` is given. With `q` a page may hold fewer than `limit`, or none, before the end: a search looks for two seconds and then says where to go on."
)
FILTERS = (
    Parameter("q", "words that all occur in the text; double quotes hold words together; numbers and names of persons are not searched", text()),
    Parameter("channel", "a channel", text()),
    Parameter("unit", "code of a unit; covers its subtree", text()),
    Parameter("staff", "employee number", text()),
    Parameter("touchpoint", "code of a touchpoint", text()),
    Parameter("kind", "complaint, suggestion, praise, enquiry, other", text()),
    Parameter("sentiment", "positive, neutral, negative", text()),
    Parameter("topic", "code of a topic", text()),
    Parameter("red_line", "1: only what touches a red line", text()),
    Parameter("nps", "promoter, passive, detractor", text()),
    Parameter("from", "from this day on, in the organisation's zone", DATE),
    Parameter("to", "before this day", DATE),
    CURSOR,
    LIMIT,
)


def date_param(request: Request, name: str) -> date | None:
    """A date in the query, or a problem naming it."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, "bad_date", f"{name} is a date", [{"field": name, "code": "bad_date"}]) from error


class FeedbackList(Endpoint):
    """`POST /feedback`, `GET /feedback`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read", "POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation("Feedback", "List feedback, newest first", page(ref("Feedback")), query=FILTERS, description=WALK),
        "POST": Operation(
            "Feedback",
            "Send one feedback",
            RECEIPT,
            201,
            also={200: "received before"},
            description="Stored before the answer leaves. The same (channel, external_id) again is a duplicate: 200.",
            body=ref("FeedbackIn"),
            example=EXAMPLE,
        ),
    }

    def post(self, request: Request) -> Response:
        """Receives one voice: 201, or 200 when (channel, external_id) was received before."""
        channels = intake.open_channels(self.organisation)
        payload = self.document()
        voice = normalise.voice(payload, channels=channels, now=self.now)
        source = Source(self.body, request.content_type or "application/json", self.actor)
        (receipt,) = intake.receive([voice], organisation=self.organisation, source=source, now=self.now)
        if receipt.status == "rejected":
            raise ShapeError(receipt.detail, code=receipt.code, field=receipt.field)
        if receipt.status == "duplicate":
            made = queries.analyses([receipt.id], organisation=self.organisation)
            status = "analysed" if made else "pending"
            body = {"id": str(receipt.id), "status": status, "duplicate_of": str(receipt.id)}
            return Response(body, status=200)
        return Response({"id": str(receipt.id), "status": "pending", "duplicate_of": None}, status=201)

    def get(self, request: Request) -> Response:
        """The voices that pass the filters, newest first."""
        filters, limit = _filters(request), limit_of(request)
        rows = queries.voices(filters, organisation=self.organisation)
        after = read_cursor(request, lambda at: (datetime.fromisoformat(at[0]), uuid.UUID(at[1])))
        rest: search.Place | None = None
        if filters.q:
            found = search.within(rows, filters, organisation=self.organisation, most=limit + 1, before=after)
            rows, rest = rows.filter(id__in=found.ids), found.rest
        elif after is not None:
            rows = rows.filter(Q(occurred_at__lt=after[0]) | Q(occurred_at=after[0], id__lt=after[1]))
        return Response(self._page(rows, limit, rest))

    def _page(self, rows: QuerySet[Feedback], limit: int, rest: search.Place | None) -> dict[str, Any]:
        """A page; where a search ran out of time before the end, `next` leads on to what it did not look at."""
        found = list(rows.select_related("unit", "staff", "touchpoint", "customer")[: limit + 1])
        shown = found[:limit]
        ids = [row.id for row in shown]
        made = queries.analyses(ids, organisation=self.organisation)
        scores = queries.scores(ids, organisation=self.organisation)
        last = (shown[-1].occurred_at, shown[-1].id) if len(found) > limit else rest
        return {
            "results": [shapes.voice(row, made.get(row.id), scores.get(row.id, [])) for row in shown],
            "next": cursor_of(last[0].isoformat(), last[1]) if last else None,
        }


def _filters(request: Request) -> Filters:
    text = request.query_params.get
    return Filters(
        q=text("q", "")[:200],
        channel=text("channel", ""),
        unit=text("unit", ""),
        staff=text("staff", ""),
        touchpoint=text("touchpoint", ""),
        kind=text("kind", ""),
        sentiment=text("sentiment", ""),
        topic=text("topic", ""),
        red_line=text("red_line", "") in {"1", "true"},
        nps=text("nps", ""),
        from_date=date_param(request, "from"),
        to_date=date_param(request, "to"),
    )


class FeedbackOne(Endpoint):
    """`GET /feedback/{id}`, `DELETE /feedback/{id}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read", "DELETE": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation("Feedback", "Read one feedback with its analysis", ref("Feedback")),
        "DELETE": Operation(
            "Feedback", "Delete a feedback", None, 204, description="It leaves lists and metrics; the audit keeps that it was."
        ),
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """One voice with its analysis."""
        row = queries.voice(key, organisation=self.organisation)
        if row is None:
            return not_found()
        made = queries.analyses([row.id], organisation=self.organisation)
        scores = queries.scores([row.id], organisation=self.organisation)
        return Response(shapes.voice(row, made.get(row.id), scores.get(row.id, [])))

    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """Takes the voice out of lists and metrics; the audit keeps it."""
        voices.delete(key, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(status=204)


class FeedbackOriginal(Endpoint):
    """`GET /feedback/{id}/original?reason=`."""

    needs: ClassVar[dict[str, str]] = {"GET": "originals:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Read what a customer wrote, nothing written over",
            obj({"id": ID, "text": text(), "metadata": ANY}),
            query=(Parameter("reason", "why; kept in the audit", text(200)),),
            description="Everywhere else personal data in `text` and `metadata` is written over with *. At most 30 an hour for a key: 429.",
        )
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """Text and metadata as they came; the audit keeps who read it and why."""
        reason = request.query_params.get("reason", "")
        said = originals.read(key, reason, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response({"id": str(key), "text": said.text, "metadata": said.metadata})


class FeedbackExclude(Endpoint):
    """`POST /feedback/{id}/exclude` {reason}."""

    needs: ClassVar[dict[str, str]] = {"POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Feedback",
            "Take a feedback out of every metric",
            EXCLUSION,
            body=obj({"reason": text(200)}),
            example={"reason": "test data"},
        )
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Takes the voice out of every metric."""
        reason = self.document().get("reason")
        if not isinstance(reason, str):
            raise ShapeError("a text is expected", code="wrong_type", field="reason")
        reason = clean_text(reason)
        row = voices.exclude(key, reason, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response({"id": str(row.id), "excluded": True})


class FeedbackInclude(Endpoint):
    """`POST /feedback/{id}/include`."""

    needs: ClassVar[dict[str, str]] = {"POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation("Feedback", "Take an excluded feedback back into the metrics", EXCLUSION)
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Takes the voice back into the metrics."""
        row = voices.include(key, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response({"id": str(row.id), "excluded": False})


class FeedbackBulk(Endpoint):
    """`POST /feedback/bulk`: a JSON array or NDJSON; good rows are kept when others are bad."""

    needs: ClassVar[dict[str, str]] = {"POST": "feedback:write"}
    takes: ClassVar[tuple[str, ...]] = ("application/json", NDJSON, "application/ndjson", "application/jsonl")
    limit_bytes: ClassVar[int] = settings.BULK_LIMIT_BYTES
    is_bulk: ClassVar[bool] = True
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Feedback",
            "Send up to 10,000 feedbacks",
            ref("BulkResult"),
            description="A JSON array or NDJSON, at most 10 MB. Good rows are kept when others are bad; rows count from 0.",
            body=listed(ref("FeedbackIn"), maxItems=MAX_ROWS),
            lines=True,
            example=[EXAMPLE],
        )
    }

    def post(self, request: Request) -> Response:
        """Receives up to 10,000 voices in one transaction and says what became of each row (counted from 0)."""
        receipts: dict[int, Receipt] = {}
        good: list[RawVoice] = []
        channels = intake.open_channels(self.organisation)
        for row, item in enumerate(rows_of(self.body, request.content_type or "")):
            try:
                if isinstance(item, strict_json.JsonError):
                    raise item
                strict_json.check_size(item)
                good.append(normalise.voice(item, channels=channels, now=self.now, row=row))
            except (ShapeError, strict_json.JsonError) as error:
                receipts[row] = Receipt("rejected", code=error.code, field=error.field, detail=str(error.message))
        if good:
            source = Source(self.body, request.content_type or "application/json", self.actor)
            stored = intake.receive(good, organisation=self.organisation, source=source, now=self.now)
            receipts |= {voice.row: receipt for voice, receipt in zip(good, stored, strict=True)}
        return Response(summary(receipts))


def rows_of(body: bytes, content_type: str) -> list[Any]:
    """The items of a bulk body; a malformed NDJSON line becomes its JsonError, a malformed array refuses the whole."""
    if "ndjson" in content_type or "jsonl" in content_type:
        lines = [line for line in body.split(b"\n") if line.strip()]
        items: Any = [_line(line) for line in lines[: MAX_ROWS + 1]]
    else:
        items = strict_json.loads(body)
    if not isinstance(items, list):
        raise Problem(422, "wrong_type", "an array is expected")
    if len(items) > MAX_ROWS:
        raise Problem(413, "too_many", f"at most {MAX_ROWS} items")
    return items


def _line(line: bytes) -> Any:
    try:
        return strict_json.loads(line)
    except strict_json.JsonError as error:
        return error


def summary(receipts: dict[int, Any]) -> dict[str, Any]:
    """Counts and per-row results, in order."""
    results = []
    for row in sorted(receipts):
        receipt = receipts[row]
        result: dict[str, Any] = {"row": row, "status": receipt.status}
        if receipt.id is not None:
            result["id"] = str(receipt.id)
        if receipt.status == "rejected":
            detail = getattr(receipt, "detail", "") or receipt.code
            result["error"] = {"row": row, "field": receipt.field, "code": receipt.code, "detail": detail}
        results.append(result)
    names = {"accepted": "accepted", "duplicates": "duplicate", "rejected": "rejected"}
    counted = {name: sum(r["status"] == status for r in results) for name, status in names.items()}
    return {**counted, "results": results}
