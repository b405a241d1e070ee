"""E-mail by the house's own SMTP server: no account of an organisation's own."""

from django.utils.translation import gettext as _

from alerts.sinks.shapes import Account, Field, Message, Person, SinkError
from ledger import mail
from ledger.errors import DeliveryError, Refused


class Email:
    """One letter to one person, with a Message-ID that stays."""

    kind = "email"
    fields: tuple[Field, ...] = ()
    is_group = False

    def label(self) -> str:
        """Its name."""
        return _("邮件")

    def reaches(self, person: Person) -> bool:
        """Whoever has an address."""
        return bool(person.email)

    def send(self, account: Account, message: Message) -> str:
        """Gives the Message-ID. Raises SinkError."""
        key = mail.message_id(f"notice-{message.key}")
        try:
            mail.send(mail.Letter(message.people[0].email, message.subject, message.text, key))
        except Refused as error:
            raise SinkError(f"refused: {error}", permanent=True) from error
        except DeliveryError as error:
            raise SinkError(str(error), permanent=False) from error
        return key
