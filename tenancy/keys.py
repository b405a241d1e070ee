"""API keys: issued once, kept as a digest, found before the organisation is known by a definer function."""

import hashlib
import hmac
import re
import secrets
import string
import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

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
NOTHING = Decimal(0)


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
    offer_limit: Decimal | None = NOTHING,
    offer_currency: str = "",
) -> str:
    """Makes a key and returns it; it cannot be shown again. offer_limit: see `allow`. Raises for an unknown scope."""
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
        offer_limit=offer_limit,
        offer_currency=offer_currency,
    )
    detail = {"scopes": row.scopes, "offer_limit": shown(offer_limit), "currency": offer_currency}
    audit.note("key.issued", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
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


def allow(
    key_id: uuid.UUID, offer_limit: Decimal | None, offer_currency: str, *, was: str, organisation: int, now: datetime, actor: str
) -> ApiKey:
    """Sets the most a key may offer a customer without asking: an amount in a currency, None for any, 0 for none.

    was: the limit the form was opened on, as `shown` says it. Raises ApiKeyError not_found, stale.
    """
    row = ApiKey.objects.select_for_update().filter(organisation_id=organisation, id=key_id).first()
    if row is None:
        raise ApiKeyError("not found", code="not_found")
    if shown(row.offer_limit) != was:
        raise ApiKeyError(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), code="stale", field="offer_limit")
    before = {"offer_limit": shown(row.offer_limit), "currency": row.offer_currency}
    row.offer_limit, row.offer_currency = offer_limit, offer_currency
    row.save(update_fields=["offer_limit", "offer_currency"])
    detail = {"fields": ["offer_limit"], "before": before, "after": {"offer_limit": shown(offer_limit), "currency": offer_currency}}
    audit.note("key.allowed", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def typed_limit(value: str) -> Decimal | None:
    """A limit as typed: "" for nothing, "*" for any amount. Raises ApiKeyError."""
    said = value.strip().replace(",", "")
    if said == "*":
        return None
    if not re.fullmatch(r"\d{0,10}(\.\d{1,2})?", said) or said == ".":
        raise ApiKeyError(_("写金额，如 800；“*”是不限；不填是不能给"), code="bad_amount", field="offer_limit")
    return Decimal(said or "0").quantize(Decimal("0.01"))


def shown(limit: Decimal | None) -> str:
    """A limit as it is typed."""
    return "*" if limit is None else f"{limit:.2f}" if limit else ""


def limit_of(name: str, currency: str, *, organisation: int, now: datetime) -> Decimal | None:
    """The most the live key of this name may offer in a currency; None: any amount. Of two with one name the lower holds."""
    rows = ApiKey.objects.filter(organisation_id=organisation, name=name, revoked_at__isnull=True).exclude(expires_at__lte=now)
    found = [row.offer_limit if row.offer_limit is None or row.offer_currency == currency else NOTHING for row in rows]
    priced = [limit for limit in found if limit is not None]
    return min(priced) if priced else None if found else NOTHING


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
