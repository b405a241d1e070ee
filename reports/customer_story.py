"""A customer's story: what happened, what he said, what he complained of, whether he was asked and whether he left, newest first."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.db.models import Count, QuerySet

from complaints.models import LeavingRecord, Ticket
from complaints.queries import OPEN
from customers.models import Customer, CustomerEvent
from feedback import queries as heard
from feedback.models import Feedback
from surveys.models import Invitation
from tenancy import queries, trees

MOST = 300


@dataclass(frozen=True)
class Entry:
    """noun: event, voice, ticket, invitation or leaving, and its row. at: of a day without an hour its beginning."""

    at: datetime
    noun: str
    row: Any


def story(customer: Customer, *, paths: Sequence[str]) -> list[Entry]:
    """The newest MOST of each noun, put together. Voices and complaints of places below `paths`; a voice that became a complaint once."""
    organisation = customer.organisation_id
    tickets = Ticket.objects.filter(organisation_id=organisation, customer=customer)
    voices = Feedback.objects.filter(organisation_id=organisation, customer=customer, deleted_at__isnull=True)
    voices = voices.exclude(id__in=tickets.values("feedback_id"))
    events = CustomerEvent.objects.filter(organisation_id=organisation, customer=customer)
    asked = Invitation.objects.filter(organisation_id=organisation, customer=customer)
    left = LeavingRecord.objects.filter(organisation_id=organisation, customer=customer, withdrawn_at=None)
    found = [
        *_entries("event", events, "occurred_at", "unit", "touchpoint"),
        *_entries("voice", voices.filter(trees.below(paths), heard.shown(paths, organisation=organisation)), "occurred_at", "unit"),
        *_entries("ticket", tickets.filter(trees.below(paths)), "received_at", "unit"),
        *_entries("invitation", asked, "decided_at", "survey"),
        *_left(left.filter(trees.below(paths)), organisation),
    ]
    return sorted(found, key=lambda entry: (entry.at, str(entry.row.id)), reverse=True)


@dataclass(frozen=True)
class Counted:
    """n_open: complaints that are not solved; n_voices: voices since an instant."""

    n_open: int = 0
    n_voices: int = 0


def counts(customers: Sequence[uuid.UUID], *, organisation: int, since: datetime, paths: Sequence[str]) -> dict[uuid.UUID, Counted]:
    """Of several customers at once; deleted and excluded voices do not count."""
    seen = trees.below(paths)
    tickets = Ticket.objects.filter(seen, organisation_id=organisation, customer__in=customers, state__in=OPEN)
    voices = Feedback.objects.filter(
        seen, organisation_id=organisation, customer__in=customers, occurred_at__gte=since, deleted_at__isnull=True, excluded_at__isnull=True
    )
    n_open, n_voices = _by_customer(tickets), _by_customer(voices)
    return {key: Counted(n_open.get(key, 0), n_voices.get(key, 0)) for key in customers}


def _by_customer(rows: QuerySet[Any]) -> dict[uuid.UUID, int]:
    return dict(rows.order_by().values("customer_id").annotate(n=Count("id")).values_list("customer_id", "n"))


def _left(rows: QuerySet[LeavingRecord], organisation: int) -> list[Entry]:
    found = list(rows.select_related("unit").order_by("-local_day", "-id")[:MOST])
    zone = queries.zone(queries.organisation(organisation).timezone) if found else UTC
    return [Entry(datetime.combine(row.local_day, time(), tzinfo=zone), "leaving", row) for row in found]


def _entries(noun: str, rows: QuerySet[Any], at: str, *related: str) -> list[Entry]:
    return [Entry(getattr(row, at), noun, row) for row in rows.select_related(*related).order_by(f"-{at}", "-id")[:MOST]]
