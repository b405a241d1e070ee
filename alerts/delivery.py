"""Sending a hop, as an outside follower of `notice.due`: prepared in scope, sent with no transaction open, settled in scope.

A permanent refusal is an outcome and leads to the next channel at once; passing trouble is raised, and the ledger tries
again with back-off until the two minutes of the hop are over and the timer passes it on.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from alerts import accounts, hops, passing
from alerts.enums import HopState
from alerts.models import Hop, Reach
from alerts.sinks.shapes import Account, Message, SinkError
from alerts.sinks.table import SINKS
from alerts.wording import Words, words
from ledger.models import Fact
from tenancy import queries


@dataclass(frozen=True)
class Parcel:
    """A message ready for its sink, and the hops it settles."""

    kind: str
    account: Account
    message: Message
    hops: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of it: taken, or refused for good with what the far side said."""

    is_taken: bool
    error: str = ""


class DeliverFollower:
    """The three steps of a hop."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Parcel | None:
        """The message in its reader's language, or None when the hop is no longer due."""
        rows = Hop.objects.filter(organisation_id=organisation, id=fact.subject, state=HopState.DUE)
        hop = rows.select_related("notice__ticket__unit", "notice__recipient__user", "account").first()
        if hop is None:
            return None
        together = [hop, *(other for other in hops.carried(hop) if other.state == HopState.DUE)]
        readers = [one.recipient_id for one in together]
        how = {row.member_id: row for row in Reach.objects.filter(organisation_id=organisation, member__in=readers)}
        persons = [hops.person_of(one.notice, how.get(one.recipient_id)) for one in together]
        is_room = SINKS[hop.kind].is_group
        language = queries.organisation(organisation).language if is_room else hop.notice.recipient.user.language
        said = [words(one.notice, language=language, is_room=is_room) for one in together]
        said = list({one.line: one for one in said}.values()) if is_room else said
        is_held = any(one.notice.held_until is not None for one in together)
        subject, text = digest(said, language) if is_held and len(said) > 1 else merged(said, language)
        message = Message(
            key=hop.id.hex,
            subject=subject,
            text=text,
            link=said[0].link,
            people=tuple({person.email: person for person in persons}.values()) if is_room else (persons[0],),
            stamp=int(now.timestamp()),
        )
        account = accounts.opened(hop.account) if hop.account else Account(hop.kind, {})
        return Parcel(hop.kind, account, message, tuple(one.id for one in together))

    def perform(self, parcel: Parcel) -> Outcome:
        """Sends it. Passing trouble is raised for the ledger to try again."""
        try:
            SINKS[parcel.kind].send(parcel.account, parcel.message)
        except SinkError as error:
            if not error.permanent:
                raise
            return Outcome(False, str(error))
        return Outcome(True)

    def settle(self, *, organisation: int, fact: Fact, message: Parcel, result: Outcome, now: datetime) -> None:
        """Notes what came of it, for every hop the message carried."""
        rows = Hop.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id__in=message.hops)
        for hop in rows.select_related("notice__ticket__unit", "notice__recipient__user").order_by("id"):
            if result.is_taken:
                passing.accepted(hop, organisation=organisation, now=now)
            elif hop.state == HopState.DUE:
                passing.ended(hop, HopState.REFUSED, result.error, organisation=organisation, now=now)


def merged(said: list[Words], language: str) -> tuple[str, str]:
    """Subject and text of one message for several notices."""
    if len(said) == 1:
        return said[0].subject, said[0].body
    with override(language or settings.LANGUAGE_CODE):
        n = len(said)
        subject = ngettext("【%(n)d 条】%(first)s", "【%(n)d 条】%(first)s", n) % {"n": n, "first": said[0].subject}
        top = _("一分钟里有几件事要告诉你，合在一起：")
        rule = "\n\n————\n\n"
        return subject[:180], top + "\n\n" + rule.join(one.body for one in said)


def digest(said: list[Words], language: str) -> tuple[str, str]:
    """Subject and text of what was held above a person's budget: a line each, with where it leads."""
    with override(language or settings.LANGUAGE_CODE):
        n = len(said)
        subject = ngettext("【摘要】%(n)d 条通知", "【摘要】%(n)d 条通知", n) % {"n": n}
        top = _("今天的通知超过了上限，不急的合在一起，每小时一封；失约和直达高管照样马上告诉你：")
        lines = [f"· {one.subject}\n  {one.line}\n  {one.link}" for one in said]
        return subject, top + "\n\n" + "\n\n".join(lines)
