"""What a clerk or another system should know of a customer at once: open complaints, last NPS, voices, last event."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints import desk, queries
from complaints.desk import Row
from complaints.models import Ticket
from complaints.queries import OPEN
from customers.models import Customer, CustomerEvent
from feedback.models import Feedback, Score
from tenancy import trees

YEAR = timedelta(days=365)
MOST_OPEN = 20
MOST_VOICES = 2000


@dataclass(frozen=True)
class Answer:
    """The last NPS answer, and how many there were in twelve months."""

    value: int
    at: datetime
    n: int


@dataclass(frozen=True)
class Summary:
    """One customer; every figure is a count with its span in the name."""

    customer: Customer
    open: list[Row]
    held: set[uuid.UUID]
    n_open: int
    n_complaints: int
    n_complaints_year: int
    n_voices_year: int
    last_voice_at: datetime | None
    nps: Answer | None
    last_event: CustomerEvent | None
    n_events_year: int


def summary(customer: Customer, *, organisation: int, now: datetime, paths: Sequence[str] = ("/",)) -> Summary:
    """Everything in ten statements or so, whatever the customer's history; deleted and excluded voices do not count.

    Complaints and voices of places below `paths`.
    """
    since = now - YEAR
    tickets = Ticket.objects.filter(trees.below(paths), organisation_id=organisation, customer=customer)
    # an open complaint is looked at whole: the promise that ends first may be on any of them
    standing = list(tickets.filter(state__in=OPEN).select_related("unit").order_by("received_at")[:200])
    rows = desk.rows(standing, organisation=organisation, now=now)
    rows.sort(key=lambda row: (row.clock is None or row.clock.due_at is None, row.clock and row.clock.due_at or now))
    voices = Feedback.objects.filter(
        organisation_id=organisation, customer=customer, deleted_at__isnull=True, excluded_at__isnull=True
    )
    voices = voices.filter(trees.below(paths))
    events = CustomerEvent.objects.filter(organisation_id=organisation, customer=customer)
    return Summary(
        customer=customer,
        open=rows[:MOST_OPEN],
        held=queries.held_tickets([row.ticket.id for row in rows[:MOST_OPEN]], organisation=organisation, now=now),
        n_open=tickets.filter(state__in=OPEN).count(),
        n_complaints=tickets.count(),
        n_complaints_year=tickets.filter(received_at__gte=since).count(),
        n_voices_year=voices.filter(occurred_at__gte=since).count(),
        last_voice_at=voices.order_by("-occurred_at").values_list("occurred_at", flat=True).first(),
        nps=_nps(customer, organisation, since, paths),
        last_event=events.select_related("unit").order_by("-occurred_at").first(),
        n_events_year=events.filter(occurred_at__gte=since).count(),
    )


def _nps(customer: Customer, organisation: int, since: datetime, paths: Sequence[str]) -> Answer | None:
    """In two steps along the indexes of customer and feedback: a join would be left to what the planner believes."""
    voices = Feedback.objects.filter(trees.below(paths), organisation_id=organisation, customer=customer, deleted_at__isnull=True)
    spoken = dict(voices.order_by("-occurred_at").values_list("id", "occurred_at")[:MOST_VOICES])
    answers = Score.objects.filter(
        organisation_id=organisation, feedback__in=list(spoken), kind="nps", item="", excluded=False
    ).values_list("feedback_id", "value")
    found = sorted(((spoken[key], value) for key, value in answers), reverse=True)
    if not found:
        return None
    at, value = found[0]
    return Answer(int(value), at, sum(when >= since for when, _ in found))
