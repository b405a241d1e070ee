"""Writing the audit: who did what to which object. Called by domain functions for writes no fact tells."""

from datetime import datetime
from typing import Any

from tenancy.models import AuditEvent


def note(
    action: str, subject: object, *, organisation: int, actor: str, now: datetime, detail: dict[str, Any] | None = None
) -> None:
    """Appends one line. `detail` holds field names and codes, never personal data in plain."""
    AuditEvent.objects.create(
        organisation_id=organisation, at=now, actor=actor[:120], action=action, subject=str(subject)[:80], detail=detail or {}
    )
