"""Administrators are told by mail when an endpoint is disabled or a message became a dead letter; never in silence.

`webhook.disabled` and `webhook.dead` → one `webhook.warned` per administrator → one mail each, in his language.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.enums import DisabledFor
from integrations.models import Endpoint
from ledger import mail
from ledger.facts import record, record_many
from ledger.mail import Letter
from ledger.models import Fact
from tenancy import members, queries
from tenancy.enums import Role
from tenancy.models import Member

DISABLED, DEAD, WARNED = "webhook.disabled", "webhook.dead", "webhook.warned"
# of a flood of dead letters one mail a day is enough
QUIET = timedelta(days=1)


def disabled(row: Endpoint, *, now: datetime) -> None:
    """Records that we stopped speaking to an endpoint."""
    record(DISABLED, row.id, {"reason": str(row.reason)}, organisation=row.organisation_id, now=now)


def dead(row: Endpoint, *, now: datetime) -> None:
    """Records that a message was given up, once a day and endpoint."""
    told = Fact.objects.filter(organisation_id=row.organisation_id, subject=str(row.id), kind=DEAD, at__gt=now - QUIET)
    if not told.exists():
        record(DEAD, row.id, {}, organisation=row.organisation_id, now=now)


def warn(fact: Fact, *, organisation: int, now: datetime) -> None:
    """One letter for each administrator."""
    path = queries.root_path(organisation=organisation)
    people = members.holders({Role.ADMIN}, organisation=organisation, path=path)
    data = {"what": fact.kind, "reason": fact.data.get("reason", ""), "key": str(fact.id)}
    record_many([(WARNED, fact.subject, {**data, "member": str(person.id)}) for person in people], organisation=organisation, now=now)


@dataclass(frozen=True)
class WarningFollower:
    """The three steps of the mail."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Letter | None:
        """The letter in the administrator's language, or None: no mail server, he left, the endpoint is deleted."""
        if not settings.SMTP_URL:
            return None
        people = Member.objects.filter(organisation_id=organisation, id=fact.data["member"], left_at__isnull=True)
        person = people.select_related("user").first()
        row = Endpoint.objects.filter(organisation_id=organisation, id=fact.subject).first()
        if person is None or row is None:
            return None
        with override(person.user.language or queries.organisation(organisation).language):
            subject, body = words(row, fact.data["what"], fact.data["reason"])
        return Letter(person.user.email, subject, body, mail.message_id(f"webhook-{fact.id}"))

    def perform(self, message: Letter) -> None:
        """Sends it."""
        mail.send(message)

    def settle(self, *, organisation: int, fact: Fact, message: Letter, result: None, now: datetime) -> None:
        """Nothing more to note: the delivery is done."""


def words(row: Endpoint, what: str, reason: str) -> tuple[str, str]:
    """Subject and body, in the active language."""
    name = row.description or row.url
    link = f"{settings.SITE_URL}/connect/webhooks/{row.id}/"
    if what == DISABLED:
        subject = _("【接口】接收地址已停用：%(name)s") % {"name": name}
        why = dict(DisabledFor.choices).get(reason, reason)
        first = _("原因：%(why)s。等着的消息都留着，启用后继续发送。") % {"why": why}
    else:
        subject = _("【接口】有消息进了死信：%(name)s") % {"name": name}
        first = _("一条消息试了十次都没有送到。可以在页面上重放，编号不变。")
    return " ".join(subject.split())[:180], "\n".join([first, "", row.url, _("打开：%(link)s") % {"link": link}])
