"""Endpoints: registering, changing, rotating, disabling. Called by the REST door, the pages and the sender."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cxms.lib import refusals, safe_http, sealing
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from cxms.lib.safe_http import Resolver, Unreachable, Unsafe
from cxms.lib.text import clean_text
from integrations import signing
from integrations.enums import DisabledFor, EndpointState
from integrations.models import Endpoint
from integrations.public_facts import EVERYTHING, TABLE
from tenancy import audit

MOST = 50
OVERLAP = timedelta(hours=24)


class EndpointError(DomainError):
    """The endpoint cannot be made or changed as asked."""


class EndpointStale(EndpointError):
    """Someone changed the endpoint since it was read."""

    code = "stale_version"


class EndpointDisabled(EndpointError):
    """Nothing can be sent to an endpoint that is disabled."""

    code = "endpoint_disabled"


def allowed() -> frozenset[str]:
    """Addresses the operator permits although they are not public; none unless the settings say so."""
    return frozenset(settings.WEBHOOK_ALLOW)


def create(
    *,
    organisation: int,
    url: str,
    kinds: list[str],
    description: str = "",
    now: datetime,
    actor: str,
    key: uuid.UUID | None = None,
    resolver: Resolver = safe_http.system_resolver,
) -> tuple[Endpoint, str]:
    """Registers an endpoint; gives it with its secret, which cannot be shown again. Raises EndpointError."""
    if Endpoint.objects.filter(organisation_id=organisation).count() >= MOST:
        raise EndpointError(_("最多 %(n)d 个接收地址") % {"n": MOST}, code="too_many")
    key, secret = key or new_id(), signing.new_secret()
    row = Endpoint.objects.create(
        id=key,
        organisation_id=organisation,
        url=_checked_url(url, resolver),
        description=clean_text(description.strip())[:200],
        kinds=_checked_kinds(kinds),
        sealed=sealing.seal(secret, place=_place(organisation, key)),
        created_by=actor[:120],
        created_at=now,
        enabled_at=now,
    )
    audit.note("webhook.created", key, organisation=organisation, actor=actor, now=now, detail={"kinds": row.kinds})
    return row, signing.shown(secret)


def change(
    key: uuid.UUID,
    fields: dict[str, Any],
    *,
    organisation: int,
    now: datetime,
    actor: str,
    version: int | None = None,
    resolver: Resolver = safe_http.system_resolver,
) -> Endpoint:
    """Changes url, description, kinds or state (those given). Raises EndpointError, EndpointStale."""
    row = locked(key, organisation=organisation)
    _fresh(row, version)
    if "url" in fields:
        row.url = _checked_url(fields["url"], resolver)
    if "description" in fields:
        row.description = clean_text(fields["description"].strip())[:200]
    if "kinds" in fields:
        row.kinds = _checked_kinds(fields["kinds"])
    if "state" in fields and fields["state"] != row.state:
        if fields["state"] == EndpointState.ACTIVE:
            _enable(row, now)
        else:
            disable(row, DisabledFor.BY_HAND)
    row.version += 1
    row.save()
    detail = {"fields": sorted(fields), "state": row.state}
    audit.note("webhook.changed", key, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _fresh(row: Endpoint, version: int | None) -> None:
    if version is not None and version != row.version:
        raise EndpointStale(_("这个接收地址刚刚被别人改过，请刷新后再试"))


def _enable(row: Endpoint, now: datetime) -> None:
    """Speaks to it again, one message at a time until one arrives."""
    row.state, row.reason, row.enabled_at = EndpointState.ACTIVE, "", now
    row.resume_at, row.failing_since, row.n_failures = None, None, 0


def disable(row: Endpoint, reason: DisabledFor) -> None:
    """Stops speaking to it; what waits goes on waiting. The caller saves."""
    row.state, row.reason = EndpointState.DISABLED, reason


def rotate(
    key: uuid.UUID, *, organisation: int, now: datetime, actor: str, version: int | None = None
) -> tuple[Endpoint, str]:
    """A fresh secret; for a day messages bear a signature of the old one too. Raises EndpointStale."""
    row = locked(key, organisation=organisation)
    _fresh(row, version)
    secret = signing.new_secret()
    row.sealed_before, row.before_until = row.sealed, now + OVERLAP
    row.sealed = sealing.seal(secret, place=_place(organisation, key))
    row.version += 1
    row.save()
    audit.note("webhook.rotated", key, organisation=organisation, actor=actor, now=now)
    return row, signing.shown(secret)


def remove(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> None:
    """Deletes the endpoint with its deliveries."""
    row = locked(key, organisation=organisation)
    row.delete()
    audit.note("webhook.removed", key, organisation=organisation, actor=actor, now=now)


def locked(key: uuid.UUID, *, organisation: int) -> Endpoint:
    """The endpoint under row lock. Raises EndpointError not_found."""
    row = Endpoint.objects.select_for_update(no_key=True).filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise EndpointError("not found", code="not_found")
    return row


def secrets_of(row: Endpoint, *, now: datetime) -> list[bytes]:
    """The secrets messages are signed with now, newest first."""
    place = _place(row.organisation_id, row.id)
    found = [sealing.unseal(bytes(row.sealed), place=place)]
    if row.sealed_before is not None and row.before_until is not None and now < row.before_until:
        found.append(sealing.unseal(bytes(row.sealed_before), place=place))
    return found


def _place(organisation: int, key: uuid.UUID) -> str:
    return f"{organisation}|integrations_endpoint|{key}"


def _checked_kinds(kinds: list[str]) -> list[str]:
    unknown = [kind for kind in kinds if kind != EVERYTHING and kind not in TABLE]
    if unknown or not kinds:
        names = ", ".join(unknown)[:120] or "-"
        raise EndpointError(_("没有这种事件：%(kinds)s") % {"kinds": names}, code="unknown_kind", field="kinds")
    return [EVERYTHING] if EVERYTHING in kinds else sorted(set(kinds))


def _checked_url(url: str, resolver: Resolver) -> str:
    try:
        safe_http.check(url, resolver=resolver, allow=allowed())
    except (Unsafe, Unreachable) as error:
        raise EndpointError(refusals.in_words(error.code), code=error.code, field="url") from error
    return url
