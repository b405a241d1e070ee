"""Who is told what. Followers of complaint facts; delivery by mail follows from `notice.created`, the bell is the row."""

import uuid
from datetime import datetime
from typing import Any

from alerts.models import Notice
from complaints import queries
from complaints.models import Ticket
from cxms.lib.ids import new_id
from ledger.facts import record_many
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member
from tenancy.queries import root_path

RUNGS = (
    {Role.FRONTLINE, Role.STORE_MANAGER},
    {Role.STORE_MANAGER},
    {Role.REGION_MANAGER},
    {Role.EXECUTIVE},
    {Role.CX_MANAGER, Role.ADMIN},
)


def rung_of(level: str) -> int:
    """How high a level climbs: 50 % owner, 75 % store manager, breach region, +offset executives. Pure."""
    if level.startswith("+"):
        return 3
    share = float(level)
    return 2 if share >= 1 else 1 if share >= 0.75 else 0


def recipients(ticket: Ticket, level: str) -> list[Member]:
    """Everyone a level is told to, nearest first; an empty rung passes to the next one up."""
    organisation = ticket.organisation_id
    path = ticket.unit.path if ticket.unit else root_path(organisation=organisation)
    found: list[Member] = []
    owner = ticket.owner
    if owner is not None and owner.left_at is None and not owner.absent:
        found.append(owner)
    else:
        found += members.holders(set(RUNGS[0]), organisation=organisation, path=path)
    for rung in range(1, rung_of(level) + 1):
        found += members.holders(set(RUNGS[rung]), organisation=organisation, path=path)
    climb = rung_of(level) + 1
    while not found and climb < len(RUNGS):
        found += members.holders(set(RUNGS[climb]), organisation=organisation, path=path)
        climb += 1
    return list(dict.fromkeys(found))


def tell(
    ticket: Ticket, people: list[Member], purpose: str, key: str, data: dict[str, Any], *, organisation: int, now: datetime
) -> list[Notice]:
    """Writes one notice per person who does not have this key yet, and records `notice.created` for each."""
    there = set(
        Notice.objects.filter(organisation_id=organisation, key=key, recipient__in=people).values_list(
            "recipient_id", flat=True
        )
    )
    rows = [
        Notice(
            id=new_id(),
            organisation_id=organisation,
            recipient=person,
            ticket=ticket,
            purpose=purpose,
            key=key,
            data=data,
            created_at=now,
        )
        for person in people
        if person.id not in there
    ]
    Notice.objects.bulk_create(rows)
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = [
        ("notice.created", row.id, {"recipient": str(row.recipient_id), "ticket": str(ticket.id)}) for row in rows
    ]
    if facts:
        record_many(facts, organisation=organisation, now=now)
    return rows


def tell_executives(ticket_id: uuid.UUID, *, organisation: int, now: datetime) -> list[Notice]:
    """The first clause of the promise: the complaint goes straight to the executives over its unit."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None:
        return []
    path = ticket.unit.path if ticket.unit else root_path(organisation=organisation)
    people = members.holders({Role.EXECUTIVE}, organisation=organisation, path=path)
    people = people or members.holders({Role.CX_MANAGER, Role.ADMIN}, organisation=organisation, path=path)
    key = f"executives:{ticket.id}:{ticket.cycle}"
    return tell(ticket, people, "executives", key, {}, organisation=organisation, now=now)


def tell_escalation(ticket_id: uuid.UUID, data: dict[str, Any], *, organisation: int, now: datetime) -> list[Notice]:
    """The levels that fired together: each person gets one message, for the highest."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None:
        return []
    level = max(data["levels"], key=_order)
    people: list[Member] = []
    for fired in data["levels"]:
        people += recipients(ticket, fired)
    key = f"escalation:{ticket.id}:{data['clause']}:{data['cycle']}:{level}"
    detail = {"clause": data["clause"], "kind": data["kind"], "cycle": data["cycle"], "level": level}
    return tell(ticket, list(dict.fromkeys(people)), "escalation", key, detail, organisation=organisation, now=now)


def tell_owner(ticket_id: uuid.UUID, seq: int, *, organisation: int, now: datetime) -> list[Notice]:
    """The new owner learns that the complaint is in his hands."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None or ticket.owner is None:
        return []
    return tell(ticket, [ticket.owner], "assigned", f"assigned:{ticket.id}:{seq}", {}, organisation=organisation, now=now)


def _order(level: str) -> float:
    return 1e9 + float(level) if level.startswith("+") else float(level)


def read(notice_id: uuid.UUID, member: Member, *, organisation: int, now: datetime) -> Notice | None:
    """Marks a member's own notice as read; an executive's first reading meets the notify clause."""
    row = Notice.objects.select_for_update(of=("self",)).filter(
        organisation_id=organisation, id=notice_id, recipient=member
    )
    notice = row.select_related("ticket").first()
    if notice is not None and notice.read_at is None:
        notice.read_at = now
        notice.save(update_fields=["read_at"])
        accepted(notice, "inapp", organisation=organisation, now=now)
    return notice


def read_of_ticket(ticket: Ticket, member: Member, *, organisation: int, now: datetime) -> int:
    """Opening a ticket reads every notice the member has about it."""
    ids = Notice.objects.filter(organisation_id=organisation, ticket=ticket, recipient=member, read_at__isnull=True)
    return sum(read(key, member, organisation=organisation, now=now) is not None for key in list(ids.values_list("id", flat=True)))


def accepted(notice: Notice, sink: str, *, organisation: int, now: datetime) -> None:
    """A channel took the message: records `notice.accepted`, which the promise desk follows."""
    data = {"ticket": str(notice.ticket_id), "purpose": notice.purpose, "sink": sink}
    record_many([("notice.accepted", notice.id, data)], organisation=organisation, now=now)
