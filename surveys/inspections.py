"""门店检查: a member walks through a store with a checklist. Checklists are versioned; an inspection keeps the version it used."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from surveys.inspection_scoring import HIGHEST, KINDS, LOWEST, Item, score
from surveys.models import Checklist, Inspection
from tenancy import audit, queries
from tenancy.models import Organisation, Unit

MOST_ITEMS = 40
LONGEST = 80
LONGEST_NOTE = 500
CODE = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


class InspectionError(DomainError):
    """The checklist or the inspection cannot be kept as asked."""


def starting() -> list[Item]:
    """A list to begin with, in the active language."""
    return [
        Item("entrance", _("门口与招牌干净、完好"), 2),
        Item("floor", _("地面干净、不湿滑"), 3, "yes", True),
        Item("air", _("温度与气味舒服"), 2, "scale"),
        Item("light", _("灯都亮，照得清"), 2),
        Item("washroom", _("洗手间干净、用品齐"), 2, "scale"),
        Item("queue", _("排队有人引导，有座位"), 2, "scale"),
        Item("exit", _("消防通道畅通"), 3, "yes", True),
    ]


def latest(*, organisation: int) -> Checklist | None:
    """The checklist in force."""
    return Checklist.objects.filter(organisation_id=organisation).order_by("-version").first()


def items_of(row: Checklist) -> list[Item]:
    """Its lines."""
    return [Item(**one) for one in row.items]


def save(items: Sequence[Item], *, on: int, organisation: int, now: datetime, actor: str) -> Checklist:
    """Keeps a new version; the same as before is none. on: the version it was written from. InspectionError, also `stale`."""
    # the first has no row to lock: two at once wait for each other here
    Organisation.objects.select_for_update().get(id=organisation)
    there = Checklist.objects.filter(organisation_id=organisation).order_by("-version").first()
    if (there.version if there else 0) != on:
        raise InspectionError(_("刚刚有人存过新的检查表，请看过再存。"), code="stale", field="version")
    if not 1 <= len(items) <= MOST_ITEMS:
        raise InspectionError(_("检查表要有 1 到 %(most)d 项") % {"most": MOST_ITEMS}, code="bad_items", field="items")
    for item in items:
        if not item.label or len(item.label) > LONGEST or not CODE.match(item.code) or item.kind not in KINDS:
            raise InspectionError(_("每一项要有 %(most)d 字以内的说法") % {"most": LONGEST}, code="bad_label", field="items")
        if not 0 < item.weight <= 100:
            raise InspectionError(_("权重在 0 与 100 之间，大于 0"), code="bad_weight", field="items")
    if len({item.code for item in items}) != len(items):
        raise InspectionError(_("代码不能重复"), code="repeated", field="items")
    kept = [asdict(item) for item in items]
    if there is not None and there.items == kept:
        return there
    row = Checklist.objects.create(organisation_id=organisation, version=on + 1, items=kept, saved_at=now, saved_by=actor[:120])
    audit.note("checklist.saved", f"v{row.version}", organisation=organisation, actor=actor, now=now, detail={"n": len(kept)})
    return row


def inspect(
    key: uuid.UUID, unit: Unit, version: int, answers: Mapping[str, int], note: str, *, organisation: int, now: datetime, actor: str, actor_name: str
) -> Inspection:
    """Files an inspection by a version of the checklist; the same key again gives the first. Raises InspectionError."""
    there = Inspection.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    checklist = Checklist.objects.select_for_update().filter(organisation_id=organisation, version=version).first()
    if checklist is None:
        raise InspectionError(_("没有这一版检查表"), code="unknown_version", field="version")
    there = Inspection.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there  # a second tap waited for the lock
    items = {item.code: item for item in items_of(checklist)}
    for code, value in answers.items():
        if code not in items or not LOWEST[items[code].kind] <= value <= HIGHEST[items[code].kind]:
            raise InspectionError(_("有一项的回答不对"), code="bad_answer", field=code)
    found = score(list(items.values()), answers)
    if found.value is None:
        raise InspectionError(_("答了的不到权重的六成，算不出分；至少再答几项。"), code="too_few", field="answers")
    zone = queries.zone(unit.timezone or queries.organisation(organisation).timezone)
    row = Inspection.objects.create(
        id=key, organisation_id=organisation, unit=unit, version=version, answers=dict(answers), score=Decimal(str(round(found.value, 4))), failed=list(found.failed),
        note=note.strip()[:LONGEST_NOTE], local_day=now.astimezone(zone).date(), inspected_at=now, inspected_by=actor[:120], inspector=actor_name[:80],
    )  # fmt: skip
    audit.note("inspection.filed", row.id, organisation=organisation, actor=actor, now=now, detail={"unit": unit.code, "score": str(row.score)})
    return row


def withdraw(row: Inspection, *, now: datetime, actor: str) -> None:
    """Takes a wrong one out of every figure; it stays listed. Again is a no-op."""
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        audit.note("inspection.withdrawn", row.id, organisation=row.organisation_id, actor=actor, now=now, detail={"unit": row.unit.code})


def inspections(*, organisation: int) -> QuerySet[Inspection]:
    """All of them, newest first."""
    return Inspection.objects.filter(organisation_id=organisation).select_related("unit").order_by("-inspected_at", "-id")
