"""Questions about hierarchies, their groups and members. Nothing here writes."""

import uuid
from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Q, QuerySet

from tenancy import group_spans
from tenancy.models import FIRST_DAY, LAST_DAY, GroupMembership, Hierarchy, UnitGroup

UNGROUPED = "~"  # asks for the rows of no group; no code may hold it


def hierarchies(*, organisation: int, is_retired: bool = False) -> list[Hierarchy]:
    """The hierarchies in use (or retired), the oldest first."""
    return list(Hierarchy.objects.filter(organisation_id=organisation, retired_at__isnull=not is_retired).order_by("id"))


def by_code(code: str, *, organisation: int) -> Hierarchy | None:
    """The hierarchy in use of this code, or None."""
    return Hierarchy.objects.filter(organisation_id=organisation, code=code, retired_at=None).first()


def one(key: uuid.UUID, *, organisation: int) -> Hierarchy | None:
    """A hierarchy, retired or not, or None."""
    return Hierarchy.objects.filter(organisation_id=organisation, id=key).first()


def groups(code: str, *, organisation: int) -> list[UnitGroup]:
    """The groups of a hierarchy, retired ones too, in the order of its tree."""
    return list(UnitGroup.objects.filter(organisation_id=organisation, hierarchy__code=code).order_by("path"))


def n_stores(code: str, *, organisation: int, day: date) -> dict[Any, int]:
    """How many stores each group holds on a day, by key."""
    rows = GroupMembership.objects.filter(organisation_id=organisation, hierarchy__code=code, from_date__lte=day, to_date__gt=day)
    return dict(rows.values_list("group").annotate(n=Count("id")).order_by())


def memberships(code: str, *, organisation: int, q: str = "", path: str = "") -> QuerySet[GroupMembership]:
    """Who belonged where and when, by store, the newest first; `q` looks into stores, `path` is a subtree of groups."""
    rows = GroupMembership.objects.filter(organisation_id=organisation, hierarchy__code=code).select_related("unit", "group")
    if q:
        rows = rows.filter(Q(unit__name__icontains=q) | Q(unit__code__icontains=q))
    if path:
        rows = rows.filter(group__path__startswith=path)
    return rows.order_by("unit__code", "-from_date")


def counted(hierarchy: str, group: str, *, organisation: int) -> Q:
    """Rows with `unit` and `local_day` that count for a group (its subtree, or UNGROUPED) on their own day."""
    spans: Sequence[group_spans.Span] = group_spans.spans(hierarchy, organisation=organisation)
    by_days: dict[tuple[date, date], list[uuid.UUID]] = {}
    for span in spans:
        if group in (UNGROUPED, *span.path):
            by_days.setdefault((span.from_date, span.to_date), []).append(span.unit)
    inside = [
        Q(unit__in=units, local_day__gte=first, local_day__lt=last, unit__isnull=False) for (first, last), units in by_days.items()
    ]
    found = reduce(or_, inside, Q(pk__in=[]))
    return ~found if group == UNGROUPED else found


def listed(code: str, *, organisation: int) -> list[list[str]]:
    """What is known of a hierarchy as the list that `group_import` reads: the same list again changes nothing."""
    rows = GroupMembership.objects.filter(organisation_id=organisation, hierarchy__code=code).order_by("unit__code", "from_date")
    found: list[list[str]] = []
    ended: tuple[str, date] | None = None
    for unit, path, first, last in rows.values_list("unit__code", "group__path", "from_date", "to_date"):
        if ended and ended != (unit, first):
            found.append([code, ended[0], "", ended[1].isoformat()])
        found.append([code, unit, path.strip("/"), "" if first == FIRST_DAY else first.isoformat()])
        ended = None if last == LAST_DAY else (unit, last)
    return [*found, [code, ended[0], "", ended[1].isoformat()]] if ended else found
