"""Voices as the case rules see them, read from the tables in bulk; why a voice got no ticket, written and counted.

One reader for judging and for the preview, so that both see the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from complaints import case_rules
from complaints.case_rules import Judgement, Rule, Voice
from cxms.lib import staging
from cxms.lib.ids import new_ids
from tenancy.models import Touchpoint, Unit

VOICES = """
    select f.id::text, f.local_day, f.unit_id::text, {judged_at} - f.occurred_at > %(stale)s, f.excluded_at is not null,
           a.kind, a.red_line, a.sentiment, a.urgency, a.topic_codes, c.tier, f.channel, f.touchpoint_id::text,
           {text}, f.text <> '', f.metadata->'contact_consent' is not distinct from 'true'::jsonb
    from feedback_feedback f
    join feedback_analysis a on a.organisation_id = f.organisation_id and a.feedback_id = f.id and a.is_current
    left join customers_customer c on c.organisation_id = f.organisation_id and c.id = f.customer_id
    where f.organisation_id = %(organisation)s and f.deleted_at is null and {where}
"""
SCORES = """
    select s.feedback_id::text, s.kind, s.value::float8 from feedback_score s
    where s.organisation_id = %(organisation)s and s.item = '' and {where}
"""
LOST = """
    select count(*) from feedback_feedback f
    where f.organisation_id = %(organisation)s and f.deleted_at is null and f.received_at >= %(since)s and f.received_at < %(until)s
      and not exists (select 1 from complaints_ticket t where t.organisation_id = f.organisation_id and t.feedback_id = f.id)
      and not exists (select 1 from complaints_passedover p where p.organisation_id = f.organisation_id and p.feedback_id = f.id)
