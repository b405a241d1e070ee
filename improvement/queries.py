"""Questions about actions and huddles. Nothing here writes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from improvement.enums import State
from improvement.models import Action, ActionNote, Huddle, HuddleDecision
from tenancy.models import Unit

OPEN = (State.PLAN, State.DO, State.CHECK, State.ACT)


@dataclass(frozen=True)
class Filters:
    """The filters of the board; empty means any. `unit` covers its subtree."""

    unit: str = ""
    owner: str = ""
    state: str = ""
    metric: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)


def actions(filters: Filters, *, organisation: int) -> QuerySet[Action]:
    """Actions that pass the filters, the earliest due first."""
    rows = Action.objects.filter(organisation_id=organisation).select_related("owner", "owner__user", "unit")
    if filters.unit:
        rows = rows.filter(unit__path__contains=f"/{filters.unit}/")
    rows = rows.filter(_inside(filters.paths)) if filters.paths else rows
    if filters.owner:
        rows = rows.filter(owner__user__email=filters.owner)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.metric:
        rows = rows.filter(metric=filters.metric)
    return rows.order_by("due_date", "created_at", "id")


def _inside(paths: Sequence[str]) -> Q:
    found = Q()
    for path in paths:
        found |= Q(unit__path__startswith=path)
    return found


def action(key: uuid.UUID, *, organisation: int) -> Action | None:
    """One action, or None."""
    rows = Action.objects.filter(organisation_id=organisation, id=key)
    return rows.select_related("owner", "owner__user", "unit").first()


def notes(row: Action) -> list[ActionNote]:
    """The log of an action, in order."""
    found = ActionNote.objects.filter(organisation_id=row.organisation_id, action=row)
    return list(found.order_by("at", "id"))


def due_in(from_date: date, to_date: date, *, organisation: int, path: str) -> list[Action]:
    """Open or just checked actions of a subtree that fall due in [from_date, to_date), and those late before it."""
    rows = Action.objects.filter(organisation_id=organisation, unit__path__startswith=path)
    week = Q(due_date__gte=from_date, due_date__lt=to_date)
    late = Q(due_date__lt=from_date, state__in=OPEN)
    return list(rows.filter(week | late).select_related("owner").order_by("due_date", "id")[:8])


def huddle(unit: Unit, day: date, *, organisation: int) -> Huddle | None:
    """The huddle of a unit on a day, or None."""
    rows = Huddle.objects.filter(organisation_id=organisation, unit=unit, day=day)
    return rows.select_related("led_by").first()


def decisions(row: Huddle) -> list[HuddleDecision]:
    """What a huddle decided, in order."""
    return list(HuddleDecision.objects.filter(organisation_id=row.organisation_id, huddle=row).order_by("at", "id"))


def last_decisions(unit: Unit, day: date, *, organisation: int) -> tuple[Huddle | None, list[HuddleDecision]]:
    """The huddle before a day and its decisions: what to look back on."""
    rows = Huddle.objects.filter(organisation_id=organisation, unit=unit, day__lt=day).order_by("-day")
    found = rows.first()
    return (found, decisions(found)) if found else (None, [])


def streak(unit: Unit, day: date, *, organisation: int) -> int:
    """On how many days in a row up to `day` the unit held its huddle."""
    rows = Huddle.objects.filter(organisation_id=organisation, unit=unit, day__lte=day, day__gt=day - timedelta(days=60))
    held = set(rows.values_list("day", flat=True))
    n = 0
    start = day if day in held else day - timedelta(days=1)
    while start - timedelta(days=n) in held:
        n += 1
    return n
