"""From understood voices to tickets: what the case rules say is one gets one, the rest a reason. Called by the task."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from complaints import case_rules, case_rules_kept, case_rules_rows, clocks, moves, sla_policies, tickets
from complaints.case_rules import Judgement
from complaints.case_rules_kept import Kept
from complaints.case_rules_rows import Reader, Row
from complaints.clocks import Moment
from complaints.models import Ticket
from complaints.tickets import Opening
from cxms.lib.errors import DomainError
from feedback import analysis
from feedback.models import Feedback
from ledger.facts import record, record_many
from tenancy import trees

SLICE = 100
RULES = "case-rules"


def judge_range(first: str, last: str, *, organisation: int, now: datetime) -> int:
    """Gives every analysed voice first..last its ticket, or the reason why it has none. Returns how many tickets opened.

    A hundred at most: opening takes the day's counter, and a flood must not keep the clerk at the counter waiting. The
    rest follows from `triage.continued`, in a transaction of its own.
    """
    kept = case_rules_kept.current(organisation=organisation)
    rows = case_rules_rows.between(first, last, Reader.of(kept.ready()), organisation=organisation, now=now)
    there = Ticket.objects.filter(organisation_id=organisation, feedback_id__gte=first, feedback_id__lte=last)
    n, left = _judge(rows, _voices_of(there), kept, organisation=organisation, now=now)
    if left:
        data = {"first": left[0], "last": last, "n_calls": n + len(left)}
        record("triage.continued", left[0], data, organisation=organisation, now=now)
    return n


def judge_voices(keys: Sequence[str], *, organisation: int, now: datetime) -> int:
    """As `judge_range`, for voices that came one by one; those that must wait follow each from a fact of its own."""
    if not keys:
        return 0
    kept = case_rules_kept.current(organisation=organisation)
    rows = case_rules_rows.these(keys, Reader.of(kept.ready()), organisation=organisation, now=now)
    there = Ticket.objects.filter(organisation_id=organisation, feedback_id__in=keys)
    n, left = _judge(rows, _voices_of(there), kept, organisation=organisation, now=now)
    waiting = [("triage.continued", key, {"first": key, "last": key, "n": 1, "n_calls": 1}) for key in left]
    record_many(waiting, organisation=organisation, now=now)
    return n


def _voices_of(held: QuerySet[Ticket]) -> set[str]:
    return {str(key) for key in held.values_list("feedback_id", flat=True)}


def _judge(rows: Sequence[Row], taken: set[str], kept: Kept, *, organisation: int, now: datetime) -> tuple[int, list[str]]:
    """Opens what is to be opened, a slice at most, and writes why the rest is not. (opened, voices to open that are left)."""
    rules = kept.ready()
    judged = [(row, case_rules.judge(row.voice, rules)) for row in rows if row.id not in taken]
    opening = [(row, judgement) for row, judgement in judged if judgement.opens]
    voices = {str(key): voice for key, voice in Feedback.objects.in_bulk([row.id for row, _ in opening[:SLICE]]).items()}
    for row, judgement in opening[:SLICE]:
        _open(row, voices[row.id], judgement, kept, organisation=organisation, now=now, actor="triage")
    passed = [(row.id, judgement) for row, judgement in judged if not judgement.opens]
    case_rules_rows.pass_over(passed, organisation=organisation, version=kept.version, now=now)
    return min(len(opening), SLICE), [row.id for row, _ in opening[SLICE:]]


def follow_correction(feedback_id: uuid.UUID, data: Mapping[str, Any], *, organisation: int, now: datetime) -> None:
    """A person corrected a voice: its tickets lose the topics he took out and gain those he put in; what else was chosen
    on them stays. Without a ticket the voice is judged as it reads now; a ticket that is there is never taken back."""
    held = Ticket.objects.select_for_update().filter(organisation_id=organisation, feedback_id=feedback_id).order_by("id")
    is_there = False
    for ticket in held:
        is_there = True
        kept = [code for code in ticket.topics if code not in data["topics_out"]]
        wanted = [*kept, *(code for code in data["topics_in"] if code not in kept)]
        if wanted != ticket.topics:
            ticket.topics = wanted
            ticket.save(update_fields=["topics"])
    if not is_there and not data["undone"]:
        judge_range(data["first"], data["last"], organisation=organisation, now=now)


def forget_staff(feedback_id: uuid.UUID, staff_id: uuid.UUID, *, organisation: int) -> None:
    """An appeal was upheld: the tickets of the voice are no longer that person's."""
    Ticket.objects.filter(organisation_id=organisation, feedback_id=feedback_id, staff_id=staff_id).update(staff=None)


