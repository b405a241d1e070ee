"""Who hears that a calendar does not know next year's holidays: the administrators, with the way to the calendar."""

from datetime import datetime

from alerts import notices, people
from alerts.models import Notice
from tenancy import members, queries
from tenancy.enums import Role

PURPOSE = "holidays"


def tell(code: str, year: int, *, organisation: int, now: datetime) -> list[Notice]:
    """One notice per administrator, calendar and year; by the bell alone while he is quiet."""
    path = queries.root_path(organisation=organisation)
    readers = members.holders({Role.ADMIN}, organisation=organisation, path=path)
    data = {"code": code, "year": year, "path": path}
    extra = people.silent(readers, organisation=organisation, now=now)
    return notices.tell(None, readers, PURPOSE, f"{PURPOSE}:{code}:{year}", data, organisation=organisation, now=now, extra=extra)
