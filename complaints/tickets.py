"""Opening a ticket: policy matched, number given, promise clocks started, one transaction. The moves are in `moves`."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from complaints import clocks, holding, sla_policies
from complaints.clocks import Hours, Moment
from complaints.enums import Severity, State
from complaints.models import Move, PolicyVersion, Ticket
from complaints.policies_check import UNIT_CALENDAR
from complaints.policies_match import Case
from customers.models import Customer
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from feedback import masking
from feedback.models import Analysis, Feedback
from ledger.facts import record
from tenancy import calendars, hours, queries
from tenancy.models import Unit


class TicketError(DomainError):
    """The ticket cannot be opened or moved as asked."""


@dataclass(frozen=True)
class Opening:
    """What is known of a complaint when its ticket opens.

    unit: where it belongs, if not where it was said; rule: the case rule that opened it, of that version of the rules.
    """

    feedback: Feedback
    severity: str = Severity.NORMAL
    topics: tuple[str, ...] = ()
    policy: str = ""
    title: str = ""
    reason: str = ""
    is_history: bool = False
    has_moves: bool = False
    unit: Unit | None = None
    rule: str = ""
    rules_version: int = 0
    part: int = 0


def open_ticket(
    opening: Opening, *, organisation: int, now: datetime, actor: str, actor_name: str = ""
) -> Ticket:
    """Opens the ticket of a complaint and starts its clocks at the receipt. The feedback has at most one ticket.

    Records `complaint.opened`. History (`is_history`) is told to nobody; with `has_moves` the caller applies them
    first and then calls `clocks.catch_up`, so that nothing fires that a later move prevents.
    """
    if opening.severity not in Severity.values:
        raise TicketError(_("未知严重度"), code="unknown_severity", field="severity")
    voice = opening.feedback
    unit = opening.unit
    if unit is None and voice.unit_id:
        unit = Unit.objects.filter(organisation_id=organisation, id=voice.unit_id).first()
    policy = _policy(opening, unit, organisation, now)
    written_at = clocks.database_now()
    moment = Moment(at=voice.received_at, written_at=written_at, actor=actor, is_history=opening.is_history)
    ticket = _create(opening, unit, policy, organisation, written_at)
    _first_move(ticket, opening, moment, actor_name)
    holding.first(ticket, holding.holder_of(ticket)).save(force_insert=True)
    clauses = policy.clauses
    clocks.add_all(ticket, clauses, moment=moment, calendar_of=calendars_of(clauses, unit, organisation))
    if not opening.has_moves:
        clocks.catch_up(ticket, moment=moment)
    data = {"number": ticket.number, "severity": ticket.severity, "silent": opening.is_history}
    record("complaint.opened", ticket.id, data, organisation=organisation, now=written_at, actor=actor)
    return ticket


def _create(opening: Opening, unit: Unit | None, policy: PolicyVersion, organisation: int, at: datetime) -> Ticket:
    voice = opening.feedback
    day = voice.received_at.astimezone(queries.zone(queries.organisation(organisation).timezone)).date()
    return Ticket.objects.create(
        id=new_id(),
        organisation_id=organisation,
        number=_number(organisation, day),
        feedback=voice,
        title=masking.hidden(opening.title)[:120] or title_of(masking.hidden(voice.text)),
        severity=opening.severity,
        customer_id=voice.customer_id,
        unit=unit,
        staff_id=voice.staff_id,
        touchpoint_id=voice.touchpoint_id,
        channel=voice.channel,
        topics=list(opening.topics),
        policy=policy,
        received_at=voice.received_at,
        local_day=day,
        opened_at=voice.received_at if opening.is_history else at,
        is_history=opening.is_history,
        version=1,
        part=opening.part,
    )


def _policy(opening: Opening, unit: Unit | None, organisation: int, now: datetime) -> PolicyVersion:
    customer = opening.feedback.customer_id
    tier = ""
    if customer:
        tier = Customer.objects.filter(organisation_id=organisation, id=customer).values_list("tier", flat=True)[0]
    case = Case(
        severity=opening.severity,
        tier=tier,
        channel=opening.feedback.channel,
        unit_path=unit.path if unit else "",
        topics=opening.topics,
        red_line=is_red(opening.feedback.id, opening.severity, organisation=organisation),
    )
    return sla_policies.match(case, organisation=organisation, now=now, code=opening.policy)


def is_red(feedback_id: uuid.UUID, severity: str, *, organisation: int) -> bool:
    """True for what no tier may make slower: a red line found in the words, or the gravest severity."""
    if severity == Severity.CRITICAL:
        return True
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id=feedback_id, is_current=True)
    return rows.filter(red_line=True).exists()


def title_of(text: str) -> str:
    """A ticket's title: the first sentence of what the customer said, 40 characters at most."""
    first = text.strip().split("\n", 1)[0]
    for mark in "。！？!?；;":
        head = first.split(mark, 1)[0]
        first = head if 6 <= len(head) < len(first) else first
    return first[:40] or _("（没有文字）")


def _number(organisation: int, day: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into complaints_ticketcounter (id, organisation_id, day, last) values (%s, %s, %s, 1) "
            "on conflict (organisation_id, day) do update set last = complaints_ticketcounter.last + 1 returning last",
            [new_id(), organisation, day],
        )
        (last,) = cursor.fetchone() or (0,)
    return f"C-{day:%y%m%d}-{int(last):03d}"


def calendars_of(clauses: Sequence[dict[str, Any]], unit: Unit | None, organisation: int) -> dict[str, Hours]:
    """The calendar version in force for each calendar code of the clauses; `unit` is the unit's, in the unit's zone."""
    found = {}
    for code in {clause["calendar"] for clause in clauses}:
        if code == UNIT_CALENDAR:
            kept = hours.of(unit, organisation=organisation)
            found[code] = Hours(calendars.current(kept.calendar, organisation=organisation), kept.timezone)
        else:
            found[code] = Hours(calendars.current(code, organisation=organisation))
    return found


def _first_move(ticket: Ticket, opening: Opening, moment: Moment, actor_name: str) -> None:
    by = {"rule": opening.rule, "rules_version": opening.rules_version} if opening.rule else {}
    Move.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        seq=1,
        kind="opened",
        at=moment.at,
        recorded_at=moment.written_at,
        actor=moment.actor[:120],
        actor_name=actor_name[:80],
        data={"channel": ticket.channel, "severity": ticket.severity, "reason": opening.reason, **by},
    )


def locked(ticket_id: uuid.UUID, *, organisation: int) -> Ticket:
    """The ticket under row lock. Raises TicketError not_found."""
    row = (
        Ticket.objects.select_for_update(of=("self",))
        .filter(organisation_id=organisation, id=ticket_id)
        .select_related("unit", "policy", "feedback")
        .first()
    )
    if row is None:
        raise TicketError(_("找不到这宗投诉"), code="not_found")
    return row


def locked_many(ids: Iterable[uuid.UUID], *, organisation: int) -> list[Ticket]:
    """Tickets under row lock, in the order of their keys, with their owners; who is not there is left out."""
    rows = Ticket.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id__in=list(ids))
    return list(rows.select_related("unit", "policy", "feedback", "owner", "owner__user").order_by("id"))


def shown_state(ticket: Ticket, *, is_held: bool) -> str:
    """The state as doors show it: an open ticket that is held is waiting."""
    return State.WAITING if is_held and ticket.state in {State.NEW, State.HANDLING, State.PROPOSED} else ticket.state
