"""The weekly report by mail: an outside follower of `report.copied`. HTML, plain text, and the PDF of the reader's language."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from ledger import mail
from ledger.models import Fact
from reports.models import WeeklyCopy
from reports.weekly_print import address, can_print, printed, sheet_of
from reports.weekly_words import Sheet
from tenancy import queries


@dataclass(frozen=True)
class Letter:
    """A copy ready to send."""

    copy: uuid.UUID
    letter: mail.Letter


class ReportFollower:
    """The three steps of a mailed copy."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Letter | None:
        """The letter of a copy, or None: no mail server, already mailed, or the reader has left."""
        if not settings.SMTP_URL:
            return None
        rows = WeeklyCopy.objects.filter(
            organisation_id=organisation, id=fact.subject, mailed_at__isnull=True, member__left_at__isnull=True
        )
        copy = rows.select_related("report", "report__unit", "member", "member__user").first()
        if copy is None:
            return None
        language = copy.member.user.language or queries.organisation(organisation).language
        name = f"cx-weekly-{copy.report.week:%Gw%V}-{copy.report.unit.code}.pdf"
        files: tuple[tuple[str, bytes, str], ...] = ()
        if can_print():
            files = ((name, printed(copy.report, language, organisation=organisation, now=now), "application/pdf"),)
        link = address(copy.report_id)
        with override(language):
            sheet = sheet_of(copy.report, reader=copy.member.name)
            html = render_to_string("report/mail.html", {"sheet": sheet, "address": link})
            text = _plain(sheet, link)
        letter = mail.Letter(
            to=copy.member.user.email,
            subject=f"{sheet.title} {sheet.span}: {sheet.headline_text}"[:180],
            text=text,
            html=html,
            message_id=mail.message_id(f"report-{copy.id}-{fact.data.get('send', 1)}"),
            files=files,
        )
        return Letter(copy.id, letter)

    def perform(self, message: Letter) -> None:
        """Sends it."""
        mail.send(message.letter)

    def settle(self, *, organisation: int, fact: Fact, message: Letter, result: None, now: datetime) -> None:
        """Notes that the server took it."""
        copy = WeeklyCopy.objects.get(organisation_id=organisation, id=message.copy)
        copy.mailed_at, copy.n_sent = now, copy.n_sent + 1
        copy.save(update_fields=["mailed_at", "n_sent"])


def _plain(sheet: Sheet, link: str) -> str:
    lines = [f"{sheet.title} {sheet.span}", sheet.whom, "", sheet.headline_text, ""]
    lines += [f"{row.name} {row.value} {row.margin} {row.n} {row.change}" for row in (sheet.nps, *sheet.metrics, *sheet.clauses)]
    lines += ["", *[f"- {cause.name} {cause.share} {cause.n}" for cause in sheet.causes]]
    return "\n".join([*lines, "", _("网页版：%(link)s") % {"link": link}])
