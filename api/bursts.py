"""`/feedback/bursts`: topics far above their own weeks before. The page shows the same rows."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts import bursts
from alerts.bursts import Figures
from api.contract import INSTANT, Operation, obj, text
from api.door import Endpoint
from api.shapes import instant

ROW = obj({"topic": text(), "n": {"type": "integer"}}, additionalProperties=True)


class BurstList(Endpoint):
    """`GET /feedback/bursts`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Topics far above their own weeks before, and every topic's figures",
            obj(
                {"as_of": INSTANT, "day": text(), "threshold": {"type": "number"}, "weeks": {"type": ["integer", "null"]},
                 "results": {"type": "array", "items": ROW}, "topics": {"type": "array", "items": ROW}},
            ),
            description="n: counted voices of the local day so far; expected: mean of the same weekday up to the same hour in the last eight "
            "weeks, with the 95 % interval of such a day; p: of n or more. results: the bursts that stand, since when; topics: all that are "
            "looked at, the most surprising first. weeks is null before there are three weeks of history, and then there are no figures.",
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """As of now."""
        seen, found = bursts.standing(organisation=self.organisation, now=self.now)
        results = [
            {"topic": one.row.code, "since": instant(one.row.began_at), **(_figures(one.figures) if one.figures else {"n": 0})} for one in found
        ]
        return Response(
            {
                "as_of": instant(self.now), "day": seen.day.isoformat(), "threshold": seen.threshold, "weeks": seen.weeks,
                "results": results, "topics": [{"topic": row.code, **_figures(row)} for row in seen.figures],
            }
        )  # fmt: skip


def _figures(row: Figures) -> dict[str, Any]:
    return {
        "n": row.n, "expected": {"value": row.expected, "low": row.low, "high": row.high}, "ratio": row.ratio, "p": row.p, "dispersion": row.dispersion,
    }  # fmt: skip
