"""清单新来的改进点: once a day, at nine where the organisation is, each owner hears how many points came to his list.

Counted are the open points that he may see of the voices received since the last time; the link opens the same rows. Who
got none hears nothing. Begun by `point_route.owned`, run by a timer (`cxms/flows.py`).
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts import notices, people
from alerts.digest_models import PointDigest
from alerts.models import Notice
from cxms.lib import dispatch
from cxms.lib.ids import new_id
from feedback import point_list, points
from feedback.enums import PointState, PointType
from tenancy import members, queries
from tenancy.models import Member

DUE = "select distinct organisation_id from alerts_pointdigest where next_at <= clock_timestamp()"
PURPOSE = "points"
AT = time(9)
DAY = timedelta(days=1)


def begin(*, organisation: int, now: datetime) -> None:
    """From now on the owners are told, first tomorrow of what comes in today; again is a no-op."""
    today = _today(organisation, now)
    row = PointDigest(id=new_id(), organisation_id=organisation, next_at=_at(today + DAY, organisation), told_until=today)
    PointDigest.objects.bulk_create([row], ignore_conflicts=True)


def due_organisations() -> list[int]:
    """Whose owners are to be told. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def run(*, organisation: int, now: datetime) -> int:
    """Tells every owner of the whole days since the last time, when it is due. In the caller's transaction and scope."""
    row = PointDigest.objects.select_for_update(skip_locked=True).filter(organisation_id=organisation, next_at__lte=now).first()
    if row is None:
        return 0
    today = _today(organisation, now)
    if row.told_until < today:
        _tell(row.told_until, today, organisation, now)
    row.told_until = max(row.told_until, today)
    row.next_at = _at(today + DAY, organisation)
    row.save(update_fields=["told_until", "next_at"])
    return 1


def _tell(first: date, until: date, organisation: int, now: datetime) -> None:
    owners = {route.owner.id: route.owner for route in points.routes(organisation=organisation).values() if route.owner}
    readers = list(Member.objects.filter(organisation_id=organisation, id__in=owners).select_related("user").order_by("name", "id"))
    silent = people.silent(readers, organisation=organisation, now=now)
    for owner in readers:
        seat = members.seat_of(owner.user, organisation=organisation)
        if seat is None or not seat.paths or not seat.may("feedback:read"):
            continue
        from_date, to_date = point_list.window(None, None, until)
        zone = queries.organisation(organisation).timezone
        filters = point_list.Filters(
            from_date, to_date, owner=str(owner.id), state=PointState.OPEN, paths=seat.paths, received=point_list.received(first, until, zone)
        )
        counts = point_list.counts(filters, organisation=organisation)
        if n := sum(counts.values()):
            data = {
                "path": queries.root_path(organisation=organisation), "n": n, "counts": counts, "new_from": first.isoformat(), "new_to": until.isoformat(),
                "from": from_date.isoformat(), "to": to_date.isoformat(),
            }  # fmt: skip
            key = f"{PURPOSE}:{until.isoformat()}"
            notices.tell(None, [owner], PURPOSE, key, data, organisation=organisation, now=now, extra=silent)


def query_of(data: dict[str, Any]) -> str:
    """The list a notice counted, as the query of its page."""
    return urlencode({"owner": "me", "state": PointState.OPEN.value, **{name: data[name] for name in ("new_from", "new_to", "from", "to")}})


def words(notice: Notice) -> tuple[str, str, str, str]:
    """Subject, line, body and link."""
    data = notice.data
    names = dict(PointType.choices)
    subject = ngettext("【改进点】你的清单新来 %(n)d 条", "【改进点】你的清单新来 %(n)d 条", data["n"]) % {"n": data["n"]}
    parts = _("、").join(f"{names[kind]} {n}" for kind, n in data["counts"].items() if n)
    line = ngettext("你的清单新来 %(n)d 条改进点：%(parts)s", "你的清单新来 %(n)d 条改进点：%(parts)s", data["n"]) % {"n": data["n"], "parts": parts}
    link = f"{settings.SITE_URL}/feedback/points/?{query_of(data)}"
    days = _("声音是 %(days)s 收到的。") % {"days": point_list.days_said(date.fromisoformat(data["new_from"]), date.fromisoformat(data["new_to"]))}
    return subject, line, "\n".join([line, days, "", _("打开：%(link)s") % {"link": link}, _("数字是发出时的样子。")]), link


def _today(organisation: int, now: datetime) -> date:
    return queries.local_today(now, queries.organisation(organisation).timezone)


def _at(day: date, organisation: int) -> datetime:
    """Nine o'clock of a day where the organisation is."""
    return datetime.combine(day, AT, tzinfo=queries.zone(queries.organisation(organisation).timezone))
