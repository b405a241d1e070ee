"""From a customer's event to a decision, a mail that is due, and the end of asking. One row for every decision.

`decide` follows `customer.event_received`; `release` is a timer and hands a due mail to its follower by a fact.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from customers.identities import normal_email
from customers.models import CustomerEvent
from cxms.lib import failpoints
from cxms.lib.ids import new_ids
from ledger.facts import record, record_many
from surveys import fatigue, surveys
from surveys.enums import Decision, Reason, State
from surveys.fatigue import Candidate, Rules
from surveys.models import FatigueRule, Invitation, Survey, Unsubscribed

# deciders of one organisation queue, so that two batches never both find the same customer rested
LOCK = "select pg_advisory_xact_lock(730184523, %s)"
SLICE = 1000
BATCH = 200
# what is older than this is history brought over, and asked about by nobody
HISTORY = timedelta(days=30)


def all_quiet_days(*, organisation: int) -> int:
    """For how many days any survey leaves a customer in peace after any other."""
    row = FatigueRule.objects.filter(organisation_id=organisation).first()
    return row.quiet_days if row else surveys.QUIET_DAYS


def rules_of(survey: Survey, quiet: int) -> Rules:
    """The rules a survey asks by."""
    return Rules(survey.quiet_days, quiet, survey.sample_percent, survey.state == State.PAUSED)


@dataclass
class Rest:
    """When customers were asked, or will be: by survey and customer, and by customer. Grows while a batch is decided."""

    by_survey: dict[tuple[uuid.UUID, uuid.UUID], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    by_any: dict[uuid.UUID, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def note(self, survey: uuid.UUID, customer: uuid.UUID, at: datetime) -> None:
        """He is asked at this instant."""
        self.by_survey[survey, customer].append(at)
        self.by_any[customer].append(at)


def _nearest(instants: Sequence[datetime], at: datetime) -> datetime | None:
    """Events come out of order: the one that lies next to `at`, on either side."""
    return min(instants, key=lambda instant: abs(instant - at), default=None)


def decide(first: str, last: str, *, organisation: int, now: datetime) -> int:
    """Decides for every event first..last and every survey that asks about its kind. Returns how many rows it wrote.

    Idempotent: an event decided before stays as it was decided.
    """
    asking = list(
        Survey.objects.filter(organisation_id=organisation, state__in=[State.PUBLISHED, State.PAUSED])
        .exclude(event_kind="")
        .select_related("unit")
        .order_by("published_at", "id")
    )
    if not asking:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [organisation])
    events = CustomerEvent.objects.filter(
        organisation_id=organisation, id__gte=first, id__lte=last,
        kind__in={survey.event_kind for survey in asking}, occurred_at__gt=now - HISTORY,
    )  # fmt: skip
    rows = list(events.select_related("customer", "unit").order_by("occurred_at", "id"))
    return sum(_decide(rows[i : i + SLICE], asking, organisation, now) for i in range(0, len(rows), SLICE))


def _decide(events: Sequence[CustomerEvent], asking: Sequence[Survey], organisation: int, now: datetime) -> int:
    rest = rest_of({event.customer_id for event in events if event.customer_id}, organisation=organisation)
    gone = unsubscribed([event.customer.email for event in events if event.customer], organisation=organisation)
    known = set(
        Invitation.objects.filter(organisation_id=organisation, event__in=[event.id for event in events]).values_list(
            "survey_id", "event"
        )
    )
    quiet = all_quiet_days(organisation=organisation)
    rows = []
    for event in events:
        for survey in asking:
            fits = survey.event_kind == event.kind and surveys.covers(survey, event.unit)
            if fits and (survey.id, event.id) not in known:
                rows.append(_judged(event, survey, rules_of(survey, quiet), rest, gone, now))
    for row, key in zip(rows, new_ids(len(rows)) if rows else [], strict=True):
        row.id = key
    Invitation.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        n_asked = sum(row.decision == Decision.INVITED for row in rows)
        record("survey.decided", rows[0].id, {"n": len(rows), "n_asked": n_asked}, organisation=organisation, now=now)
    return len(rows)


def _judged(
    event: CustomerEvent, survey: Survey, rules: Rules, rest: Rest, gone: set[str], now: datetime
) -> Invitation:
    seen = candidate(event, survey.id, survey.delay_minutes, rest, gone, now)
    reason = fatigue.judge(seen, rules, now=now)
    row = Invitation(
        organisation_id=survey.organisation_id,
        survey=survey,
        event=event.id,
        event_external_id=event.external_id,
        occurred_at=event.occurred_at,
        customer_id=event.customer_id,
        unit_id=event.unit_id,
        touchpoint_id=event.touchpoint_id,
        decision=Decision.NOT_ASKED if reason else Decision.INVITED,
        reason=reason,
        decided_at=now,
    )
    if not reason and event.customer_id:
        row.release_at = max(now, seen.due_at)
        rest.note(survey.id, event.customer_id, row.release_at)
    return row


def candidate(
    event: CustomerEvent, survey: uuid.UUID, delay_minutes: int, rest: Rest, gone: set[str], now: datetime
) -> Candidate:
    """What the rules look at, of an event whose customer is loaded."""
    customer = event.customer
    email = normal_email(customer.email) if customer else ""
    due_at = event.occurred_at + timedelta(minutes=delay_minutes)
    at = max(now, due_at)
    return Candidate(
        due_at=due_at,
        has_customer=customer is not None,
        email=email,
        is_unsubscribed=email in gone,
        draw=fatigue.draw(survey, event.id),
        asked_by_this=_nearest(rest.by_survey.get((survey, customer.id), ()), at) if customer else None,
        asked_by_any=_nearest(rest.by_any.get(customer.id, ()), at) if customer else None,
    )


def rest_of(customers: Iterable[uuid.UUID], *, organisation: int, without: uuid.UUID | None = None) -> Rest:
    """When these customers were asked, perhaps without one survey: the instant of each mail, or of when it is due."""
    rows = Invitation.objects.filter(
        organisation_id=organisation, customer__in=list(customers), decision=Decision.INVITED
    ).values_list("survey_id", "customer_id", "released_at", "release_at")
    rest = Rest()
    for survey, customer, released, due in rows.exclude(survey=without) if without else rows:
        at = released or due
        if customer is not None and at is not None:
            rest.note(survey, customer, at)
    return rest


def unsubscribed(emails: Iterable[str], *, organisation: int) -> set[str]:
    """Those of the addresses that want no more surveys, in their normal form."""
    wanted = {normal_email(email) for email in emails if email}
    return set(
        Unsubscribed.objects.filter(organisation_id=organisation, email__in=wanted).values_list("email", flat=True)
    )


def release(*, organisation: int, now: datetime) -> int:
    """Hands over the mails whose instant has come; who unsubscribed or whose survey stopped meanwhile is not asked."""
    rows = Invitation.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        organisation_id=organisation, release_at__lte=now
    )
    due = list(rows.select_related("survey", "customer").order_by("release_at", "id")[:BATCH])
    if not due:
        return 0
    gone = unsubscribed([row.customer.email for row in due if row.customer], organisation=organisation)
    for row in due:
        row.release_at = None
        email = normal_email(row.customer.email) if row.customer else ""
        reason = _stopped(row.survey, email, gone)
        if reason:
            row.decision, row.reason = Decision.NOT_ASKED, reason
        else:
            row.released_at, row.expires_at = now, now + timedelta(days=row.survey.expiry_days)
    Invitation.objects.bulk_update(due, ["release_at", "decision", "reason", "released_at", "expires_at"])
    asked = [row for row in due if row.decision == Decision.INVITED]
    facts = [("survey.invitation_due", row.id, {"survey": row.survey.code}) for row in asked]
    if facts:
        record_many(facts, organisation=organisation, now=now)
    failpoints.reach("invitations.before_commit")
    return len(due)


def _stopped(survey: Survey, email: str, gone: set[str]) -> str:
    if survey.state != State.PUBLISHED:
        return Reason.SURVEY_PAUSED
    if not email:
        return Reason.NO_EMAIL
    return Reason.UNSUBSCRIBED if email in gone else ""


def mailed(key: uuid.UUID, *, organisation: int, now: datetime) -> None:
    """The mail server took the invitation."""
    Invitation.objects.filter(organisation_id=organisation, id=key, mailed_at__isnull=True).update(mailed_at=now)


def refused(key: uuid.UUID, why: str, *, organisation: int) -> None:
    """The mail server will never take a mail for this address."""
    Invitation.objects.filter(organisation_id=organisation, id=key).update(mail_error=why[:200])


def unsubscribe(key: uuid.UUID, *, organisation: int, now: datetime) -> bool:
    """The person of an invitation wants no more surveys. False when there is no such person; again is a no-op."""
    email = email_of(key, organisation=organisation)
    if not email:
        return False
    _, fresh = Unsubscribed.objects.get_or_create(organisation_id=organisation, email=email, defaults={"at": now})
    if fresh:
        record("survey.unsubscribed", key, {}, organisation=organisation, now=now, actor="customer")
    return True


def resubscribe(key: uuid.UUID, *, organisation: int, now: datetime) -> None:
    """He changed his mind."""
    email = email_of(key, organisation=organisation)
    n, _ = Unsubscribed.objects.filter(organisation_id=organisation, email=email).delete()
    if n:
        record("survey.resubscribed", key, {}, organisation=organisation, now=now, actor="customer")


def email_of(key: uuid.UUID, *, organisation: int) -> str:
    """The address an invitation goes to, in its normal form; "" when there is none."""
    row = Invitation.objects.filter(~Q(customer=None), organisation_id=organisation, id=key).select_related("customer").first()
    return normal_email(row.customer.email) if row and row.customer else ""
