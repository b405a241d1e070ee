"""An invitation's mail as an outside follower of `survey.invitation_due`: prepared in scope, sent without a transaction.

Every score is a link that shows the page with that score marked; opening a link saves nothing, since mail scanners
open links too. One-click unsubscribing by RFC 8058.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from ledger import mail
from ledger.errors import Refused
from ledger.models import Fact
from surveys import content, invitations, links, wording
from surveys.enums import Decision
from surveys.models import Invitation, SurveyVersion
from tenancy import queries
from tenancy.models import Organisation


@dataclass(frozen=True)
class Mail:
    """An invitation's letter."""

    invitation: uuid.UUID
    letter: mail.Letter


class InvitationMail:
    """The three steps of a mail."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Mail | None:
        """The mail in the organisation's language; None without a server, when it was sent, has expired or is unwanted."""
        if not settings.SMTP_URL:
            return None
        rows = Invitation.objects.filter(
            organisation_id=organisation, id=fact.subject, decision=Decision.INVITED, mailed_at__isnull=True, expires_at__gt=now
        )
        row = rows.select_related("survey", "unit", "customer").first()
        email = invitations.email_of(row.id, organisation=organisation) if row else ""
        if row is None or not email or invitations.unsubscribed([email], organisation=organisation):
            return None
        return Mail(row.id, _letter(row, email, queries.organisation(organisation), now))

    def perform(self, message: Mail) -> str:
        """Sends it; gives what the server said to an address it will never take. That is the address's fault, not ours."""
        try:
            mail.send(message.letter)
        except Refused as error:
            return str(error) or "refused"
        return ""

    def settle(self, *, organisation: int, fact: Fact, message: Mail, result: str, now: datetime) -> None:
        """Notes that the server took the mail (delivered, as far as anyone can know), or why it never will."""
        if result:
            invitations.refused(message.invitation, result, organisation=organisation)
        else:
            invitations.mailed(message.invitation, organisation=organisation, now=now)


def _letter(row: Invitation, email: str, organisation: Organisation, now: datetime) -> mail.Letter:
    token = links.invitation_token(row)
    address = links.answer_address(token)
    leave = f"{address}unsubscribe/"
    with override(organisation.language):
        context = _context(row, organisation, now) | {"address": address, "leave": leave}
        return mail.Letter(
            to=email,
            subject=_("%(place)s：一个问题，点一下就答完") % {"place": organisation.name},
            text=render_to_string("surveys/mail.txt", context),
            html=render_to_string("surveys/mail.html", context),
            message_id=mail.message_id(f"invitation-{row.id}"),
            headers={"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        )


def _context(row: Invitation, organisation: Organisation, now: datetime) -> dict[str, Any]:
    version = SurveyVersion.objects.get(
        organisation_id=organisation.id, survey=row.survey, version=row.survey.version
    )
    zone = queries.zone((row.unit.timezone if row.unit else "") or organisation.timezone)
    place = row.unit.name if row.unit else ""
    language = organisation.language
    return {
        "organisation": organisation,
        "moment": wording.moment(row.survey.event_kind, row.occurred_at, place, zone=zone, now=now),
        "question": content.say(version.texts, "question", language),
        "end_low": content.say(version.texts, "end_low", language),
        "end_high": content.say(version.texts, "end_high", language),
        "scores": list(content.scale(version.kind)),
        "expires_at": row.expires_at.astimezone(zone) if row.expires_at else None,
    }
