"""Questions about notices. Nothing here writes."""

import uuid
from collections.abc import Iterable

from alerts.models import Notice
from tenancy.models import Member


def n_unread(member: Member, *, organisation: int) -> int:
    """How many notices the member has not read."""
    return Notice.objects.filter(organisation_id=organisation, recipient=member, read_at__isnull=True).count()


def of_member(member: Member, *, organisation: int, limit: int = 100) -> list[Notice]:
    """The member's notices, newest first, with what their words need."""
    rows = Notice.objects.filter(organisation_id=organisation, recipient=member)
    return list(rows.select_related("ticket", "ticket__unit", "recipient__user").order_by("-created_at", "-id")[:limit])


def latest_of_tickets(ids: Iterable[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, Notice]:
    """The last notice about each ticket: who was told, when, and whether he read it. One statement."""
    rows = Notice.objects.filter(organisation_id=organisation, ticket__in=list(ids)).select_related("recipient")
    return {row.ticket_id: row for row in rows.order_by("ticket_id", "-created_at", "-id").distinct("ticket_id") if row.ticket_id}


def of_ticket(ticket_id: uuid.UUID, *, organisation: int) -> list[Notice]:
    """Everyone who was told of a ticket, in order."""
    rows = Notice.objects.filter(organisation_id=organisation, ticket=ticket_id).select_related("recipient")
    return list(rows.order_by("created_at", "id"))


def of_alert(alert: uuid.UUID, member: Member, *, organisation: int) -> Notice | None:
    """The member's own notice of a metric alert."""
    return Notice.objects.filter(organisation_id=organisation, alert=alert, recipient=member).first()
