"""Links in mails by which one member does one thing without logging in: signed, named, three days old at most."""

import uuid
from dataclasses import dataclass

from django.core import signing

from tenancy.models import Member

MAX_AGE_SECONDS = 3 * 86400


@dataclass(frozen=True)
class TapLink:
    """What a token names: the organisation, the one thing it is about, and who may do it."""

    organisation: int
    subject: uuid.UUID
    member: uuid.UUID


def token(link: TapLink, *, salt: str) -> str:
    """The token of a link. `salt` keeps each kind of link apart: one that acknowledges approves nothing."""
    return signing.dumps([link.organisation, str(link.subject), str(link.member)], salt=salt, compress=True)


def read(token: str, *, salt: str) -> TapLink | None:
    """What the token names when it is ours, of this kind and not older than three days, else None."""
    try:
        organisation, subject, member = signing.loads(token, salt=salt, max_age=MAX_AGE_SECONDS)
        return TapLink(int(organisation), uuid.UUID(subject), uuid.UUID(member))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def member_of(link: TapLink) -> Member | None:
    """The member of a link, in the open scope; None when he has left or may not log in."""
    rows = Member.objects.filter(organisation_id=link.organisation, id=link.member, left_at__isnull=True, user__is_active=True)
    return rows.select_related("user").first()
