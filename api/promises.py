"""`/policies`, `/calendars`, `/promises/preview`."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import INSTANT, NUMBER, WHOLE, Operation, choice, listed, maybe, obj, page, ref, text
from api.door import Endpoint
from api.problems import not_found
from api.shapes import instant
from complaints import ladder, preview, sla_policies
from complaints.models import PolicyVersion
from tenancy import calendars
from tenancy.calendars import CalendarUnknown
from tenancy.models import CalendarVersion

TAG = "Promises"
PREVIEW = obj(
    {
        "due_at": maybe(INSTANT),
        "levels": listed(obj({"share": NUMBER, "after_seconds": NUMBER, "fire_at": maybe(INSTANT)}, required=("fire_at",))),
        "verdict": choice("running", "met", "breached"),
        "breached_at": maybe(INSTANT),
        "elapsed_seconds": WHOLE,
        "late_seconds": NUMBER,
        "late_working_seconds": NUMBER,
    },
    required=("due_at", "levels", "verdict"),
)


def _policy(row: PolicyVersion) -> dict[str, Any]:
    return {
        "code": row.code,
        "version": row.version,
        "name": row.name,
        "match": row.match,
        "clauses": row.clauses,
        "ladder": {level: list(row.ladder.get(level, said)) for level, said in ladder.SHIPPED.items()},
        "created_at": instant(row.created_at),
    }


def _calendar(row: CalendarVersion) -> dict[str, Any]:
    return {"code": row.code, "version": row.version, "valid_from": instant(row.valid_from), **row.spec}


class PolicyList(Endpoint):
    """`GET /policies`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "List promise policies in the order they are matched", page(ref("Policy")))
    }

    def get(self, request: Request) -> Response:
        """The policies in matching order; the shipped default is there from the first day."""
        sla_policies.add_presets(organisation=self.organisation, now=self.now, actor="system")
        rows = sla_policies.in_force(organisation=self.organisation)
        return Response({"results": [_policy(row) for row in rows], "next": None})


class PolicyOne(Endpoint):
    """`PUT /policies/{code}`, `GET /policies/{code}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read", "PUT": "policies:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read a policy", ref("Policy")),
        "PUT": Operation(
            TAG,
            "Write a policy",
            ref("Policy"),
            also={201: "its first version"},
            description="Other content makes a new version; running promises keep the one they started under.",
            body=ref("PolicyIn"),
            example={
                "name": "VIP",
                "match": {"tier": "gold"},
                "clauses": [{"code": "solution", "kind": "solution", "target_seconds": 3600, "calendar": "office"}],
            },
        ),
    }

    def put(self, request: Request, code: str) -> Response:
        """Writes a version; the same content again changes nothing."""
        row = sla_policies.put(
            code, self.document(), organisation=self.organisation, now=self.now, actor=self.actor
        )
        return Response(_policy(row), status=201 if row.created_at == self.now and row.version == 1 else 200)

    def get(self, request: Request, code: str) -> Response:
        """The version in force."""
        rows = sla_policies.in_force(organisation=self.organisation)
        row = next((found for found in rows if found.code == code), None)
        return Response(_policy(row)) if row else not_found()


class CalendarOne(Endpoint):
    """`PUT /calendars/{code}`, `GET /calendars/{code}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read", "PUT": "calendars:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read a calendar", ref("Calendar")),
        "PUT": Operation(
            TAG,
            "Write a calendar",
            ref("Calendar"),
            also={201: "its first version"},
            description="Valid from now on, for running promises too: what is past stays as it was. An interval whose close is not after its open runs past midnight.",
            body=ref("CalendarIn"),
            example={"timezone": "Asia/Shanghai", "weekly": {"mon": [["09:00", "18:00"]]}, "holidays": ["2027-01-01"]},
        ),
    }

    def put(self, request: Request, code: str) -> Response:
        """Writes a version, valid from now on; running promises keep their past and count the new hours from now."""
        row = calendars.put(code, self.document(), organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(_calendar(row), status=201 if row.valid_from == self.now and row.version == 1 else 200)

    def get(self, request: Request, code: str) -> Response:
        """The version in force."""
        try:
            return Response(_calendar(calendars.current(code, organisation=self.organisation)))
        except CalendarUnknown:
            return not_found()


class PromisePreview(Endpoint):
    """`POST /promises/preview`: pure, nothing is stored."""

    needs: ClassVar[dict[str, str]] = {"POST": "complaints:read"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG,
            "Work a promise out",
            PREVIEW,
            description="Nothing is stored.",
            body=obj(
                {
                    "calendar": {"anyOf": [text(), ref("CalendarIn")]},
                    "started_at": INSTANT,
                    "target_seconds": WHOLE,
                    "warn_shares": listed(NUMBER),
                    "after_seconds": listed(WHOLE),
                    "pauses": listed(listed(maybe(INSTANT), minItems=2, maxItems=2)),
                    "stopped_at": maybe(INSTANT),
                    "changes": listed(obj({"at": INSTANT, "target_seconds": WHOLE})),
                },
                required=("calendar", "started_at", "target_seconds"),
            ),
            example={"calendar": "office", "started_at": "2026-11-20T17:00:00+08:00", "target_seconds": 7200},
        )
    }

    def post(self, request: Request) -> Response:
        """Works a promise out."""
        found = preview.answer(self.document(), organisation=self.organisation, now=self.now)
        found["due_at"], found["breached_at"] = instant(found["due_at"]), instant(found["breached_at"])
        found["levels"] = [{**level, "fire_at": instant(level["fire_at"])} for level in found["levels"]]
        return Response(found)
