"""`/holding`: where the hours of complaints went, by the unit that held them."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api import periods
from api.contract import DATE, INSTANT, NUMBER, WHOLE, Operation, listed, maybe, obj, text
from api.door import Endpoint
from api.shapes import instant
from complaints import holding_figures
from complaints.holding_figures import Figure

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
            query=periods.ASKED,
        )
    }

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        asked = periods.asked(request, organisation=self.organisation, now=self.now)
        found = holding_figures.by_unit(asked, organisation=self.organisation, now=self.now)
        rows = [shown(one) for one in found]
        return Response({"from": asked.from_date.isoformat(), "to": asked.to_date.isoformat(), "as_of": instant(self.now), "results": rows})


def shown(one: Figure) -> dict[str, Any]:
    """One unit's row."""
    return {
        "unit": one.code, "name": one.name, "n": one.n, "n_open": one.n_open, "median_seconds": one.median_seconds,
        "median_low": one.median_low, "median_high": one.median_high, "p90_seconds": one.p90_seconds, "seconds": one.seconds,
        "share": one.share,
    }  # fmt: skip
