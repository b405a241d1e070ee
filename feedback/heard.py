"""How many voices spoke of each topic in each hour of a local day: what is compared with the weeks before; and what they were read by.

Called for the day that runs, again and again, and for each past day a few times: it reads the voices of those days only.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from feedback import own_weights, taxonomies
from feedback.enums import OwnModelState
from feedback.models import Feedback, Relabelling
from feedback.own_models import OwnModel

HOURS = 24
# a store in another zone has its own local day: what lies before or after the headquarters' day counts in its first or last hour
BY_HOUR = """
    select f.local_day, c.code, case when at.day < f.local_day then 0 when at.day > f.local_day then 23 else at.hour end, count(*)
    from feedback_feedback f
    join feedback_analysis a on a.organisation_id = f.organisation_id and a.feedback_id = f.id and a.is_current
    cross join lateral (select distinct unnest(a.topic_codes)) as c(code)
    cross join lateral (
        select (f.occurred_at at time zone %s)::date, extract(hour from f.occurred_at at time zone %s)::int
    ) as at(day, hour)
    where f.organisation_id = %s and f.occurred_at >= %s and f.occurred_at < %s and f.local_day >= %s and f.local_day < %s
      and f.deleted_at is null and f.excluded_at is null and c.code <> 'other'
    group by 1, 2, 3
"""
Hours = dict[str, list[int]]


@dataclass(frozen=True)
class Reading:
    """What the labels of history come from: the taxonomy, the model (0: shipped), the last time history was read anew to its end.

    is_open: it is being read anew just now, the newest voices last; labels of one day and of another are not of one kind.
    model_since: when the model came into use, where history was not read with it yet: until then another gave the labels.
    """

    taxonomy: int
    model: int
    relabelled: uuid.UUID | None
    is_open: bool
    model_since: datetime | None


def reading(*, organisation: int) -> Reading:
    """As it is now. Counts are of one kind when this says the same before and after them. At most six statements."""
    runs = Relabelling.objects.filter(organisation_id=organisation, superseded_at=None)
    done, model = runs.filter(finished_at__isnull=False), own_weights.in_use(organisation=organisation)
    used = OwnModel.objects.filter(organisation_id=organisation, state__in=[OwnModelState.IN_USE, OwnModelState.RETIRED])
    since = used.order_by("-decided_at").values_list("decided_at", flat=True).first()
    if since and done.filter(model_version=model, started_at__gte=since).exists():
        since = None
    last = done.order_by("-finished_at", "-id").values_list("id", flat=True).first()
    return Reading(taxonomies.current(organisation=organisation).version, model, last, runs.filter(finished_at=None).exists(), since)


def by_hour(*, organisation: int, from_date: date, to_date: date, zone: str) -> dict[date, Hours]:
    """Counted voices per local day, code and hour of `zone`; to_date is the day after the last; days without any are left out."""
    day = timedelta(days=1)
    begin, end = (datetime.combine(at, time(), tzinfo=UTC) for at in (from_date - day, to_date + day))
    found: dict[date, Hours] = {}
    with connection.cursor() as cursor:
        cursor.execute(BY_HOUR, [zone, zone, organisation, begin, end, from_date, to_date])
        for on, code, hour, n in cursor.fetchall():
            found.setdefault(on, {}).setdefault(str(code), [0] * HOURS)[int(hour)] = int(n)
    return found


def first_day(*, organisation: int) -> date | None:
    """The local day of the oldest voice, or None."""
    rows = Feedback.objects.filter(organisation_id=organisation, deleted_at__isnull=True).order_by("occurred_at", "id")
    return rows.values_list("local_day", flat=True).first()
