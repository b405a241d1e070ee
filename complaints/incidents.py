"""What happens on the parent of an incident goes to its children, each with its own result, through a bulk run."""

import uuid
from datetime import datetime

from complaints import bulk, linking, moves, queries
from complaints.models import BulkRun, Ticket
from ledger.models import Fact
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member

PERSON = "user:"


def note_other(fact: Fact, *, organisation: int) -> None:
    """`ticket.linked` → the other ticket's timeline says so."""
    fields = {"kind": fact.data["kind"], "number": fact.data["number"], "ended": fact.data["ended"]}
    moves.apply(uuid.UUID(fact.data["other"]), "linked", fields, organisation=organisation, actor=fact.actor)


def pass_reply(fact: Fact, *, organisation: int, now: datetime) -> BulkRun | None:
    """`incident.replied` → the same words to the customer of every open child."""
    parent = queries.by_id(uuid.UUID(fact.subject), organisation=organisation)
    if parent is None:
        return None
    key = linking.run_key(parent.id, f"reply:{fact.data['seq']}")
    member = _speaker(fact.actor, parent)
    return run(parent, "reply", {"text": fact.data["text"]}, key=key, member=member, language="zh-hans", now=now, actor=fact.actor)


def run(
    parent: Ticket, move: str, fields: dict[str, str], *, key: uuid.UUID, member: Member, language: str, now: datetime, actor: str
) -> BulkRun | None:
    """One move on every child; the same key again gives the first run. None without children."""
    ids = [link.ticket_id for link in linking.children(parent)]
    if not ids:
        return None
    return bulk.start(
        key, ids, move, fields, organisation=parent.organisation_id, member=member, language=language, now=now, actor=actor
    )


def _speaker(actor: str, parent: Ticket) -> Member:
    """Whose run it is: who spoke; for a system the owner, else whoever runs the desk."""
    organisation = parent.organisation_id
    rows = Member.objects.filter(organisation_id=organisation, user__email=actor.removeprefix(PERSON)).select_related("user")
    found = rows.first() or parent.owner
    if found is not None:
        return found
    path = parent.unit.path if parent.unit else ""
    people = members.holders({Role.STORE_MANAGER, Role.REGION_MANAGER, Role.CX_MANAGER, Role.ADMIN}, organisation=organisation, path=path)
    return people[0] if people else Member.objects.filter(organisation_id=organisation, left_at__isnull=True).order_by("id")[0]
