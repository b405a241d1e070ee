"""Reflection: five whys one after the other, a cause by its code, what prevents it, whose it is and until when.

From the severity its policy names (`close_from`) a reflection counts only when it is complete: until then the clause runs on
and the complaint cannot be closed. A complete one is signed; a fact tells the floor above, which opens the action.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints import causes, recurrence
from complaints.enums import Severity
from complaints.hand import Hand
from complaints.lifecycle import MoveNotAllowed
from complaints.mentions import member_named
from complaints.models import Reflection, Ticket
from complaints.move_fields import MoveFieldError, text
from ledger.facts import record

FIVE_WHYS = 5
NEVER = "never"
DEFAULT_FROM = Severity.HIGH
PARTLY = "reflect_partly"


def clean(fields: dict[str, Any]) -> dict[str, Any]:
    """The clean fields of the move. Whys come as `whys` or `why1`…`why5`, each only after the one before. Pure."""
    names = ("cause", "why", "prevention")
    found: dict[str, Any] = {name: text(fields, name, required=False, most=4000) for name in names}
    whys = _whys(fields)
    code = text(fields, "cause_code", required=False, most=40)
    if not code and not found["cause"]:
        raise MoveFieldError(_("请填写"), code="missing", field="cause")
    if not found["prevention"].strip():
        raise MoveFieldError(_("请填写"), code="missing", field="prevention")
    if code and not whys:
        raise MoveFieldError(_("先问至少一个为什么，再选原因"), code="missing", field="why1")
    owner, due = text(fields, "owner", required=False, most=254), text(fields, "due", required=False, most=10)
    for name, value in (("owner", owner), ("due", due)):
        if code and not value:
            raise MoveFieldError(_("请填写"), code="missing", field=name)
    more = {"cause_code": code, "whys": whys, "owner": owner, "due": _date(due) if due else ""}
    return found | {name: value for name, value in more.items() if value}


def _whys(fields: dict[str, Any]) -> list[str]:
    given = fields.get("whys")
    if given is None:
        given = [fields.get(f"why{n}", "") for n in range(1, FIVE_WHYS + 1)]
    if not isinstance(given, list) or len(given) > FIVE_WHYS:
        raise MoveFieldError(_("最多五个为什么"), code="wrong_type", field="whys")
    said = [text({"why": value}, "why", required=False, most=400).strip() for value in given]
    n = sum(bool(value) for value in said)
    if any(said[n:]):
        raise MoveFieldError(_("上一个为什么还没有答"), code="gap", field=f"why{said.index('') + 1}")
    return said[:n]


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise MoveFieldError(_("日期写成 年-月-日"), code="bad_date", field="due") from error


def is_demanded(ticket: Ticket) -> bool:
    """True when this ticket's policy wants a complete reflection before it closes."""
    clauses = [clause for clause in ticket.policy.clauses if clause["kind"] == "reflection"]
    level = clauses[0].get("close_from", DEFAULT_FROM) if clauses else NEVER
    if level == NEVER or ticket.is_history:
        return False
    return Severity.values.index(ticket.severity) >= Severity.values.index(level)


def of_ticket(ticket: Ticket) -> Reflection | None:
    """The reflection of the ticket's present cycle, or None."""
    rows = Reflection.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, cycle=ticket.cycle)
    return rows.select_related("cause", "cause__parent", "owner").first()


def demand(ticket: Ticket) -> None:
    """Raises MoveNotAllowed when the ticket may not close yet."""
    if not is_demanded(ticket):
        return
    row = of_ticket(ticket)
    if row is None or row.signed_at is None:
        raise MoveNotAllowed(_("还没有反思完：问到原因、选原因代码、写预防行动和负责人"), code="not_reflected", field="move")


def _reflect(hand: Hand) -> str | None:
    ticket, moment, fields = hand.ticket, hand.moment, hand.fields
    organisation = ticket.organisation_id
    cause = causes.by_code(fields["cause_code"], organisation=organisation) if fields.get("cause_code") else None
    if fields.get("cause_code") and cause is None:
        raise MoveFieldError(_("没有这个原因"), code="unknown_cause", field="cause_code")
    there = of_ticket(ticket)
    if there is not None and there.signed_at is not None:
        raise MoveNotAllowed(_("已经反思过"), code="reflected", field="move")
    if cause is None:
        return PARTLY if is_demanded(ticket) else None
    row = there or Reflection(organisation_id=organisation, ticket=ticket, cycle=ticket.cycle)
    row.whys, row.cause, row.prevention = fields["whys"], cause, fields["prevention"]
    row.owner, row.due_date = member_named(fields["owner"], organisation=organisation), date.fromisoformat(fields["due"])
    row.signed_at, row.signed_name = moment.at, hand.actor_name[:80]
    row.save()
    fields |= {"cause": fields["cause"] or cause.label, "owner_name": row.owner.name}
    data = {"ticket": str(ticket.id), "cause": cause.code, "silent": moment.is_history}
    record("reflection.signed", row.id, data, organisation=organisation, now=moment.written_at, actor=moment.actor)
    return None


EFFECTS = {"reflect": _reflect}


def by_id(key: uuid.UUID, *, organisation: int) -> Reflection | None:
    """A reflection with all that its action needs."""
    rows = Reflection.objects.filter(organisation_id=organisation, id=key)
    return rows.select_related("ticket", "ticket__unit", "ticket__touchpoint", "cause", "owner", "owner__user").first()


def action_opened(key: uuid.UUID, action: uuid.UUID, *, organisation: int) -> None:
    """`reflection.acted`: the action above links back."""
    Reflection.objects.filter(organisation_id=organisation, id=key).update(action=action)


def action_done(key: uuid.UUID, at: datetime, *, organisation: int) -> None:
    """The preventive action was done at this instant: the ninety days begin, and what came back meanwhile is found."""
    row = Reflection.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None or at.isoformat() in row.dones:
        return
    row.dones = sorted([*row.dones, at.isoformat()])
    row.save(update_fields=["dones"])
    recurrence.look_forward(row, now=at)
