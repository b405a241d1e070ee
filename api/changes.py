"""`GET /changes`: everything public that happened, in order, without gaps; for systems that keep a copy."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import CURSOR, LIMIT, YES, Operation, Parameter, listed, obj, ref, text
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import Problem
from integrations import public_facts
from ledger import changes

LATEST = "latest"


class ChangeList(Endpoint):
    """`GET /changes?cursor=&kinds=`."""

    needs: ClassVar[dict[str, str]] = {"GET": "changes:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Changes",
            "Walk everything that happened",
            obj({"results": listed(ref("Change")), "next": text(description="always there: ask again with it"), "more": YES}),
            description="Events in the order of `sequence`, each exactly once, deletions included. Without `cursor` it begins "
            "at the first event; `cursor=latest` begins now. Keep `next` beside your copy and ask again with it: at once "
            "while `more` is true, later otherwise. An event whose transaction is still open holds later ones back, so "
            "nothing is ever passed over. A sequence has holes; they are no loss.",
            query=(CURSOR, Parameter("kinds", "only these, separated by commas", text(examples=["complaint.opened,complaint.moved"])), LIMIT),
        )
    }

    def get(self, request: Request) -> Response:
        """A page of changes."""
        kinds = _kinds(request.query_params.get("kinds", ""))
        limit = limit_of(request)
        if request.query_params.get("cursor") == LATEST:
            return Response({"results": [], "next": cursor_of(changes.horizon(self.organisation)), "more": False})
        after = read_cursor(request, lambda at: int(at[0]))
        if after is not None and not 0 <= after < 2**63:
            raise Problem(422, "bad_cursor", "not a cursor of ours", [{"field": "cursor", "code": "bad_cursor"}])
        facts, position = changes.walk(after or 0, kinds, organisation=self.organisation, limit=limit)
        documents = public_facts.documents(facts, organisation=self.organisation)
        results: list[dict[str, Any]] = [{"id": str(f.id), **document} for f, document in zip(facts, documents, strict=True)]
        return Response({"results": results, "next": cursor_of(position), "more": len(facts) == limit})


def _kinds(given: str) -> list[str]:
    asked = [kind.strip() for kind in given.split(",") if kind.strip()]
    for kind in asked:
        if kind not in public_facts.TABLE:
            detail = f"kinds are {', '.join(public_facts.KINDS)}"
            raise Problem(422, "unknown_kind", detail, [{"field": "kinds", "code": "unknown_kind"}])
    return asked or list(public_facts.KINDS)
