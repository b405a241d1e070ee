"""`/metric-rules` and `/metric-alerts`: what is watched, what it would have found, and what it found."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts import metric_alerts, metric_backtest, metric_check, metric_rules
from alerts.metric_backtest import Backtest, Line
from alerts.metric_check import CUTS, FILTERS, ROLES
from alerts.models import MetricAlert, MetricCell, MetricRule
from api.contract import (
    ANY,
    CURSOR,
    DATE,
    ID,
    INSTANT,
    LIMIT,
    NUMBER,
    WHOLE,
    YES,
    Operation,
    Parameter,
    choice,
    listed,
    maybe,
    obj,
    page,
    text,
)
from api.door import Endpoint, cursor_of, limit_of, read_cursor
from api.problems import Problem
from api.shapes import instant
from metrics import watching
from metrics.statistics.limits import RULES

TAG = "Metric alerts"
_GIVEN = {
    "name": text(80), "metric": text(), "grain": choice("day", "week", "month"), "unit": maybe(text()), "by": choice("", *CUTS),
    **{name: text(64) for name in FILTERS}, "kind": choice(*watching.KINDS), "side": choice("", *watching.SIDES), "limit": maybe(NUMBER),
    "bound": choice(*watching.BOUNDS), "rules": listed(choice(*RULES)), "level": NUMBER, "at_least": WHOLE, "n_periods": WHOLE,
    "min_n": WHOLE, "roles": listed(choice(*[str(role.value) for role in ROLES])), "budget": WHOLE, "is_on": YES,
}  # fmt: skip
RULE_IN = obj(_GIVEN, ("name", "metric", "kind"))
_BASELINE = maybe(obj({"from": DATE, "to": DATE, "note": text()}))
RULE = obj({"id": ID, **_GIVEN, "baseline": _BASELINE, "version": WHOLE, "next_at": maybe(INSTANT)}, ("id", "name", "metric", "kind", "version"))
ALERT = obj({"id": ID, "rule": ID, "metric": text(), "from": DATE, "to": DATE, "as_of": INSTANT}, additionalProperties=True)
EXAMPLE = {"name": "门店 NPS 真实下降", "metric": "nps", "kind": "change", "side": "below", "grain": "week", "by": "unit"}


def _rule(row: MetricRule) -> dict[str, Any]:
    condition = row.condition
    days = metric_rules.baseline_days(row)
    return {
        "id": str(row.id), "name": row.name, "metric": row.metric, "grain": row.grain,
        "unit": None if row.unit.parent_id is None else row.unit.code, "by": row.by,
        **{name: row.where.get(name, "") for name in FILTERS},
        **{name: condition[name] for name in ("kind", "side", "limit", "bound", "rules", "level", "at_least", "n_periods", "min_n")},
        "roles": list(row.roles), "budget": row.budget, "is_on": row.is_on,
        "baseline": {"from": days[0].isoformat(), "to": days[1].isoformat(), "note": row.baseline_note} if days else None,
        "version": row.version, "next_at": instant(row.next_at),
    }  # fmt: skip


class Rules(Endpoint):
    """What the resources of rules share."""

    def found(self, key: uuid.UUID) -> MetricRule:
        """The rule, or the 404 of what never existed."""
        row = metric_rules.one(key, organisation=self.organisation)
        if row is None:
            raise Problem(404, "not_found", "not found")
        return row

    def put_rule(self, key: uuid.UUID, version: int | None) -> tuple[MetricRule, bool]:
        """Writes the document under the key."""
        wanted = metric_check.check(self.document(), organisation=self.organisation)
        made = metric_rules.put(key, wanted, version=version, organisation=self.organisation, now=self.now, actor=self.actor)
        return made.rule, made.is_new


class RuleList(Rules):
    """`GET`, `POST /metric-rules`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read", "POST": "policies:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "List metric rules", page(RULE), description="At most 50 there are; one page."),
        "POST": Operation(
            TAG, "Create a metric rule", RULE, 201, body=RULE_IN, example=EXAMPLE, etag=True,
            description="Judged when a period is complete; a chart's baseline is frozen on the 26 periods before. Send an Idempotency-Key.",
        ),
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """Every rule, by name."""
        return Response({"results": [_rule(row) for row in metric_rules.rules(organisation=self.organisation)], "next": None})

    def post(self, request: Request) -> Response:
        """Creates one."""
        row, _ = self.put_rule(uuid.uuid4(), None)
        return Response(_rule(row), status=201, headers={"ETag": f'"{row.version}"'})


