"""`/notices/usefulness`: of each kind of notice, how many of its readers found it useful."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts import usefulness
from alerts.usefulness import Precision
from api.contract import INSTANT, NUMBER, WHOLE, YES, Operation, Parameter, listed, maybe, obj, text
from api.door import Endpoint
from api.problems import Problem
from api.shapes import instant

DEFAULT_DAYS = 30
MAX_DAYS = 3660
ROW = {
    "kind": text(), "told": WHOLE, "judged": WHOLE, "useful": maybe(WHOLE), "share": maybe(NUMBER), "low": maybe(NUMBER),
    "high": maybe(NUMBER), "suppressed": YES,
}  # fmt: skip


class Usefulness(Endpoint):
    """`GET /notices/usefulness`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "How useful each kind of notice is",
            obj({"days": WHOLE, "as_of": INSTANT, "results": listed(obj(ROW))}),
            description="A reader says of his own notice whether it was useful. `share` is useful over judged, 0 to 1, with its Wilson "
            "95 % interval; with fewer than five judged it is null. Warnings and breaches of the ladder are two kinds.",
            query=(Parameter("days", "of how many days up to now; 30 unless asked otherwise", WHOLE),),
        )
    }

    def get(self, request: Request) -> Response:
        """The last thirty days unless asked otherwise."""
        typed = request.query_params.get("days", str(DEFAULT_DAYS))
        if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and 1 <= int(typed) <= MAX_DAYS):
            detail = f"days is a whole number from 1 to {MAX_DAYS}"
            raise Problem(422, "out_of_range", detail, [{"field": "days", "code": "out_of_range", "detail": detail}])
        rows = usefulness.precision(int(typed), organisation=self.organisation, now=self.now)
        return Response({"days": int(typed), "as_of": instant(self.now), "results": [shown(row) for row in rows]})


def shown(row: Precision) -> dict[str, Any]:
    """One kind of notice."""
    return {
        "kind": row.kind, "told": row.n_told, "judged": row.n_judged, "useful": row.n_useful, "share": row.share, "low": row.low,
        "high": row.high, "suppressed": row.suppressed,
    }  # fmt: skip
