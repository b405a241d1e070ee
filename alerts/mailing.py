"""Mail as an outside follower of `notice.created`: prepared in scope, sent with no transaction open, settled in scope.

At least once with a stable Message-ID per notice; a duplicate is possible only when the process dies between the
server's 250 and our commit.
"""

import smtplib
import uuid
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from alerts import notices
from alerts.models import Notice
from alerts.wording import words
from ledger.errors import DeliveryError, Refused
from ledger.models import Fact


@dataclass(frozen=True)
class Mail:
    """A message ready to send."""

    notice: uuid.UUID
    to: str
    subject: str
    body: str
    message_id: str


class MailFollower:
    """The three steps of a mail."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Mail | None:
        """The mail of a notice in its reader's language, or None: no mail server, or already mailed."""
        if not settings.SMTP_URL:
            return None
        rows = Notice.objects.filter(organisation_id=organisation, id=fact.subject, mailed_at__isnull=True)
        notice = rows.select_related("ticket", "ticket__unit", "recipient__user").first()
        if notice is None:
            return None
        user = notice.recipient.user
        text = words(notice, language=user.language)
        domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "cxms.localhost"
        return Mail(notice.id, user.email, text.subject, text.body, f"<notice-{notice.id}@{domain}>")

    def perform(self, message: Mail) -> None:
        """Sends one mail. Raises Refused for a permanent refusal of the address, DeliveryError for the rest."""
        mail = EmailMessage(
            subject=message.subject,
            body=message.body,
            from_email=settings.MAIL_FROM,
            to=[message.to],
            headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
        )
        try:
            with get_connection() as connection:
                connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise (Refused if all(code >= 500 for code in codes) else DeliveryError)(str(codes)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error

    def settle(self, *, organisation: int, fact: Fact, message: Mail, result: None, now: datetime) -> None:
        """Notes that the server took the mail."""
        notice = Notice.objects.get(organisation_id=organisation, id=message.notice)
        notice.mailed_at = now
        notice.save(update_fields=["mailed_at"])
        notices.accepted(notice, "email", organisation=organisation, now=now)
