"""The token by which a browser may listen to its organisation's live channel: signed, twelve hours, no log-in data."""

from django.core import signing

SALT = "web.live"
MAX_AGE_SECONDS = 12 * 3600


def make(organisation: int, user: int) -> str:
    """A signed, url-safe token of (organisation, user)."""
    return signing.dumps([organisation, user], salt=SALT, compress=True)


def read(token: str) -> tuple[int, int] | None:
    """(organisation, user) of a token that is ours and not older than twelve hours, else None."""
    try:
        organisation, user = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
        return int(organisation), int(user)
    except (signing.BadSignature, ValueError, TypeError):
        return None
