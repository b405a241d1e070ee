"""`/targets`: what metrics are to reach, with history and source, and competitors' values; withdrawing a wrong one."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import CURSOR, DATE, ID, INSTANT, LIMIT, NUMBER, Operation, Parameter, choice, maybe, obj, page, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import not_found
from api.shapes import instant
from feedback.shapes import ShapeError
from metrics import targets
from metrics.enums import Basis
from metrics.models import Target
from metrics.targets import Wanted

TARGET = obj({
    "id": ID, "metric": text(), "unit": maybe(text()), "dimension": maybe(text()), "code": maybe(text()), "competitor": maybe(text()),
    "from": DATE, "value": NUMBER, "basis": choice(*Basis.values), "source": text(), "note": text(), "set_at": INSTANT, "set_by": text(),
    "withdrawn_at": maybe(INSTANT), "reason": maybe(text()),
})  # fmt: skip
TARGET_IN = obj(
    {
        "metric": text(40), "value": NUMBER, "from": DATE, "basis": choice(*Basis.values, default="own"), "unit": text(64), "dimension": text(16),
        "code": text(80), "competitor": text(60), "source": text(300), "note": text(300),
    },
    required=("metric", "value", "from"),
)  # fmt: skip
REASON = obj({"reason": text(200)})
TEXTS = ("metric", "unit", "dimension", "code", "competitor", "source", "note")


class TargetList(Endpoint):
    """`GET /targets`, `POST /targets`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read", "POST": "targets:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Targets and competitors' values, newest first",
            page(TARGET),
            description="A target holds from its day until the next of its series (metric, unit, dimension, code, competitor). "
            "Withdrawn ones are listed with their reason and hold no longer. `unit` null: the whole organisation.",
            query=(Parameter("metric", "only of this metric", text()), Parameter("unit", "only set for this unit", text()), CURSOR, LIMIT),
        ),
        "POST": Operation(
            "Metrics",
            "Set a target from a day on, or note a competitor's value",
            TARGET,
            201,
            description="Supersedes the series' earlier ones from `from`, which must be later than the newest standing one's. `unit` covers its "
            "subtree; `dimension` with `code` is one cell (clause with solution). With `competitor` the value is theirs, not a target. "
            "`source` (text or URL) is required unless `basis` is own.",
            body=TARGET_IN,
            example={"metric": "nps", "value": 25, "from": "2026-10-01", "basis": "own", "note": "annual plan"},
        ),
    }

    def get(self, request: Request) -> Response:
        """A page of them."""
        rows = Target.objects.filter(organisation_id=self.organisation).select_related("unit").order_by("-from_date", "-id")
        given = {name: request.query_params.get(name, "").replace("\x00", "") for name in ("metric", "unit")}
        rows = rows.filter(metric=given["metric"]) if given["metric"] else rows
        rows = rows.filter(unit__code=given["unit"]) if given["unit"] else rows
        after = read_cursor(request, lambda parts: (date.fromisoformat(parts[0]), uuid.UUID(parts[1])))
        if after:
            rows = rows.filter(Q(from_date__lt=after[0]) | Q(from_date=after[0], id__lt=after[1]))
        limit = limit_of(request)
        found = list(rows[: limit + 1])
        more = cursor_of(found[limit - 1].from_date, found[limit - 1].id) if len(found) > limit else None
        return Response({"results": [shape(row) for row in found[:limit]], "next": more})

    def post(self, request: Request) -> Response:
        """Sets one."""
        given = self.document()
        for name in (*TEXTS, "from", "basis"):
            if not isinstance(given.get(name) or "", str) or "\x00" in (given.get(name) or ""):
                raise ShapeError("a text is expected", code="wrong_type", field=name)
        value = given.get("value")
        if type(value) not in {int, float}:
            raise ShapeError("a number is expected", code="wrong_type", field="value")
        texts = {name: given.get(name) or "" for name in TEXTS}
        basis = given.get("basis") or (Basis.COMPETITOR if texts["competitor"] else Basis.OWN)
        wanted = Wanted(value=repr(value), from_date=given.get("from") or "", basis=basis, **texts)
        return Response(shape(targets.put(uuid.uuid4(), wanted, organisation=self.organisation, now=self.now, actor=self.actor)), status=201)


class TargetWithdraw(Endpoint):
    """`POST /targets/{id}/withdraw` {reason}."""

    needs: ClassVar[dict[str, str]] = {"POST": "targets:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation("Metrics", "Withdraw a wrong target with a reason; again is a no-op", TARGET, body=REASON, example={"reason": "typing error"})
    }

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Takes it out; it stays listed."""
        reason = self.document().get("reason") or ""
        if not isinstance(reason, str) or "\x00" in reason:
            raise ShapeError("a text is expected", code="wrong_type", field="reason")
        row = targets.withdraw(key, reason, organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(shape(row)) if row is not None else not_found()


def shape(row: Target) -> dict[str, Any]:
    """A target as the contract shows it."""
    return {
        "id": str(row.id), "metric": row.metric, "unit": row.unit.code if row.unit else None, "dimension": row.dimension or None,
        "code": row.code or None, "competitor": row.competitor or None, "from": row.from_date.isoformat(), "value": float(row.value),
        "basis": row.basis, "source": row.source, "note": row.note, "set_at": instant(row.set_at), "set_by": row.set_by,
        "withdrawn_at": instant(row.withdrawn_at), "reason": row.reason or None,
    }  # fmt: skip
