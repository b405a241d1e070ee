"""API keys: issued once, kept as a digest, found before the organisation is known by a definer function."""

import hashlib
import hmac
import secrets
import string
import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from tenancy import audit
from tenancy.capabilities import API_SCOPES
from tenancy.models import ApiKey

ALPHABET = string.ascii_letters + string.digits
PREFIX = "cx_live_"


class ApiKeyError(DomainError):
    """The key cannot be issued as asked."""


@dataclass(frozen=True)
class FoundKey:
    """A live key, as the door needs it."""

    id: str
    organisation: int
    scopes: frozenset[str]
    name: str


def _random(n: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(n))


def _check(body: str) -> str:
    number, out = zlib.crc32(body.encode()), ""
    for _i in range(6):
        number, rest = divmod(number, 62)
        out += ALPHABET[rest]
    return out


def issue(
    *,
    organisation: int,
    scopes: list[str],
    name: str,
    now: datetime,
    actor: str,
    days: int = 365,
    key_id: uuid.UUID | None = None,
) -> str:
    """Makes a key and returns it; it cannot be shown again. Raises for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in API_SCOPES]
    if unknown or not scopes:
        message = _("未知的权限范围：%(scopes)s") % {"scopes": ", ".join(unknown) or "-"}
        raise ApiKeyError(message, code="unknown_scope", field="scopes")
    prefix, secret = _random(12), _random(43)
    row = ApiKey.objects.create(
        id=key_id or new_id(),
        organisation_id=organisation,
        prefix=prefix,
        digest=hashlib.sha256(secret.encode()).digest(),
        name=name,
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.note("key.issued", row.id, organisation=organisation, actor=actor, now=now, detail={"scopes": row.scopes})
    return f"{PREFIX}{prefix}_{secret}{_check(prefix + secret)}"


def revoke(key_id: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> None:
    """Ends a key with the next request; again is a no-op. Raises ApiKeyError not_found."""
    row = ApiKey.objects.select_for_update().filter(organisation_id=organisation, id=key_id).first()
    if row is None:
        raise ApiKeyError("not found", code="not_found")
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        audit.note("key.revoked", row.id, organisation=organisation, actor=actor, now=now)


def all_of(*, organisation: int) -> QuerySet[ApiKey]:
    """Every key ever issued, the newest first; none of them can be read back."""
    return ApiKey.objects.filter(organisation_id=organisation).order_by("-created_at", "-id")


def find(token: str, *, now: datetime) -> FoundKey | None:
    """The live key behind a bearer token, or None: unknown, altered, revoked or expired. Needs no scope."""
    body = token.removeprefix(PREFIX)
    prefix, _sep, rest = body.partition("_")
    if not token.startswith(PREFIX) or len(prefix) != 12 or len(rest) != 49 or not token.isascii():
        return None
    secret, check = rest[:43], rest[43:]
    if check != _check(prefix + secret):
        return None
    with connection.cursor() as cursor:
        cursor.execute("select * from tenancy_find_api_key(%s)", [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, organisation, digest, scopes, name, expires_at, revoked_at = row
    if not hmac.compare_digest(bytes(digest), hashlib.sha256(secret.encode()).digest()):
        return None
    if revoked_at is not None or (expires_at is not None and expires_at <= now):
        return None
    return FoundKey(id=str(key_id), organisation=int(organisation), scopes=frozenset(scopes), name=str(name))


def used(key: FoundKey, *, now: datetime) -> None:
    """Notes the use, at most once a minute. Inside the key's scope."""
    ApiKey.objects.filter(organisation_id=key.organisation, id=key.id).exclude(
        last_used_at__gt=now - timedelta(minutes=1)
    ).update(last_used_at=now)
