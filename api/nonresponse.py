"""`/metrics/response_rate/nonresponse`: who was asked and who answered, group by group, and whether they differ."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import DATE, INSTANT, NUMBER, WHOLE, YES, Operation, Parameter, choice, listed, maybe, obj, text
from api.door import Endpoint
from api.metrics import period_of, where_of
from api.shapes import instant
from metrics.definitions.table import BY_CODE
from metrics.nonresponse import CODE, DIMENSIONS, Cut, Group, nonresponse

GROUP = obj({
    "code": maybe(text()), "is_own": YES, "n": maybe(WHOLE), "answered": maybe(WHOLE), "not_answered": maybe(WHOLE), "value": maybe(NUMBER),
    "low": maybe(NUMBER), "high": maybe(NUMBER), "asked_share": maybe(NUMBER), "answered_share": maybe(NUMBER), "suppressed": YES,
})  # fmt: skip
CUT = obj({
    "dimension": choice(*DIMENSIONS), "verdict": choice("differs", "unseen", "unknown"), "chi_square": maybe(NUMBER), "freedom": WHOLE, "p": maybe(NUMBER),
    "n_groups": WHOLE, "groups": listed(GROUP),
})  # fmt: skip


class NonResponseOne(Endpoint):
    """`GET /metrics/response_rate/nonresponse`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Who answers surveys and who does not, by tier, unit, touchpoint and channel",
            obj({"metric": text(), "definition": text(), "as_of": INSTANT, "from": DATE, "to": DATE, "whole": GROUP, "cuts": listed(CUT)}),
            description="Counts of `response_rate`: mails that arrived and whose seven days are over. Units are those right below the one looked at, with "
            "their subtrees; `is_own`: a unit's own rows alone. Per dimension chi-square of answered × group among shown groups with five expected in every "
            "cell (`n_groups`), two groups by Fisher where fewer; p after Holm over the dimensions. verdict unseen: the data do not show a difference; "
            "unknown: fewer than two groups to compare. Shares in percent of all asked and of all who answered.",
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                *(Parameter(name, f"only this {name}", text()) for name in ("unit", "channel", "touchpoint", "tier")),
            ),
        )
    }

    def get(self, request: Request) -> Response:
        """The last 28 days unless asked otherwise."""
        definition = BY_CODE[CODE]
        found = nonresponse(
            organisation=self.organisation, period=period_of(request, organisation=self.organisation, now=self.now), now=self.now,
            where=where_of(request, definition, organisation=self.organisation), raw=self.may("metrics:raw"),
        )  # fmt: skip
        whole = Group(None, found.whole, None, None)
        return Response({
            "metric": CODE, "definition": definition.name, "as_of": instant(self.now), "from": found.period.from_date.isoformat(),
            "to": found.period.to_date.isoformat(), "whole": _group(whole), "cuts": [_cut(cut) for cut in found.cuts],
        })  # fmt: skip


def _cut(cut: Cut) -> dict[str, Any]:
    test = cut.test
    return {
        "dimension": cut.dimension, "verdict": cut.verdict, "chi_square": test.chi_square, "freedom": test.freedom, "p": cut.p,
        "n_groups": len(test.used), "groups": [_group(group) for group in cut.groups],
    }  # fmt: skip


def _group(group: Group) -> dict[str, Any]:
    point, answered = group.point, group.n_answered
    return {
        "code": group.code, "is_own": group.is_own, "n": point.n, "answered": answered,
        "not_answered": None if answered is None or point.n is None else point.n - answered, "value": point.value, "low": point.low, "high": point.high,
        "asked_share": group.asked_share, "answered_share": group.answered_share, "suppressed": point.suppressed,
    }  # fmt: skip
