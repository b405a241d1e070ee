"""Offers that wait for somebody's word: who may say it, and what happens when it is said. Twice said is said once."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from complaints import authority, lifecycle, moves, tickets
from complaints.enums import ApprovalState
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Approval, Ticket
from ledger.facts import record
from tenancy import tap_links
from tenancy.models import Member
from tenancy.queries import root_path
from tenancy.tap_links import TapLink

SALT = "complaints.approve"


def token_for(approval_id: uuid.UUID, member_id: uuid.UUID, *, organisation: int) -> str:
    """The token by which one member decides one offer without logging in."""
    return tap_links.token(TapLink(organisation, approval_id, member_id), salt=SALT)


def read(token: str) -> TapLink | None:
    """What the token names, or None."""
    return tap_links.read(token, salt=SALT)


def found(link: TapLink, member: Member) -> Approval | None:
    """The offer of a link, in the open scope; None when the member may not decide it."""
    row = by_id(link.subject, organisation=link.organisation)
    return row if row is not None and may_decide(row, member) else None


def by_id(approval_id: uuid.UUID, *, organisation: int) -> Approval | None:
    """One approval with its ticket."""
    rows = Approval.objects.filter(organisation_id=organisation, id=approval_id)
    return rows.select_related("ticket", "ticket__unit", "ticket__customer", "decided_by").first()


def of_ticket(ticket: Ticket) -> list[Approval]:
    """The approvals asked for on a ticket, the newest first."""
    return list(Approval.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket).order_by("-asked_at"))


def path_of(ticket: Ticket) -> str:
    """Where the ticket lies in the tree."""
    return ticket.unit.path if ticket.unit else root_path(organisation=ticket.organisation_id)


def may_decide(row: Approval, member: Member) -> bool:
    """True for one whose authority over that place reaches, and who did not ask himself."""
    if row.asked_by == f"{authority.PERSON}{member.user.email}":
        return False
    return authority.may_approve(member, path_of(row.ticket), row.amount, row.currency, organisation=row.organisation_id)


def asked(row: Approval) -> list[Member]:
    """Who is asked for his word."""
    return authority.approvers(path_of(row.ticket), row.amount, row.currency, besides=row.asked_by, organisation=row.organisation_id)


def asked_again(row: Approval, step: int) -> list[Member]:
    """Who is asked the `step`-th time after the first: the next rung whose authority reaches, or the last one again."""
    rungs = authority.approver_rungs(path_of(row.ticket), row.amount, row.currency, besides=row.asked_by, organisation=row.organisation_id)
    return rungs[min(step, len(rungs) - 1)] if rungs else []


def asked_so_far(row: Approval) -> list[Member]:
    """Who was asked, the first and those asked again, each once."""
    again = [member for step in range(1, row.n_again + 1) for member in asked_again(row, step)]
    return list(dict.fromkeys([*asked(row), *again]))


def asker(row: Approval) -> Member | None:
    """The member who asked."""
    rows = Member.objects.filter(organisation_id=row.organisation_id, user__email=row.asked_by.removeprefix(authority.PERSON), left_at=None)
    return rows.select_related("user").first()


def decide(row: Approval, member: Member, *, approve: bool, reason: str = "", now: datetime) -> Approval:
    """Says yes or no. Yes makes the offer at once, in its maker's name. Decided before: the row as it is, nothing is done.

    Raises MoveNotAllowed without the authority, MoveFieldError when a no gives no reason.
    """
    with transaction.atomic():
        ticket = tickets.locked(row.ticket_id, organisation=row.organisation_id)
        row = Approval.objects.select_for_update(of=("self",)).select_related("ticket", "ticket__unit").get(
            organisation_id=row.organisation_id, id=row.id
        )
        if row.state != ApprovalState.WAITING:
            return row
        if not may_decide(row, member):
            raise MoveNotAllowed(_("这个金额要由授权更高的人来批"), code="needs_authority", field="move")
        if ticket.state not in lifecycle.UNSOLVED:
            return _settle(row, member, ApprovalState.WITHDRAWN, "", now)
        row = _settle(row, member, ApprovalState.APPROVED if approve else ApprovalState.REFUSED, reason, now)
        said = {"approval": str(row.id), "amount": str(row.amount), "currency": row.currency, "reason": reason}
        actor = f"{authority.PERSON}{member.user.email}"
        move = "approve" if approve else "refuse"
        moves.apply(ticket.id, move, said, organisation=row.organisation_id, actor=actor, actor_name=member.name)
        if approve:
            moves.apply(
                ticket.id, "propose", row.fields, organisation=row.organisation_id, actor=row.asked_by, actor_name=row.asked_name
            )
        data = {"approval": str(row.id), "approved": approve}
        record("approval.decided", ticket.id, data, organisation=row.organisation_id, now=now, actor=actor)
        row.refresh_from_db()
        return row


def _settle(row: Approval, member: Member, state: ApprovalState, reason: str, now: datetime) -> Approval:
    row.state, row.decided_by, row.decided_name, row.decided_at, row.reason = state, member, member.name, now, reason[:400]
    row.next_fire_at = None
    row.save(update_fields=["state", "decided_by", "decided_name", "decided_at", "reason", "next_fire_at"])
    return row


def waiting(ticket: Ticket) -> Approval | None:
    """The offer that waits for somebody's word."""
    row = Approval.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, state=ApprovalState.WAITING).first()
    return by_id(row.id, organisation=ticket.organisation_id) if row else None
