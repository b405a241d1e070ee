"""How much a person is told in a day: above his budget, warnings and what is good to know go together once an hour.

A breach, the executives' notice and what asks for an answer are never held. What is held lies in the bell at once.
Called where notices are written (`alerts.notices`) and where what waits is sent (`alerts.passing`).
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from alerts import hops, reach
from alerts.models import Hop, Notice, NoticeRule, Reach
from cxms.lib.errors import DomainError
from tenancy import audit, queries, versions
from tenancy.models import Organisation

SHIPPED = 40
MOST = 1000
HOUR = timedelta(hours=1)
# it has a time of its own to be answered in
ASKS = frozenset({"asked", "overdue"})


class BudgetError(DomainError):
    """The number cannot be set as asked."""


@dataclass(frozen=True)
class Today:
    """A member's day. n: notices that went out to him; most: his budget; n_held: those that go together."""

    n: int
    most: int
    n_held: int


def rule(*, organisation: int) -> NoticeRule:
    """What is in force; unsaved, with version 0, while it is as shipped."""
    found = NoticeRule.objects.filter(organisation_id=organisation).first()
    return found or NoticeRule(organisation_id=organisation, daily_most=SHIPPED, version=0)


def save(typed: str, *, organisation: int, version: int | None, now: datetime, actor: str) -> NoticeRule:
    """Sets the budget of everybody. Raises BudgetError, Stale when the form is older than the row."""
    Organisation.objects.select_for_update().get(id=organisation)
    row = rule(organisation=organisation)
    versions.check(row, version)
    value = typed.strip()
    if not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= MOST):
        raise BudgetError(_("写 1 至 %(most)d 之间的整数") % {"most": MOST}, code="out_of_range", field="daily_most")
    before, row.daily_most = row.daily_most, int(value)
    if before != row.daily_most or not row.version:
        row.version += 1
        row.save()
        detail = {"fields": ["daily_most"], "before": before, "after": row.daily_most}
        audit.note("notices.budget", row.daily_most, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def may_wait(purpose: str, data: dict[str, Any]) -> bool:
    """True for a warning and for what is good to know."""
    asks = purpose == "handover" and data.get("what") in ASKS
    return not (hops.is_urgent(purpose, data) or asks or data.get("unreached") or data.get("silent"))


def hold(rows: Sequence[Notice], *, organisation: int, now: datetime) -> None:
    """Marks, before they are written, those that go above their reader's budget: they wait for the next whole hour."""
    lesser = [row for row in rows if may_wait(row.purpose, row.data)]
    if not lesser:
        return
    most = rule(organisation=organisation).daily_most
    told = _told([row.recipient_id for row in lesser], organisation, now)
    until = next_hour(now, organisation=organisation)
    for row in lesser:
        if told[row.recipient_id] >= most:
            row.held_until = until


def next_hour(now: datetime, *, organisation: int) -> datetime:
    """The next whole hour where the organisation is."""
    local = now.astimezone(queries.zone(queries.organisation(organisation).timezone))
    return now + HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _midnight(organisation: int, now: datetime) -> datetime:
    local = now.astimezone(queries.zone(queries.organisation(organisation).timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _told(readers: Iterable[uuid.UUID], organisation: int, now: datetime) -> Counter[uuid.UUID]:
    """How many notices went out to each today: neither silent nor held."""
    rows = Notice.objects.filter(
        organisation_id=organisation, recipient__in=list(readers), created_at__gte=_midnight(organisation, now), held_until=None
    )
    return Counter(rows.exclude(data__has_key="silent").values_list("recipient_id", flat=True))


def today(member_id: uuid.UUID, *, organisation: int, now: datetime) -> Today:
    """The member's day so far."""
    held = Notice.objects.filter(
        organisation_id=organisation, recipient=member_id, created_at__gte=_midnight(organisation, now), held_until__isnull=False
    )
    n = _told([member_id], organisation, now)[member_id]
    return Today(n, rule(organisation=organisation).daily_most, held.count())


def put_off(rows: Sequence[Hop], *, organisation: int, now: datetime) -> list[Hop]:
    """Of the waiting ones, those that go now; what was held for a person who is quiet now waits another hour."""
    held = [row for row in rows if row.notice.held_until is not None]
    how = {row.member_id: row for row in Reach.objects.filter(organisation_id=organisation, member__in=[row.recipient_id for row in held])}
    local = now.astimezone(queries.zone(queries.organisation(organisation).timezone)) if how else now
    minute = local.hour * 60 + local.minute
    quiet = {key for key, one in how.items() if reach.in_hours(minute, one.quiet_from, one.quiet_to)}
    late = [row for row in held if row.recipient_id in quiet]
    for row in late:
        row.next_at = next_hour(now, organisation=organisation)
        row.save(update_fields=["next_at"])
    return [row for row in rows if row not in late]
