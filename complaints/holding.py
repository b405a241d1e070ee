"""Where a ticket's hours went: who held it from when to when. Written under the ticket's lock by the moves.

A ticket's open life runs from its receipt to its solution, and again from a reopening; undoing a solution takes the
solution away. Before a hand-over is accepted the giver holds. So the holdings, laid end to end, are the open life.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.lifecycle import UNSOLVED
from complaints.models import Holding, Ticket
from tenancy import queries
from tenancy.models import Unit


def holder_of(ticket: Ticket) -> Unit:
    """The unit that has the ticket: who accepted it last, else where it happened, else the headquarters."""
    found = ticket.holder or ticket.unit
    if found is not None:
        return found
    root = queries.root_path(organisation=ticket.organisation_id)
    return Unit.objects.get(organisation_id=ticket.organisation_id, path=root)


def first(ticket: Ticket, unit: Unit) -> Holding:
    """The holding a ticket opens with; the caller writes it."""
    return Holding(organisation_id=ticket.organisation_id, ticket=ticket, unit=unit, from_at=ticket.received_at)


def open_of(ticket: Ticket) -> Holding | None:
    """The holding that lasts."""
    return Holding.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, to_at__isnull=True).first()


def follow(ticket: Ticket, before: str, mode: str, *, at: datetime) -> None:
    """After a move: solved, the holding ends; reopened, its holder has it again. `mode` undo: as if it had not ended."""
    was_open, is_open = before in UNSOLVED, ticket.state in UNSOLVED
    if was_open and not is_open:
        _end(ticket, at)
    elif is_open and not was_open:
        _again(ticket, mode, at)


def pass_on(ticket: Ticket, unit: Unit, *, at: datetime) -> None:
    """From this instant the ticket is the unit's."""
    _end(ticket, at)
    Holding.objects.create(organisation_id=ticket.organisation_id, ticket=ticket, unit=unit, from_at=at)
    ticket.holder = unit


def _end(ticket: Ticket, at: datetime) -> None:
    row = open_of(ticket)
    if row is not None:
        row.to_at = max(at, row.from_at)
        row.save(update_fields=["to_at"])


def _again(ticket: Ticket, mode: str, at: datetime) -> None:
    rows = Holding.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket)
    last = rows.order_by("-from_at").first()
    if mode == "undo" and last is not None:
        last.to_at = None
        last.save(update_fields=["to_at"])
        return
    Holding.objects.create(organisation_id=ticket.organisation_id, ticket=ticket, unit=holder_of(ticket), from_at=at)


@dataclass(frozen=True)
class Share:
    """One unit's part of a ticket's open life. `since`: it holds it now, its seconds run on from there."""

    unit: Unit
    seconds: float
    share: float
    n_stints: int
    since: datetime | None = None

    @property
    def percent(self) -> int:
        """The share in whole per cent."""
        return round(self.share * 100)


def of_ticket(ticket: Ticket) -> list[Holding]:
    """A ticket's holdings in order."""
    rows = Holding.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket)
    return list(rows.select_related("unit").order_by("from_at", "id"))


def shares(rows: Sequence[Holding], *, now: datetime) -> list[Share]:
    """Seconds by unit, the longest first. Pure."""
    spent: dict[Unit, timedelta] = {}
    stints: dict[Unit, int] = {}
    for row in rows:
        spent[row.unit] = spent.get(row.unit, timedelta()) + (max(row.to_at or now, row.from_at) - row.from_at)
        stints[row.unit] = stints.get(row.unit, 0) + 1
    total = sum(spent.values(), timedelta()).total_seconds()
    open_unit = next((row.unit for row in rows if row.to_at is None), None)
    found = [
        Share(unit, part.total_seconds(), part.total_seconds() / total if total else 0.0, stints[unit], now if unit == open_unit else None)
        for unit, part in spent.items()
    ]
    return sorted(found, key=lambda one: -one.seconds)
