"""The watch: the same cause again within ninety days after what was to prevent it was done.

Same cause means the same code and the same place: the unit, or the touchpoint, where it happened. The instant that counts is
the later complaint's receipt. Whichever is learned last, the later reflection or the action's end, finds the pair; a unique
row makes it once. The rate counts actions whose ninety days are over, as the reopen rate does.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.models import Recurrence, Reflection, Ticket
from ledger.facts import record

WITHIN = timedelta(days=90)


def done_before(dones: Iterable[str], at: datetime) -> datetime | None:
    """The last time it was done at or before an instant, when that is less than ninety days ago. Pure."""
    earlier = [done for done in map(datetime.fromisoformat, dones) if done <= at < done + WITHIN]
    return max(earlier, default=None)


def same_place(one: Ticket, two: Ticket) -> bool:
    """True for the same unit or the same touchpoint, or where neither is known of both. Pure."""
    if one.unit_id is not None and one.unit_id == two.unit_id:
        return True
    if one.touchpoint_id is not None and one.touchpoint_id == two.touchpoint_id:
        return True
    return one.unit_id is None and two.unit_id is None


def look_back(row: Reflection, *, now: datetime) -> int:
    """A reflection was signed: whose prevention did not hold. Returns how many pairs are new."""
    return sum(_pair(earlier, row, now) for earlier in _others(row))


def look_forward(row: Reflection, *, now: datetime) -> int:
    """A prevention was done: what came back after it and is already reflected on. Returns how many pairs are new."""
    first = Reflection.objects.select_related("ticket").get(organisation_id=row.organisation_id, id=row.id)
    return sum(_pair(first, later, now) for later in _others(row))


def _others(row: Reflection) -> list[Reflection]:
    rows = Reflection.objects.filter(organisation_id=row.organisation_id, cause=row.cause_id, signed_at__isnull=False)
    return list(rows.exclude(ticket=row.ticket_id).select_related("ticket").order_by("signed_at", "id"))


def _pair(earlier: Reflection, later: Reflection, now: datetime) -> int:
    done_at = done_before(earlier.dones, later.ticket.received_at)
    if done_at is None or not same_place(earlier.ticket, later.ticket):
        return 0
    row, fresh = Recurrence.objects.get_or_create(
        organisation_id=earlier.organisation_id, reflection=earlier, ticket=later.ticket,
        defaults={"done_at": done_at, "at": later.ticket.received_at, "noted_at": now},
    )  # fmt: skip
    if fresh:
        is_latest = done_at == max(map(datetime.fromisoformat, earlier.dones))
        data = {"reflection": str(earlier.id), "recurrence": str(row.id), "ticket": str(later.ticket_id), "is_latest": is_latest}
        record("cause.recurred", earlier.ticket_id, data, organisation=earlier.organisation_id, now=now, actor="recurrence")
    return int(fresh)


@dataclass(frozen=True)
class Marks:
    """What a ticket's page says: complaints that its prevention did not prevent, and those it shows were not prevented."""

    later: list[Recurrence]
    earlier: list[Recurrence]


def marks(ticket: Ticket) -> Marks:
    """Both sides of a ticket. Two statements."""
    rows = Recurrence.objects.filter(organisation_id=ticket.organisation_id)
    later = rows.filter(reflection__ticket=ticket).select_related("ticket", "reflection").order_by("at")
    earlier = rows.filter(ticket=ticket).select_related("reflection__ticket").order_by("at")
    return Marks(list(later), list(earlier))


def one(key: uuid.UUID, *, organisation: int) -> Recurrence | None:
    """A recurrence with both tickets and the owner who is to hear of it."""
    rows = Recurrence.objects.filter(organisation_id=organisation, id=key)
    names = ("ticket", "ticket__unit", "reflection__ticket", "reflection__owner__user", "reflection__cause")
    return rows.select_related(*names).first()


@dataclass(frozen=True)
class Count:
    """Of preventions done whose ninety days are over: how many the cause came back after. `n_open`: still in their days."""

    code: str
    label: str
    n_signed: int
    n: int
    n_again: int
    n_open: int


def counts(*, organisation: int, now: datetime, paths: tuple[str, ...] = ()) -> list[Count]:
    """By cause, those with most complaints first; the rate is n_again / n. `paths`: what the reader sees, empty for all."""
    rows = Reflection.objects.filter(organisation_id=organisation, signed_at__isnull=False)
    again: dict[uuid.UUID, set[datetime]] = {}
    for key, done_at in Recurrence.objects.filter(organisation_id=organisation).values_list("reflection_id", "done_at"):
        again.setdefault(key, set()).add(done_at)
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows.select_related("cause", "ticket__unit"):
        unit = row.ticket.unit
        if row.cause is None or (paths and not (unit and unit.path.startswith(paths))):
            continue
        found = sums.setdefault((row.cause.code, row.cause.name), [0, 0, 0, 0])
        found[0] += 1
        for done in map(datetime.fromisoformat, row.dones):
            if done + WITHIN > now:
                found[3] += 1
            else:
                found[1] += 1
                found[2] += done in again.get(row.id, set())
    ranked = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
    return [Count(code, label, *numbers) for (code, label), numbers in ranked]


def tickets_of(code: str, *, organisation: int, paths: tuple[str, ...] = (), limit: int = 50) -> list[Reflection]:
    """The reflections behind a cause's number, the latest first."""
    rows = Reflection.objects.filter(organisation_id=organisation, signed_at__isnull=False, cause__code=code)
    found = rows.select_related("ticket", "ticket__unit", "owner").order_by("-signed_at", "-id")[: limit * 4]
    return [row for row in found if not paths or (row.ticket.unit and row.ticket.unit.path.startswith(paths))][:limit]
