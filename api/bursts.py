"""`/feedback/bursts`: topics and terms far above their own weeks before. The page shows the same rows."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts import bursts
from alerts.bursts import Figures, Standing
from api.contract import INSTANT, Operation, obj, text
from api.door import Endpoint
from api.shapes import instant
from metrics import term_days

TERM = obj({"term": text(), "n": {"type": "integer"}}, additionalProperties=True)
ROW = obj({"topic": text(), "n": {"type": ["integer", "null"]}}, additionalProperties=True)


class BurstList(Endpoint):
    """`GET /feedback/bursts`."""

    needs: ClassVar[dict[str, str]] = {"GET": "feedback:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Feedback",
            "Topics and terms far above their own weeks before, and every topic's figures",
            obj(
                {"as_of": INSTANT, "day": text(), "threshold": {"type": "number"}, "weeks": {"type": ["integer", "null"]}, "is_reread": {"type": "boolean"},
                 "results": {"type": "array", "items": ROW}, "topics": {"type": "array", "items": ROW},
                 "terms": {"type": "array", "items": TERM}, "term_threshold": {"type": "number"},
                 "terms_capped": {"type": "boolean"}},
            ),
            description="n: counted voices of the local day so far; expected: mean of the same weekday up to the same hour in the last eight "
            "weeks, with the 95 % interval of such a day; p: of n or more. results: the bursts that stand, since when; topics: all that are "
            "looked at, the most surprising first; terms: the words of 2 to 6 characters that stand, n as `q` with the term in double quotes finds, "
            "expected on a day with as many other voices; terms_capped: new ones were looked for in the newest 20,000 voices of the day only. "
            "weeks is null before there are three weeks of history, and then there are no figures; so it is while is_reread: history is being "
            "read anew by another taxonomy or model, and topics are compared again when it has been (terms are all along). A model that history was "
            "not read with begins a history of its own on the day after it came into use.",
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """As of now."""
        seen, found = bursts.standing(organisation=self.organisation, now=self.now)
        seen_terms, found_terms = bursts.standing_terms(organisation=self.organisation, now=self.now)
        results = [{"topic": one.row.code, **_standing(one, is_known=bool(seen.weeks))} for one in found]
        terms = [{"term": term_days.term_of(one.row.code), **_standing(one)} for one in found_terms]
        return Response(
            {
                "as_of": instant(self.now), "day": seen.day.isoformat(), "threshold": seen.threshold, "weeks": seen.weeks, "is_reread": seen.is_reread,
                "results": results, "topics": [{"topic": row.code, **_figures(row)} for row in seen.figures],
                "terms": terms, "term_threshold": seen_terms.threshold, "terms_capped": seen_terms.is_capped,
            }
        )  # fmt: skip


def _standing(one: Standing, *, is_known: bool = True) -> dict[str, Any]:
    return {"since": instant(one.row.began_at), **(_figures(one.figures) if one.figures else {"n": 0 if is_known else None})}


def _figures(row: Figures) -> dict[str, Any]:
    return {
        "n": row.n, "expected": {"value": row.expected, "low": row.low, "high": row.high}, "ratio": row.ratio, "p": row.p, "dispersion": row.dispersion,
    }  # fmt: skip
