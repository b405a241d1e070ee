"""Leaving records as lists and counts, and complaints counted by the two axes. Reads only.

The counts of complaints come from the desk's own statement, so that a number and the list it opens are one.
"""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from django.db.models import Count, Q, QuerySet

from complaints import axes, queries
from complaints.axes import SET, Place
from complaints.enums import AxesState
from complaints.models import LeavingRecord
from complaints.queries import Filters
from complaints.received import Asked

# (first axis, second axis, who says so) → how many
Counts = Counter[tuple[str, str, str]]


@dataclass(frozen=True)
class Wanted:
    """What the list of records is narrowed by; empty means any. Days are local and half open; unit covers its subtree."""

    from_date: date | None = None
    to_date: date | None = None
    unit: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)
    reason: str = ""
    source: str = ""
    place: Place = Place()


def wanted_of(asked: Asked, source: str = "") -> Wanted:
    """The records of a figure's days and units, of one source or of all."""
    return Wanted(asked.from_date, asked.to_date, asked.unit, asked.paths, source=source)


def records(wanted: Wanted, *, organisation: int) -> QuerySet[LeavingRecord]:
    """The records that pass, newest first; withdrawn ones are not among them."""
    rows = LeavingRecord.objects.filter(organisation_id=organisation, withdrawn_at=None).select_related("customer", "unit")
    if wanted.from_date:
        rows = rows.filter(local_day__gte=wanted.from_date)
    if wanted.to_date:
        rows = rows.filter(local_day__lt=wanted.to_date)
    if wanted.unit:
        rows = rows.filter(unit__path__contains=f"/{wanted.unit}/")
    if wanted.paths:
        seen = Q()
        for path in wanted.paths:
            seen |= Q(unit__path__startswith=path)
        rows = rows.filter(seen)
    plain = {"reason": wanted.reason, "source": wanted.source, "unmet": wanted.place.unmet, "left_with": wanted.place.left_with}
    rows = rows.filter(**{name: value for name, value in plain.items() if value})
    if wanted.place.state in {SET, AxesState.CODED}:
        rows = rows.exclude(unmet="")
    elif wanted.place.state:
        # a record has no facts that could suggest anything
        rows = rows.filter(unmet="") if wanted.place.state == AxesState.OPEN else rows.none()
    return rows.order_by("-local_day", "-id")


def one(key: uuid.UUID, *, organisation: int, paths: tuple[str, ...] = ()) -> LeavingRecord | None:
    """A record that was not withdrawn and that the reader sees, or None."""
    return records(Wanted(paths=paths), organisation=organisation).filter(id=key).first()


def n_records(wanted: Wanted, *, organisation: int) -> Counts:
    """Records by their place. One statement."""
    found: Counts = Counter()
    rows = records(wanted, organisation=organisation).order_by().values_list("unmet", "left_with").annotate(n=Count("id"))
    for unmet, left, n in rows:
        found[(unmet, left, AxesState.CODED.value if unmet else AxesState.OPEN.value)] += n
    return found


def n_reasons(wanted: Wanted, *, organisation: int) -> dict[str, int]:
    """Records by reason. One statement."""
    rows = records(wanted, organisation=organisation).order_by().values_list("reason").annotate(n=Count("id"))
    return dict(rows)


def n_complaints(asked: Asked, *, organisation: int, now: datetime) -> dict[str, Counts]:
    """Complaints received in those days by their place, for each unit's path ("" for none), duplicates left out. One statement."""
    filters = Filters(view="all", unit=asked.unit, paths=asked.paths, from_date=asked.from_date, to_date=asked.to_date, order="newest")
    rows = queries.tickets(filters, organisation=organisation, now=now).order_by()
    names = ("unit__path", "on_unmet", "on_left", "on_state")
    made, given = axes.placed(rows, organisation=organisation).values_list(*names).query.sql_with_params()
    found: dict[str, Counts] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"select p.path, p.u, p.l, p.s, count(*) from ({made}) p (path, u, l, s) group by 1, 2, 3, 4", given)
        for path, unmet, left, state, n in cursor.fetchall():
            found.setdefault(path or "", Counter())[(unmet, left, state)] = n
    return found


def summed(counts: Mapping[str, Counts], path: str = "") -> Counts:
    """All of them, or those at and below a unit's path. Pure."""
    return sum((found for at, found in counts.items() if at.startswith(path)), Counter())

