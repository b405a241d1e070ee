"""Snoozing: a member wants no warning about one ticket for a while, and says why. A breach is told all the same."""

import uuid
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from alerts.models import Snooze
from complaints.models import Ticket
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from tenancy.models import Member

MINUTES = (30, 60, 240)


class SnoozeError(DomainError):
    """It cannot be snoozed as asked."""


def snooze(
    key: uuid.UUID, ticket: Ticket, member: Member, *, minutes: int, reason: str, organisation: int, now: datetime
) -> Snooze:
    """Quiet until `minutes` from now; the same key again is a no-op. Raises SnoozeError naming the field."""
    said = clean_text(" ".join(reason.split()))[:200]
    if minutes not in MINUTES:
        raise SnoozeError(_("选一个时长"), code="unknown_value", field="minutes")
    if not said:
        raise SnoozeError(_("写上为什么"), code="missing", field="reason")
    until = now + timedelta(minutes=minutes)
    row, _fresh = Snooze.objects.get_or_create(
        id=key,
        organisation_id=organisation,
        defaults={"ticket": ticket, "member": member, "until": until, "reason": said, "created_at": now},
    )
    return row


def of_ticket(ticket: Ticket, *, organisation: int, now: datetime) -> list[Snooze]:
    """Who sleeps on a ticket now, until when and why."""
    rows = Snooze.objects.filter(organisation_id=organisation, ticket=ticket, until__gt=now)
    return list(rows.select_related("member").order_by("until"))
