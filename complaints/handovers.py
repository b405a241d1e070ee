"""Handing a ticket to another unit: offered with a reason, accepted or refused in the receiver's own time, else told upwards.

The customer's clocks take no notice of it. Who holds the hours is `complaints.holding`.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from complaints import clocks, holding
from complaints.enums import HandoverState
from complaints.hand import Hand
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Handover, HandoverTarget, Ticket
from complaints.tickets import TicketError
from cxms.lib import dispatch
from cxms.lib.errors import DomainError
from ledger.facts import record
from tenancy import audit, members, trees
from tenancy.capabilities import CAPABILITIES
from tenancy.enums import Role
from tenancy.models import Member, MemberRole, Unit

DEFAULT_MINUTES = 30
MOST_MINUTES = 10_080
PERSON = "user:"
WORKERS = CAPABILITIES["complaints:write"]
BATCH = 50
DUE = """
    select organisation_id from complaints_handover where next_fire_at <= statement_timestamp()
    group by 1 order by min(next_fire_at)
"""
NEXT = "select min(next_fire_at) from complaints_handover where next_fire_at is not null"


class HandoverError(DomainError):
    """The answering time cannot be set as asked."""


# ---- the moves -------------------------------------------------------------------------------------------------------


def pending(ticket: Ticket) -> Handover | None:
    """The offer that waits for an answer, or None."""
    rows = Handover.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, state=HandoverState.ASKED)
    return rows.select_related("to_unit", "from_unit").first()


def _ask(hand: Hand) -> None:
    ticket, moment, organisation = hand.ticket, hand.moment, hand.ticket.organisation_id
    unit = trees.by_code(hand.fields["to"], organisation=organisation)
    if unit is None:
        raise TicketError(_("没有这个单元"), code="unknown_unit", field="to")
    giver = holding.holder_of(ticket)
    if unit == giver:
        raise TicketError(_("它已经在这个单元手里"), code="same_unit", field="to")
    if pending(ticket) is not None:
        raise MoveNotAllowed(_("已经转交出去，还没有人答复；先收回再转"), code="already_offered", field="to")
    minutes = minutes_of(unit, organisation=organisation)
    due_at = moment.at + timedelta(minutes=minutes)
    row = Handover.objects.create(
        organisation_id=organisation, ticket=ticket, from_unit=giver, to_unit=unit, reason=hand.fields["reason"],
        needed=hand.fields["needed"], by_at=datetime.fromisoformat(hand.fields["by"]) if hand.fields["by"] else None,
        asked_at=moment.at, asked_by=moment.actor[:120], asked_name=hand.actor_name[:80], due_at=due_at,
        next_fire_at=None if moment.is_history else due_at,
    )  # fmt: skip
    ticket.offered = unit
    hand.fields |= {"unit": unit.name, "from": giver.name, "due_at": due_at.isoformat()}
    _tell(row, "asked", hand)


def _open(hand: Hand) -> Handover:
    row = pending(hand.ticket)
    if row is None:
        raise MoveNotAllowed(_("没有等人接收的转交"), field="move")
    return row


def _settle(row: Handover, state: str, hand: Hand) -> None:
    row.state, row.answered_at, row.next_fire_at = state, hand.moment.at, None
    row.answered_name, row.answer = hand.actor_name[:80], str(hand.fields.get("reason", ""))[:400]
    row.save()
    hand.ticket.offered = None
    hand.fields |= {"unit": row.to_unit.name, "from": row.from_unit.name}


def _accept(hand: Hand) -> None:
    row = _open(hand)
    taker = _taker(row, hand)
    _settle(row, HandoverState.ACCEPTED, hand)
    holding.pass_on(hand.ticket, row.to_unit, at=hand.moment.at)
    # who accepts answers for it; a system that accepts leaves it to be assigned over there
    hand.ticket.owner = taker
    _tell(row, "accepted", hand)


def _refuse(hand: Hand) -> None:
    row = _open(hand)
    _taker(row, hand)
    _settle(row, HandoverState.REFUSED, hand)
    _tell(row, "refused", hand)


def _withdraw(hand: Hand) -> None:
    row = _open(hand)
    _settle(row, HandoverState.WITHDRAWN, hand)


def _taker(row: Handover, hand: Hand) -> Member | None:
    """The member of the receiving unit, or over it, who answers; never the giver himself. None for a system."""
    actor = hand.moment.actor
    if not actor.startswith(PERSON):
        return None
    email = actor.removeprefix(PERSON)
    people = members.holders(set(WORKERS), organisation=row.organisation_id, path=row.to_unit.path)
    found = next((one for one in [*people, *_inside(row.to_unit)] if one.user.email == email), None)
    if found is None or actor == row.asked_by:
        raise MoveNotAllowed(_("要由“%(unit)s”的人来答复") % {"unit": row.to_unit.name}, code="not_receiver", field="move")
    return found


def lapse(ticket: Ticket, *, at: datetime) -> None:
    """Solved before anybody answered: the offer is over."""
    if ticket.offered_id is not None:
        rows = Handover.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, state=HandoverState.ASKED)
        rows.update(state=HandoverState.LAPSED, answered_at=at, next_fire_at=None)
        ticket.offered = None


EFFECTS: dict[str, Callable[[Hand], str | None]] = {
    "hand_over": lambda hand: _ask(hand),
    "accept_handover": lambda hand: _accept(hand),
    "refuse_handover": lambda hand: _refuse(hand),
    "withdraw_handover": lambda hand: _withdraw(hand),
}


def _tell(row: Handover, what: str, hand: Hand) -> None:
    if hand.moment.is_history:
        return
    data = {"what": what, "handover": str(row.id)}
    record("handover.moved", row.ticket_id, data, organisation=row.organisation_id, now=hand.moment.written_at, actor=hand.moment.actor)


# ---- who is told ----------------------------------------------------------------------------------------------------


def one(key: uuid.UUID, *, organisation: int) -> Handover | None:
    """A hand-over with its units and ticket."""
    rows = Handover.objects.filter(organisation_id=organisation, id=key)
    return rows.select_related("to_unit", "from_unit", "ticket", "ticket__unit").first()


def _inside(unit: Unit) -> list[Member]:
    rows = MemberRole.objects.filter(
        organisation_id=unit.organisation_id, role__in=WORKERS, unit__path__startswith=unit.path,
        member__left_at__isnull=True, member__absent=False,
    ).select_related("member", "member__user")  # fmt: skip
    return list(dict.fromkeys(row.member for row in rows.order_by("member__name", "id")))


def receivers(unit: Unit) -> list[Member]:
    """The people of a unit who are there; with none of its own, those of the nearest unit above."""
    inside = _inside(unit)
    if inside:
        return inside
    above = members.holders(set(WORKERS), organisation=unit.organisation_id, path=unit.path)
    return above[:3]


def chiefs(unit: Unit) -> list[Member]:
    """Who is told that a unit did not answer in time: its managers and those over them, without the executives."""
    path, organisation = unit.path, unit.organisation_id
    own = members.holders({Role.STORE_MANAGER, Role.REGION_MANAGER}, organisation=organisation, path=path)
    return own or members.holders({Role.CX_MANAGER, Role.ADMIN}, organisation=organisation, path=path)


# ---- the timer ------------------------------------------------------------------------------------------------------


def due_organisations() -> list[int]:
    """Organisations with an offer nobody answered in time. As the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """When the next offer falls due."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def escalate(*, organisation: int) -> int:
    """Writes down, once, every offer that is late, and says so. Returns how many."""
    now = clocks.database_now()
    rows = Handover.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        organisation_id=organisation, next_fire_at__lte=now, state=HandoverState.ASKED
    )
    found = list(rows.order_by("next_fire_at")[:BATCH])
    for row in found:
        row.escalated_at, row.next_fire_at = now, None
        row.save(update_fields=["escalated_at", "next_fire_at"])
        data = {"what": "overdue", "handover": str(row.id)}
        record("handover.moved", row.ticket_id, data, organisation=organisation, now=now, actor="clockwork")
    return len(found)


# ---- settings -------------------------------------------------------------------------------------------------------


def targets(*, organisation: int) -> dict[uuid.UUID, int]:
    """Unit → minutes, where a unit has its own."""
    return dict(HandoverTarget.objects.filter(organisation_id=organisation).values_list("unit_id", "minutes"))


def minutes_of(unit: Unit, *, organisation: int) -> int:
    """In how many minutes the unit answers: its own word, the nearest one above it, or thirty."""
    rows = HandoverTarget.objects.filter(organisation_id=organisation).select_related("unit")
    above = [row for row in rows if unit.path.startswith(row.unit.path)]
    return max(above, key=lambda row: len(row.unit.path)).minutes if above else DEFAULT_MINUTES


def choose_target(unit: Unit, minutes: str, *, organisation: int, now: datetime, actor: str) -> None:
    """Sets a unit's minutes; empty follows the unit above. Raises HandoverError."""
    rows = HandoverTarget.objects.filter(organisation_id=organisation, unit=unit)
    value = minutes.strip()
    if not value:
        rows.delete()
    elif not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= MOST_MINUTES):
        raise HandoverError(_("写 1 至 %(most)d 之间的整数") % {"most": MOST_MINUTES}, code="bad_minutes", field="minutes")
    else:
        HandoverTarget.objects.update_or_create(organisation_id=organisation, unit=unit, defaults={"minutes": int(value)})
    detail = {"fields": ["handover_minutes"], "minutes": value}
    audit.note("handover.target", unit.id, organisation=organisation, actor=actor, now=now, detail=detail)
