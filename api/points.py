"""`/feedback/points`: needs, product points and service points of the voices, and what is decided of them. The page shows the same rows."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import CURSOR, DATE, ID, INSTANT, LIMIT, WHOLE, Operation, Parameter, choice, listed, maybe, obj, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.feedback import date_param
from api.problems import Problem, not_found
from api.shapes import instant
from feedback import masking, point_list, points, queries, topics
from feedback.enums import PointState, PointType
from feedback.point_list import NOBODY, Filters, Row
from feedback.shapes import ShapeError
from tenancy import queries as tenancy

TYPES, STATES = tuple(PointType.values), tuple(PointState.values)
POINT = obj(
    {"feedback": ID, "topic": maybe(text()), "type": choice(*TYPES), "owner": maybe(obj({"id": ID, "name": text()})), "state": choice(*STATES),
     "note": text(), "decided_by": maybe(text()), "decided_at": maybe(INSTANT), "version": WHOLE, "occurred_at": INSTANT, "day": DATE, "unit": maybe(text()),
     "text": text()},
)  # fmt: skip
MARK = obj(
    {"feedback": ID, "topic": maybe(text()), "state": choice(*STATES), "note": text(), "version": WHOLE, "decided_by": maybe(text()), "decided_at": maybe(INSTANT)},
)  # fmt: skip
FILTERS = (
    Parameter("type", "need, product or service", choice(*TYPES)),
    Parameter("topic", "code of a topic", text()),
    Parameter("owner", "key of a member whose list it is; nobody", text()),
    Parameter("state", "open, taken or set_aside", choice(*STATES)),
    Parameter("unit", "code of a unit; covers its subtree", text()),
    Parameter("from", "from this day on, in the organisation's zone; thirty days back by default", DATE),
    Parameter("to", "before this day; tomorrow by default", DATE),
    CURSOR,
    LIMIT,
)


class PointList(Endpoint):
    """`GET /feedback/points`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Needs, product points and service points of the voices, newest first",
            obj({"from": DATE, "to": DATE, "counts": obj(dict.fromkeys(TYPES, WHOLE)), "results": listed(POINT), "next": {"type": ["string", "null"]}}),
            query=FILTERS,
            description="Derived from the current analysis: a need where the kind is suggestion (topic null), else one for each topic a voice "
            "mentions with a sentiment below 0, product or service as the organisation's settings say. Excluded and deleted voices have none. "
            "counts: points of each type that pass the filters but `type`. Personal data in texts is written over with *.",
        )
    }

    def get(self, request: Request) -> Response:
        """A page of them."""
        filters, limit = self._filters(request), limit_of(request)
        before = read_cursor(request, lambda at: (datetime.fromisoformat(at[0]), uuid.UUID(at[1]), str(at[2])))
        found = point_list.rows(filters, organisation=self.organisation, most=limit + 1, before=before)
        shown = found[:limit]
        at, key, topic = shown[-1].place if len(found) > limit else (None, None, None)
        return Response(
            {
                "from": filters.from_date.isoformat(), "to": filters.to_date.isoformat(),
                "counts": point_list.counts(filters, organisation=self.organisation), "results": self._shapes(shown),
                "next": cursor_of(at.isoformat(), key, topic) if at else None,
            }
        )  # fmt: skip

    def _filters(self, request: Request) -> Filters:
        given = {name: request.query_params.get(name, "") for name in ("type", "topic", "owner", "state", "unit")}
        wrong = next((name for name, offered in (("type", TYPES), ("state", STATES), ("topic", tuple(topics.LABELS))) if given[name] and given[name] not in offered), "")
        owner = _owner(given["owner"])
        if wrong or owner is None:
            name = wrong or "owner"
            raise Problem(422, f"unknown_{name}", f"no such {name}", [{"field": name, "code": f"unknown_{name}"}])
        zone = tenancy.organisation(self.organisation).timezone
        from_date, to_date = point_list.window(date_param(request, "from"), date_param(request, "to"), tenancy.local_today(self.now, zone))
        return Filters(
            from_date, to_date, type=given["type"], topic=given["topic"], owner=owner, state=given["state"], unit=given["unit"],
        )  # fmt: skip

    def _shapes(self, rows: list[Row]) -> list[dict[str, Any]]:
        ids = list({row.feedback_id for row in rows})
        heard = {row.id: row for row in queries.in_order(ids, organisation=self.organisation)}
        made = queries.analyses(ids, organisation=self.organisation)
        found = []
        for row in rows:
            voice, read = heard[row.feedback_id], made.get(row.feedback_id)
            found.append({
                "feedback": str(row.feedback_id), "topic": row.topic or None, "type": row.type,
                "owner": {"id": str(row.owner_id), "name": row.owner} if row.owner_id else None, "state": row.state,
                "note": masking.covered(row.note, names=False), "decided_by": row.decided_by or None, "decided_at": instant(row.decided_at),
                "version": row.version, "occurred_at": instant(row.occurred_at), "day": row.local_day.isoformat(), "unit": voice.unit.code if voice.unit else None,
                "text": masking.covered(voice.text, read.pii if read else None),
            })  # fmt: skip
        return found


class PointDecision(Endpoint):
    """`POST /feedback/points/{id}/{code}` {state, note?, version?}."""

    needs: ClassVar[dict[str, str]] = {"POST": "feedback:write"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            "Feedback",
            "Take a point up, set it aside with a reason, or open it again",
            MARK,
            description="`code`: that of the topic, or need. The same again changes nothing. `version`: that of the point when you looked, 0 before anybody "
            "decided; stale is 412. A point that the voice has no more is 422. `note` is the reason and is asked for with set_aside.",
            body=obj({"state": choice(*STATES), "note": text(points.MOST), "version": maybe(WHOLE)}, required=("state",)),
            example={"state": "set_aside", "note": "out of season", "version": 0},
        )
    }

    def post(self, request: Request, key: uuid.UUID, code: str) -> Response:
        """Decides one point."""
        if (code != PointType.NEED and code not in topics.LABELS) or queries.voice(key, organisation=self.organisation) is None:
            return not_found()
        given = self.document()
        version = given.get("version")
        if version is not None and type(version) is not int:
            raise ShapeError("a whole number is expected", code="wrong_type", field="version")
        for name in ("state", "note"):
            if not isinstance(given.get(name, ""), str):
                raise ShapeError("a text is expected", code="wrong_type", field=name)
        row = points.decide(
            key, points.NEEDS if code == PointType.NEED else code, given.get("state", ""), given.get("note", ""), organisation=self.organisation, member=None,
            version=version, now=self.now, actor=self.actor,
        )  # fmt: skip
        said = {"state": row.state, "note": masking.covered(row.note, names=False), "version": row.version} if row else {"state": PointState.OPEN.value, "note": "", "version": 0}
        who = (row.decided_by.name if row.decided_by else row.decided_name) if row else None
        return Response({"feedback": str(key), "topic": None if code == PointType.NEED else code, **said, "decided_by": who, "decided_at": instant(row.decided_at) if row else None})


def _owner(value: str) -> str | None:
    """As it is compared; None for what names nobody."""
    if value in {"", NOBODY}:
        return value
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None
