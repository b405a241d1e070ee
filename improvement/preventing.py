"""Actions that come from reflections: opened when one is signed, reopened when the cause comes back. Links both ways by facts."""

import uuid
from datetime import datetime, timedelta

from complaints import reflections
from improvement import actions
from improvement.actions import Plan
from improvement.enums import Source, State
from improvement.models import Action
from ledger.facts import record
from ledger.models import Fact
from tenancy import queries
from tenancy.models import Unit

TOKEN = "refl:"
METRIC = "complaint_rate"
AGAIN = timedelta(days=28)
DONE = (State.CHECK, State.ACT, State.CLOSED)


def open_for(key: uuid.UUID, *, organisation: int, now: datetime) -> Action | None:
    """The preventive action of a signed reflection: the same reflection again is the same action."""
    found = reflections.by_id(key, organisation=organisation)
    if found is None or found.owner is None or found.due_date is None or found.cause is None:
        return None
    zone = queries.organisation(organisation).timezone
    today = queries.local_today(now, zone)
    unit = found.ticket.unit or Unit.objects.filter(organisation_id=organisation, parent=None).order_by("path")[0]
    plan = Plan(
        title=" ".join(found.prevention.split())[:60].ljust(2, "·"),
        metric=METRIC,
        owner=found.owner,
        unit=unit,
        start_date=today,
        due_date=max(found.due_date, today + timedelta(days=1)),
        description="\n".join([*found.whys, found.cause.label, found.prevention])[:4000],
        source=Source.TICKET,
        source_ref=found.ticket.number,
    )
    token = f"{TOKEN}{found.id.hex}"
    row = actions.plan(plan, token=token, organisation=organisation, now=now, actor="reflection", actor_name=found.signed_name)
    record("reflection.acted", found.id, {"action": str(row.id)}, organisation=organisation, now=now)
    return row


def reflection_of(action: Action) -> uuid.UUID | None:
    """The reflection an action came from, or None."""
    return uuid.UUID(action.token.removeprefix(TOKEN)) if action.token.startswith(TOKEN) else None


def reopen(fact: Fact, *, organisation: int, now: datetime) -> Action | None:
    """`cause.recurred` → the action is to be done again. One that is not done yet stays as it is."""
    token = f"{TOKEN}{uuid.UUID(fact.data['reflection']).hex}"
    row = Action.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, token=token).first()
    if row is None or row.state not in DONE or not fact.data["is_latest"]:
        return None
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    row.verdict, row.checked_at, row.lesson = "", None, ""
    row.start_date, row.due_date = today, today + AGAIN
    return actions.again(row, ticket=fact.data["ticket"], now=now)
