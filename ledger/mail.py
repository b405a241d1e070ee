"""Sending one mail, as the `perform` step of an outside follower. Whoever mails prepares a `Letter` and calls `send`.

At least once with a stable Message-ID; a duplicate is possible only when the process dies between the server's 250 and
the follower's commit.
"""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from ledger.errors import DeliveryError, Refused


@dataclass(frozen=True)
class Letter:
    """A mail ready to send. files: (name, bytes, content type); headers: besides Message-ID and Auto-Submitted."""

    to: str
    subject: str
    text: str
    message_id: str
    html: str = ""
    files: tuple[tuple[str, bytes, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def message_id(name: str) -> str:
    """`<name@our domain>`: the same name is the same mail."""
    domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "cxms.localhost"
    return f"<{name}@{domain}>"


def send(letter: Letter) -> None:
    """Sends one mail. Raises Refused for a permanent refusal of the address, DeliveryError for the rest."""
    mail = EmailMultiAlternatives(
        subject=" ".join(letter.subject.split()),
        body=letter.text,
        from_email=settings.MAIL_FROM,
        to=[letter.to],
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated", **letter.headers},
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    for name, body, content_type in letter.files:
        mail.attach(name, body, content_type)
    try:
        with get_connection() as connection:
            connection.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise (Refused if all(code >= 500 for code in codes) else DeliveryError)(str(codes)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{type(error).__name__}: {error}") from error