"""
PAST = "insert into complaints_passedover (id, organisation_id, feedback_id, reason, rule, rules_version, at) "
PASSED = ["id", "organisation_id", "feedback_id", "reason", "rule", "rules_version", "at"]
GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Row:
    """A voice with what pages say of it besides; keys as texts."""

    id: str
    voice: Voice
    day: date
    unit_id: str | None


@dataclass(frozen=True)
class Reader:
    """What to look at. `wanted`: the conditions in use (None: everything); what no rule asks for is left out, so that
    voices alike to the rules are one `Voice`. `words`: every spelling that any rule looks for."""

    words: tuple[str, ...]
    wanted: frozenset[str] | None = None

    @classmethod
    def of(cls, *lists: Sequence[Rule], is_narrow: bool = False) -> "Reader":
        """A reader for these rules; a narrow one reads only what they ask for."""
        rules = [rule for rows in lists for rule in rows]
        words = tuple(sorted({word for rule in rules for word in rule.words}))
        return cls(words, frozenset(key for rule in rules for key in rule.match) if is_narrow else None)

    def asks(self, key: str) -> bool:
        """Whether this condition matters."""
        return self.wanted is None or key in self.wanted


def between(first: str, last: str, reader: Reader, *, organisation: int, now: datetime) -> list[Row]:
    """The analysed voices of an id range, in order; judged now."""
    values = {"first": first, "last": last, "now": now}
    parts = {"where": "f.id between %(first)s and %(last)s order by f.id", "judged_at": "%(now)s"}
    return _rows(parts, "s.feedback_id between %(first)s and %(last)s", values, reader, organisation=organisation)


def these(keys: Sequence[str], reader: Reader, *, organisation: int, now: datetime) -> list[Row]:
    """The analysed ones of these voices, in order; judged now."""
    parts = {"where": "f.id = any(%(keys)s::uuid[]) order by f.id", "judged_at": "%(now)s"}
    return _rows(parts, "s.feedback_id = any(%(keys)s::uuid[])", {"keys": list(keys), "now": now}, reader, organisation=organisation)


def since(start: datetime, end: datetime, reader: Reader, *, organisation: int, share: int) -> list[Row]:
    """The analysed voices said in a span, each judged as on its arrival. share: how many of 65,536, drawn by their keys."""
    where = "f.occurred_at >= %(start)s and f.occurred_at < %(end)s"
    if share < 65_536:
        where += " and get_byte(uuid_send(f.id), 14) * 256 + get_byte(uuid_send(f.id), 15) < %(share)s"
    # local days are at most a day from the instant
    days = {"day": (start - timedelta(days=1)).date(), "until": (end + timedelta(days=1)).date()}
    values = {"start": start, "end": end, "share": share, **days}
    scored = "s.local_day >= %(day)s and s.local_day <= %(until)s"
    return _rows({"where": where, "judged_at": "f.received_at"}, scored, values, reader, organisation=organisation)


def _rows(parts: dict[str, str], scored: str, values: dict[str, Any], reader: Reader, *, organisation: int) -> list[Row]:
    values = {"organisation": organisation, "stale": case_rules.STALE_AFTER, **values}
    text = "lower(f.normal)" if reader.words else "''"
    scores: dict[str, tuple[tuple[str, float], ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(VOICES.format(text=text, **parts), values)
        found = cursor.fetchall()
        if reader.asks("score"):
            cursor.execute(SCORES.format(where=scored), values)
            for key, kind, value in cursor.fetchall():
                scores[key] = (*scores.get(key, ()), (kind, value))
    maker = _Maker(reader, organisation)
    return [Row(row[0], maker.voice(row, scores.get(row[0], ())), row[1], row[2]) for row in found]


class _Maker:
    """Makes voices of rows; what is alike is made once."""

    def __init__(self, reader: Reader, organisation: int) -> None:
        self.reader = reader
        self.asks = {key: reader.asks(key) for key in ("sentiment", "urgency", "topic", "tier", "channel", "touchpoint", "unit", "text", "contact")}
        units = Unit.objects.filter(organisation_id=organisation)
        self.paths: dict[str | None, str] = {str(key): path for key, path in units.values_list("id", "path")}
        touches = Touchpoint.objects.filter(organisation_id=organisation)
        self.touches: dict[str | None, str] = {str(key): code for key, code in touches.values_list("id", "code")}
        self.made: dict[tuple[Any, ...], Voice] = {}

    def voice(self, row: tuple[Any, ...], scores: tuple[tuple[str, float], ...]) -> Voice:
        """The voice of a row of VOICES."""
        _id, _day, unit, history, excluded, kind, red, sentiment, urgency, topics, tier, channel, touch, text, has_text, contact = row
        asks = self.asks
        key = (
            history, excluded, kind, red, sentiment if asks["sentiment"] else "", urgency if asks["urgency"] else 0,
            tuple(topics) if asks["topic"] else (), tier or "" if asks["tier"] else "", channel if asks["channel"] else "",
            touch if asks["touchpoint"] else None, unit if asks["unit"] else None, has_text if asks["text"] else False,
            contact if asks["contact"] else False, scores, tuple(word for word in self.reader.words if word in text),
        )  # fmt: skip
        made = self.made.get(key)
        if made is None:
            made = self.made[key] = self._make(key)
        return made

    def _make(self, key: tuple[Any, ...]) -> Voice:
        history, excluded, kind, red, sentiment, urgency, topics, tier, channel, touch, unit, has_text, contact, scores, words = key
        # of the text only the words matter that some rule looks for
        return Voice(
            kind=kind, sentiment=sentiment, urgency=urgency, red_line=red, topics=topics, scores=scores, tier=tier, channel=channel,
            touchpoint=self.touches.get(touch, ""), unit_path=self.paths.get(unit, ""), text="\n".join(words), has_text=has_text,
            contact=contact, is_excluded=excluded, is_history=history,
        )  # fmt: skip


def pass_over(found: Sequence[tuple[str, Judgement]], *, organisation: int, version: int, now: datetime) -> None:
    """Writes why these voices got no ticket, once each."""
    keys = new_ids(len(found))
    rows = [
        (new, organisation, key, judgement.reason, judgement.rule, version, now)
        for new, (key, judgement) in zip(keys, found, strict=True)
    ]
    staging.insert("complaints_passedover", PASSED, rows, on_conflict="on conflict (organisation_id, feedback_id) do nothing")


def pass_over_past(*, organisation: int, since: datetime, now: datetime) -> None:
    """History that was brought over without being judged: every voice of it that has no ticket is told so, in one statement."""
    values: dict[str, Any] = {"organisation": organisation, "since": since, "until": now, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(PAST + LOST.replace("select count(*)", "select gen_random_uuid(), f.organisation_id, f.id, 'history', '', 0, %(now)s"), values)


def n_lost(*, organisation: int, now: datetime, days: int = 30) -> int:
    """How many voices of the last days have neither a ticket nor a reason ten minutes after they came. Should be none."""
    values: dict[str, Any] = {"organisation": organisation, "since": now - timedelta(days=days), "until": now - GRACE}
    with connection.cursor() as cursor:
        cursor.execute(LOST, values)
        return int((cursor.fetchone() or (0,))[0])
