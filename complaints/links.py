"""The customer's promise page by signed link: the token carries organisation and ticket, expires, and needs no log-in."""

import uuid

from django.core import signing

SALT = "complaints.promise"
MAX_AGE_SECONDS = 90 * 86400


def token_for(ticket_id: uuid.UUID, *, organisation: int) -> str:
    """A signed, url-safe token for the promise page of one ticket."""
    return signing.dumps([organisation, str(ticket_id)], salt=SALT, compress=True)


def read(token: str) -> tuple[int, uuid.UUID] | None:
    """(organisation, ticket) of a token that is ours and not older than 90 days, else None."""
    try:
        organisation, ticket = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
        return int(organisation), uuid.UUID(ticket)
    except (signing.BadSignature, ValueError, TypeError):
        return None
