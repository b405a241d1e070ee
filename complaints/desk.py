"""Questions of the promise desk's pages: what is urgent, what is grave, what a log page may fill in. Nothing writes.

Callers: the pages. What a ticket is and when a promise breaks stays with `queries` and `clocks`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from complaints import queries
from complaints.enums import ClockState, Severity
from complaints.intake import severity_of
from complaints.models import Ticket
from complaints.queries import OPEN, ClockView, Filters
from customers.models import Customer, CustomerEvent
from feedback import analysis, topics
from tenancy.models import Touchpoint

# what a topic says of the place where it happened, when no event of the customer tells
PLACES = {
    "refund": "return_refund",
    "delivery_speed": "delivery",
    "delivery_damage": "delivery",
    "after_sales": "repair_intake",
    "billing": "payment",
    "price": "payment",
    "loyalty": "membership",
    "app_usability": "online_order",
    "staff_attitude": "store_visit",
    "environment": "store_visit",
    "hygiene": "store_visit",
    "waiting_time": "store_visit",
    "product_quality": "usage",
    "product_function": "usage",
}


@dataclass(frozen=True)
class Row:
    """A ticket with the promise that put it on the list, and all its clocks."""

    ticket: Ticket
    clock: ClockView | None
    clocks: tuple[ClockView, ...]


def rows(tickets: Sequence[Ticket], *, organisation: int, now: datetime, broken: bool | None = None) -> list[Row]:
    """Each ticket with its most urgent promise. broken: True looks for a broken one, False for the next to end."""
    views = queries.clock_views(tickets, organisation=organisation, now=now)
    return [Row(t, urgent(views.get(t.id, []), broken=broken), tuple(views.get(t.id, []))) for t in tickets]


def urgent(views: Sequence[ClockView], *, broken: bool | None = None) -> ClockView | None:
    """The live promise that ends (or ended) first; without a live one the last that was judged. Pure."""
    live = [v for v in views if not v.is_stopped and v.due_at is not None and v.state in queries.LIVE]
    if broken is not None:
        wanted = [v for v in live if (v.state == ClockState.BREACHED) is broken]
        live = wanted or live
    if live:
        return min(live, key=_due)
    done = [v for v in views if v.is_stopped and v.clock.kind != "notify"]
    return done[-1] if done else (views[0] if views else None)


def _due(view: ClockView) -> datetime:
    return view.due_at or view.clock.ticket.received_at


def breached(filters: Filters, *, organisation: int, now: datetime, limit: int) -> list[Row]:
    """Tickets with a broken promise that still runs, the longest broken first."""
    found = list(queries.tickets(replace(filters, view="breached"), organisation=organisation, now=now)[:limit])
    return rows(found, organisation=organisation, now=now, broken=True)


def due_soon(filters: Filters, *, organisation: int, now: datetime, limit: int) -> list[Row]:
    """Tickets with a promise that ends within two hours, with that promise, by its end.

    A ticket that has already broken another promise is among them: the next one can still be kept.
    """
    found = list(queries.tickets(replace(filters, view="due_soon"), organisation=organisation, now=now)[: limit * 2])
    ranked = rows(found, organisation=organisation, now=now, broken=False)
    return sorted(ranked, key=lambda row: _due(row.clock) if row.clock else row.ticket.received_at)[:limit]


def n_breached(filters: Filters, *, organisation: int, now: datetime) -> int:
    """How many tickets have a broken promise that still runs."""
    return queries.tickets(replace(filters, view="breached"), organisation=organisation, now=now).order_by().count()


def grave(filters: Filters, *, organisation: int, now: datetime, limit: int = 6) -> list[Row]:
    """Open tickets of the two highest severities, the one whose promise ends first on top."""
    found = queries.tickets(replace(filters, view="open"), organisation=organisation, now=now)
    found = found.filter(severity__in=[Severity.HIGH, Severity.CRITICAL])
    return rows(list(found[:limit]), organisation=organisation, now=now)


def next_of(email: str, *, organisation: int, now: datetime) -> Row | None:
    """The open ticket in this member's hands whose promise ends first, or None."""
    found = queries.tickets(Filters(view="open", owner=email), organisation=organisation, now=now)[:1]
    return next(iter(rows(list(found), organisation=organisation, now=now)), None)


def open_of_customer(customer_id: uuid.UUID, *, organisation: int) -> list[Ticket]:
    """The customer's tickets that are not solved yet, newest first."""
    found = Ticket.objects.filter(organisation_id=organisation, customer=customer_id, state__in=OPEN)
    return list(found.select_related("unit").order_by("-received_at")[:5])


def n_of_customer(customer_id: uuid.UUID, *, organisation: int, since: datetime) -> int:
    """How many complaints the customer made since an instant."""
    return Ticket.objects.filter(organisation_id=organisation, customer=customer_id, received_at__gte=since).count()


@dataclass(frozen=True)
class Guess:
    """What the log page fills in: codes the clerk changes only when they are wrong."""

    touchpoint: str
    topic: str
    severity: str


def guess(text: str, customer_id: uuid.UUID | None, *, organisation: int, now: datetime) -> Guess:
    """Touchpoint by the customer's last fortnight, else by topic; topic and severity by the words."""
    topic, severity = "", "normal"
    if text.strip():
        (found,) = analysis.understand([text], organisation=organisation)
        topic = found.topics[0].code if found.topics else ""
        severity = severity_of(found.urgency, found.red_line)
    touchpoint = ""
    if customer_id is not None:
        events = CustomerEvent.objects.filter(
            organisation_id=organisation, customer=customer_id, touchpoint__isnull=False,
            occurred_at__gte=now - timedelta(days=14),
        )  # fmt: skip
        touchpoint = events.order_by("-occurred_at").values_list("touchpoint__code", flat=True).first() or ""
    return Guess(touchpoint or _place(topic, organisation), topic, severity)


def _place(topic: str, organisation: int) -> str:
    """Where a topic belongs: as the settings tie it, else as it is in most shops."""
    tied = topics.place_of(topic, organisation=organisation) if topic else ""
    return tied or PLACES.get(topic, "")


def touchpoints(*, organisation: int) -> list[Touchpoint]:
    """The catalogue of touchpoints in use, in its order."""
    found = Touchpoint.objects.filter(organisation_id=organisation, retired_at__isnull=True)
    return list(found.order_by("position", "code"))


def tiers(*, organisation: int) -> list[str]:
    """The value tiers customers have here, for the filter."""
    found = Customer.objects.filter(organisation_id=organisation).exclude(tier="").values_list("tier", flat=True)
    return sorted(found.distinct())


def seen(numbers: Sequence[str], filters: Filters, *, organisation: int, now: datetime) -> list[uuid.UUID]:
    """Keys of the tickets with these numbers, as far as the filters' subtrees and owner let them be seen."""
    found = queries.tickets(replace(filters, order="newest"), organisation=organisation, now=now)
    return list(found.filter(number__in=list(numbers)).order_by().values_list("id", flat=True))


def all_of(filters: Filters, *, organisation: int, now: datetime, limit: int) -> list[uuid.UUID]:
    """Keys of the first tickets of a filter, in its order."""
    found = queries.tickets(filters, organisation=organisation, now=now)
    return list(found.values_list("id", flat=True)[:limit])
