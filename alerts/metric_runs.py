"""Judging the rules by the clock: once a period is complete and settled, every due rule of an organisation in one run.

One run is one family: the p values of all its changes are corrected together (Holm). What fires is one alert a rule and
period, however many cells, written with its notices and the fact `metric.alerted` in one transaction. A rule that slept
wakes to the last complete period only.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from alerts import metric_notices, metric_reading, metric_rules
from alerts.metric_reading import WINDOW, Cells
from alerts.models import MetricAlert, MetricCell, MetricRule
from cxms.lib import dispatch
from cxms.lib.ids import new_id
from cxms.lib.periods import Period
from ledger.facts import record
from metrics import queries as register
from metrics import watching
from metrics.definitions.definition import Definition
from metrics.series import Point
from metrics.watching import Baseline, Condition, Verdict
from tenancy import queries
from tenancy.models import Unit

log = logging.getLogger(__name__)
DUE = "select distinct organisation_id from alerts_metricrule where next_at <= clock_timestamp()"
MOST_CELLS = 200
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Judged:
    """A cell's verdict, and the points it was judged on."""

    rule: MetricRule
    definition: Definition
    code: str | None
    points: Sequence[Point]
    verdict: Verdict


def due_organisations() -> list[int]:
    """Organisations with a rule whose period is complete. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def run(*, organisation: int, now: datetime) -> int:
    """Judges every due rule of an organisation. Returns how many were judged. In the caller's transaction and scope."""
    due = MetricRule.objects.select_for_update(skip_locked=True, of=("self",)).filter(organisation_id=organisation, next_at__lte=now)
    found = list(due.select_related("unit").order_by("next_at", "id"))
    zone = queries.organisation(organisation).timezone
    judged: list[Judged] = []
    for rule in found:
        try:
            judged += judge(rule, metric_reading.running_from(now, zone, metric_rules.watched_of(rule).grain), organisation=organisation, now=now)
        except (KeyError, ValueError):
            # a rule that a later definition no longer understands is passed over, not in the way of the others
            log.exception("metric rule %s cannot be judged", rule.id)
    settled = settle(judged)
    for rule in found:
        fired = [one for one in settled if one.rule is rule and one.verdict.state == "fires"]
        if fired:
            _alert(rule, fired, organisation, now)
        grain = metric_rules.watched_of(rule).grain
        rule.next_at = metric_reading.complete_at(metric_reading.running_from(now, zone, grain), zone, grain)
        rule.save(update_fields=["next_at"])
    return len(found)


def judge(rule: MetricRule, end: date, *, organisation: int, now: datetime) -> list[Judged]:
    """A rule's verdict on every cell of the period that ends on `end`; changes are not settled yet."""
    definition = register.definition(rule.metric)
    if definition is None:
        return []
    condition, watched = metric_rules.condition_of(rule.condition), metric_rules.watched_of(rule)
    cells = metric_reading.read(watched, metric_reading.before(end, watched.grain, WINDOW), organisation=organisation, now=now)
    base = baselines(rule, condition, definition, organisation=organisation, now=now)
    return [
        Judged(rule, definition, code, points, watching.evaluate(condition, definition, points, base.get(code)))
        for code, points in cells.items()
    ]


def baselines(
    rule: MetricRule, condition: Condition, definition: Definition, *, organisation: int, now: datetime
) -> dict[str | None, Baseline | None]:
    """Each cell's frozen baseline; empty for what is no chart."""
    days = metric_rules.baseline_days(rule)
    if condition.kind != "chart" or days is None:
        return {}
    period = Period(*days)
    cells: Cells = metric_reading.read(metric_rules.watched_of(rule), period, organisation=organisation, now=now)
    return {code: watching.baseline_of(condition, definition, points) for code, points in cells.items()}


def settle(judged: Sequence[Judged]) -> list[Judged]:
    """The run's verdicts, changes corrected for their number."""
    conditions = [metric_rules.condition_of(one.rule.condition) for one in judged]
    verdicts = watching.settle([one.verdict for one in judged], conditions)
    return [Judged(one.rule, one.definition, one.code, one.points, verdict) for one, verdict in zip(judged, verdicts, strict=True)]


def _alert(rule: MetricRule, fired: Sequence[Judged], organisation: int, now: datetime) -> MetricAlert | None:
    """One alert with its cells, figures frozen; told while the week's budget lasts."""
    last = fired[0].points[-1]
    told = MetricAlert.objects.filter(organisation_id=organisation, rule=rule, is_told=True, as_of__gt=now - A_WEEK).count()
    alert, fresh = MetricAlert.objects.get_or_create(
        organisation_id=organisation, rule=rule, from_date=last.from_date, to_date=last.to_date,
        defaults={
            "id": new_id(), "rule_version": rule.version, "name": rule.name, "metric": rule.metric, "definition": fired[0].definition.name,
            "condition": rule.condition, "grain": rule.grain, "where": rule.where, "by": rule.by, "as_of": now, "n_cells": len(fired),
            "is_told": told < rule.budget,
        },
    )  # fmt: skip
    if not fresh:
        return None
    MetricCell.objects.bulk_create(_cells(alert, rule, fired))
    cells = list(MetricCell.objects.filter(organisation_id=organisation, alert=alert).select_related("unit").order_by("position"))
    data = {"rule": str(rule.id), "metric": rule.metric, "from": str(last.from_date), "to": str(last.to_date), "n_cells": len(fired), "told": alert.is_told}
    record("metric.alerted", alert.id, data, organisation=organisation, now=now)
    if alert.is_told:
        metric_notices.tell(alert, cells, organisation=organisation, now=now)
    return alert


def _cells(alert: MetricAlert, rule: MetricRule, fired: Sequence[Judged]) -> list[MetricCell]:
    """The gravest first: by p where there is one, else by how far beyond; the rest of a flood is counted, not kept."""
    ranked = sorted(fired, key=lambda one: (one.verdict.p_adjusted is None, one.verdict.p_adjusted or 0.0, -_distance(one.verdict)))
    organisation = alert.organisation_id
    codes = [one.code for one in fired if one.code]
    units = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation, code__in=codes)} if rule.by == "unit" else {}
    return [
        MetricCell(
            organisation_id=organisation, alert=alert, position=position, unit=units.get(one.code or "", rule.unit), code=one.code or "",
            label=units[one.code or ""].name if (one.code or "") in units else "",
            figures=frozen(one.verdict), trend=[_step(point) for point in one.points],
        )
        for position, one in enumerate(ranked[:MOST_CELLS])
    ]  # fmt: skip


def _distance(verdict: Verdict) -> float:
    return abs((verdict.value or 0.0) - (verdict.against or 0.0))


def frozen(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept: plain numbers, to the last digit."""
    return asdict(verdict)


def _step(point: Point) -> dict[str, Any]:
    return {
        "from": point.from_date.isoformat(), "to": point.to_date.isoformat(), "value": point.value, "n": point.n,
        "low": point.low, "high": point.high, "suppressed": point.suppressed,
    }  # fmt: skip
