"""`/metrics/{code}/weighted`: a metric beside its weighted self, cell by cell, with the shares it was weighted to."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import ANY, DATE, INSTANT, NUMBER, WHOLE, YES, Operation, Parameter, choice, listed, maybe, obj, text
from api.door import Endpoint
from api.metrics import period_of, where_of
from api.problems import Problem, not_found
from api.shapes import instant
from metrics import weighting
from metrics.definitions.table import BY_CODE
from metrics.weighting import Weighted

FIGURE = obj({"value": maybe(NUMBER), "low": maybe(NUMBER), "high": maybe(NUMBER), "n": maybe(WHOLE)})
CELL = obj({"dimension": text(), "code": text(), "share_wanted": NUMBER, "n": WHOLE, "share_before": NUMBER, "share_after": NUMBER})
ANSWER = obj({
    "metric": text(), "definition": text(), "unit": text(), "as_of": INSTANT, "from": DATE, "to": DATE,
    "state": choice("shown", "few", "hidden", "empty", "narrowed", "off"), "by": listed(text()), "plain": FIGURE, "weighted": maybe(FIGURE),
    "effective_n": maybe(NUMBER), "cap": NUMBER, "n_capped": maybe(WHOLE), "n_rounds": maybe(WHOLE), "is_converged": maybe(YES), "n_outside": maybe(WHOLE),
    "cells": listed(CELL), "missing": listed(obj({"dimension": text(), "code": text(), "share_wanted": NUMBER})),
    "margins": maybe(obj({"version": WHOLE, "shares": ANY, "source": text(), "saved_at": INSTANT, "saved_by": text()})),
})  # fmt: skip


class WeightedOne(Endpoint):
    """`GET /metrics/{code}/weighted`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "A metric weighted to the organisation's shares of tiers and channels",
            ANSWER,
            description="NPS and CSAT; other metrics are 404. Raking (one dimension: post-stratification), weights held within 1/cap and cap; the "
            "interval is from `effective_n`. `state` few: effective_n below 30; hidden: a cell with 1 ≤ n < 5 takes part and the key does not hold "
            "`metrics:raw`; narrowed: filtered, and the shares are the whole organisation's; off: no shares saved. `n_outside` are answers whose "
            "value has no share, left out; `missing` are shares nobody answered for, the others filled up in proportion. Percents are of the answers used.",
            query=(
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                Parameter("by", "tier or channel; both where both have shares, unless given", text()),
                *(Parameter(name, f"only this {name}: narrowed", text()) for name in ("unit", "staff", "channel", "touchpoint", "tier", "topic")),
            ),
        )
    }

    def get(self, request: Request, code: str) -> Response:
        """Both figures of a period; the last 28 days unless asked otherwise."""
        if code not in weighting.METRICS:
            return not_found()
        by = tuple(name for name in request.query_params.get("by", "").split(",") if name)
        if unknown := set(by) - set(weighting.DIMENSIONS):
            detail = f"by is one of {', '.join(weighting.DIMENSIONS)}, not {min(unknown)[:40]!r}"
            raise Problem(422, "unknown_dimension", detail, [{"field": "by", "code": "unknown_dimension", "detail": detail}])
        definition = BY_CODE[code]
        found = weighting.weighted(
            code, period_of(request, organisation=self.organisation, now=self.now), organisation=self.organisation, now=self.now,
            where=where_of(request, definition, organisation=self.organisation), by=by, raw=self.may("metrics:raw"),
        )  # fmt: skip
        said = {"metric": code, "definition": definition.name, "unit": definition.unit, "as_of": instant(self.now)}
        return Response(said | shape(found))


def shape(found: Weighted) -> dict[str, Any]:
    """Both figures as the contract shows them."""
    point, made, margins = found.plain, found.estimate, found.margins
    return {
        "from": point.from_date.isoformat(), "to": point.to_date.isoformat(), "state": found.state, "by": list(found.by),
        "plain": {"value": point.value, "low": point.low, "high": point.high, "n": point.n},
        "weighted": {"value": made.value, "low": made.low, "high": made.high, "n": made.n} if made else None,
        "effective_n": found.effective_n, "cap": found.cap, "n_capped": found.n_capped, "n_rounds": found.n_rounds,
        "is_converged": found.is_converged, "n_outside": found.n_outside,
        "cells": [
            {"dimension": one.dimension, "code": one.code, "share_wanted": one.wanted, "n": one.n, "share_before": one.before, "share_after": one.after}
            for one in found.cells
        ],
        "missing": [{"dimension": name, "code": code, "share_wanted": share} for name, code, share in found.missing],
        "margins": {
            "version": margins.version, "shares": margins.shares, "source": margins.source, "saved_at": instant(margins.saved_at),
            "saved_by": margins.saved_by,
        } if margins else None,
    }  # fmt: skip
