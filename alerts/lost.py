"""Nobody could be told of a ticket: the operator is, by mail. An outside follower of `notice.lost`."""

from datetime import datetime

from django.conf import settings

from complaints import queries
from ledger import mail
from ledger.mail import Letter
from ledger.models import Fact
from tenancy import queries as tenancy_queries


class LostFollower:
    """The three steps of the operator's mail."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> list[Letter] | None:
        """A letter for each operator, or None: no mail server, nobody named. It holds the number, not the complaint."""
        if not settings.SMTP_URL or not settings.OPS_MAIL:
            return None
        number = queries.numbers([fact.subject], organisation=organisation).get(fact.subject, fact.subject)
        place = tenancy_queries.organisation(organisation)
        subject = f"[CXMS] nobody could be told of {number} ({place.slug})"
        text = f"Every recipient, deputy, rung and administrator of {place.slug} was tried for {number}.\n{fact.data.get('key', '')}"
        return [Letter(to, subject, text, mail.message_id(f"lost-{fact.id}")) for to in settings.OPS_MAIL]

    def perform(self, letters: list[Letter]) -> None:
        """Sends them."""
        for letter in letters:
            mail.send(letter)

    def settle(self, *, organisation: int, fact: Fact, message: list[Letter], result: None, now: datetime) -> None:
        """Nothing to note: the delivery is done."""
