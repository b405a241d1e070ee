"""What a survey would have done in the last thirty days: whom it would have asked, whom not and why. Nothing is written."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from customers.models import CustomerEvent
from surveys import fatigue, invitations
from surveys.enums import Reason
from surveys.fatigue import Rules
from surveys.surveys import Spec

DAYS = 30
MOST = 10_000


@dataclass(frozen=True)
class Preview:
    """`n_events` of the last thirty days (the newest ten thousand), of them `n_asked`; the rest by reason, most first."""

    n_events: int
    n_asked: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def is_capped(self) -> bool:
        """There were more events than were looked at."""
        return self.n_events == MOST


def preview(spec: Spec, survey: uuid.UUID | None, *, organisation: int, now: datetime) -> Preview | None:
    """Plays the rules over the events that happened, as though the survey had asked then. None: it asks by link only.

    Other surveys' invitations count as they were; this one's own do not, since it is tried anew.
    """
    if not spec.event_kind:
        return None
    since = now - timedelta(days=DAYS)
    events = CustomerEvent.objects.filter(
        organisation_id=organisation, kind=spec.event_kind, occurred_at__gt=since, occurred_at__lte=now,
        local_day__gte=(since - timedelta(days=1)).date(),  # says nothing new, but has an index
    )  # fmt: skip
    if spec.unit:
        events = events.filter(unit__path__contains=f"/{spec.unit}/")
    newest = events.select_related("customer").order_by("-occurred_at", "-id")[:MOST]
    rows = sorted(newest, key=lambda event: (event.occurred_at, event.id))
    key = survey or uuid.UUID(int=0)
    rest = invitations.rest_of(
        {event.customer_id for event in rows if event.customer_id}, organisation=organisation, without=survey
    )
    gone = invitations.unsubscribed([event.customer.email for event in rows if event.customer], organisation=organisation)
    rules = Rules(spec.quiet_days, invitations.all_quiet_days(organisation=organisation), spec.sample_percent)
    counts: Counter[str] = Counter()
    for event in rows:
        at = event.occurred_at + timedelta(minutes=spec.delay_minutes)
        seen = invitations.candidate(event, key, spec.delay_minutes, rest, gone, at)
        reason = fatigue.judge(seen, rules, now=at)
        counts[str(reason)] += 1
        if not reason and event.customer_id:
            rest.note(key, event.customer_id, at)
    order = [str(value) for value in Reason.values]
    reasons = sorted(((why, n) for why, n in counts.items() if why), key=lambda pair: (-pair[1], order.index(pair[0])))
    return Preview(len(rows), counts[""], tuple(reasons))
