"""`/holding`: where the hours of complaints went, by the unit that held them."""

from datetime import timedelta
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import periods
from api.contract import DATE, INSTANT, NUMBER, WHOLE, Operation, Parameter, listed, maybe, obj, text
from api.door import Endpoint
from api.problems import Problem
from api.shapes import instant
from complaints import holding_figures
from complaints.holding_figures import Asked, Figure
from tenancy import queries, trees

DEFAULT_DAYS = 28
ROW = {
    "unit": text(),
    "name": text(),
    "n": WHOLE,
    "n_open": WHOLE,
    "median_seconds": NUMBER,
    "median_low": maybe(NUMBER),
    "median_high": maybe(NUMBER),
    "p90_seconds": NUMBER,
    "seconds": NUMBER,
    "share": NUMBER,
}


class HoldingOne(Endpoint):
    """`GET /holding`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Complaints",
            "How long each unit held the complaints of a period",
            obj({"from": DATE, "to": DATE, "as_of": INSTANT, "results": listed(obj(ROW))}),
            description="Complaints received in the period, each counted once per unit that held it; what is still held counts up to "
            "`as_of`. Until a hand-over is accepted the giver holds. `share` is of all hours. The median carries the 95 % interval "
            "of its order statistics from six complaints on.",
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
        found = holding_figures.by_unit(Asked(from_date, to_date, unit), organisation=self.organisation, now=self.now)
        rows = [shown(one) for one in found]
        return Response({"from": from_date.isoformat(), "to": to_date.isoformat(), "as_of": instant(self.now), "results": rows})


def shown(one: Figure) -> dict[str, Any]:
    """One unit's row."""
    return {
        "unit": one.code, "name": one.name, "n": one.n, "n_open": one.n_open, "median_seconds": one.median_seconds,
        "median_low": one.median_low, "median_high": one.median_high, "p90_seconds": one.p90_seconds, "seconds": one.seconds,
        "share": one.share,
    }  # fmt: skip
