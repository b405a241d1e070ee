"""The mail of an invitation, as an outside follower of `member.invited`."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from ledger import mail
from ledger.mail import Letter
from ledger.models import Fact
from tenancy import invitations, queries
from tenancy.models import Invitation, Organisation


class InvitationFollower:
    """The three steps of the mail."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Letter | None:
        """The mail in the organisation's language, or None: no mail server, taken, revoked, expired or sent anew."""
        if not settings.SMTP_URL:
            return None
        row = _waiting(organisation, fact, now)
        if row is None:
            return None
        place = queries.organisation(organisation)
        with override(place.language):
            subject, body = words(row, place)
        return Letter(row.email, subject, body, mail.message_id(f"invitation-{row.id}-{row.generation}"))

    def perform(self, message: Letter) -> None:
        """Sends it."""
        mail.send(message)

    def settle(self, *, organisation: int, fact: Fact, message: Letter, result: None, now: datetime) -> None:
        """Notes that the server took the mail, unless the invitation was sent anew meanwhile."""
        row = _waiting(organisation, fact, now)
        if row is not None:
            invitations.mailed(row, now=now)


def _waiting(organisation: int, fact: Fact, now: datetime) -> Invitation | None:
    return Invitation.objects.filter(
        organisation_id=organisation,
        id=fact.subject,
        generation=fact.data["generation"],
        mailed_at=None,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=now,
    ).first()


def words(row: Invitation, place: Organisation) -> tuple[str, str]:
    """Subject and body, in the active language."""
    names = {"organisation": place.name, "by": row.invited_by, "link": invitations.address(row)}
    until = row.expires_at.astimezone(queries.zone(place.timezone)).strftime("%Y-%m-%d %H:%M")
    subject = " ".join((_("%(by)s 邀请你加入 %(organisation)s") % names).split())
    lines = [
        _("你好：") if not row.name else _("%(name)s，你好：") % {"name": row.name},
        "",
        _("%(by)s 邀请你使用 %(organisation)s 的客户体验管理系统。") % names,
        _("打开下面的链接，设好密码就能进来："),
        "",
        names["link"],
        "",
        _("链接只能用一次，%(until)s 前有效。不认识发信人的话，不用理会这封信。") % {"until": until},
    ]
    return subject[:180], "\n".join(lines)
