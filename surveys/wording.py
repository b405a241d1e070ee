"""How an invitation says what it asks about, in the active language: 您昨天在广州天河店取了维修的东西."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

AT: dict[str, Callable[[], str]] = {
    "order": lambda: _("您%(when)s在%(place)s下了单"),
    "visit": lambda: _("您%(when)s来过%(place)s"),
    "delivery": lambda: _("您%(when)s收到了%(place)s送的货"),
    "call": lambda: _("您%(when)s给%(place)s打过电话"),
    "stay": lambda: _("您%(when)s住过%(place)s"),
    "trip": lambda: _("您%(when)s坐过%(place)s的车"),
    "repair": lambda: _("您%(when)s在%(place)s维修过"),
}
PLAIN: dict[str, Callable[[], str]] = {
    "order": lambda: _("您%(when)s在我们这里下了单"),
    "visit": lambda: _("您%(when)s来过"),
    "delivery": lambda: _("您%(when)s收到了我们送的货"),
    "call": lambda: _("您%(when)s给我们打过电话"),
    "stay": lambda: _("您%(when)s住过我们这里"),
    "trip": lambda: _("您%(when)s坐过我们的车"),
    "repair": lambda: _("您%(when)s在我们这里维修过"),
}


def moment(kind: str, occurred_at: datetime, place: str, *, zone: ZoneInfo, now: datetime) -> str:
    """What happened, when, and in which store; `place` "" leaves it out."""
    said = {"when": day(occurred_at, zone=zone, now=now), "place": place}
    if place:
        return AT.get(kind, lambda: _("您%(when)s与%(place)s打过交道"))() % said
    return PLAIN.get(kind, lambda: _("您%(when)s与我们打过交道"))() % said


def day(at: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """A day as people say it."""
    local = at.astimezone(zone).date()
    n = (now.astimezone(zone).date() - local).days
    if n <= 0:
        return _("今天")
    if n == 1:
        return _("昨天")
    if n < 7:
        return ngettext("%(n)d 天前", "%(n)d 天前", n) % {"n": n}
    return str(date_format(local, "MONTH_DAY_FORMAT"))
