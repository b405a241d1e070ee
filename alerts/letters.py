"""Letters to a customer who wrote by mail: our reply or offer, that we wait and that we waited long enough, in his thread.

An outside follower of `complaint.moved`. Message-ID `<ticket-ID-SEQ@…>`: his answer finds its ticket by it.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from complaints import links
from complaints.enums import PauseReason
from complaints.models import Move, Ticket
from feedback.models import MailMessage
from ledger import mail
from ledger.models import Fact
from tenancy import queries

TOLD = {"reply", "propose", "hold", "resume"}


@dataclass(frozen=True)
class Letter:
    """A letter of one move."""

    ticket: uuid.UUID
    letter: mail.Letter


class CustomerFollower:
    """The three steps of a letter."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Letter | None:
        """The letter, or None: no mail server, history, not a move he is told of, or he did not write by mail."""
        if not settings.SMTP_URL or fact.data.get("silent") or fact.data["move"] not in TOLD:
            return None
        rows = Ticket.objects.filter(organisation_id=organisation, id=fact.subject, channel="email")
        ticket = rows.select_related("customer").first()
        move = Move.objects.filter(organisation_id=organisation, ticket=ticket, seq=fact.data["seq"]).first()
        if ticket is None or move is None or ticket.customer is None or not ticket.customer.email:
            return None
        if move.kind == "resume" and not move.data.get("expired"):
            return None  # somebody went on: he will hear from them
        place = queries.organisation(organisation)
        with override(place.language):
            text = self._words(ticket, move, place.name)
        first = MailMessage.objects.filter(organisation_id=organisation, feedback_id=ticket.feedback_id).first()
        subject = first.subject if first and first.subject else ticket.title
        thread = {"In-Reply-To": first.message_id, "References": first.message_id} if first else {}
        letter = mail.Letter(
            to=ticket.customer.email,
            subject=f"Re: {subject} [{ticket.number}]",
            text=text,
            message_id=mail.message_id(f"ticket-{ticket.id}-{move.seq}"),
            # a person wrote these words: a machine that answers them must be told by its own manners, not by ours
            headers={**thread, "Auto-Submitted": "no"},
        )
        return Letter(ticket.id, letter)

    def _words(self, ticket: Ticket, move: Move, place: str) -> str:
        link = f"{settings.SITE_URL}/p/{links.token_for(ticket.id, organisation=ticket.organisation_id)}/"
        parts = [_waiting(move) if move.kind in {"hold", "resume"} else str(move.data.get("text", ""))]
        if move.kind == "propose" and move.data.get("compensation"):
            parts.append(str(move.data["compensation"]))
        parts += ["", _("您可以在这里看到我们的承诺和倒计时，接受方案或留言：%(link)s") % {"link": link}]
        return "\n".join([*parts, "", _("直接回复这封信也可以。"), place])

    def perform(self, message: Letter) -> None:
        """Sends it."""
        mail.send(message.letter)

    def settle(self, *, organisation: int, fact: Fact, message: Letter, result: None, now: datetime) -> None:
        """Nothing to note: the move is its own record."""


def _waiting(move: Move) -> str:
    """That the clock rests, and for whom; or that we waited long enough and it runs on."""
    is_ours = move.data.get("reason") == PauseReason.WAITING_THIRD_PARTY
    if move.kind == "hold":
        return _("正在等厂家或合作方答复，计时暂停；一有消息就继续。") if is_ours else _("正在等您答复，计时暂停；您一回复就继续。")
    if is_ours:
        return _("厂家或合作方还没有答复，我们不再等，计时接着走。")
    return _("我们还没有等到您的答复，计时接着走。还需要我们做什么，请回一句。")