def open_for_contact(feedback_id: uuid.UUID, band: str, *, organisation: int, now: datetime) -> Ticket | None:
    """Who answered a questionnaire and asks to be called gets a ticket, unless his words opened one already.

    The rules decide here too; a low score (`band`) is at least normal, and what the words say may be graver.
    """
    voice = Feedback.objects.filter(organisation_id=organisation, id=feedback_id, deleted_at__isnull=True).first()
    if voice is None or Ticket.objects.filter(organisation_id=organisation, feedback_id=feedback_id).exists():
        return None
    key = str(voice.id)
    analysis.analyse(key, key, organisation=organisation, now=now)
    kept = case_rules_kept.current(organisation=organisation)
    rules = kept.ready()
    (row,) = case_rules_rows.between(key, key, Reader.of(rules), organisation=organisation, now=now)
    asked = replace(row, voice=replace(row.voice, contact=True))
    judgement = case_rules.judge(asked.voice, rules)
    if not judgement.opens:
        case_rules_rows.pass_over([(key, judgement)], organisation=organisation, version=kept.version, now=now)
        return None
    if band == "low" and judgement.severity == "low":
        judgement = replace(judgement, severity="normal")
    return _open(asked, voice, judgement, kept, organisation=organisation, now=now, actor="surveys")


def _open(
    row: Row, voice: Feedback, judgement: Judgement, kept: Kept, *, organisation: int, now: datetime, actor: str
) -> Ticket:
    """Opens the ticket as the rule wants it: where, how grave, under which promise, in whose hands."""
    then = judgement.then or {}
    unit = trees.by_code(then["unit"], organisation=organisation) if then.get("unit") else None
    title = _("客户答完问卷，请店长联系") if row.voice.contact and not voice.text else ""
    opening = Opening(
        voice, severity=judgement.severity, topics=row.voice.topics, title=title, reason=judgement.reason, unit=unit,
        policy=_policy(then.get("policy", ""), row, organisation), rule=judgement.rule, rules_version=kept.version,
    )  # fmt: skip
    ticket = tickets.open_ticket(opening, organisation=organisation, now=now, actor=actor)
    if not then.get("owner"):
        return ticket
    try:
        return moves.apply(ticket.id, "assign", {"assignee": then["owner"]}, organisation=organisation, actor=RULES)
    except DomainError:
        return ticket  # who was named has left: assignment finds somebody


def _policy(code: str, row: Row, organisation: int) -> str:
    """The policy a rule names, while it is in force; a red line gets the one that matches it, which no rule may soften."""
    if not code or row.voice.red_line:
        return ""
    return code if any(found.code == code for found in sla_policies.in_force(organisation=organisation)) else ""


def meet_notify(ticket_id: uuid.UUID, at: datetime, *, organisation: int) -> None:
    """An executive's channel accepted the first message: the clause `notify` stops at that instant."""
    ticket = tickets.locked(ticket_id, organisation=organisation)
    held = clocks.locked(ticket)
    moment = Moment(at=at, written_at=clocks.database_now(), actor="notices", is_history=ticket.is_history)
    pauses = clocks.pauses_of(ticket)
    for clock in held:
        if clock.kind == "notify":
            clocks.stop(clock, pauses, by="notified", moment=moment)
