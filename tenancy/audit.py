"""Writing the audit: who did what to which object. Called by domain functions for writes no fact tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tenancy.models import AuditEvent


def note(
    action: str, subject: object, *, organisation: int, actor: str, now: datetime, detail: dict[str, Any] | None = None
) -> None:
    """Appends one line. `detail` holds field names and codes, never personal data in plain."""
    AuditEvent.objects.create(
        organisation_id=organisation, at=now, actor=actor[:120], action=action, subject=str(subject)[:80], detail=detail or {}
    )


@dataclass(frozen=True)
class Filters:
    """What the audit page may be narrowed by. `action`: the part before the point; days are local and half-open."""

    action: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


def events(filters: Filters, *, organisation: int) -> QuerySet[AuditEvent]:
    """The lines, newest first."""
    rows = AuditEvent.objects.filter(organisation_id=organisation).order_by("-seq")
    if filters.action:
        rows = rows.filter(action__startswith=f"{filters.action}.")
    if filters.actor:
        rows = rows.filter(actor__icontains=filters.actor)
    if filters.since:
        rows = rows.filter(at__gte=filters.since)
    return rows.filter(at__lt=filters.until) if filters.until else rows


def happened(action: str, *, organisation: int) -> bool:
    """True when this was ever done here."""
    return AuditEvent.objects.filter(organisation_id=organisation, action=action).exists()
