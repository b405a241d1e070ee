"""`/drivers`: which attributes or topics go with an outcome. The page shows the same rows."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.contract import DATE, INSTANT, NUMBER, Operation, Parameter, choice, listed, maybe, obj, text
from api.door import Endpoint
from api.metrics import period_of, where_of
from api.problems import Problem
from api.shapes import instant
from metrics.definitions.table import BY_CODE
from metrics.statistics import associations
from reports import drivers
from reports.drivers import Asked

CHOICES = {"outcome": drivers.OUTCOMES, "source": drivers.SOURCES, "method": associations.METHODS, "cross": drivers.CROSSES}
TOLD = {
    "outcome": "what is explained", "source": "attribute scores of the same answer, or the topics it speaks of (−1, 0, +1)",
    "method": "relative weights (Johnson), Shapley (at most 12), Pearson, Spearman", "cross": "where the cross of the quadrants lies",
}  # fmt: skip
AT = ("importance", "performance")
ROW = obj({"driver": text(), "n": {"type": "integer"}, "weight": NUMBER, "low": NUMBER, "high": NUMBER}, additionalProperties=True)


class DriverList(Endpoint):
    """`GET /drivers`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            "Metrics",
            "Key drivers of an outcome, with importance and performance",
            obj(
                {"as_of": INSTANT, "outcome": text(), "definition": text(), "n": {"type": ["integer", "null"]}, "n_wanted": {"type": "integer"},
                 "r_squared": maybe(NUMBER), "problem": text(), "is_mended": {"type": "boolean"}, "left_out": {"type": "object"},
                 "cross": maybe(obj({"importance": NUMBER, "performance": NUMBER})), "results": listed(ROW)},
            ),
            description="weight: part of R², or the correlation; low, high: its 95 % bootstrap interval; share: of R² in %; vif: null where the "
            "others tell it exactly; performance: mean on 0..100. Rules: 50 answers and 10 a driver, else problem is `few`; flat: the outcome "
            "never varies; none: nothing to set against it; many: Shapley takes 12; hidden: too few to be shown. left_out: driver → few or "
            "constant. is_mended: the pairwise correlations contradicted each other, the nearest that do not were taken. Associated, not causal.",
            query=(
                *(Parameter(name, TOLD[name], choice(*offered, default=offered[0])) for name, offered in CHOICES.items()),
                *(Parameter(name, f"target of {name}, with `cross=target`", {"type": "number", "minimum": 0, "maximum": 100}) for name in AT),
                Parameter("from", "first day", DATE),
                Parameter("to", "the day after the last", DATE),
                *(Parameter(name, f"only this {name}", text()) for name in ("unit", "staff", "channel", "touchpoint", "tier")),
            ),
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """The drivers of the last 28 days unless asked otherwise."""
        asked = _asked(request)
        definition = BY_CODE[asked.outcome]
        found = drivers.drivers(
            organisation=self.organisation, period=period_of(request, organisation=self.organisation, now=self.now),
            where=where_of(request, definition, organisation=self.organisation), now=self.now, asked=asked,
        )  # fmt: skip
        cross = None if found.cross is None else dict(zip(AT, found.cross, strict=True))
        body: dict[str, Any] = {
            "as_of": instant(self.now), "outcome": asked.outcome, "definition": definition.name, "n": found.n, "n_wanted": found.found.n_wanted,
            "r_squared": found.found.r_squared, "problem": found.problem, "is_mended": found.found.is_mended,
            "left_out": found.found.left_out, "cross": cross, "results": [drivers.shown_row(row) for row in found.rows],
        }  # fmt: skip
        return Response(body)


def _asked(request: Request) -> Asked:
    chosen = {}
    for name, offered in CHOICES.items():
        chosen[name] = request.query_params.get(name, "") or offered[0]
        if chosen[name] not in offered:
            raise _refuse(name, f"unknown_{name}", f"{name} is one of {', '.join(offered)}")
    at = None
    if chosen["cross"] == "target":
        at = (_target(request, AT[0]), _target(request, AT[1]))
    return Asked(**chosen, at=at)


def _target(request: Request, name: str) -> float:
    try:
        value = float(request.query_params.get(name, ""))
    except ValueError as error:
        raise _refuse(name, "bad_target", f"{name} is a number from 0 to 100") from error
    if not 0 <= value <= 100:
        raise _refuse(name, "bad_target", f"{name} is a number from 0 to 100")
    return value


def _refuse(field: str, code: str, detail: str) -> Problem:
    return Problem(422, code, detail, [{"field": field, "code": code, "detail": detail}])
