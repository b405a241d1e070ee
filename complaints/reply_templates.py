"""口径: what we say to customers, with variables filled from the ticket. Callers: the ticket's page and the settings.

A variable is written in braces in any of three languages: {客户称呼}, {客戶稱呼}, {customer}. An unknown one is refused
when the template is saved; one that has no value stays in braces, is shown, and is refused when the reply is sent.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from complaints.models import ReplyTemplate, Ticket
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from tenancy import audit, versions
from tenancy.models import Unit

# variable → its names: simplified, traditional, English
NAMES: dict[str, tuple[str, str, str]] = {
    "customer": ("客户称呼", "客戶稱呼", "customer"),
    "number": ("单号", "單號", "number"),
    "store": ("门店", "門店", "store"),
    "due": ("承诺时间", "承諾時間", "due"),
    "handler": ("处理人", "處理人", "handler"),
    "organisation": ("组织", "組織", "organisation"),
    "link": ("进度链接", "進度連結", "link"),
}
CODES = {name: code for code, names in NAMES.items() for name in names}
VARIABLE = re.compile(r"\{([^{}\n]{0,40})\}")
MOST = 200
MAX_TEXT = 4000


class TemplateError(DomainError):
    """The template cannot be saved, or its reply cannot be sent."""


@dataclass(frozen=True)
class Wanted:
    """What a template is to be. Empty unit, language and topic mean any."""

    name: str
    text: str
    unit: Unit | None = None
    language: str = ""
    topic: str = ""
    is_retired: bool = False


@dataclass(frozen=True)
class Filled:
    """A template with its variables filled; `missing` are the names without a value, still in braces."""

    text: str
    missing: tuple[str, ...]


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Puts values into a text. Pure."""
    missing: list[str] = []

    def put(match: re.Match[str]) -> str:
        value = values.get(CODES.get(match.group(1).strip(), ""), "")
        if not value:
            missing.append(match.group(1).strip())
        return value or match.group(0)

    filled = VARIABLE.sub(put, text)
    return Filled(filled, tuple(dict.fromkeys(missing)))


def unfilled(text: str) -> tuple[str, ...]:
    """The known variables that still stand in braces in a reply. Pure."""
    names = (match.group(1).strip() for match in VARIABLE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name in CODES))


def refuse_unfilled(text: str) -> None:
    """Raises TemplateError while a reply still carries a variable: a customer must never read one."""
    left = unfilled(text)
    if left:
        raise TemplateError(_("还没填：%(names)s") % {"names": _("、").join(left)}, code="unfilled", field="text")


def of_ticket(ticket: Ticket, *, organisation: int) -> list[ReplyTemplate]:
    """The templates that suit a ticket: its topic first, then those used most."""
    rows = _live(organisation).filter(Q(topic="") | Q(topic__in=ticket.topics)).select_related("unit")
    path = ticket.unit.path if ticket.unit else ""
    found = [row for row in rows if row.unit is None or path.startswith(row.unit.path)]
    return sorted(found, key=lambda row: (not row.topic, -row.n_used, row.name))


def _live(organisation: int) -> QuerySet[ReplyTemplate]:
    return ReplyTemplate.objects.filter(organisation_id=organisation, retired_at__isnull=True)


def catalogue(*, organisation: int, is_retired: bool = False) -> list[ReplyTemplate]:
    """All templates in use, or those put away; the most used first."""
    rows = ReplyTemplate.objects.filter(organisation_id=organisation, retired_at__isnull=not is_retired)
    return list(rows.select_related("unit").order_by("-n_used", "name"))


def one(key: uuid.UUID, *, organisation: int) -> ReplyTemplate | None:
    """A template by key, or None."""
    return ReplyTemplate.objects.filter(organisation_id=organisation, id=key).select_related("unit").first()


def used(keys: Sequence[str], *, organisation: int) -> int:
    """Counts a sent reply for the templates it was made from. Unknown keys are nothing."""
    known = []
    for key in keys:
        try:
            known.append(uuid.UUID(key))
        except ValueError:
            continue
    return ReplyTemplate.objects.filter(organisation_id=organisation, id__in=known[:5]).update(n_used=F("n_used") + 1)


def add(key: uuid.UUID, wanted: Wanted, *, organisation: int, now: datetime, actor: str) -> ReplyTemplate:
    """Writes a template; the same key again gives the first. Raises TemplateError."""
    there = ReplyTemplate.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    if _live(organisation).count() >= MOST:
        raise TemplateError(_("最多 %(n)d 条口径，先停用一些") % {"n": MOST}, code="too_many", field="name")
    row = ReplyTemplate(id=key, organisation_id=organisation, created_at=now)
    _write(row, wanted, now)
    row.save(force_insert=True)
    _note("template.added", row, now, actor)
    return row


def change(
    key: uuid.UUID, wanted: Wanted, *, organisation: int, version: int, now: datetime, actor: str
) -> ReplyTemplate:
    """Changes a template. Raises TemplateError, Stale."""
    row = ReplyTemplate.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise TemplateError(_("这条口径已不在"), code="not_found")
    versions.check(row, version)
    _write(row, wanted, now)
    row.version += 1
    row.save()
    _note("template.changed", row, now, actor)
    return row


def _write(row: ReplyTemplate, wanted: Wanted, now: datetime) -> None:
    name, text = " ".join(wanted.name.split()), clean_text(wanted.text).strip()
    if not name:
        raise TemplateError(_("给口径起个名字"), code="missing", field="name")
    if not text:
        raise TemplateError(_("请填写"), code="missing", field="text")
    if len(name) > 60 or len(text) > MAX_TEXT:
        long = "name" if len(name) > 60 else "text"
        raise TemplateError(_("太长了"), code="too_long", field=long)
    unknown = [m.group(1).strip() for m in VARIABLE.finditer(text) if m.group(1).strip() not in CODES]
    if unknown:
        raise TemplateError(_("没有这个变量：{%(name)s}") % {"name": unknown[0]}, code="unknown_variable", field="text")
    row.name, row.text, row.unit = name, text, wanted.unit
    row.language, row.topic = wanted.language, wanted.topic
    row.retired_at = (row.retired_at or now) if wanted.is_retired else None


def _note(action: str, row: ReplyTemplate, now: datetime, actor: str) -> None:
    detail = {"fields": ["name", "text", "unit", "language", "topic"]}
    audit.note(action, row.id, organisation=row.organisation_id, actor=actor, now=now, detail=detail)
