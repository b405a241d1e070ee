"""Who is told what. Followers of complaint facts; the bell is the row, `alerts.hops` carries it further."""

import uuid
from datetime import datetime
from typing import Any

from alerts import budget, hops, people, reach
from alerts.models import Notice
from alerts.reach import Decision
from complaints import approvals, ladder, queries
from complaints.enums import ApprovalState
from complaints.models import Ticket
from cxms.lib.ids import new_id
from ledger.facts import record_many
from tenancy.enums import Role
from tenancy.models import Member, MemberRole

DIRECT_RUNGS: tuple[set[str], ...] = ({Role.EXECUTIVE}, {Role.CX_MANAGER}, {Role.ADMIN})


def level_of(ticket: Ticket, member: Member) -> int:
    """How high a member stands on a ticket's ladder: 1 who works on it, 2 store, 3 region, 4 above.

    Where the ticket's policy tells him at a higher level, there.
    """
    organisation, path = ticket.organisation_id, people.path_of(ticket)
    held = MemberRole.objects.filter(organisation_id=organisation, member=member).select_related("unit")
    mine = {row.role for row in held if path.startswith(row.unit.path)}
    by_role = ((4, people.OWN[3] | people.OWN[4]), (3, people.OWN[2]), (2, people.OWN[1]))
    level = next((level for level, rung in by_role if mine & rung), 1)
    mine |= {f"{ladder.MEMBER}{member.user.email}"} | ({ladder.OWNER} if ticket.owner_id == member.id else set())
    told = [int(said) for said, who in ticket.policy.ladder.items() if mine & set(who)]
    return max([level, *told])


def recipients(ticket: Ticket, level: str, *, now: datetime) -> Decision[uuid.UUID]:
    """Everyone a level is told to, nearest first; nobody reachable now, it passes to the next rung up."""
    rungs = people.ladder_rungs(ticket, now=now)
    known = people.persons([key for rung in rungs for key in rung], ticket=ticket, now=now)
    number = ladder.number(level)
    return reach.decide(rungs, known, n_own=number, is_urgent=number >= 3)


def executives(ticket: Ticket, n_own: int, *, now: datetime) -> Decision[uuid.UUID]:
    """The executives over the ticket's unit, and the first `n_own - 1` rungs after them."""
    rungs = people.holders_by_rung(ticket, DIRECT_RUNGS, now=now)
    known = people.persons([key for rung in rungs for key in rung], ticket=ticket, now=now)
    return reach.decide(rungs, known, n_own=n_own, is_urgent=True)


def tell_decided(
    ticket: Ticket,
    decision: Decision[uuid.UUID],
    purpose: str,
    key: str,
    data: dict[str, Any],
    *,
    organisation: int,
    now: datetime,
) -> list[Notice]:
    """Writes what was decided: each person's notice says whom he stands for, and that a rung was passed."""
    wanted = {one.key: one for one in decision.told}
    absent = [one.stands_for for one in decision.told if one.stands_for]
    rows = Member.objects.filter(organisation_id=organisation, id__in=[*wanted, *absent]).select_related("user")
    named = {row.id: row for row in rows}
    extra: dict[uuid.UUID, dict[str, Any]] = {}
    for one in decision.told:
        extra[one.key] = {"rung": one.rung}
        if one.stands_for:
            extra[one.key]["stands_for"] = named[one.stands_for].name
        if one.is_silent:
            extra[one.key]["silent"] = True
        if decision.n_passed:
            extra[one.key]["n_passed"] = decision.n_passed
    return tell(ticket, [named[k] for k in wanted], purpose, key, data, organisation=organisation, now=now, extra=extra)


def tell(
    ticket: Ticket | None,
    readers: list[Member],
    purpose: str,
    key: str,
    data: dict[str, Any],
    *,
    organisation: int,
    now: datetime,
    extra: dict[uuid.UUID, dict[str, Any]] | None = None,
    feedback: uuid.UUID | None = None,
    alert: uuid.UUID | None = None,
) -> list[Notice]:
    """Writes one notice per person who does not have this key yet, records `notice.created`, and begins its hops.

    ticket None: it speaks of a voice, `feedback`, or of a metric, `alert`, and data["path"] says where it belongs.

    extra: what only one person's notice says, by his key.
    """
    there = _told(key, readers, organisation)
    rows = [
        Notice(
            id=new_id(), organisation_id=organisation, recipient=person, ticket=ticket, feedback_id=feedback, alert_id=alert, purpose=purpose,
            key=key, data={**data, **(extra or {}).get(person.id, {})}, created_at=now,
        )
        for person in readers
        if person.id not in there
    ]  # fmt: skip
    budget.hold(rows, organisation=organisation, now=now)
    Notice.objects.bulk_create(rows)
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = [
        ("notice.created", row.id, {"recipient": str(row.recipient_id), "ticket": str(ticket.id if ticket else "")}) for row in rows
    ]
    if facts:
        record_many(facts, organisation=organisation, now=now)
        hops.begin(rows, organisation=organisation, now=now)
    return rows


def _told(key: str, readers: list[Member], organisation: int) -> set[uuid.UUID]:
    rows = Notice.objects.filter(organisation_id=organisation, key=key, recipient__in=readers)
    return set(rows.values_list("recipient_id", flat=True))


def tell_owner(ticket_id: uuid.UUID, seq: int, *, organisation: int, now: datetime) -> list[Notice]:
    """The new owner learns that the complaint is in his hands."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None or ticket.owner is None:
        return []
    return tell(ticket, [ticket.owner], "assigned", f"assigned:{ticket.id}:{seq}", {}, organisation=organisation, now=now)


def tell_approvers(approval_id: uuid.UUID, *, step: int = 0, organisation: int, now: datetime) -> list[Notice]:
    """Whoever may say yes to an offer above its maker's authority learns of it at once; `step`: the how many-eth time again."""
    row = approvals.by_id(approval_id, organisation=organisation)
    if row is None or row.state != ApprovalState.WAITING:
        return []
    data: dict[str, Any] = {"approval": str(row.id), "amount": str(row.amount), "currency": row.currency, "asked": row.asked_name}
    if not step:
        return tell(row.ticket, approvals.asked(row), "approval", f"approval:{row.id}", data, organisation=organisation, now=now)
    data |= {"again": step, "minutes": int((now - row.asked_at).total_seconds() // 60)}
    readers = approvals.asked_again(row, step)
    return tell(row.ticket, readers, "approval", f"approval:{row.id}:{step}", data, organisation=organisation, now=now)


def tell_asker(approval_id: uuid.UUID, *, organisation: int, now: datetime) -> list[Notice]:
    """Who asked learns what was said."""
    row = approvals.by_id(approval_id, organisation=organisation)
    asker = approvals.asker(row) if row else None
    if row is None or asker is None:
        return []
    data = {"state": row.state, "amount": str(row.amount), "currency": row.currency, "who": row.decided_name, "reason": row.reason}
    return tell(row.ticket, [asker], "approval_decided", f"decided:{row.id}", data, organisation=organisation, now=now)


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


def tell_mentioned(
    ticket_id: uuid.UUID, seq: int, ids: list[uuid.UUID], *, organisation: int, now: datetime
) -> list[Notice]:
    """Whoever a note names learns of it once."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    people = list(Member.objects.filter(organisation_id=organisation, id__in=ids, left_at__isnull=True))
    if ticket is None or not people:
        return []
    return tell(ticket, people, "mentioned", f"mentioned:{ticket.id}:{seq}", {}, organisation=organisation, now=now)


