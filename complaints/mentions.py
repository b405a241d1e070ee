"""Colleagues by name: who an assignment means, and who an internal note names behind an @. A fact tells the latter."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from django.utils.translation import gettext as _

from complaints.clocks import Moment
from complaints.models import Ticket
from complaints.tickets import TicketError
from ledger.facts import record
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member
from tenancy.queries import root_path


class Named(Protocol):
    """Somebody with a name."""

    name: str


Who = TypeVar("Who", bound=Named)


def named(text: str, people: Iterable[Who]) -> list[Who]:
    """Everybody whose name stands behind an @, in any order; the longest name wins at each place. Pure."""
    by_length = sorted(people, key=lambda person: -len(person.name))
    found: dict[int, Who] = {}
    for part in text.split("@")[1:]:
        best = next((len(p.name) for p in by_length if p.name and part.startswith(p.name)), 0)
        found |= {id(p): p for p in by_length if best and len(p.name) == best and part.startswith(p.name)}
    return list(found.values())


def reachable(ticket: Ticket) -> list[Member]:
    """Who may be meant: present members who see the ticket, and its owner."""
    organisation = ticket.organisation_id
    path = ticket.unit.path if ticket.unit else root_path(organisation=organisation)
    found = members.holders(set(Role.values), organisation=organisation, path=path)
    if ticket.owner is not None and ticket.owner not in found:
        found.append(ticket.owner)
    return found


def tell(ticket: Ticket, fields: dict[str, Any], moment: Moment) -> None:
    """Whoever a note names behind an @ learns of it, except its writer. The note's fields get their keys."""
    if "@" not in fields["text"] or moment.is_history:
        return
    people = [p for p in named(fields["text"], reachable(ticket)) if moment.actor != f"user:{p.user.email}"]
    if people:
        fields["mentions"] = [str(person.id) for person in people]
        data = {"seq": ticket.version + 1, "members": fields["mentions"]}
        record("ticket.mentioned", ticket.id, data, organisation=ticket.organisation_id, now=moment.written_at, actor=moment.actor)


def member_named(wanted: str, *, organisation: int) -> Member:
    """A present member by e-mail or employee number. Raises TicketError."""
    rows = Member.objects.filter(organisation_id=organisation, left_at__isnull=True)
    member = rows.filter(user__email=wanted.lower()).first() or rows.filter(staff__employee_no=wanted).first()
    if member is None:
        raise TicketError(_("找不到成员 %(who)s") % {"who": wanted[:80]}, code="unknown_member", field="assignee")
    return member
