"""Mailboxes that customers write to: set up, read over IMAP every minute, every mail kept once.

Timer → ⋯ `mailbox.due` → `MailboxFollower`: the account is read in scope, the server is asked with no transaction open,
and the messages, their raw bytes and the cursor are kept in one transaction; only then is a message gone from our view.
⋯ `mail.kept` → the promise desk decides whether it answers a ticket or is a new voice.
"""

import hashlib
import imaplib
import logging
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from imap_tools import A, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from cxms.lib import dispatch, sealing
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from feedback.channels import email
from feedback.enums import MailOutcome
from feedback.models import Mailbox, MailMessage, RawFeedback
from ledger.errors import DeliveryError
from ledger.facts import record, record_many
from ledger.models import Fact
from tenancy.models import Unit

log = logging.getLogger("cxms.mailboxes")
EVERY = timedelta(seconds=60)
BATCH = 50
MAX_BYTES = 25 * 1024 * 1024
TIMEOUT_SECONDS = 20
SECURITIES = ("ssl", "starttls", "plain")
DUE = """
    select distinct organisation_id from feedback_mailbox where is_active and next_poll_at <= clock_timestamp()
"""


class MailboxError(DomainError):
    """The mailbox cannot be set up as asked."""


@dataclass(frozen=True)
class Account:
    """What it takes to log in, and how far we have read."""

    mailbox: uuid.UUID
    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str
    uid_validity: int = 0
    last_uid: int = 0


@dataclass(frozen=True)
class Fetched:
    """What the server gave: its own epoch of ids, and (uid, bytes) in order."""

    uid_validity: int
    messages: tuple[tuple[int, bytes], ...]


def put(
    account: Account, name: str, *, unit: Unit | None, version: int, organisation: int, now: datetime
) -> Mailbox:
    """Writes a mailbox, new (version 0) or changed; an empty password keeps the old one. Raises MailboxError."""
    _check(account)
    row = Mailbox.objects.select_for_update().filter(organisation_id=organisation, id=account.mailbox).first()
    if row is None:
        row = Mailbox(id=account.mailbox, organisation_id=organisation, version=0, password=b"")
    if row.version != version:
        raise MailboxError(_("这个邮箱刚被别人改过，请看过再保存"), code="stale_version", field="version")
    if not account.password and not row.password:
        raise MailboxError(_("请填密码或授权码"), code="password_missing", field="password")
    if account.password:
        row.password = sealing.seal(account.password.encode(), place=_place(organisation, row.id))
    moved = (row.host, row.username, row.folder) != (account.host, account.username, account.folder)
    if moved:
        row.uid_validity = row.last_uid = 0
    row.name, row.host, row.port, row.security = name.strip()[:80] or account.username, account.host, account.port, account.security
    row.username, row.folder, row.unit = account.username, account.folder or "INBOX", unit
    row.next_poll_at, row.error, row.is_active = now, "", True
    row.version += 1
    row.save()
    return row


def _check(account: Account) -> None:
    if not account.host.strip() or not account.username.strip():
        raise MailboxError(_("请填服务器和用户名"), code="missing", field="host")
    if account.security not in SECURITIES or not 1 <= account.port <= 65_535:
        raise MailboxError(_("端口或加密方式不对"), code="bad_security", field="port")
    if account.security == "plain" and account.host not in settings.IMAP_PLAIN_HOSTS:
        raise MailboxError(_("不加密的连接会泄露密码，请用 SSL 或 STARTTLS"), code="not_encrypted", field="security")


def stop(mailbox: uuid.UUID, *, organisation: int) -> None:
    """Reads a mailbox no more; what came stays."""
    Mailbox.objects.filter(organisation_id=organisation, id=mailbox).update(is_active=False)


def _place(organisation: int, mailbox: uuid.UUID) -> str:
    return f"{organisation}|feedback_mailbox|{mailbox}"


def account_of(row: Mailbox) -> Account:
    """The account of a mailbox, its password opened."""
    password = sealing.unseal(bytes(row.password), place=_place(row.organisation_id, row.id)).decode()
    return Account(
        row.id, row.host, row.port, row.security, row.username, password, row.folder, row.uid_validity, row.last_uid
    )


# ---- reading --------------------------------------------------------------------------------------------------------


