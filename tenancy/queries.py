"""Questions about organisations that more than one caller asks. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.db.models import Q

from tenancy import hours
from tenancy.models import Member, Organisation, Staff, Touchpoint, Unit, User


def organisation_by_slug(slug: str) -> Organisation | None:
    """The organisation with this slug, or None. Organisations are global."""
    return Organisation.objects.filter(slug=slug).first()


def organisation(organisation_id: int) -> Organisation:
    """The organisation by key. Raises Organisation.DoesNotExist."""
    return Organisation.objects.get(id=organisation_id)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of this name."""
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    """True when the IANA zone exists."""
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def memberships_of(user: User) -> list[tuple[int, str, str]]:
    """(organisation key, slug, name) of each organisation a log-in belongs to, before any scope is open."""
    with connection.cursor() as cursor:
        cursor.execute("select organisation_id, slug, name from tenancy_memberships_of(%s)", [user.pk])
        return [(int(key), str(slug), str(name)) for key, slug, name in cursor.fetchall()]


@dataclass(frozen=True)
class Codes:
    """Code → key of an organisation's units, staff and touchpoints; what intake resolves against."""

    units: dict[str, Any]
    staff: dict[str, Any]
    staff_units: dict[Any, Any]
    touchpoints: dict[str, Any]


def codes(
    *, organisation: int, units: Iterable[str], staff: Iterable[str], touchpoints: Iterable[str]
) -> Codes:
    """Resolves the codes of one batch in three statements at most."""
    unit_codes, staff_codes, touchpoint_codes = set(units), set(staff), set(touchpoints)
    found_staff = (
        list(
            Staff.objects.filter(organisation_id=organisation, employee_no__in=staff_codes).values_list(
                "employee_no", "id", "unit_id"
            )
        )
        if staff_codes
        else []
    )
    return Codes(
        units=dict(
            Unit.objects.filter(organisation_id=organisation, code__in=unit_codes).values_list("code", "id")
        )
        if unit_codes
        else {},
        staff={no: key for no, key, _unit in found_staff},
        staff_units={key: unit for _no, key, unit in found_staff},
        touchpoints=dict(
            Touchpoint.objects.filter(organisation_id=organisation, code__in=touchpoint_codes).values_list("code", "id")
        )
        if touchpoint_codes
        else {},
    )


def units_of(*, organisation: int, paths: Iterable[str] = ("/",)) -> list[Unit]:
    """The units of the subtrees, parents before children."""
    inside = Q()
    for path in paths:
        inside |= Q(path__startswith=path)
    rows = Unit.objects.filter(inside, organisation_id=organisation, retired_at__isnull=True)
    return list(rows.order_by("path")) if inside else []


def retired_units(*, organisation: int, paths: Iterable[str] = ("/",)) -> dict[str, str]:
    """Names of the retired units of the subtrees, by code."""
    inside = Q()
    for path in paths:
        inside |= Q(path__startswith=path)
    rows = Unit.objects.filter(inside, organisation_id=organisation, retired_at__isnull=False)
    return dict(rows.values_list("code", "name")) if inside else {}


def members_of(*, organisation: int) -> list[Member]:
    """All present members with their log-ins."""
    rows = Member.objects.filter(organisation_id=organisation, left_at__isnull=True)
    return list(rows.select_related("user").order_by("name"))


def local_today(now: Any, timezone: str) -> date:
    """The date in a zone at an instant."""
    day: date = now.astimezone(zone(timezone)).date()
    return day


def root_path(*, organisation: int) -> str:
    """The path of the headquarters: what a complaint without a unit belongs to."""
    row = Unit.objects.filter(organisation_id=organisation, parent__isnull=True).order_by("path").first()
    return row.path if row else "/"


def root_key(*, organisation: int) -> Any:
    """The key of the headquarters, or None."""
    rows = Unit.objects.filter(organisation_id=organisation, parent__isnull=True).order_by("path")
    return rows.values_list("id", flat=True).first()


def calendar_code(unit: Unit | None, *, organisation: int) -> str:
    """The calendar a unit keeps: its own, else that of the nearest unit above it that has one, else `office`."""
    return hours.of(unit, organisation=organisation).calendar
