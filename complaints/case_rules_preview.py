"""What the last thirty days would have brought under other case rules, before they are saved. Nothing is written.

Voices filed as complaints by a person are not the rules' business and are left out. Beyond `MOST` voices a sample is
judged, drawn by the voices' keys, and its size is said: counts are never blown up.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from complaints import case_rules, case_rules_rows
from complaints.case_rules import Judgement
from complaints.case_rules_kept import Rules, ready
from complaints.case_rules_rows import Reader, Row

DAYS = 30
MOST = 50_000
SAMPLES = 6
FILED = """
    select t.feedback_id::text from complaints_ticket t
    join complaints_move m on m.organisation_id = t.organisation_id and m.ticket_id = t.id and m.seq = 1
    where t.organisation_id = %(organisation)s and t.received_at >= %(start)s and m.data->>'reason' = 'filed'
"""
COUNT = """
    select count(*) from feedback_feedback
    where organisation_id = %(organisation)s and occurred_at >= %(start)s and occurred_at < %(end)s and deleted_at is null
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A voice whose fate changes (or, with nothing changed, one that opens): judged before and after."""

    row: Row
    before: Judgement
    after: Judgement


@dataclass(frozen=True)
class Preview:
    """n_voices: judged, of n_all; counts of tickets before and after; `days`, `units`: (key, before, after);
    `by_rule`: rule → tickets after; `passed`: (reason, rule) → voices that open none after."""

    n_all: int
    n_voices: int
    n_before: int
    n_after: int
    n_newly: int
    n_no_longer: int
    days: tuple[tuple[date, int, int], ...]
    units: tuple[tuple[str | None, int, int], ...]
    by_rule: tuple[tuple[str, int], ...]
    passed: tuple[tuple[str, str, int], ...]
    newly: tuple[Sample, ...]
    no_longer: tuple[Sample, ...]
    kept: tuple[Sample, ...]

    @property
    def is_sampled(self) -> bool:
        """Whether only some of the voices were judged."""
        return self.n_voices < self.n_all and self.n_all > MOST

    @property
    def busiest(self) -> tuple[date, int] | None:
        """The day with most tickets under the new rules."""
        return max(((day, after) for day, _before, after in self.days), key=lambda pair: pair[1], default=None)


def run(before: Rules, after: Rules, *, organisation: int, now: datetime) -> Preview:
    """Judges the voices of the last thirty days by both lists. Four statements, one pass."""
    old, new = ready(before), ready(after)
    span: dict[str, Any] = {"organisation": organisation, "start": now - timedelta(days=DAYS), "end": now}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, span)
        n_all = int((cursor.fetchone() or (0,))[0])
        cursor.execute(FILED, span)
        filed = {key for (key,) in cursor.fetchall()}
    share = 65_536 if n_all <= MOST else 65_536 * MOST // n_all
    reader = Reader.of(old, new, is_narrow=True)
    rows = case_rules_rows.since(span["start"], now, reader, organisation=organisation, share=share)
    # voices alike to the rules are the same object: each is judged once
    voices = {id(row.voice): row.voice for row in rows}
    fates = {key: (case_rules.judge(voice, old), case_rules.judge(voice, new)) for key, voice in voices.items()}
    judged = [Sample(row, *fates[id(row.voice)]) for row in rows if row.id not in filed]
    return _counted(judged, n_all)


def _counted(judged: Sequence[Sample], n_all: int) -> Preview:
    was = [one for one in judged if one.before.opens]
    will = [one for one in judged if one.after.opens]
    newly = [one for one in will if not one.before.opens]
    gone = [one for one in was if not one.after.opens]
    rules = Counter(one.after.rule for one in will)
    passed = Counter((one.after.reason, one.after.rule) for one in judged if not one.after.opens)
    return Preview(
        n_all=n_all, n_voices=len(judged), n_before=len(was), n_after=len(will), n_newly=len(newly), n_no_longer=len(gone),
        days=tuple(sorted(_sides([one.row.day for one in was], [one.row.day for one in will]))),
        units=tuple(sorted(_sides([o.row.unit_id for o in was], [o.row.unit_id for o in will]), key=lambda side: (-side[2], -side[1]))),
        by_rule=tuple(rules.most_common()), passed=tuple((*key, n) for key, n in passed.most_common()),
        newly=_newest(newly), no_longer=_newest(gone), kept=_newest(will) if not newly and not gone else (),
    )  # fmt: skip


def _sides(was: Sequence[Any], will: Sequence[Any]) -> list[tuple[Any, int, int]]:
    before, after = Counter(was), Counter(will)
    return [(key, before[key], after[key]) for key in before | after]


def _newest(found: Sequence[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted(found, key=lambda one: one.row.day, reverse=True)[:SAMPLES])
