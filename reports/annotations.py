"""批注: what happened on a day in a unit, so that whoever reads a chart later knows it too."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.periods import Period
from reports.models import Annotation
from tenancy import audit
from tenancy.models import Member, Unit

LONGEST = 60
SHOWN = 40


class AnnotationError(DomainError):
    """The annotation cannot be kept as asked."""


def add(
    key: uuid.UUID, unit: Unit, day: date, text: str, author: Member, *, organisation: int, now: datetime, actor: str
) -> Annotation:
    """Writes one; the same key again gives the first. Raises AnnotationError."""
    there = Annotation.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    clean = " ".join(text.split())
    if not clean:
        raise AnnotationError(_("写一句话"), code="missing", field="text")
    if len(clean) > LONGEST:
        raise AnnotationError(_("最多 %(most)d 字") % {"most": LONGEST}, code="too_long", field="text")
    row = Annotation.objects.create(
        id=key, organisation_id=organisation, unit=unit, day=day, text=clean, author=author, created_at=now
    )
    audit.note("annotation.added", row.id, organisation=organisation, actor=actor, now=now, detail={"unit": unit.code, "day": str(day)})
    return row


def remove(row: Annotation, *, now: datetime, actor: str) -> None:
    """Takes one away."""
    audit.note("annotation.removed", row.id, organisation=row.organisation_id, actor=actor, now=now, detail={"day": str(row.day)})
    row.delete()


def one_of(key: uuid.UUID, *, organisation: int, paths: Sequence[str]) -> Annotation | None:
    """An annotation of these subtrees, or None."""
    rows = Annotation.objects.filter(organisation_id=organisation, id=key).select_related("unit")
    return rows.filter(_inside(paths)).first()


def latest(*, organisation: int, paths: Sequence[str]) -> list[Annotation]:
    """The newest of these subtrees, forty at most."""
    rows = Annotation.objects.filter(_inside(paths), organisation_id=organisation)
    return list(rows.select_related("unit", "author").order_by("-day", "-created_at")[:SHOWN])


def over(period: Period, *, organisation: int, path: str) -> list[Annotation]:
    """What concerns a chart of the subtree at `path`: written there, below it, or above it; by day, forty at most."""
    above = [path[: end + 1] for end in range(len(path)) if path[end] == "/" and end]
    rows = Annotation.objects.filter(organisation_id=organisation, day__gte=period.from_date, day__lt=period.to_date)
    rows = rows.filter(Q(unit__path__startswith=path) | Q(unit__path__in=above))
    return list(rows.select_related("unit", "author").order_by("day", "created_at")[:SHOWN])


def _inside(paths: Sequence[str]) -> Q:
    found = Q()
    for path in paths:
        found |= Q(unit__path__startswith=path)
    return found
