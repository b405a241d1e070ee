"""Who hears that a cause came back: whose the prevention was."""

import uuid
from datetime import datetime

from alerts import notices
from alerts.models import Notice
from complaints import recurrence


def tell(key: uuid.UUID, *, organisation: int, now: datetime) -> list[Notice]:
    """One notice about the later complaint to the owner of the action that was to prevent it."""
    row = recurrence.one(key, organisation=organisation)
    owner = row.reflection.owner if row else None
    if row is None or owner is None or owner.left_at is not None:
        return []
    data = {"earlier": row.reflection.ticket.number, "cause": row.reflection.cause.label if row.reflection.cause else ""}
    return notices.tell(row.ticket, [owner], "recurrence", f"recurrence:{row.id}", data, organisation=organisation, now=now)
