"""Followers and timers of the promise desk."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from complaints import (
    asking_again,
    assigning,
    bulk,
    casework,
    contacts,
    contacts_due,
    correspondence,
    handovers,
    incidents,
    moves,
    reapplying,
    recomputing,
    recurrence,
    reflections,
    sweep,
)
from complaints.lifecycle import MoveNotAllowed
from complaints.models import LeavingRecord, Ticket
from customers import merging
from ledger.models import Fact


def judge_analysed(*, organisation: int, facts: Sequence[Fact], now: datetime) -> None:
    """`feedback.analysed` → a ticket for what the case rules say is one, a reason for the rest."""
    spans = [(fact.data["first"], fact.data["last"]) for fact in facts]
    casework.judge_voices([first for first, last in spans if first == last], organisation=organisation, now=now)
    for first, last in spans:
        if first != last:
            casework.judge_range(first, last, organisation=organisation, now=now)


def voice_corrected(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`feedback.corrected`, `feedback.relabelled` → the topics of its ticket follow; a voice without one is judged as it reads now."""
    casework.follow_correction(uuid.UUID(fact.subject), fact.data, organisation=organisation, now=now)


def voice_lost_staff(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`feedback.staff_removed` → the voice's tickets name nobody either, so that no figure of a person counts them."""
    casework.forget_staff(uuid.UUID(fact.subject), uuid.UUID(fact.data["staff"]), organisation=organisation)


def notice_accepted(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`notice.accepted` of the first notice to an executive → the notify clause is met at that instant."""
    if fact.data.get("purpose") == "executives":
        casework.meet_notify(uuid.UUID(fact.data["ticket"]), fact.at, organisation=organisation)


def contact_asked(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`survey.contact_asked`: a customer wants to be called → a ticket, so that the call is somebody's promise."""
    casework.open_for_contact(uuid.UUID(fact.subject), fact.data["band"], organisation=organisation, now=now)


def mail_kept(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`mail.kept` → a message on its ticket, or a new voice."""
    correspondence.take(uuid.UUID(fact.subject), organisation=organisation, now=now)


def customer_merged(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`customer.merged` → his tickets and leaving records go with him, or back when it was undone."""
    for noun, model in (("ticket", Ticket), ("leaving", LeavingRecord)):
        merging.settle(uuid.UUID(fact.subject), noun, merging.give_in(model), organisation=organisation)


def assign_opened(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.opened` → its owner, where that is switched on."""
    if not fact.data.get("silent"):
        assigning.assign_opened(uuid.UUID(fact.subject), organisation=organisation)


def solved(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`complaint.moved` to a solution → the customer is asked again how it was."""
    if fact.data["move"] in {"accept", "resolve"} and not fact.data.get("silent"):
        contacts.ask_again(uuid.UUID(fact.subject), organisation=organisation, now=now)


def bulk_sliced(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`bulk.sliced` → a part of a bulk move, every row with its result."""
    data = fact.data
    bulk.work(uuid.UUID(fact.subject), data["first"], data["last"], organisation=organisation, now=now)


def hold_expired(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`hold.expired` → the ticket says so, and its clocks run on."""
    moves.end_hold(uuid.UUID(fact.subject), organisation=organisation)


def hours_changed(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`calendar.changed`, `hours.changed`, `promises.retimed` → one slice of open clocks gets its new instants."""
    walk = recomputing.of_fact(fact.kind, fact.data, fact.at, organisation=organisation)
    if walk is not None:
        recomputing.step(walk, organisation=organisation, now=now)


def policy_reapplied(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`policy.reapplied` → one slice of open tickets takes the new version."""
    for ticket in reapplying.next_slice(fact.data, organisation=organisation, now=now, actor=fact.actor):
        try:
            moves.apply(ticket, "repolicy", {"policy": fact.data["policy"]}, organisation=organisation, actor=fact.actor)
        except MoveNotAllowed:
            continue  # solved meanwhile


def due_organisations() -> list[int]:
    """Timer: who has a clock that fires now."""
    return sweep.due_organisations()


def sweep_organisation(*, organisation: int) -> int:
    """Timer: settle one batch."""
    return sweep.sweep(organisation=organisation)


def next_fire_at() -> datetime | None:
    """Timer: when the next clock fires."""
    return sweep.next_at()


def offering_organisations() -> list[int]:
    """Timer: who has an offer that nobody answered in time."""
    return handovers.due_organisations()


def escalate_offers(*, organisation: int) -> int:
    """Timer: says so, once each."""
    return handovers.escalate(organisation=organisation)


def next_offer_at() -> datetime | None:
    """Timer: when the next offer falls due."""
    return handovers.next_at()


def contacting_organisations() -> list[int]:
    """Timer: who has a customer to be tried again."""
    return contacts_due.due_organisations()


def remind_of_contacts(*, organisation: int) -> int:
    """Timer: says so, once each."""
    return contacts_due.remind(organisation=organisation)


def next_contact_at() -> datetime | None:
    """Timer: when the next one is to be tried again."""
    return contacts_due.next_at()


def waiting_organisations() -> list[int]:
    """Timer: who has an offer that waits for a word for ten minutes."""
    return asking_again.due_organisations()


def ask_again(*, organisation: int) -> int:
    """Timer: somebody is asked again, once each time."""
    return asking_again.ask_again(organisation=organisation)


def next_asking_at() -> datetime | None:
    """Timer: when the next one is asked for again."""
    return asking_again.next_at()


def ticket_linked(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`ticket.linked` → the other one's timeline says it too."""
    incidents.note_other(fact, organisation=organisation)


def incident_replied(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`incident.replied` → the same words to every child's customer, each with its result."""
    incidents.pass_reply(fact, organisation=organisation, now=now)


def reflection_signed(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`reflection.signed` → did an earlier prevention not hold?"""
    row = reflections.by_id(uuid.UUID(fact.subject), organisation=organisation)
    if row is not None:
        recurrence.look_back(row, now=now)


def reflection_acted(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`reflection.acted` → the link to its action."""
    reflections.action_opened(uuid.UUID(fact.subject), uuid.UUID(fact.data["action"]), organisation=organisation)


def prevention_done(*, organisation: int, fact: Fact, now: datetime) -> None:
    """`prevention.done` → its ninety days begin."""
    reflections.action_done(uuid.UUID(fact.data["reflection"]), fact.at, organisation=organisation)
