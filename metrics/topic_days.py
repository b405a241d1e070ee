"""Topics day by day: past days counted once and kept, the day that runs read live. Feeds the bursts (`alerts.bursts`).

A look costs the voices of one day and at most eight weeks of small rows. Only when history was read anew, by another taxonomy
or model, are its days counted anew; while that runs nothing is counted and nothing compared: today's labels would be of one
kind and those of the weeks before of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from cxms.lib.ids import new_id
from feedback import heard
from feedback.heard import Reading
from metrics.models import TopicDay
from metrics.statistics import bursts
from tenancy import queries

# one day more than is compared with, so that yesterday can be judged to its end
KEPT = 7 * bursts.WEEKS + 1
# so many days are counted in one go
MOST_DAYS = 14
DAY = timedelta(days=1)
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Days:
    """codes: those heard at all; counts: (days, 24 hours, codes), running from each midnight, the day that runs last.

    hour: the hour that runs, 0..23. from_date: the day of the first row. volume: (days, 24 hours) of all voices, where a day
    on which more is said of everything is no news. is_reread: history is being read anew, so that no day before is there.
    model_since: the day another model came into use; history begins behind it until it is read with that one.
    """

    today: date
    hour: int
    codes: tuple[str, ...]
    counts: Counts
    volume: Counts | None = None
    is_reread: bool = False
    model_since: date | None = None

    @property
    def from_date(self) -> date:
        """The day of the first row."""
        return self.today - (len(self.counts) - 1) * DAY

    def expected(self, days_ago: int = 0, hour: int | None = None) -> bursts.Expected | None:
        """What a day (0: the one that runs) holds up to the end of an hour; None while the history is short."""
        end, at = len(self.counts) - 1 - days_ago, self.hour if hour is None else hour
        held = bursts.expected(self.counts[:end, at][-7 * bursts.WEEKS :]) if end > 0 else None
        if held is None or self.volume is None:
            return held
        before = self.volume[:end, at][-7 * held.weeks :: 7]
        return held.scaled(bursts.share(self.volume[end, at], before, self.counts[end, at], held.mean))


def fold(*, organisation: int, now: datetime) -> int:
    """Counts at most a fortnight of the past days that are not counted yet, newest first, and forgets old ones. Returns how many.

    None while history is being read anew: it would have to be counted again.
    """
    zone, today = _today(organisation, now)
    first, by = heard.first_day(organisation=organisation), heard.reading(organisation=organisation)
    if first is None or by.is_open:
        return 0
    begin = max(first, today - KEPT * DAY)
    known = {row.local_day: row for row in TopicDay.objects.filter(organisation_id=organisation, local_day__gte=begin)}
    wanted = [day for day in (today - n * DAY for n in range(1, (today - begin).days + 1)) if not _stands(known.get(day), by, day, zone, now)]
    for day in wanted[:MOST_DAYS]:
        found = heard.by_hour(organisation=organisation, from_date=day, to_date=day + DAY, zone=zone).get(day, {})
        row = known.get(day) or TopicDay(id=new_id(), organisation_id=organisation, local_day=day)
        row.hours, row.counted_at = found, now
        row.taxonomy, row.model, row.relabelled = by.taxonomy, by.model, by.relabelled
        row.save()
    TopicDay.objects.filter(organisation_id=organisation, local_day__lt=today - 2 * KEPT * DAY).delete()
    return len(wanted[:MOST_DAYS])


def _stands(row: TopicDay | None, by: Reading, day: date, zone: str, now: datetime) -> bool:
    """Counted by this reading, and once more when a whole day has passed: voices of a night come late."""
    if row is None or not _is_of(row, by):
        return False
    late = datetime.combine(day + 2 * DAY, time(), tzinfo=queries.zone(zone))
    return row.counted_at >= late or now < late


def _is_of(row: TopicDay, by: Reading) -> bool:
    return (row.taxonomy, row.model, row.relabelled) == (by.taxonomy, by.model, by.relabelled)


def days(*, organisation: int, now: datetime) -> Days:
    """The kept days and the day that runs; a day not counted yet, or labelled by other means, ends the history there."""
    zone, today = _today(organisation, now)
    rows = TopicDay.objects.filter(organisation_id=organisation, local_day__gte=today - KEPT * DAY, local_day__lt=today).order_by("-local_day")
    live = heard.by_hour(organisation=organisation, from_date=today, to_date=today + DAY, zone=zone).get(today, {})
    # asked after the day that runs: what stands until here was not read anew meanwhile
    by = heard.reading(organisation=organisation)
    since = by.model_since.astimezone(queries.zone(zone)).date() if by.model_since else None
    kept: list[heard.Hours] = []
    for n, row in enumerate(rows, start=1):
        if by.is_open or (since and row.local_day <= since) or row.local_day != today - n * DAY or not _is_of(row, by):
            break
        kept.append(row.hours)
    every = [*reversed(kept), live]
    codes = tuple(sorted({code for hours in every for code in hours}))
    # what is told of today is all that today holds, whatever hour it bears
    hour = now.astimezone(queries.zone(zone)).hour
    return Days(today, hour, codes, _running(every, codes, hour), is_reread=by.is_open, model_since=since)


def _running(every: Sequence[heard.Hours], codes: tuple[str, ...], hour: int) -> Counts:
    counts = np.zeros((len(every), heard.HOURS, len(codes)), dtype=np.int64)
    for at, hours in enumerate(every):
        for place, code in enumerate(codes):
            counts[at, :, place] = hours.get(code, 0)
    return running(counts, hour)


def running(counts: Counts, hour: int) -> Counts:
    """Counts (days, 24 hours, …) running from each midnight; what bears a later hour today counts in the one that runs."""
    found = counts.cumsum(axis=1)
    found[-1, hour] = found[-1, -1]
    return found


def _today(organisation: int, now: datetime) -> tuple[str, date]:
    zone = queries.organisation(organisation).timezone
    return zone, now.astimezone(queries.zone(zone)).date()
