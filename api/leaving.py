"""`/leaving`: records of customers who left, and why customers leave in figures; `/complaints/{number}/axes`: where one complaint stands."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api import periods
from api.contract import (
    CURSOR,
    DATE,
    ID,
    INSTANT,
    LIMIT,
    NDJSON,
    NUMBER,
    WHOLE,
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
from api.feedback import MAX_ROWS, rows_of
from api.problems import Problem, not_found
from api.shapes import instant
from complaints import axes, leaving, leaving_list, queries
from complaints.axes import SET
from complaints.enums import AxesState, LeavingReason, LeavingSource, LeftWith, Unmet
from complaints.leaving import LeavingError, RawLeaving
from complaints.leaving_list import Wanted
from complaints.models import LeavingRecord
from cxms.lib import strict_json
from feedback import masking
from metrics.statistics import Estimate
from reports import leaving as figures
from reports.leaving import HOWS, Cell, Table

TAG = "Complaints"
UNMET, LEFT = choice(*Unmet.values), choice(*LeftWith.values)
ROW = {
    "external_id": text(120), "day": DATE, "customer": maybe(text(120)), "unit": maybe(text(64)), "reason": choice(*LeavingReason.values),
    "unmet": maybe(UNMET), "left_with": maybe(LEFT), "note": maybe(text(400)),
}  # fmt: skip
KEPT = ROW | {"id": ID, "external_id": maybe(text()), "reference": text(), "source": choice(*LeavingSource.values), "told_at": INSTANT}
SHARE = {"n": WHOLE, "value": maybe(NUMBER), "low": maybe(NUMBER), "high": maybe(NUMBER)}
CELL = obj({"unmet": maybe(UNMET), "left_with": maybe(LEFT), **SHARE})
TABLE = obj({"n": WHOLE, "n_coded": WHOLE, "n_suggested": WHOLE, "n_open": WHOLE, "cells": listed(CELL)})
PART = obj({"unit": text(), "name": text(), "n": WHOLE, "cells": listed(CELL)})
REASON = obj({"reason": choice(*LeavingReason.values), **SHARE, "folk": maybe(NUMBER), "folk_is": maybe(choice("below", "above", "within"))})
AXES = obj(
    {"state": choice(*AxesState.values), "unmet": maybe(UNMET), "left_with": maybe(LEFT), "why": listed(text()), "coded_at": maybe(INSTANT),
     "suggested": obj({"unmet": maybe(UNMET), "left_with": maybe(LEFT)})},
)  # fmt: skip


class LeavingList(Endpoint):
    """`POST /leaving`, `GET /leaving`."""

    needs: ClassVar[dict[str, str]] = {"POST": "complaints:write", "GET": "complaints:read"}
    takes: ClassVar[tuple[str, ...]] = ("application/json", NDJSON)
    limit_bytes: ClassVar[int] = settings.BULK_LIMIT_BYTES
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Tell who left and why, up to 10,000 records",
            ref("BulkResult"),
            200,
            description="Idempotent by `external_id`: told again, the record is replaced; one that was withdrawn stays so. `customer` is the "
            "CRM's id of a known customer, or any words by which one knows who. Both axes or neither. Good rows are kept when others are bad.",
            body=listed(obj(ROW, required=("external_id", "day", "reason")), maxItems=MAX_ROWS),
            lines=True,
            example=[{"external_id": "L-2041", "day": "2026-11-22", "customer": "K-1", "unit": "S001", "reason": "unsolved", "unmet": "expectation", "left_with": "wholly"}],
        ),
        "GET": Operation(
            TAG,
            "Records of customers who left, newest day first",
            page(obj(KEPT)),
            query=(
                Parameter("from", "from this day on", DATE), Parameter("to", "before this day", DATE),
                Parameter("unit", "code of a unit; covers its subtree", text()), Parameter("reason", "only this reason", choice(*LeavingReason.values)),
                Parameter("source", "person, api or file", choice(*LeavingSource.values)), CURSOR, LIMIT,
            ),
            description="Withdrawn records are left out. Personal data in texts is written over with *.",
        ),
    }  # fmt: skip

    def post(self, request: Request) -> Response:
        """Stores records, each one told again replaced."""
        items = rows_of(self.body, request.content_type or "") if "ndjson" in (request.content_type or "") else strict_json.loads(self.body)
        if not isinstance(items, list):
            raise Problem(422, "wrong_type", "an array is expected", [{"field": "", "code": "wrong_type"}])
        if len(items) > MAX_ROWS:
            raise Problem(413, "too_many", f"at most {MAX_ROWS} items")
        good: list[RawLeaving] = []
        said: list[tuple[str, str] | None] = []
        for item in items:
            try:
                good.append(_raw(item))
                said.append(None)
            except LeavingError as error:
                said.append((error.code, str(error.field)))
        stored = iter(leaving.put(good, organisation=self.organisation, now=self.now, actor=self.actor))
        results = [_result(row, wrong, "" if wrong else next(stored)) for row, wrong in enumerate(said)]
        n = {status: sum(one["status"] == status for one in results) for status in ("accepted", "duplicate", "rejected")}
        return Response({"accepted": n["accepted"], "duplicates": n["duplicate"], "rejected": n["rejected"], "results": results})

    def get(self, request: Request) -> Response:
        """A page of them."""
        limit = limit_of(request)
        given = {name: request.query_params.get(name, "") for name in ("reason", "source")}
        for name, offered in (("reason", LeavingReason.values), ("source", LeavingSource.values)):
            if given[name] and given[name] not in offered:
                raise Problem(422, f"unknown_{name}", f"no such {name}", [{"field": name, "code": f"unknown_{name}"}])
        wanted = Wanted(
            periods.day(request, "from"), periods.day(request, "to"), request.query_params.get("unit", "")[:64], reason=given["reason"], source=given["source"]
        )
        rows = leaving_list.records(wanted, organisation=self.organisation)
        after = read_cursor(request, lambda parts: (date.fromisoformat(parts[0]), uuid.UUID(parts[1])))
        if after is not None:
            rows = rows.extra(where=["(complaints_leavingrecord.local_day, complaints_leavingrecord.id) < (%s, %s)"], params=list(after))
        found = list(rows[: limit + 1])
        last = found[limit - 1] if len(found) > limit else None
        return Response({"results": [_shown(row) for row in found[:limit]], "next": cursor_of(last.local_day.isoformat(), last.id) if last else None})


def _raw(item: Any) -> RawLeaving:
    if not isinstance(item, dict):
        raise LeavingError("an object is expected", code="wrong_type", field="")
    words = {name: item.get(name) or "" for name in ROW}
    for name, value in words.items():
        if not isinstance(value, str) or "\x00" in value:
            raise LeavingError("a text is expected", code="wrong_type", field=name)
    if not words["external_id"].strip():
        raise LeavingError("is required", code="missing", field="external_id")
    return leaving.checked(words)


def _result(row: int, wrong: tuple[str, str] | None, stored: str) -> dict[str, Any]:
    refused = {"unknown_unit": ("unknown_unit", "unit"), "future": ("future", "day")}
    if error := wrong or refused.get(stored):
        return {"row": row, "status": "rejected", "error": {"code": error[0], "field": error[1]}}
    return {"row": row, "status": "accepted" if stored == "accepted" else "duplicate"}


def _shown(row: LeavingRecord) -> dict[str, Any]:
    return {
        "id": str(row.id), "external_id": row.external_id, "day": row.local_day.isoformat(), "customer": row.customer.external_id if row.customer else None,
        "reference": masking.covered(row.reference), "unit": row.unit.code if row.unit else None, "reason": row.reason, "unmet": row.unmet or None,
        "left_with": row.left_with or None, "note": masking.covered(row.note), "source": row.source, "told_at": instant(row.told_at),
    }  # fmt: skip


class LeavingSummary(Endpoint):
    """`GET /leaving/summary`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            TAG,
            "Why customers leave: both axes, and own reasons beside the folk table",
            obj({"from": DATE, "to": DATE, "how": choice(*HOWS), "as_of": INSTANT, "complaints": TABLE, "records": TABLE, "units": listed(PART), "n": WHOLE, "reasons": listed(REASON)}),
            query=(
                *periods.ASKED, Parameter("how", "set (coded and suggested, the default), coded or suggested", choice(*HOWS)),
                Parameter("source", "only records that came this way; complaints are not narrowed", choice(*LeavingSource.values)),
            ),
            description="Complaints by the day received without duplicates and those whose voice was excluded or deleted, leaving records by the "
            "day of leaving without withdrawn ones. Cells with an axis null are margins; units are those right below the one asked for. `value` is a share (0..1) of all that stand somewhere, with its Wilson interval; null below five. "
            "`folk` is what service trainings tell: no study behind it is known, and it enters no figure.",
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        asked = periods.asked(request, organisation=self.organisation, now=self.now)
        how, source = request.query_params.get("how", SET), request.query_params.get("source", "")
        for name, given, offered in (("how", how, HOWS), ("source", source, ("", *LeavingSource.values))):
            if given not in offered:
                raise Problem(422, f"unknown_{name}", f"no such {name}", [{"field": name, "code": f"unknown_{name}"}])
        found = figures.leaving(asked, how=how, source=source, organisation=self.organisation, now=self.now)
        reasons = [
            {"reason": row.code, "n": row.n, **_share(row.share), "folk": row.folk, "folk_is": row.folk_is or None} for row in found.reasons
        ]
        return Response({
            "from": asked.from_date.isoformat(), "to": asked.to_date.isoformat(), "how": how, "as_of": instant(self.now),
            "complaints": _table(found.complaints), "records": _table(found.records),
            "units": [{"unit": part.unit.code, "name": part.unit.name, "n": part.n, "cells": [_cell(cell) for cell in part.ends]} for part in found.units],
            "n": found.n, "reasons": reasons,
        })  # fmt: skip


