"""Who hears of a hand-over: the receivers that something waits, the giver what became of it, managers that nobody answered."""

import uuid
from datetime import datetime

from alerts import notices
from alerts.models import Notice
from complaints import handovers
from complaints.models import Handover
from tenancy.models import Member


def tell(key: uuid.UUID, what: str, *, organisation: int, now: datetime) -> list[Notice]:
    """One notice per person and step; an offer that was answered meanwhile asks nobody any more."""
    row = handovers.one(key, organisation=organisation)
    if row is None or (what in {"asked", "overdue"} and row.answered_at is not None):
        return []
    data = {
        "what": what, "giver": row.from_unit.name, "unit": row.to_unit.name, "needed": row.needed,
        "who": row.answered_name, "answer": row.answer,
    }  # fmt: skip
    readers = _readers(row, what)
    return notices.tell(row.ticket, readers, "handover", f"handover:{row.id}:{what}", data, organisation=organisation, now=now)


def _readers(row: Handover, what: str) -> list[Member]:
    if what == "asked":
        return [one for one in handovers.receivers(row.to_unit) if handovers.PERSON + one.user.email != row.asked_by]
    giver = _giver(row)
    if what == "overdue":
        return list(dict.fromkeys([*handovers.chiefs(row.to_unit), *giver]))
    return giver


def _giver(row: Handover) -> list[Member]:
    email = row.asked_by.removeprefix(handovers.PERSON)
    rows = Member.objects.filter(organisation_id=row.organisation_id, user__email=email, left_at__isnull=True)
    return list(rows.select_related("user"))
