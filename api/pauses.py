"""`/pauses`: who held the clocks of complaints, why and for how long."""

from datetime import timedelta
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import periods
from api.contract import DATE, INSTANT, NUMBER, WHOLE, YES, Operation, Parameter, listed, maybe, obj, text
from api.door import Endpoint
from api.problems import Problem
from api.shapes import instant
from complaints import figures
from complaints.figures import Asked, PauseRow
from tenancy import queries, trees

DEFAULT_DAYS = 28
ROW = {
    "actor": text(), "name": text(), "reason": text(), "pauses": maybe(WHOLE), "complaints": maybe(WHOLE), "seconds": maybe(NUMBER),
    "near_cap": maybe(WHOLE), "suppressed": YES,
}  # fmt: skip


class PauseList(Endpoint):
    """`GET /pauses`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Complaints",
            "Paused hours by person and reason",
            obj({"from": DATE, "to": DATE, "as_of": INSTANT, "results": listed(obj(ROW))}),
            description="Holds of the complaints received in the period. `near_cap` counts complaints that used four of the five days a "
            "cycle may be held. A person with fewer than five complaints for a reason is named without numbers.",
            query=(
                Parameter("from", "first day received", DATE),
                Parameter("to", "the day after the last", DATE),
                Parameter("unit", "where it happened; covers the subtree", text()),
            ),
        )
    }

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        today = queries.local_today(self.now, queries.organisation(self.organisation).timezone)
        to_date = periods.day(request, "to") or today + timedelta(days=1)
        from_date = periods.day(request, "from") or to_date - timedelta(days=DEFAULT_DAYS)
        if not timedelta(0) < to_date - from_date <= timedelta(days=periods.MOST_DAYS):
            raise Problem(422, "bad_period", "from must lie before to, at most 800 days", [{"field": "from", "code": "bad_period"}])
        unit = request.query_params.get("unit", "").replace("\x00", "")[:64]
        if unit and trees.by_code(unit, organisation=self.organisation) is None:
            raise Problem(422, "unknown_unit", "no such unit", [{"field": "unit", "code": "unknown_unit"}])
        rows = figures.pauses(Asked(from_date, to_date, unit), organisation=self.organisation, now=self.now)
        body = {"from": from_date.isoformat(), "to": to_date.isoformat(), "as_of": instant(self.now), "results": [shown(row) for row in rows]}
        return Response(body)


def shown(row: PauseRow) -> dict[str, Any]:
    """One person's row for one reason."""
    return {
        "actor": row.actor, "name": row.name, "reason": row.reason, "pauses": row.n_pauses, "complaints": row.n_tickets,
        "seconds": row.seconds, "near_cap": row.n_near_cap, "suppressed": row.suppressed,
    }  # fmt: skip
