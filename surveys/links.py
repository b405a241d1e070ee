"""The two kinds of addresses: a printed link with a random token of its own, and an invitation's signed token.

A link is for many and never expires; it is revoked, or rotated: a new token takes its place. An invitation's token
carries organisation and invitation; the row says until when, and that it is answered once.
"""

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import connection

from cxms.lib.ids import new_id
from ledger.facts import record
from surveys.models import Invitation, Link, Survey
from tenancy.models import Unit

SALT = "surveys.invitation"
TOKEN_BYTES = 16


def provide(
    survey: Survey | None, units: Iterable[Unit | None], *, organisation: int, now: datetime, actor: str
) -> list[Link]:
    """The living link of each unit for a survey (None: its feedback page), made where there is none."""
    wanted = list(units)
    there = Link.objects.filter(organisation_id=organisation, survey=survey, revoked_at__isnull=True)
    known = set(there.values_list("unit_id", flat=True))
    fresh = [_new(survey, unit, organisation, now) for unit in wanted if (unit.id if unit else None) not in known]
    # two hands at once: the first wins, the second finds its link
    Link.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        data = {"survey": str(survey.id) if survey else None, "n": len(fresh)}
        record("survey.links_made", fresh[0].id, data, organisation=organisation, now=now, actor=actor)
    keys = {unit.id if unit else None for unit in wanted}
    return [link for link in there.select_related("unit").order_by("unit__path") if link.unit_id in keys]


def _new(survey: Survey | None, unit: Unit | None, organisation: int, now: datetime) -> Link:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return Link(id=new_id(), organisation_id=organisation, token=token, survey=survey, unit=unit, created_at=now)


def rotate(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> Link | None:
    """A new token in place of a link's; what was printed leads nowhere from now on. None: no such living link."""
    old = revoke(key, organisation=organisation, now=now, actor=actor)
    if old is None:
        return None
    (fresh,) = provide(old.survey, [old.unit], organisation=organisation, now=now, actor=actor)
    return fresh


def revoke(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> Link | None:
    """Ends a link for good; None when it is not alive."""
    rows = Link.objects.select_for_update(of=("self",)).filter(
        organisation_id=organisation, id=key, revoked_at__isnull=True
    )
    link = rows.select_related("survey", "unit").first()
    if link is not None:
        link.revoked_at = now
        link.save(update_fields=["revoked_at"])
        data = {"survey": str(link.survey_id) if link.survey_id else None}
        record("survey.link_revoked", link.id, data, organisation=organisation, now=now, actor=actor)
    return link


def find(token: str) -> tuple[int, uuid.UUID] | None:
    """(organisation, link) of a living link's token, before any scope is open."""
    if not 20 <= len(token) <= 32:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select organisation_id, id from surveys_find_link(%s)", [token])
        row = cursor.fetchone()
    return (int(row[0]), uuid.UUID(str(row[1]))) if row else None


def invitation_token(invitation: Invitation) -> str:
    """A signed, url-safe token for one invitation."""
    return signing.dumps([invitation.organisation_id, invitation.id.hex], salt=SALT)


def read_invitation(token: str) -> tuple[int, uuid.UUID] | None:
    """(organisation, invitation) of a token that is ours, else None; whether it still holds its row says."""
    try:
        organisation, key = signing.loads(token, salt=SALT)
        return int(organisation), uuid.UUID(key)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


def answer_address(token: str) -> str:
    """The whole address of an answer page."""
    return f"{settings.SITE_URL}/s/{token}/"


def page_address(token: str) -> str:
    """The whole address of a store's feedback page."""
    return f"{settings.SITE_URL}/f/{token}/"


def address(link: Link) -> str:
    """The whole address of a link, as it is printed."""
    return answer_address(link.token) if link.survey_id else page_address(link.token)
