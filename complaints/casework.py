"""From understood voices to tickets: what triage judges to be a complaint gets one. Called by the task."""

import uuid
from datetime import datetime

from django.db.models import Q

from complaints import clocks, tickets, triage
from complaints.clocks import Moment
from complaints.models import Ticket
from complaints.tickets import Opening
from feedback.models import Analysis, Feedback
from ledger.facts import record

SLICE = 100


def judge_range(first: str, last: str, *, organisation: int, now: datetime) -> int:
    """Opens tickets for the complaints among the analysed voices first..last that have none. Returns how many.

    A hundred at most: opening takes the day's counter, and a flood must not keep the clerk at the counter waiting. The
    rest follows from `triage.continued`, in a transaction of its own.
    """
    calls = Analysis.objects.filter(
        organisation_id=organisation, is_current=True, feedback_id__gte=first, feedback_id__lte=last
    ).filter(Q(kind="complaint") | Q(red_line=True))
    rows = list(calls.order_by("feedback_id"))
    voices = Feedback.objects.in_bulk([row.feedback_id for row in rows])
    taken = set(
        Ticket.objects.filter(organisation_id=organisation, feedback_id__in=voices).values_list("feedback_id", flat=True)
    )
    n = 0
    for row in rows:
        voice = voices.get(row.feedback_id)
        if voice is None or voice.id in taken or voice.deleted_at is not None:
            continue
        opening = _opening(row, voice, now)
        if opening is None:
            continue
        if n == SLICE:
            data = {"first": str(voice.id), "last": last, "n_calls": len(rows)}
            record("triage.continued", voice.id, data, organisation=organisation, now=now)
            break
        tickets.open_ticket(opening, organisation=organisation, now=now, actor="triage")
        n += 1
    return n


def _opening(row: Analysis, voice: Feedback, now: datetime) -> Opening | None:
    judgement = triage.judge(
        kind=row.kind,
        urgency=row.urgency,
        red_line=row.red_line,
        channel=voice.channel,
        occurred_at=voice.occurred_at,
        judged_at=now,
    )
    if not judgement.opens:
        return None
    topics = tuple(row.topic_codes)
    return Opening(feedback=voice, severity=judgement.severity, topics=topics, reason=judgement.reason)


def meet_notify(ticket_id: uuid.UUID, at: datetime, *, organisation: int) -> None:
    """An executive's channel accepted the first message: the clause `notify` stops at that instant."""
    ticket = tickets.locked(ticket_id, organisation=organisation)
    held = clocks.locked(ticket)
    moment = Moment(at=at, written_at=clocks.database_now(), actor="notices", is_history=ticket.is_history)
    pauses = clocks.pauses_of(ticket)
    for clock in held:
        if clock.kind == "notify":
            clocks.stop(clock, pauses, by="notified", moment=moment)
