"""`/pauses`: who held the clocks of complaints, why and for how long."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import periods
from api.contract import DATE, INSTANT, NUMBER, WHOLE, YES, Operation, listed, maybe, obj, text
from api.door import Endpoint
from api.shapes import instant
from complaints import figures
from complaints.figures import PauseRow

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
            query=periods.ASKED,
        )
    }

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        asked = periods.asked(request, organisation=self.organisation, now=self.now)
        rows = figures.pauses(asked, organisation=self.organisation, now=self.now)
        body = {"from": asked.from_date.isoformat(), "to": asked.to_date.isoformat(), "as_of": instant(self.now), "results": [shown(row) for row in rows]}
        return Response(body)


def shown(row: PauseRow) -> dict[str, Any]:
    """One person's row for one reason."""
    return {
        "actor": row.actor, "name": row.name, "reason": row.reason, "pauses": row.n_pauses, "complaints": row.n_tickets,
        "seconds": row.seconds, "near_cap": row.n_near_cap, "suppressed": row.suppressed,
    }  # fmt: skip
