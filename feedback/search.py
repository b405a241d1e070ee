"""Full-text search over voices: any words, two characters of Chinese as well as letters and digits, newest first.

A voice is found when every word of the query occurs in it, in search form. Personal data is not kept here, so nobody
finds it out by asking digit after digit. The database's one function gives the ids of its own tenant; the rows are read
again behind the wall, through the other filters, window by window. Voices can be found as soon as they are analysed.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import QuerySet

from cxms.lib import staging
from feedback import masking, queries
from feedback.models import Feedback, SearchText
from feedback.queries import Filters
from feedback.search_form import bare_form, pairs, terms

COLUMNS = ["feedback_id", "organisation_id", "occurred_at", "unit_id", "body"]
# nobody turns to the 200th page
MOST = 10_000
# a search that looks longer says how far it came
SECONDS = 2.0
MOST_WINDOWS = 5
# ten thousand ids come as one text: as rows they would cost more than finding them
ASK = """
    select string_agg(feedback_id::text, ',' order by occurred_at desc, feedback_id desc) filter (where not is_end),
           min(occurred_at) filter (where not is_end), min(occurred_at) filter (where is_end)
    from feedback_search(%s::bigint[], %s, %s::uuid[], %s, %s, %s::uuid, %s, %s)
"""
Place = tuple[datetime, uuid.UUID]
LAST = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Found:
    """Ids newest first, at most what was asked; `looked_until`: nothing older was looked at, None when all was.

    has_more: there are more than were asked for. rest: ask again `before` this place for what was not looked at.
    """

    ids: list[uuid.UUID]
    looked_until: datetime | None = None
    has_more: bool = False
    rest: Place | None = None


def index(pending: Sequence[tuple[uuid.UUID, str]], *, organisation: int) -> None:
    """Makes voices findable: (id, text as it came) each; never one that was deleted meanwhile. Again is a no-op."""
    spoken = {key: text for key, text in pending if text}
    personal = _personal(spoken, organisation)
    rows = Feedback.objects.filter(organisation_id=organisation, id__in=list(spoken), deleted_at__isnull=True).values_list("id", "occurred_at", "unit_id")
    made = [(key, organisation, at, unit, bare_form(spoken[key], personal.get(key, ()))) for key, at, unit in rows]
    staging.insert("feedback_searchtext", COLUMNS, made, on_conflict="on conflict do nothing")


def _personal(spoken: Mapping[uuid.UUID, str], organisation: int) -> dict[uuid.UUID, list[tuple[int, int]]]:
    """Where personal data stands in the texts that hold some, by what was analysed and by the rules of today."""
    read = queries.analyses(list(spoken), organisation=organisation)
    found = {key: masking.personal(text, read[key].pii if key in read else None) for key, text in spoken.items()}
    return {key: [(span.start, span.end) for span in spans] for key, spans in found.items() if spans}


def forget(ids: Sequence[uuid.UUID], *, organisation: int) -> None:
    """Deleted voices are found no more."""
    SearchText.objects.filter(organisation_id=organisation, feedback_id__in=ids).delete()


def within(
    rows: QuerySet[Feedback] | None, filters: Filters, *, organisation: int, most: int = MOST, before: Place | None = None
) -> Found:
    """The voices among `rows` that say all words of `filters.q`; a query without words finds nothing.

    rows: what passes the other filters and whatever the caller adds; None when nothing else narrows. before: only what follows this place of the list.
    """
    # the days are the organisation's: a day more on either side, and `rows` decides
    from_at, until_at = _moved(filters.from_date, -1), _moved(filters.to_date, 1)
    asked = _Asked(terms(filters.q), from_at, _units(filters, organisation))
    at = before or ((until_at, uuid.UUID(int=0)) if until_at else None)
    found: list[uuid.UUID] = []
    size = most + 1
    for _ in range(MOST_WINDOWS):
        window = asked.window(at, size)
        found += window.ids if rows is None else _kept(rows, window.ids, organisation)
        if len(found) > most:
            return Found(found[:most], None, True)
        if len(window.ids) < size or window.last_at is None:
            until = window.looked_until
            # voices of the instant itself were looked at
            return Found(found, until, rest=(until - timedelta(microseconds=1), LAST) if until else None)
        at = (window.last_at, window.ids[-1])
        size = min(4 * size, 4 * MOST)
    return Found(found, at[0] if at else None, rest=at)


def _moved(day: date | None, days: int) -> datetime | None:
    """The day's midnight so many days on; None for no day, and at either end of the calendar, where nothing lies beyond."""
    try:
        return datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=days) if day else None
    except OverflowError:
        return None


def _units(filters: Filters, organisation: int) -> list[uuid.UUID] | None:
    """The units that the filters leave; None for all."""
    units = queries.units(filters, organisation=organisation)
    return None if units is None else list(units.values_list("id", flat=True))


@dataclass(frozen=True)
class _Window:
    """Ids newest first, the instant of the last, and how far was looked when time ran out."""

    ids: list[uuid.UUID]
    last_at: datetime | None
    looked_until: datetime | None


@dataclass(frozen=True)
class _Asked:
    """A query as the index is asked."""

    words: list[str]
    from_at: datetime | None
    units: list[uuid.UUID] | None

    def window(self, at: Place | None, size: int) -> _Window:
        """The next ids that hold all words."""
        if not self.words:
            return _Window([], None, None)
        numbers = sorted({number for word in self.words for number in pairs(word)})
        patterns = [f"%{word.translate(_PLAIN)}%" for word in self.words]
        units = None if self.units is None else [str(key) for key in self.units]
        with connection.cursor() as cursor:
            cursor.execute(ASK, [numbers, patterns, units, self.from_at, at and at[0], at and str(at[1]), size, SECONDS])
            ids, last_at, looked_until = cursor.fetchone()
        return _Window([uuid.UUID(key) for key in ids.split(",")] if ids else [], last_at, looked_until)


_PLAIN = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def _kept(rows: QuerySet[Feedback], ids: list[uuid.UUID], organisation: int) -> list[uuid.UUID]:
    """Those of the ids that `rows` holds, in the same order. One statement, behind the wall."""
    if not ids:
        return []
    here = rows.filter(organisation_id=organisation).extra(
        where=["feedback_feedback.id = any(%s::uuid[])"], params=[[str(key) for key in ids]]
    )
    kept = set(here.order_by().values_list("id", flat=True))
    return [key for key in ids if key in kept]