def due_organisations() -> list[int]:
    """Whose mailbox is to be read. Runs as the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def ask(*, organisation: int, now: datetime) -> int:
    """Sends the followers to every mailbox that is due; the next time is a minute from now."""
    rows = Mailbox.objects.select_for_update(skip_locked=True).filter(
        organisation_id=organisation, is_active=True, next_poll_at__lte=now
    )
    found = list(rows)
    for row in found:
        row.next_poll_at = now + EVERY
        row.save(update_fields=["next_poll_at"])
        record("mailbox.due", row.id, {}, organisation=organisation, now=now)
    return len(found)


def fetch(account: Account) -> Fetched:
    """The next messages after the cursor, oldest first, left unread on the server. Raises DeliveryError."""
    try:
        with _open(account) as box:
            validity = int(box.folder.status(account.folder, ["UIDVALIDITY"])["UIDVALIDITY"])
            since = account.last_uid if validity == account.uid_validity else 0
            box.folder.set(account.folder, readonly=True)
            # “n:*” always names the last message, even when its number is lower
            uids = sorted(int(uid) for uid in box.uids(A(uid=f"{since + 1}:*")) if int(uid) > since)
            return Fetched(validity, tuple(_bytes(box, uids[:BATCH])))
    except (ImapToolsError, imaplib.IMAP4.error, OSError, ssl.SSLError, KeyError, ValueError) as error:
        raise DeliveryError(f"{type(error).__name__}: {error}"[:300]) from error


def _open(account: Account) -> BaseMailBox:
    if account.security == "ssl":
        box: BaseMailBox = MailBox(account.host, account.port, timeout=TIMEOUT_SECONDS)
    elif account.security == "starttls":
        box = MailBoxStartTls(account.host, account.port, timeout=TIMEOUT_SECONDS)
    else:
        box = MailBoxUnencrypted(account.host, account.port, timeout=TIMEOUT_SECONDS)
    return box.login(account.username, account.password, initial_folder=None)


def _bytes(box: BaseMailBox, uids: Sequence[int]) -> list[tuple[int, bytes]]:
    found = []
    for uid in uids:
        _status, parts = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
        body = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        found.append((uid, bytes(body[:MAX_BYTES])))
    return found


class MailboxFollower:
    """The three steps of reading a mailbox."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Account | None:
        """The account, or None when it was switched off meanwhile."""
        row = Mailbox.objects.filter(organisation_id=organisation, id=fact.subject, is_active=True).first()
        return account_of(row) if row else None

    def perform(self, message: Account) -> Fetched | str:
        """What is new; a server that cannot be asked is told on the settings page, and asked again in a minute."""
        try:
            return fetch(message)
        except DeliveryError as error:
            return str(error)

    def settle(
        self, *, organisation: int, fact: Fact, message: Account, result: Fetched | str, now: datetime
    ) -> None:
        """Keeps the messages and moves the cursor, together. What cannot be kept is told on the settings page and asked again."""
        row = Mailbox.objects.select_for_update().get(organisation_id=organisation, id=message.mailbox)
        row.polled_at = now
        if isinstance(result, str):
            row.error = result[:300]
        elif (row.uid_validity, row.last_uid) == (message.uid_validity, message.last_uid):
            try:
                with transaction.atomic():
                    _take(row, message, result, organisation, now)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                log.exception("the mails of %s could not be kept", row.id)
                # nothing of the error's words: they may quote a mail
                row.refresh_from_db()
                row.polled_at, row.error = now, f"the mails came but could not be kept: {type(error).__name__}"
        row.save()


def _take(row: Mailbox, message: Account, result: Fetched, organisation: int, now: datetime) -> None:
    keep(row, [body for _uid, body in result.messages], organisation=organisation, now=now)
    row.error, row.uid_validity = "", result.uid_validity
    row.last_uid = result.messages[-1][0] if result.messages else (
        row.last_uid if result.uid_validity == message.uid_validity else 0
    )
    if len(result.messages) == BATCH:
        row.next_poll_at = now


def keep(mailbox: Mailbox, bodies: Sequence[bytes], *, organisation: int, now: datetime) -> list[MailMessage]:
    """Keeps mails with their raw bytes, each message-id once; records `mail.kept` for those a person wrote.

    A mail that cannot be taken apart or stored is kept as bytes, ignored as “unreadable”: no message holds up those behind it.
    """
    made: list[MailMessage] = []
    for body in bodies:
        try:
            with transaction.atomic():
                row = _kept(mailbox, body, email.parse(body), organisation, now)
        except (OperationalError, InterfaceError):
            raise  # the database, not the mail: asked again as a whole
        except Exception as error:
            log.error("a mail in %s cannot be read: %s", mailbox.id, type(error).__name__)
            row = _kept(mailbox, body, email.unreadable(body), organisation, now)
        made += [row] if row else []
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = [
        ("mail.kept", row.id, {}) for row in made if row.outcome == MailOutcome.WAITING
    ]
    if facts:
        record_many(facts, organisation=organisation, now=now)
    return made


def _kept(mailbox: Mailbox, body: bytes, found: email.Parsed, organisation: int, now: datetime) -> MailMessage | None:
    """The mail with its bytes; None for one that was kept before."""
    if MailMessage.objects.filter(Q(message_id=found.message_id), organisation_id=organisation).exists():
        return None
    raw = RawFeedback.objects.create(
        id=new_id(), organisation_id=organisation, channel="email", content_type="message/rfc822", body=body,
        sha256=hashlib.sha256(body).digest(), actor=f"mailbox:{mailbox.id}", received_at=now,
    )  # fmt: skip
    ignored = found.machine or ("" if found.text or found.subject else "empty")
    return MailMessage.objects.create(
        organisation_id=organisation, mailbox=mailbox, message_id=found.message_id, raw=raw,
        from_email=found.from_email, from_name=found.from_name, subject=found.subject, text=found.text,
        references=found.references, received_at=min(found.sent_at or now, now),
        outcome=MailOutcome.IGNORED if ignored else MailOutcome.WAITING, reason=ignored,
        ticket_number=found.ticket,
    )  # fmt: skip


def settled(row: MailMessage, outcome: str, *, feedback: uuid.UUID | None = None, ticket: str = "") -> None:
    """Writes what became of a mail."""
    row.outcome, row.feedback_id, row.ticket_number = outcome, feedback, ticket
    row.save(update_fields=["outcome", "feedback_id", "ticket_number"])
