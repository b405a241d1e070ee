"""After a change of hours: every open clock it may reach gets its new due instant, in slices that can be resumed.

The truth needs no slice: whoever judges a clock splices the change in (`hours_counted`). This walk only brings `due_at` and
`next_fire_at` up to date, so that lists are right and nothing that now comes earlier is rung late. Each slice and the fact
that asks for the next commit together; a clock in somebody else's hands is taken up again by a later slice.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from complaints import clocks, hours_counted
from complaints.enums import ClockState
from complaints.hours_counted import UNIT
from complaints.models import Clock, Pause, Ticket
from cxms.lib import failpoints
from cxms.lib.calendar_difference import first_difference
from ledger.facts import record, record_many
from tenancy import calendars
from tenancy.models import Unit

SLICE = 1000
LANES = 4
LANE = "get_byte(uuid_send(complaints_clock.id), 15) %% %s"
LIVE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
# the same hours read in a unit's own zone may differ a day earlier
ZONES_APART = timedelta(days=2)
WRITE = """
    update complaints_clock c set due_at = v.due_at, next_fire_at = v.next_fire_at
    from unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) as v (id, due_at, next_fire_at)
    where c.organisation_id = %s and c.id = v.id
"""


@dataclass(frozen=True)
class Walk:
    """What changed and how far the walk has come.

    since: the instant of the change; code: the calendar that was edited, or path: the subtree that keeps other hours; from_at:
    nothing before it can move, "" for unknown; lane: which part of the clocks, -1 before the walk is shared out; cursor: the last clock seen; again: clocks that were in other hands.
    """

    since: str
    code: str = ""
    path: str = ""
    from_at: str = ""
    lane: int = -1
    cursor: str = ""
    again: tuple[str, ...] = ()
    n: int = 0


def of_fact(kind: str, data: Mapping[str, Any], at: datetime, *, organisation: int) -> Walk | None:
    """The walk a fact asks for; None when the change moves nothing within three years."""
    if kind == "promises.retimed":
        return Walk(**{**data, "again": tuple(data["again"])})
    if kind == "hours.changed":
        return Walk(since=at.isoformat(), path=data["path"])
    rows = {row.version: row for row in calendars.versions(data["code"], organisation=organisation)}
    new, old = rows[data["version"]], rows.get(data["version"] - 1)
    if old is None:
        return None
    before, after = calendars.load(old), calendars.load(new)
    if before.timezone != after.timezone:
        return Walk(since=at.isoformat(), code=data["code"])
    apart = first_difference(before, after, new.valid_from)
    if apart is None:
        return None
    return Walk(since=at.isoformat(), code=data["code"], from_at=(apart - ZONES_APART).isoformat())


def step(walk: Walk, *, organisation: int, now: datetime, size: int = 0) -> int:
    """Brings one slice up to date and asks for the next where there is one. Returns how many clocks moved."""
    size = size or SLICE
    if walk.lane < 0:
        if _reached(walk, organisation)[size : size + 1].exists():
            _share_out(walk, organisation, now)
            return 0
        walk = replace(walk, lane=LANES)
    rows = _reached(walk, organisation)
    keys = [uuid.UUID(key) for key in walk.again[:size]]
    room = size - len(keys)
    fresh = list(_after(rows, walk.cursor).order_by("id").values_list("id", flat=True)[:room]) if room else []
    wanted = [*keys, *fresh]
    held = list(
        rows.filter(id__in=wanted).select_for_update(skip_locked=True, of=("self",)).order_by("id")
    )  # in other hands: later
    moved = _retime(held, datetime.fromisoformat(walk.since), organisation)
    missed = set(wanted) - {clock.id for clock in held}
    still = rows.filter(id__in=missed).values_list("id", flat=True) if missed else []
    again = (*walk.again[size:], *(str(key) for key in still))
    failpoints.reach("recompute.before_commit")
    if again or len(fresh) == room:
        cursor = str(fresh[-1]) if fresh else walk.cursor
        data = {**asdict(walk), "cursor": cursor, "again": list(again), "n": walk.n + moved}
        record("promises.retimed", walk.code or walk.path, data, organisation=organisation, now=now)
    return moved


def _share_out(walk: Walk, organisation: int, now: datetime) -> None:
    """More than a slice: as many walks as there are lanes, for as many workers."""
    walks = [(walk.code or walk.path, asdict(replace(walk, lane=lane))) for lane in range(LANES)]
    record_many([("promises.retimed", *each) for each in walks], organisation=organisation, now=now)


def _after(rows: QuerySet[Clock], cursor: str) -> QuerySet[Clock]:
    return rows.filter(id__gt=cursor) if cursor else rows


def _reached(walk: Walk, organisation: int) -> QuerySet[Clock]:
    """The open clocks the change may move: by calendar, by the units below a path; not those due before it matters."""
    rows = Clock.objects.filter(
        organisation_id=organisation, stopped_at__isnull=True, started_at__isnull=False, state__in=LIVE
    )
    if 0 <= walk.lane < LANES:
        rows = rows.annotate(lane=RawSQL(LANE, [LANES])).filter(lane=walk.lane)
    if walk.code:
        rows = rows.filter(Q(hours__in=[walk.code, UNIT]) | ~Q(turns=[]))
    else:
        below = Unit.objects.filter(organisation_id=organisation, path__startswith=walk.path).values("id")
        rows = rows.filter(Q(hours=UNIT) | ~Q(turns=[])).filter(Q(ticket__unit__in=below) | Q(ticket__unit__isnull=True))
    if walk.from_at:
        late = Q(due_at__gte=walk.from_at) | Q(next_fire_at__gte=walk.from_at)
        rows = rows.filter(late | Q(due_at__isnull=True) | Q(next_fire_at__isnull=True))
    return rows


def _retime(held: Sequence[Clock], since: datetime, organisation: int) -> int:
    """Works the slice out afresh and writes what moved in one statement."""
    if not held:
        return 0
    keys = {clock.ticket_id for clock in held}
    known = Ticket.objects.filter(organisation_id=organisation, id__in=keys).values_list("id", "unit_id", "opened_at")
    tickets = {key: Ticket(id=key, organisation_id=organisation, unit_id=unit, opened_at=at) for key, unit, at in known}
    pauses: dict[uuid.UUID, list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(organisation_id=organisation, ticket__in=keys).order_by("from_at"):
        pauses[pause.ticket_id].append(pause)
    for clock in held:
        clock.ticket = tickets[clock.ticket_id]
    hours_counted.attach(held)
    moved = []
    for clock in held:
        due_at, next_fire_at = clocks.retimed(clock, pauses.get(clock.ticket_id, ()), since=since)
        if (due_at, next_fire_at) != (clock.due_at, clock.next_fire_at):
            moved.append((clock.id, due_at, next_fire_at))
    if moved:
        with connection.cursor() as cursor:
            columns = [list(column) for column in zip(*moved, strict=True)]
            cursor.execute(WRITE, [[str(key) for key in columns[0]], columns[1], columns[2], organisation])
    return len(moved)
