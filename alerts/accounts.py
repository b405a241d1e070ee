"""Accounts of channels: made, changed, switched off, tested; opened for one sending. What opens them lies sealed."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from alerts.models import SinkAccount
from alerts.sinks import sms
from alerts.sinks.shapes import Account, SinkError
from alerts.sinks.table import SINKS
from cxms.lib import safe_http, sealing
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id
from cxms.lib.safe_http import Resolver, Unreachable, Unsafe
from cxms.lib.text import clean_text
from tenancy import audit, versions
from tenancy.models import Unit

MOST = 50
MOST_FIELD = 4000


class AccountError(DomainError):
    """The account cannot be made or changed as asked."""


def kinds() -> list[str]:
    """The kinds an organisation has accounts of."""
    return [kind for kind, sink in SINKS.items() if sink.fields]


def allowed() -> frozenset[str]:
    """Addresses the operator permits although they are not public."""
    return frozenset(settings.WEBHOOK_ALLOW)


def save(
    key: uuid.UUID | None,
    fields: Mapping[str, str],
    *,
    kind: str,
    label: str,
    unit: Unit,
    organisation: int,
    now: datetime,
    actor: str,
    version: int | None = None,
    fresh: uuid.UUID | None = None,
    resolver: Resolver = safe_http.system_resolver,
) -> SinkAccount:
    """Makes an account (key None) or changes one; a secret left empty stays as it is. Raises AccountError, Stale."""
    if kind not in kinds():
        raise AccountError(_("没有这种通道"), code="unknown_kind", field="kind")
    row = locked(key, organisation=organisation) if key else _new(kind, organisation, now, actor, fresh)
    if row.pk and SinkAccount.objects.filter(id=row.id).exists() and key is None:
        return SinkAccount.objects.get(organisation_id=organisation, id=row.id)  # the same form sent twice
    if key:
        versions.check(row, version)
        row.version += 1
    before = _secrets(row) if key else {}
    plain, secret = _checked(kind, fields, before, resolver)
    row.label = clean_text(" ".join(label.split()))[:80] or SINKS[kind].label()
    row.unit, row.config = unit, plain
    row.sealed = sealing.seal(json.dumps(secret).encode(), place=_place(row))
    row.shown = {name: _shown(name, value) for name, value in secret.items() if value}
    row.save()
    detail = {"kind": kind, "unit": unit.code}
    audit.note("notice_account.saved", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def switch(key: uuid.UUID, is_off: bool, *, organisation: int, version: int | None, now: datetime, actor: str) -> SinkAccount:
    """Switches an account off or on; nothing is sent by one that is off."""
    row = locked(key, organisation=organisation)
    versions.check(row, version)
    row.is_off, row.version = is_off, row.version + 1
    row.save(update_fields=["is_off", "version"])
    detail = {"off": is_off}
    audit.note("notice_account.switched", row.id, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def tested(row: SinkAccount, error: str, *, now: datetime, actor: str) -> None:
    """Notes what came of a test message."""
    row.tested_at, row.test_error = now, error[:200]
    row.save(update_fields=["tested_at", "test_error"])
    audit.note("notice_account.tested", row.id, organisation=row.organisation_id, actor=actor, now=now, detail={"error": bool(error)})


def opened(row: SinkAccount) -> Account:
    """The account as a sink takes it."""
    return Account(row.kind, {**row.config, **_secrets(row)}, allowed())


def covering(path: str, *, organisation: int) -> dict[str, SinkAccount]:
    """The account of each kind nearest above (or at) a place of the tree."""
    rows = SinkAccount.objects.filter(organisation_id=organisation, is_off=False).select_related("unit").order_by("created_at", "id")
    near = sorted((row for row in rows if path.startswith(row.unit.path)), key=lambda row: len(row.unit.path))
    return {row.kind: row for row in near}


def all_of(*, organisation: int) -> list[SinkAccount]:
    """Every account, by kind and place."""
    rows = SinkAccount.objects.filter(organisation_id=organisation).select_related("unit")
    return list(rows.order_by("kind", "unit__path", "created_at"))


def locked(key: uuid.UUID, *, organisation: int) -> SinkAccount:
    """The account under row lock. Raises AccountError not_found."""
    rows = SinkAccount.objects.select_for_update(of=("self",)).filter(organisation_id=organisation, id=key)
    row = rows.select_related("unit").first()
    if row is None:
        raise AccountError("not found", code="not_found")
    return row


def _new(kind: str, organisation: int, now: datetime, actor: str, fresh: uuid.UUID | None) -> SinkAccount:
    if SinkAccount.objects.filter(organisation_id=organisation).count() >= MOST:
        raise AccountError(_("最多 %(n)d 个通道账号") % {"n": MOST}, code="too_many")
    return SinkAccount(id=fresh or new_id(), organisation_id=organisation, kind=kind, created_at=now, created_by=actor[:120])


def _place(row: SinkAccount) -> str:
    return f"{row.organisation_id}|alerts_sinkaccount|{row.id}"


def _secrets(row: SinkAccount) -> dict[str, str]:
    found: dict[str, str] = json.loads(sealing.unseal(bytes(row.sealed), place=_place(row)))
    return found


def _checked(
    kind: str, fields: Mapping[str, str], before: Mapping[str, str], resolver: Resolver
) -> tuple[dict[str, str], dict[str, str]]:
    """Plain and secret fields, every one of them known and in form."""
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for field in SINKS[kind].fields:
        value = fields.get(field.name, "").replace("\x00", "").strip()[:MOST_FIELD]
        if field.is_secret and not value:
            value = before.get(field.name, "")
        if field.options:
            value = value if value in field.options else field.options[0]
        if field.must and not value:
            raise AccountError(_("请填写"), code="missing", field=field.name)
        (secret if field.is_secret else plain)[field.name] = value
    _check_url(secret["url"], resolver)
    try:
        sms.headers_of(secret.get("headers", ""))
    except SinkError as error:
        raise AccountError(_("请求头一行一个，写成“名称: 值”"), code="bad_header", field="headers") from error
    return plain, secret


def _check_url(url: str, resolver: Resolver) -> None:
    # places of a template stand for something harmless while the address is judged
    sample = sms.fill(url, {"mobile": "13800000000", "text": "x", "key": "x"}, sms.percent)
    try:
        safe_http.check(sample, resolver=resolver, allow=allowed())
    except Unsafe as error:
        raise AccountError(_("这个地址不能用：要是公网上的 https 地址"), code=error.code, field="url") from error
    except Unreachable as error:
        raise AccountError(_("域名解析不到，请检查拼写"), code=error.code, field="url") from error


def _shown(name: str, value: str) -> str:
    if name != "url":
        return "••••" + value[-2:] if len(value) > 8 else "••••"
    return f"{urlsplit(value).netloc}/…{value[-4:]}"
