"""Terms day by day: past days read once and kept, the day that runs read at each look. Feeds the bursts (`alerts.bursts`).

What is kept is a sieve and no history: a term that is not kept on a day was held there by none to two voices, or stood
behind 2,000 others. Taking that as 0 makes expectations too low, and false alarms more; taking it as 2 hides what is new.
So the sieve takes 0 and no spread, which passes every term that could be told and more (by itself it would break the
budget), and the few that pass are counted exactly, every day of their eight weeks, by the search that the list asks.
Judged is that count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np

from cxms.lib.ids import new_id
from feedback import heard, terms
from metrics import topic_days
from metrics.models import TermDay
from metrics.statistics import bursts
from metrics.topic_days import DAY, KEPT, Days
from tenancy import queries

PREFIX = "term:"
MOST_CUT = terms.MOST_VOICES
KEPT_FROM = 3
MOST_KEPT = 2_000
# past days are read until so many voices are, then the next look goes on
MOST_READ = 40_000
# so many new terms are counted exactly in one look, the most surprising
MOST_COUNTED = 20


@dataclass(frozen=True)
class _Now:
    zone: str
    today: date
    hour: int


def fold(*, organisation: int, now: datetime) -> bool:
    """Reads past days that are not read yet, newest first, and forgets old ones. True when none is left."""
    here, first = _now(organisation, now), heard.first_day(organisation=organisation)
    if first is None:
        return True
    begin = max(first, here.today - KEPT * DAY)
    rows = TermDay.objects.filter(organisation_id=organisation, local_day__gte=begin).defer("hours", "volume")
    known = {row.local_day: row for row in rows}
    wanted = [day for day in _days_back(here.today, begin) if not _stands(known.get(day), day, here.zone, now)]
    n_read = 0
    while wanted and n_read < MOST_READ:
        day = wanted.pop(0)
        row = known.get(day) or TermDay(id=new_id(), organisation_id=organisation, local_day=day)
        n_read += _read(row, organisation, here.zone, now)
    TermDay.objects.filter(organisation_id=organisation, local_day__lt=here.today - 2 * KEPT * DAY).delete()
    return not wanted


def _days_back(today: date, begin: date) -> list[date]:
    return [today - n * DAY for n in range(1, (today - begin).days + 1)]


def _stands(row: TermDay | None, day: date, zone: str, now: datetime) -> bool:
    """Read by these rules, and once more when a whole day has passed: voices of a night come late."""
    if row is None or row.reading != terms.READING:
        return False
    late = datetime.combine(day + 2 * DAY, time(), tzinfo=queries.zone(zone))
    return row.counted_at >= late or now < late


def _read(row: TermDay, organisation: int, zone: str, now: datetime) -> int:
    spoken = terms.of_day(row.local_day, organisation=organisation, zone=zone)
    held = terms.holders(spoken, least=KEPT_FROM)
    most = sorted(held, key=lambda term: (-len(held[term]), term))[:MOST_KEPT]
    row.hours = {term: terms.hours_of(held[term], spoken) for term in most}
    row.volume = terms.volume(row.local_day, organisation=organisation, zone=zone)
    row.reading, row.counted_at = terms.READING, now
    row.save()
    # an empty day costs something too
    return len(spoken.forms) + 100


def emerging(told: Sequence[str], limit: float, *, organisation: int, now: datetime) -> list[str]:
    """The terms of the day that runs that could lie at p ≤ `limit`, none that a term in `told` says already. At most 20, the most surprising.

    Looked for in the newest `terms.MOST_VOICES` of the day; what is counted later is counted in all.
    """
    here = _now(organisation, now)
    volume = _volume(organisation, here)
    weeks = min(bursts.WEEKS, (len(volume) - 1) // 7)
    if weeks < bursts.LEAST_WEEKS:
        return []
    spoken = terms.of_day(here.today, organisation=organisation, zone=here.zone)
    held = terms.holders(spoken, least=bursts.LEAST, also=told)
    names = sorted(term for term in held if len(held[term]) >= bursts.LEAST and term not in told)
    if not names:
        return []
    same = [here.today - 7 * n * DAY for n in range(1, weeks + 1)]
    total = np.zeros(len(names))
    for hours in TermDay.objects.filter(organisation_id=organisation, local_day__in=same).values_list("hours", flat=True):
        total += [sum(hours.get(name, ())[: here.hour + 1]) for name in names]
    n, mean = np.array([len(held[name]) for name in names]), (total + 0.5) / weeks
    share = bursts.share(volume[-1, here.hour], volume[-1 - 7 * weeks : -1 : 7, here.hour], n, mean)
    p = bursts.Expected(mean, np.ones(len(names)), weeks).scaled(share).p_value(n)
    passed = [name for _, name in sorted((p[at], name) for at, name in enumerate(names) if p[at] <= limit)]
    return terms.longest(passed, held, told)[:MOST_COUNTED]


def days(names: Sequence[str], *, organisation: int, now: datetime) -> Days:
    """The terms' exact counts on the kept days and the day that runs; codes are “term:” and the term.

    A term held by too many voices to be told apart is left out: no new one is.
    """
    here = _now(organisation, now)
    volume = _volume(organisation, here)
    n_days = len(volume)
    from_date, kept = here.today - (n_days - 1) * DAY, []
    columns: list[np.ndarray] = []
    for name in names:
        found = terms.by_hour(name, organisation=organisation, from_date=from_date, to_date=here.today + DAY, zone=here.zone)
        if found is not None:
            kept.append(PREFIX + name)
            columns.append(np.array([found.get(from_date + n * DAY, [0] * heard.HOURS) for n in range(n_days)]))
    counts = np.stack(columns, axis=2) if columns else np.zeros((n_days, heard.HOURS, 0), dtype=np.int64)
    return Days(here.today, here.hour, tuple(kept), topic_days.running(counts, here.hour), volume)


def _volume(organisation: int, here: _Now) -> topic_days.Counts:
    """Counted voices with words: (days, 24), running from each midnight, the day that runs last; a day not read ends the history there."""
    rows = TermDay.objects.filter(organisation_id=organisation, local_day__gte=here.today - KEPT * DAY, local_day__lt=here.today)
    kept: list[list[int]] = []
    for n, (day, hours) in enumerate(rows.order_by("-local_day").values_list("local_day", "volume"), start=1):
        if day != here.today - n * DAY:
            break
        kept.append(hours)
    live = terms.volume(here.today, organisation=organisation, zone=here.zone)
    return topic_days.running(np.array([*reversed(kept), live], dtype=np.int64), here.hour)


def _now(organisation: int, now: datetime) -> _Now:
    zone = queries.organisation(organisation).timezone
    local = now.astimezone(queries.zone(zone))
    return _Now(zone, local.date(), local.hour)


def term_of(code: str) -> str:
    """The term that a code names, or "" for a topic or node."""
    return code.removeprefix(PREFIX) if code.startswith(PREFIX) else ""

