"""Metric rules: what an organisation watches. Checked, versioned, audited; removed ones stay for the alerts they made.

Called by the settings page and the API. `alerts.metric_runs` judges them, `alerts.metric_backtest` tries one before it is saved.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from alerts import metric_reading
from alerts.metric_check import MetricRuleError, Wanted
from alerts.metric_reading import Watched
from alerts.models import MetricRule
from metrics.watching import Condition
from tenancy import audit, queries, versions

MOST_RULES = 50
SCOPE = ("metric", "grain", "unit", "where", "by")


@dataclass(frozen=True)
class Put:
    """A rule as stored, and whether this call made it."""

    rule: MetricRule
    is_new: bool


def condition_of(row: Mapping[str, Any]) -> Condition:
    """The stored condition as `metrics.watching` takes it."""
    return Condition(**{**row, "rules": tuple(row["rules"])})


def watched_of(rule: MetricRule | Wanted) -> Watched:
    """What a rule reads. The root unit is everybody, answers without a unit among them."""
    is_root = rule.unit.parent_id is None
    where = dict(rule.where) | ({} if is_root else {"unit": rule.unit.code})
    return Watched(rule.metric, rule.grain, where, rule.by)  # type: ignore[arg-type]  # the check holds grains to those of periods


def rules(*, organisation: int) -> list[MetricRule]:
    """The rules that are not removed, by name."""
    rows = MetricRule.objects.filter(organisation_id=organisation, removed_at__isnull=True)
    return list(rows.select_related("unit").order_by("name", "id"))


def one(key: uuid.UUID, *, organisation: int) -> MetricRule | None:
    """One rule that is not removed, or None."""
    rows = MetricRule.objects.filter(organisation_id=organisation, id=key, removed_at__isnull=True)
    return rows.select_related("unit").first()


def put(key: uuid.UUID, wanted: Wanted, *, version: int | None, organisation: int, now: datetime, actor: str) -> Put:
    """Writes a rule under its key; the same again is a no-op. Raises Stale, or MetricRuleError when there are too many.

    A chart's baseline is frozen when it is first saved, and anew when what it watches changes.
    """
    row = MetricRule.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=key).select_related("unit").first()
    if row is not None and row.removed_at is not None:
        raise MetricRuleError(_("这条规则已经去掉"), code="removed")
    if row is None and MetricRule.objects.filter(organisation_id=organisation, removed_at__isnull=True).count() >= MOST_RULES:
        raise MetricRuleError(_("最多 %(most)d 条规则") % {"most": MOST_RULES}, code="too_many")
    fresh = row is None
    row = row or MetricRule(id=key, organisation_id=organisation, created_at=now, created_by=actor[:120], version=0)
    before = _document(row) if not fresh else {}
    after = _wanted(wanted)
    changed = sorted(name for name in after if before.get(name) != after[name])
    if not changed:
        return Put(row, False)
    if not fresh:
        versions.check(row, version)
    for name in ("name", "metric", "grain", "unit", "where", "by", "roles", "budget", "is_on"):
        setattr(row, name, getattr(wanted, name))
    row.condition = after["condition"]
    if wanted.condition.kind != "chart":
        row.baseline_from = row.baseline_to = None
    elif row.baseline_to is None or set(changed) & set(SCOPE):
        _freeze(row, "", organisation, now)
    _save(row, organisation, now)
    audit.note("metric_rule.saved", row.id, organisation=organisation, actor=actor, now=now, detail={"fields": changed, "version": row.version})
    return Put(row, fresh)


def rebase(key: uuid.UUID, note: str, *, version: int | None, organisation: int, now: datetime, actor: str) -> MetricRule:
    """Freezes a chart's baseline anew, on the last periods before now; a person says why. Raises Stale or MetricRuleError."""
    row = _locked(key, organisation)
    versions.check(row, version)
    if row.condition["kind"] != "chart":
        raise MetricRuleError(_("只有控制图有基线"), code="no_baseline", field="kind")
    if not note.strip():
        raise MetricRuleError(_("写上为什么"), code="missing", field="note")
    _freeze(row, note.strip()[:200], organisation, now)
    _save(row, organisation, now)
    detail = {"fields": ["baseline"], "version": row.version, "from": str(row.baseline_from), "to": str(row.baseline_to)}
    audit.note("metric_rule.rebased", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def remove(key: uuid.UUID, *, version: int | None, organisation: int, now: datetime, actor: str) -> None:
    """Takes a rule out of use; its alerts stay. Raises Stale, or MetricRuleError when there is none."""
    row = _locked(key, organisation)
    versions.check(row, version)
    row.removed_at, row.next_at, row.changed_at = now, None, now
    row.save(update_fields=["removed_at", "next_at", "changed_at"])
    audit.note("metric_rule.removed", row.id, organisation=organisation, actor=actor, now=now, detail={"version": row.version})


def _locked(key: uuid.UUID, organisation: int) -> MetricRule:
    rows = MetricRule.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=key, removed_at__isnull=True)
    row = rows.select_related("unit").first()
    if row is None:
        raise MetricRuleError(_("没有这条规则"), code="not_found")
    return row


def _freeze(row: MetricRule, note: str, organisation: int, now: datetime) -> None:
    zone = queries.organisation(organisation).timezone
    grain = watched_of(row).grain
    period = metric_reading.before(metric_reading.running_from(now, zone, grain), grain, metric_reading.WINDOW)
    row.baseline_from, row.baseline_to, row.baseline_note = period.from_date, period.to_date, note


def _save(row: MetricRule, organisation: int, now: datetime) -> None:
    zone = queries.organisation(organisation).timezone
    grain = watched_of(row).grain
    row.next_at = metric_reading.complete_at(metric_reading.running_from(now, zone, grain), zone, grain) if row.is_on else None
    row.version, row.changed_at = row.version + 1, now
    row.save()


def _wanted(wanted: Wanted) -> dict[str, Any]:
    condition = asdict(wanted.condition)
    condition["rules"] = list(condition["rules"])
    return {
        "name": wanted.name, "metric": wanted.metric, "grain": wanted.grain, "unit": str(wanted.unit.id), "where": wanted.where, "by": wanted.by,
        "condition": condition, "roles": list(wanted.roles), "budget": wanted.budget, "is_on": wanted.is_on,
    }  # fmt: skip


def _document(row: MetricRule) -> dict[str, Any]:
    return {
        "name": row.name, "metric": row.metric, "grain": row.grain, "unit": str(row.unit_id), "where": row.where, "by": row.by,
        "condition": row.condition, "roles": list(row.roles), "budget": row.budget, "is_on": row.is_on,
    }  # fmt: skip


def baseline_days(rule: MetricRule) -> tuple[date, date] | None:
    """The days of the frozen baseline, or None."""
    return (rule.baseline_from, rule.baseline_to) if rule.baseline_from and rule.baseline_to else None