def _share(share: Estimate | None) -> dict[str, float | None]:
    return {name: getattr(share, name) if share else None for name in ("value", "low", "high")}


def _table(table: Table) -> dict[str, Any]:
    cells = [_cell(cell) for cell in table.cells]
    return {"n": table.n, "n_coded": table.n_coded, "n_suggested": table.n_suggested, "n_open": table.n_open, "cells": cells}


def _cell(cell: Cell) -> dict[str, Any]:
    return {"unmet": cell.unmet or None, "left_with": cell.left_with or None, "n": cell.n, **_share(cell.share)}


class ComplaintAxes(Endpoint):
    """`GET /complaints/{number}/axes`, `PUT /complaints/{number}/axes`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read", "PUT": "complaints:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Where a complaint stands on the two axes, and what its facts suggest", AXES),
        "PUT": Operation(
            TAG,
            "Code a complaint on the two axes",
            AXES,
            description="The same again changes nothing. A duplicate is coded where it was merged to (422).",
            body=obj({"unmet": UNMET, "left_with": LEFT}),
            example={"unmet": "expectation", "left_with": "partly"},
        ),
    }

    def get(self, request: Request, number: str) -> Response:
        """Coded, suggested, or neither yet."""
        row = queries.by_number(number, organisation=self.organisation)
        return _standing(axes.standing(row)) if row else not_found()

    def put(self, request: Request, number: str) -> Response:
        """Says where it stands."""
        row = queries.by_number(number, organisation=self.organisation)
        if row is None:
            return not_found()
        place = {name: value if isinstance(value := self.document().get(name), str) else "" for name in ("unmet", "left_with")}
        name = self.key.name if self.key else ""
        axes.code(row, **place, organisation=self.organisation, version=None, now=self.now, actor=self.actor, actor_name=name)
        return _standing(axes.standing(row))


def _standing(found: axes.Standing) -> Response:
    said = found.suggestion
    return Response({
        "state": found.state, "unmet": found.unmet or None, "left_with": found.left_with or None, "why": [said.unmet_why, said.left_why],
        "coded_at": instant(found.code.coded_at) if found.code else None, "suggested": {"unmet": said.unmet or None, "left_with": said.left_with or None},
    })  # fmt: skip
