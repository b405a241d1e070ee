"""The list of points: every voice's of a window of days, each with its type, whose it is and what was decided. Reads only.

The statement says in SQL what `points.points_of` says of one voice; nothing is kept, so the list is never behind.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from feedback import points, queries
from feedback.enums import PointState, PointType
from feedback.points import Route
from tenancy import queries as tenancy
from tenancy.enums import ClassifyFirst
from tenancy.models import Member

DAYS = 30
FIRST, LAST = date(1990, 1, 1), date(2200, 1, 1)
NOBODY = "nobody"
# a day more on either side of the instants, for the index of the list; the local day decides
FROM = """
    from feedback_feedback f
    join feedback_analysis a on a.organisation_id = f.organisation_id and a.feedback_id = f.id and a.is_current
    cross join lateral (
        select '' as topic where a.kind = 'suggestion'
        union
        select m ->> 'code' from jsonb_array_elements(a.topics) m where (m ->> 'sentiment')::float8 < 0
    ) p
    left join feedback_pointmark k on k.organisation_id = f.organisation_id and k.feedback_id = f.id and k.topic = p.topic
    cross join lateral (
        select case when p.topic = '' then 'need' when p.topic = any(%(product)s) then 'product' else 'service' end as type
    ) s
    where f.organisation_id = %(organisation)s and f.deleted_at is null and f.excluded_at is null
      and f.local_day >= %(from_date)s and f.local_day < %(to_date)s
      and f.occurred_at >= %(from_date)s::date - interval '2 days' and f.occurred_at < %(to_date)s::date + interval '2 days'
"""
ROWS = """
    select f.id, p.topic, s.type, f.occurred_at, f.local_day, coalesce(k.state, 'open'), coalesce(k.note, ''), k.decided_by_id,
           k.decided_at, coalesce(k.version, 0), coalesce(k.decided_name, '')
"""
ORDER = " order by f.occurred_at desc, f.id desc, p.topic"
Place = tuple[datetime, uuid.UUID, str]


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed by; empty means any. Days are local and half open; topic "needs" are the needs.

    owner: a member's key, or `NOBODY`; unit covers its subtree; paths are the reader's subtrees. received: the instants between
    which the voice came in, half open.
    """

    from_date: date
    to_date: date
    type: str = ""
    topic: str = ""
    owner: str = ""
    state: str = ""
    unit: str = ""
    received: tuple[datetime, datetime] | None = None
    paths: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Row:
    """A line of the list. `version` guards a decision."""

    feedback_id: uuid.UUID
    topic: str
    type: str
    occurred_at: datetime
    local_day: date
    owner_id: uuid.UUID | None
    owner: str
    state: str
    note: str
    decided_by: str
    decided_at: datetime | None
    version: int

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return self.occurred_at, self.feedback_id, self.topic

    def get_state_display(self) -> str:
        """What was decided, in words."""
        return str(PointState(self.state).label)

    def get_type_display(self) -> str:
        """The type in words."""
        return str(PointType(self.type).label)


def window(from_date: date | None, to_date: date | None, today: date) -> tuple[date, date]:
    """The days asked for, else the last thirty up to today. Days nobody lived are brought nearer."""
    to = min(max(to_date, FIRST), LAST) if to_date else max(today + timedelta(days=1), from_date or FIRST)
    return (min(max(from_date, FIRST), LAST) if from_date else max(to - timedelta(days=DAYS), FIRST)), min(to, LAST)


def received(from_date: date | None, to_date: date | None, timezone: str) -> tuple[datetime, datetime] | None:
    """The instants of local days [from_date, to_date); None unless both are given."""
    if from_date is None or to_date is None:
        return None
    first, last = (datetime.combine(min(max(day, FIRST), LAST), time(), tzinfo=tenancy.zone(timezone)) for day in (from_date, to_date))
    return first, last


def days_said(from_date: date, to_date: date) -> str:
    """Local days [from_date, to_date) as they are written: “2026-11-23”, “2026-11-23 – 2026-11-24”."""
    last = to_date - timedelta(days=1)
    return from_date.isoformat() if last <= from_date else f"{from_date.isoformat()} – {last.isoformat()}"


def rows(filters: Filters, *, organisation: int, most: int | None = None, offset: int = 0, before: Place | None = None) -> list[Row]:
    """The points that pass, newest first. before: only what follows this place."""
    held = points.routes(organisation=organisation)
    where, given = _where(filters, held, organisation)
    if before is not None:
        where += " and (f.occurred_at, f.id) <= (%(at)s, %(key)s) and ((f.occurred_at, f.id) < (%(at)s, %(key)s) or p.topic > %(after)s)"
        given |= {"at": before[0], "key": before[1], "after": before[2]}
    if most is not None:
        given |= {"most": most, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(ROWS + FROM + where + ORDER + (" limit %(most)s offset %(offset)s" if most is not None else ""), given)
        found = cursor.fetchall()
    deciders = {row[7] for row in found if row[7]}
    names = dict(Member.objects.filter(organisation_id=organisation, id__in=deciders).values_list("id", "name")) if deciders else {}
    made = []
    for key, topic, kind, at, day, state, note, decider, decided_at, version, name in found:
        owner = held[topic].owner if topic in held else None
        made.append(Row(
            key, topic, kind, at, day, owner.id if owner else None, owner.name if owner else "", state, note, names.get(decider, name), decided_at, version,
        ))  # fmt: skip
    return made


def counts(filters: Filters, *, organisation: int) -> dict[str, int]:
    """How many points of each type pass the other filters."""
    where, given = _where(replace(filters, type=""), points.routes(organisation=organisation), organisation)
    with connection.cursor() as cursor:
        cursor.execute("select s.type, count(*)" + FROM + where + " group by 1", given)
        found = dict(cursor.fetchall())
    return {kind: int(found.get(kind, 0)) for kind in PointType.values}


def _where(filters: Filters, held: dict[str, Route], organisation: int) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "organisation": organisation, "product": [route.topic for route in held.values() if route.side == PointType.PRODUCT],
        "from_date": filters.from_date, "to_date": filters.to_date,
    }  # fmt: skip
    where = ""
    units = queries.units(queries.Filters(unit=filters.unit, paths=filters.paths), organisation=organisation)
    if units is not None:
        where += " and f.unit_id = any(%(units)s)"
        given["units"] = list(units.values_list("id", flat=True))
    for name, test in (("type", "s.type = %(type)s"), ("state", "coalesce(k.state, 'open') = %(state)s")):
        if value := getattr(filters, name):
            where += f" and {test}"
            given[name] = value
    if filters.received:
        where += " and f.received_at >= %(received_from)s and f.received_at < %(received_to)s"
        given["received_from"], given["received_to"] = filters.received
    # under `engine` too nothing is left out: a point is read from an analysis
    if not queries.sees_all(filters.paths) and queries.rule_of(organisation=organisation) == ClassifyFirst.PERSON:
        where += " and not exists (select 1 from feedback_unclassified w where w.organisation_id = f.organisation_id and w.feedback_id = f.id)"
    if filters.topic:
        where += " and p.topic = %(topic)s"
        given["topic"] = points.NEEDS if filters.topic == PointType.NEED else filters.topic
    if filters.owner:
        # whose a topic is, is a handful of rows: told to the statement, it need not be joined to each point
        where += f" and {'not ' if filters.owner == NOBODY else ''}p.topic = any(%(lists)s)"
        given["lists"] = [route.topic for route in held.values() if route.owner and filters.owner in {NOBODY, str(route.owner.id)}]
    return where, given
