"""Questions about units and staff, for the pages that manage them. Nothing here writes."""

import uuid
from collections.abc import Iterable, Sequence

from django.db.models import Count, Q, QuerySet

from tenancy import sounds
from tenancy.models import Staff, Unit, UnitPlacement


def below(paths: Iterable[str], name: str = "unit") -> Q:
    """Rows whose unit hangs in one of these subtrees; all, and those of no unit, when a path is the whole; none without a path."""
    wanted = list(paths)
    if any(path.count("/") <= 2 for path in wanted):
        return Q()
    found = Q(pk__in=[])
    for path in wanted:
        found |= Q(**{f"{name}__path__startswith": path})
    return found


def units(*, organisation: int, q: str = "", is_retired: bool = False) -> QuerySet[Unit]:
    """The open or the closed units in the order of the tree; `q` looks into names, in characters or pinyin, and codes."""
    rows = Unit.objects.filter(organisation_id=organisation, retired_at__isnull=not is_retired)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(code__icontains=q) | Q(pk__in=sounds.ids(rows, q, is_person=False)))
    return rows.order_by("path")


def unit(key: uuid.UUID, *, organisation: int) -> Unit | None:
    """A unit with its parent, or None."""
    return Unit.objects.select_related("parent").filter(organisation_id=organisation, id=key).first()


def by_code(code: str, *, organisation: int) -> Unit | None:
    """The open unit of this code, or None."""
    return Unit.objects.filter(organisation_id=organisation, code=code, retired_at=None).first()


def placements(row: Unit) -> list[UnitPlacement]:
    """Where a unit hung, the latest first."""
    rows = UnitPlacement.objects.filter(organisation_id=row.organisation_id, unit=row)
    return list(rows.order_by("-from_date"))


def n_staff(ids: Sequence[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, int]:
    """How many present staff each unit has. One statement."""
    rows = Staff.objects.filter(organisation_id=organisation, unit__in=list(ids), left_at=None)
    return dict(rows.values_list("unit").annotate(n=Count("id")).order_by())


def staff(*, organisation: int, q: str = "", path: str = "", has_left: bool = False) -> QuerySet[Staff]:
    """Present or former staff by number; `q` looks into names, in characters or pinyin, and numbers, `path` is a subtree."""
    rows = Staff.objects.filter(organisation_id=organisation, left_at__isnull=not has_left).select_related("unit")
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(employee_no__icontains=q) | Q(pk__in=sounds.ids(rows, q)))
    if path:
        rows = rows.filter(unit__path__startswith=path)
    return rows.order_by("employee_no")


def person(key: uuid.UUID, *, organisation: int) -> Staff | None:
    """One of the staff with the unit, or None."""
    return Staff.objects.select_related("unit").filter(organisation_id=organisation, id=key).first()
