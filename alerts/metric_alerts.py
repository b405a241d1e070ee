"""The alerts that fired: who may see which cells, acknowledging one, sleeping on a rule. Figures stay as they were."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from alerts.metric_check import MetricRuleError
from alerts.models import MetricAlert, MetricCell, MetricRule, MetricSnooze
from cxms.lib.text import clean_text
from tenancy.models import Member

SNOOZE_DAYS = (1, 7, 28)


Place = tuple[datetime, uuid.UUID]


def alerts(
    *, organisation: int, paths: Sequence[str] = ("/",), metric: str = "", rule: str = "", is_open: bool = False, before: Place | None = None
) -> QuerySet[MetricAlert]:
    """Alerts with a cell inside one of the subtrees, newest first; `before`: those after this place of the list."""
    rows = MetricAlert.objects.filter(organisation_id=organisation).select_related("rule", "rule__unit", "acknowledged_by")
    rows = rows.filter(Exists(_cells(organisation, paths).filter(alert=OuterRef("pk"))))
    rows = rows.filter(metric=metric) if metric else rows
    if before is not None:
        rows = rows.filter(Q(as_of__lt=before[0]) | Q(as_of=before[0], id__lt=before[1]))
    rows = rows.filter(acknowledged_at__isnull=True) if is_open else rows
    return (rows.filter(rule__id=rule) if rule else rows).order_by("-as_of", "-id")


def one(key: uuid.UUID, *, organisation: int, paths: Sequence[str] = ("/",)) -> MetricAlert | None:
    """One alert with a cell inside one of the subtrees, or None."""
    return alerts(organisation=organisation, paths=paths).filter(id=key).first()


def cells(alert: MetricAlert, *, organisation: int, paths: Sequence[str] = ("/",)) -> list[MetricCell]:
    """The cells of an alert inside the subtrees, the gravest first."""
    return list(_cells(organisation, paths).filter(alert=alert).select_related("unit").order_by("position"))


def _cells(organisation: int, paths: Sequence[str]) -> QuerySet[MetricCell]:
    inside = Q()
    for path in paths:
        inside |= Q(unit__path__startswith=path)
    rows = MetricCell.objects.filter(organisation_id=organisation)
    return rows.filter(inside) if paths else rows.none()


def acknowledge(key: uuid.UUID, member: Member | None, remark: str, *, organisation: int, now: datetime) -> MetricAlert | None:
    """Somebody has it in hand; the first who says so stays. None when there is no such alert."""
    row = MetricAlert.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=key).first()
    if row is not None and row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by, row.remark = now, member, clean_text(" ".join(remark.split()))[:200]
        row.save(update_fields=["acknowledged_at", "acknowledged_by", "remark"])
    return row


def snooze(rule: MetricRule, member: Member, *, days: int, reason: str, organisation: int, now: datetime) -> MetricSnooze:
    """The member hears of the rule by the bell only until `days` from now. Raises MetricRuleError naming the field."""
    said = clean_text(" ".join(reason.split()))[:200]
    if days not in SNOOZE_DAYS:
        raise MetricRuleError(_("选一个时长"), code="unknown_value", field="days")
    if not said:
        raise MetricRuleError(_("写上为什么"), code="missing", field="reason")
    until = now + timedelta(days=days)
    row = asleep(rule, member, organisation=organisation, now=now)
    if row is None:
        return MetricSnooze.objects.create(organisation_id=organisation, rule=rule, member=member, until=until, reason=said, created_at=now)
    row.until, row.reason = max(row.until, until), said
    row.save(update_fields=["until", "reason"])
    return row


def asleep(rule: MetricRule, member: Member, *, organisation: int, now: datetime) -> MetricSnooze | None:
    """The member's own sleep on a rule, or None."""
    return MetricSnooze.objects.filter(organisation_id=organisation, rule=rule, member=member, until__gt=now).order_by("-until").first()
