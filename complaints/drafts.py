"""What a member has typed on a ticket and not yet sent: kept per form, on the server, until it is sent or thrown away."""

import json
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from complaints.models import Draft, Ticket
from cxms.lib.errors import DomainError
from tenancy.models import Member

# form → the fields it keeps
FORMS: dict[str, tuple[str, ...]] = {
    "say": ("text",),
    "reconstruct": ("who", "when", "where", "what", "evidence", "cites"),
    "correct": ("who", "when", "where", "what", "evidence", "cites", "reason"),
    "propose": tuple(f"{name}{n}" for n in ("", "2", "3") for name in ("text", "kind", "amount", "by")),
    "reflect": ("why1", "why2", "why3", "why4", "why5", "cause_code", "prevention", "owner", "due"),
    "hand_over": ("reason", "needed"),
}
# move → the form its text was typed in
FORM_OF = {"reply": "say", "note": "say"}
MAX_BYTES = 40_000


class DraftError(DomainError):
    """The draft cannot be kept."""


def save(
    ticket: Ticket, member: Member, form: str, fields: Mapping[str, str], *, organisation: int, now: datetime
) -> Draft | None:
    """Keeps what stands in a form now; nothing typed means no draft. Raises DraftError."""
    if form not in FORMS:
        raise DraftError(_("没有这种表单"), code="unknown_form", field="form")
    kept = {name: fields.get(name, "").replace("\x00", "") for name in FORMS[form]}
    if len(json.dumps(kept, ensure_ascii=False).encode()) > MAX_BYTES:
        raise DraftError(_("太长，存不下"), code="too_long", field="text")
    if not any(value.strip() for value in kept.values()):
        drop(ticket, member, form, organisation=organisation)
        return None
    row, _fresh = Draft.objects.update_or_create(
        organisation_id=organisation, member=member, ticket=ticket, form=form, defaults={"fields": kept, "saved_at": now}
    )
    return row


def drop(ticket: Ticket, member: Member, form: str, *, organisation: int) -> None:
    """The form was sent, or its text thrown away."""
    Draft.objects.filter(organisation_id=organisation, member=member, ticket=ticket, form=form).delete()


def of(ticket: Ticket, member: Member, *, organisation: int) -> dict[str, Draft]:
    """Form → draft of this member on this ticket."""
    rows = Draft.objects.filter(organisation_id=organisation, member=member, ticket=ticket)
    return {row.form: row for row in rows}