class RuleOne(Rules):
    """`GET`, `PUT`, `DELETE /metric-rules/{id}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read", "PUT": "policies:write", "DELETE": "policies:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read a metric rule", RULE, etag=True),
        "PUT": Operation(TAG, "Replace a metric rule", RULE, body=RULE_IN, example=EXAMPLE, etag=True, if_match=True),
        "DELETE": Operation(TAG, "Take a metric rule out of use", None, 204, description="Its alerts stay."),
    }

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """One rule."""
        row = self.found(key)
        return Response(_rule(row), headers={"ETag": f'"{row.version}"'})

    def put(self, request: Request, key: uuid.UUID) -> Response:
        """Replaces it; the same again changes nothing."""
        self.found(key)
        row, _ = self.put_rule(key, _version(request))
        return Response(_rule(row), headers={"ETag": f'"{row.version}"'})

    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """Takes it out of use."""
        self.found(key)
        metric_rules.remove(key, version=_version(request), organisation=self.organisation, now=self.now, actor=self.actor)
        return Response(status=204)


class RuleBacktest(Rules):
    """`POST /metric-rules/backtest`."""

    needs: ClassVar[dict[str, str]] = {"POST": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "POST": Operation(
            TAG, "Try a metric rule on the last 26 periods",
            obj({"n_fired": WHOLE, "n_told": WHOLE, "n_unknown": WHOLE, "n_cells": WHOLE, "as_of": INSTANT, "fired": listed(ANY)}),
            description="Nothing is stored. A change is corrected (Holm) within the rule; a run corrects over all rules that are due together.",
            body=RULE_IN, example=EXAMPLE,
        )
    }  # fmt: skip

    def post(self, request: Request) -> Response:
        """When the rule would have fired, and on what."""
        wanted = metric_check.check(self.document(), organisation=self.organisation)
        found = metric_backtest.run(wanted, organisation=self.organisation, now=self.now)
        fired = [_fired(found, line, index) for line in found.lines for index in line.fired]
        counts = {"n_fired": found.n_fired, "n_told": found.n_told, "n_unknown": found.n_unknown, "n_cells": found.n_cells}
        return Response({**counts, "as_of": instant(found.as_of), "fired": sorted(fired, key=lambda row: (row["from"], row["cell"] or ""))})


def _fired(found: Backtest, line: Line, index: int) -> dict[str, Any]:
    step = found.periods[index]
    return {"from": step.from_date.isoformat(), "to": step.to_date.isoformat(), "cell": line.code, **_figures(line.verdicts[index].__dict__)}


def _figures(verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in verdict.items() if name != "state"}


# ---- alerts ------------------------------------------------------------------------------------------------------


def _alert(row: MetricAlert, cells: list[MetricCell] | None = None) -> dict[str, Any]:
    found = {
        "id": str(row.id), "rule": str(row.rule_id), "rule_version": row.rule_version, "name": row.name, "metric": row.metric,
        "definition": row.definition, "condition": row.condition, "grain": row.grain, "by": row.by, "where": row.where,
        "from": row.from_date.isoformat(), "to": row.to_date.isoformat(), "as_of": instant(row.as_of), "n_cells": row.n_cells,
        "is_told": row.is_told, "acknowledged_at": instant(row.acknowledged_at), "remark": row.remark,
    }  # fmt: skip
    if cells is None:
        return found
    return found | {"cells": [{"unit": cell.unit.code, "cell": cell.code or None, **_figures(cell.figures)} for cell in cells]}


class AlertList(Endpoint):
    """`GET /metric-alerts`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(
            TAG, "List fired alerts", page(ALERT), description="Newest first.",
            query=(CURSOR, LIMIT, Parameter("metric", "only this metric", text()), Parameter("rule", "only this rule", ID)),
        )
    }  # fmt: skip

    def get(self, request: Request) -> Response:
        """A page of them."""
        limit, at = limit_of(request), read_cursor(request, lambda parts: (datetime.fromisoformat(parts[0]), uuid.UUID(parts[1])))
        rule = request.query_params.get("rule", "")
        try:
            rule = str(uuid.UUID(rule)) if rule else ""
        except ValueError as error:
            raise Problem(422, "unknown_rule", "rule is an id", [{"field": "rule", "code": "unknown_rule"}]) from error
        rows = metric_alerts.alerts(organisation=self.organisation, metric=request.query_params.get("metric", "")[:32], rule=rule, before=at)
        found = list(rows[: limit + 1])
        more = cursor_of(found[limit - 1].as_of.isoformat(), found[limit - 1].id) if len(found) > limit else None
        return Response({"results": [_alert(row) for row in found[:limit]], "next": more})


class AlertOne(Endpoint):
    """`GET`, `POST /metric-alerts/{id}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "metrics:read", "POST": "policies:write"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Read a fired alert", ALERT, description="With its cells, figures as they were."),
        "POST": Operation(
            TAG, "Acknowledge a fired alert", ALERT, body=obj({"remark": text(200)}, ()), example={"remark": "店长在查"},
            description="The first who says so stays; the same again changes nothing.",
        ),
    }  # fmt: skip

    def get(self, request: Request, key: uuid.UUID) -> Response:
        """One alert with its cells."""
        return Response(self._shown(key))

    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Takes it in hand."""
        self._shown(key)
        remark = self.document().get("remark", "")
        if not isinstance(remark, str):
            raise Problem(422, "wrong_type", "remark is a text", [{"field": "remark", "code": "wrong_type"}])
        metric_alerts.acknowledge(key, None, remark, organisation=self.organisation, now=self.now)
        return Response(self._shown(key))

    def _shown(self, key: uuid.UUID) -> dict[str, Any]:
        row = metric_alerts.one(key, organisation=self.organisation)
        if row is None:
            raise Problem(404, "not_found", "not found")
        return _alert(row, metric_alerts.cells(row, organisation=self.organisation))


def _version(request: Request) -> int | None:
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not given or given == "*":
        return None
    return int(given) if given.isdigit() and given.isascii() else -1
