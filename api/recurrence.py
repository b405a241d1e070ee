"""`/recurrence`: causes, and how often what was to prevent them did not."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import INSTANT, NUMBER, WHOLE, Operation, listed, maybe, obj, text
from api.door import Endpoint
from api.shapes import instant
from complaints import recurrence
from complaints.recurrence import Count
from metrics import statistics

ROW = {
    "cause": text(),
    "label": text(),
    "n_complaints": WHOLE,
    "n": WHOLE,
    "n_again": WHOLE,
    "n_open": WHOLE,
    "value": maybe(NUMBER),
    "low": maybe(NUMBER),
    "high": maybe(NUMBER),
}


class RecurrenceOne(Endpoint):
    """`GET /recurrence`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Complaints",
            "How often a cause came back",
            obj({"as_of": INSTANT, "results": listed(obj(ROW))}),
            description="By cause: of the preventive actions done whose ninety days are over (`n`), those after which a complaint with the "
            "same cause came from the same unit or touchpoint (`n_again`). `value` is a share with its Wilson interval; `n_open` are "
            "still within their ninety days.",
        )
    }

    def get(self, request: Request) -> Response:
        """Every cause that was reflected on, those with most complaints first."""
        rows = [shown(one) for one in recurrence.counts(organisation=self.organisation, now=self.now)]
        return Response({"as_of": instant(self.now), "results": rows})


def shown(one: Count) -> dict[str, Any]:
    """One cause's row."""
    found = statistics.wilson(one.n_again, one.n) if one.n else None
    return {
        "cause": one.code, "label": one.label, "n_complaints": one.n_signed, "n": one.n, "n_again": one.n_again, "n_open": one.n_open,
        "value": found.value if found else None, "low": found.low if found else None, "high": found.high if found else None,
    }  # fmt: skip
