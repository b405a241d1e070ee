"""The touchpoint catalogue: what a new organisation starts with, and every edit. Codes stay, nothing is deleted."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy import audit, versions
from tenancy.models import Touchpoint, Unit


class TouchpointError(DomainError):
    """The catalogue cannot be changed as asked."""


PRESETS = (
    ("advert", "广告种草", "认知"),
    ("store_visit", "到店咨询", "选购"),
    ("online_order", "线上下单", "选购"),
    ("payment", "付款", "选购"),
    ("delivery", "配送收货", "交付"),
    ("installation", "上门安装", "交付"),
    ("usage", "日常使用", "使用"),
    ("repair_intake", "维修受理", "售后"),
    ("repair_pickup", "维修取机", "售后"),
    ("return_refund", "退换退款", "售后"),
    ("hotline", "客服热线", "售后"),
    ("membership", "会员权益", "忠诚"),
)


def add_presets(*, organisation: int) -> None:
    """Writes the catalogue; existing codes stay as they are."""
    Touchpoint.objects.bulk_create(
        [
            Touchpoint(organisation_id=organisation, code=code, name=name, stage=stage, position=i)
            for i, (code, name, stage) in enumerate(PRESETS)
        ],
        ignore_conflicts=True,
    )


def catalogue(*, organisation: int, is_retired: bool = False) -> list[Touchpoint]:
    """The touchpoints in use (or retired), in their order."""
    rows = Touchpoint.objects.filter(organisation_id=organisation, retired_at__isnull=not is_retired)
    return list(rows.select_related("owner_unit").order_by("position", "code"))


def one(key: uuid.UUID, *, organisation: int) -> Touchpoint | None:
    """A touchpoint with its owner, or None."""
    return Touchpoint.objects.select_related("owner_unit").filter(organisation_id=organisation, id=key).first()


def add(*, organisation: int, code: str, name: str, stage: str, now: datetime, actor: str) -> Touchpoint:
    """A new touchpoint at the end of the catalogue."""
    if not CODE.match(code):
        raise TouchpointError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if Touchpoint.objects.filter(organisation_id=organisation, code=code).exists():
        raise TouchpointError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
    last = Touchpoint.objects.filter(organisation_id=organisation).order_by("-position").first()
    position = last.position + 1 if last else 0
    row = Touchpoint.objects.create(organisation_id=organisation, code=code, name=_name(name), stage=stage.strip()[:40], position=position)
    audit.note("touchpoint.added", code, organisation=organisation, actor=actor, now=now)
    return row


def change(
    key: uuid.UUID,
    *,
    organisation: int,
    version: int | None,
    name: str,
    stage: str,
    owner: Unit | None,
    is_retired: bool,
    now: datetime,
    actor: str,
) -> Touchpoint:
    """Another name, stage or owner; retired it leaves the lists, and what was said of it stays."""
    row = Touchpoint.objects.select_for_update().get(organisation_id=organisation, id=key)
    versions.check(row, version)
    before = (row.name, row.stage, row.owner_unit_id, row.retired_at is not None)
    row.name, row.stage, row.owner_unit, row.version = _name(name), stage.strip()[:40], owner, row.version + 1
    row.retired_at = (row.retired_at or now) if is_retired else None
    row.save(update_fields=["name", "stage", "owner_unit", "retired_at", "version"])
    after = (row.name, row.stage, row.owner_unit_id, is_retired)
    fields = [f for f, a, b in zip(("name", "stage", "owner", "retired"), before, after, strict=True) if a != b]
    audit.note("touchpoint.changed", row.code, organisation=organisation, actor=actor, now=now, detail={"fields": fields})
    return row


def move(key: uuid.UUID, step: int, *, organisation: int, now: datetime, actor: str) -> None:
    """Exchanges a touchpoint with the one before (-1) or after (1) it in use; off the ends nothing happens."""
    rows = list(
        Touchpoint.objects.select_for_update()
        .filter(organisation_id=organisation, retired_at=None)
        .order_by("position", "code")
    )
    i = next((i for i, row in enumerate(rows) if row.id == key), -1)
    j = i + (1 if step > 0 else -1)
    if i < 0 or not 0 <= j < len(rows):
        return
    rows[i], rows[j] = rows[j], rows[i]
    for position, row in enumerate(rows):
        row.position = position
    Touchpoint.objects.bulk_update(rows, ["position"])
    audit.note("touchpoint.moved", rows[j].code, organisation=organisation, actor=actor, now=now)


def _name(text: str) -> str:
    if not text.strip() or len(text) > 80:
        raise TouchpointError(_("名称应为 1 至 80 字"), code="bad_name", field="name")
    return text.strip()
