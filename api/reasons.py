"""`/metrics/nps/reasons`: why promoters recommend and detractors do not. The page shows the same rows."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import DATE, INSTANT, Operation, Parameter, obj, text
from api.door import Endpoint
from api.metrics import NPS, period_of, where_of
from api.shapes import instant
from metrics.statistics import Estimate
from reports import reason_mix
from reports import reasons as why

MOST = 200
ROW = obj({"topic": text()}, additionalProperties=True)


class NpsReasons(Endpoint):
    """`GET /metrics/nps/reasons`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Why promoters recommend and detractors do not, by topic",
            obj({"as_of": INSTANT, "n": {"type": ["integer", "null"]}, "results": {"type": "array", "items": ROW}, "mix": {"type": "array", "items": ROW}}),
            description="Of the answers with analysed words (n): shares 0..1 of detractors and promoters who speak of a topic, lift "
            "= share of detractors ÷ share of all, impact = NPS − NPS without mentioners, each with its 95 % interval; is_real: the "
            "impact is not nought after Holm's correction. Topics below five answers are left out; n is null where it is 1 to 4. mix: the topic's share of surveys and of reviews, each of "
            "five voices on; a side below five mentions is null.",
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                *(Parameter(name, f"only this {name}", text()) for name in ("unit", "staff", "channel", "touchpoint", "tier")),
            ),
        )
    }

    def get(self, request: Request) -> Response:
        """The reasons of the last 28 days unless asked otherwise."""
        asked: dict[str, Any] = {
            "organisation": self.organisation,
            "period": period_of(request, organisation=self.organisation, now=self.now),
            "where": where_of(request, NPS, organisation=self.organisation),
        }
        found = why.reasons(**asked, now=self.now, limit=MOST)
        rows = [
            {
                "topic": row.topic, "n": row.n, "detractors": _estimate(row.detractors, row.n_detractors),
                "promoters": _estimate(row.promoters, row.n_promoters),
                "lift": {"value": row.lift, "low": row.lift_low, "high": row.lift_high},
                "impact": _estimate(row.impact, row.n), "is_real": row.is_real, "quote": row.quote.text if row.quote else None,
            }
            for row in found.rows
        ]  # fmt: skip
        mix = [
            {"topic": row.topic, "survey": _estimate(row.survey, row.n_survey), "review": _estimate(row.review, row.n_review), "is_real": row.is_real}
            for row in reason_mix.mix(**asked)
        ]
        return Response({"as_of": instant(self.now), "n": found.n, "results": rows, "mix": mix})


def _estimate(estimate: Estimate, n: int | None) -> dict[str, Any]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": n}
