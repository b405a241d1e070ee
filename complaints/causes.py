"""The tree of causes an organisation keeps: two levels of codes, added, renamed and retired, never deleted."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from complaints import cause_words
from complaints.models import Cause
from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy import audit, versions

MOST = 200
class CauseError(DomainError):
    """The tree cannot be changed as asked."""


def add_ready(*, organisation: int, now: datetime, actor: str) -> int:
    """Writes the causes a house starts with, those it does not have. Returns how many."""
    there = dict(Cause.objects.filter(organisation_id=organisation).values_list("code", "id"))
    fresh = []
    for code in cause_words.LABELS:
        if code not in there:
            above = there.get(code.rpartition(".")[0])
            row = Cause(organisation_id=organisation, code=code, label=cause_words.shipped(code), parent_id=above, created_at=now)
            there[code] = row.id
            fresh.append(row)
    Cause.objects.bulk_create(fresh)
    if fresh:
        detail = {"fields": ["causes"], "n": len(fresh)}
        audit.note("cause.added", "ready", organisation=organisation, actor=actor, now=now, detail=detail)
    return len(fresh)


def tree(*, organisation: int, is_all: bool = False) -> list[Cause]:
    """Causes in the order of their codes, each below the one above it; `is_all` with those that are retired."""
    rows = Cause.objects.filter(organisation_id=organisation).select_related("parent")
    found = list(rows if is_all else rows.filter(retired_at__isnull=True))
    return sorted(found, key=lambda row: ((row.parent.code if row.parent else row.code), row.parent is not None, row.code))


def by_code(code: str, *, organisation: int) -> Cause | None:
    """The cause of this code that is in use, or None."""
    return Cause.objects.filter(organisation_id=organisation, code=code, retired_at__isnull=True).first()


def one(key: uuid.UUID, *, organisation: int) -> Cause | None:
    """A cause by its key, or None."""
    return Cause.objects.filter(organisation_id=organisation, id=key).first()


def add(code: str, label: str, above: str, *, organisation: int, now: datetime, actor: str) -> Cause:
    """A new cause, at the top or below a top one. The same code again is refused. Raises CauseError."""
    if not CODE.match(code) or len(code) > 40:
        raise CauseError(_("代码只能含字母、数字、_ . : -"), code="bad_code", field="code")
    if Cause.objects.filter(organisation_id=organisation, code=code).exists():
        raise CauseError(_("代码 %(code)s 已被占用") % {"code": code}, code="taken", field="code")
    if Cause.objects.filter(organisation_id=organisation).count() >= MOST:
        raise CauseError(_("最多 %(n)d 个原因") % {"n": MOST}, code="too_many", field="code")
    parent = by_code(above, organisation=organisation) if above else None
    if above and (parent is None or parent.parent_id is not None):
        raise CauseError(_("上级要是最上一层的原因"), code="bad_parent", field="above")
    row = Cause.objects.create(
        organisation_id=organisation, code=code, label=_label(label), parent=parent, created_at=now
    )
    audit.note("cause.added", code, organisation=organisation, actor=actor, now=now, detail={"fields": ["label"]})
    return row


def change(
    key: uuid.UUID, label: str, *, is_retired: bool, organisation: int, version: int, now: datetime, actor: str
) -> Cause:
    """Another name, or out of use; what was chosen before keeps it. Raises CauseError, Stale."""
    row = Cause.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise CauseError(_("没有这个原因"), code="not_found")
    versions.check(row, version)
    below = Cause.objects.filter(organisation_id=organisation, parent=row, retired_at__isnull=True)
    if is_retired and below.exists():
        raise CauseError(_("它下面还有在用的原因，请先停用它们"), code="has_children", field="retired")
    # saved under the name it is shown by, a ready-made cause stays ready-made, in every language
    row.label, row.version = row.label if _label(label) == row.name else _label(label), row.version + 1
    row.retired_at = (row.retired_at or now) if is_retired else None
    row.save()
    detail = {"fields": ["label", "retired"]}
    audit.note("cause.changed", row.code, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _label(value: str) -> str:
    label = " ".join(value.split())
    if not 1 <= len(label) <= 60:
        raise CauseError(_("名称应为 1 至 60 字"), code="bad_label", field="label")
    return label
