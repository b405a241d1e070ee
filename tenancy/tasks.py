"""Followers and timers of the tenancy floor."""

from cxms.lib import clock
from tenancy import calendars, holidays
from tenancy.invitation_mail import InvitationFollower

invitation = InvitationFollower()


def unwatched_organisations() -> list[int]:
    """Timer: who has a calendar to be looked at."""
    return holidays.due_organisations()


def look_at_calendars(*, organisation: int) -> int:
    """Timer: says which year's holidays are missing, once per calendar and year."""
    known = {row.code: calendars.load(row) for row in calendars.all_current(organisation=organisation)}
    return holidays.look(known, organisation=organisation, now=clock.now())
