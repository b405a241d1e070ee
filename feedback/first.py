"""第一步：先归类. Which voices wait for a person's first word, and the rule that keeps them from departments until then.

Under the rule `person` the analysis leaves a row for every voice that is not a red line; the first word of a person on
any label takes it away. Under `engine` a voice waits for its analysis alone and nothing is written. Complaints are judged
and their clocks start as ever: the rule narrows what readers of a part of the organisation see, nothing else.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from feedback import queries
from feedback.enums import Kind
from feedback.first_models import Unclassified
from feedback.models import Correction, Feedback
from ledger.facts import record
from tenancy import organisations
from tenancy.enums import Channel, ClassifyFirst
from tenancy.models import Organisation

FACETS = {"kind": "a.kind", "channel": "f.channel", "urgency": "a.urgency::text", "unit": "coalesce(u.code, '')"}
URGENCIES = ("0", "1", "2", "3")
FROM = """
    from feedback_unclassified w
    join feedback_feedback f on f.organisation_id = w.organisation_id and f.id = w.feedback_id
    join feedback_analysis a on a.organisation_id = w.organisation_id and a.feedback_id = w.feedback_id and a.is_current
    left join tenancy_unit u on u.organisation_id = w.organisation_id and u.id = f.unit_id
    where w.organisation_id = %(organisation)s and f.deleted_at is null and f.excluded_at is null
"""


def choose(rule: str, *, organisation: int, version: int | None, now: datetime, actor: str) -> Organisation:
    """Sets the rule. What came before it is not held back; what waited under `person` is let go when the rule changes."""
    row = organisations.classify_first(organisation, rule, version=version, now=now, actor=actor)
    if row.classify_first != ClassifyFirst.PERSON:
        Unclassified.objects.filter(organisation_id=organisation).delete()
    return row


def hold(ids: Collection[uuid.UUID], *, organisation: int) -> None:
    """After an analysis: these voices, none of them a red line, wait for a person where the rule says so. Again is a no-op."""
    if not ids:
        return
    place = Organisation.objects.filter(id=organisation, classify_first=ClassifyFirst.PERSON).first()
    if place is None:
        return
    said = Correction.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), undone_at=None)
    rows = Feedback.objects.filter(~Exists(said), organisation_id=organisation, id__in=ids, deleted_at=None, occurred_at__gte=place.classify_first_at)
    made = [Unclassified(organisation_id=organisation, feedback_id=key, occurred_at=at) for key, at in rows.exclude(text="").values_list("id", "occurred_at")]
    Unclassified.objects.bulk_create(made, ignore_conflicts=True)


def release(ids: Iterable[uuid.UUID], *, organisation: int) -> None:
    """Lets voices go that turned out to be red lines, or went away."""
    Unclassified.objects.filter(organisation_id=organisation, feedback_id__in=list(ids)).delete()


def heard(feedback_id: uuid.UUID, rows: Iterable[Correction], *, organisation: int, now: datetime, actor: str) -> None:
    """After a person's word on a label, or its undoing: the voice is classified, or waits again where nobody's word is left."""
    if all(row.undone_at is not None for row in rows):
        hold([feedback_id], organisation=organisation)
        return
    n, _ = Unclassified.objects.filter(organisation_id=organisation, feedback_id=feedback_id).delete()
    if n:
        key = str(feedback_id)
        record("feedback.classified", key, {"first": key, "last": key}, organisation=organisation, now=now, actor=actor)


# ---- the first step as the office works it: oldest first, with its facets ----------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the first step is narrowed by; empty means any. unit covers its subtree; urgency "0" to "3"."""

    kind: str = ""
    channel: str = ""
    urgency: str = ""
    unit: str = ""


def among(ids: Sequence[uuid.UUID], *, organisation: int) -> set[uuid.UUID]:
    """Those of the voices that wait."""
    return set(Unclassified.objects.filter(organisation_id=organisation, feedback_id__in=ids).values_list("feedback_id", flat=True))


def waiting(filters: Filters, *, organisation: int, most: int, offset: int = 0) -> list[uuid.UUID]:
    """The voices that wait, oldest first."""
    where, given = _where(filters, organisation)
    with connection.cursor() as cursor:
        cursor.execute(f"select f.id {FROM}{where} order by w.occurred_at, w.feedback_id limit %(most)s offset %(offset)s", given | {"most": most, "offset": offset})
        return [key for (key,) in cursor.fetchall()]


def count(filters: Filters, *, organisation: int, most: int | None = None) -> int:
    """How many wait; most: it is not counted further than this."""
    where, given = _where(filters, organisation)
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from (select 1 {FROM}{where} limit %(most)s) x", given | {"most": most})
        return int(cursor.fetchone()[0])


def facets(filters: Filters, *, organisation: int) -> dict[str, dict[str, int]]:
    """How many wait by kind, channel, urgency and unit code ("" for none), each under the other filters. One statement."""
    parts: list[str] = []
    given: dict[str, Any] = {}
    for name, column in FACETS.items():
        where, more = _where(Filters(**{**filters.__dict__, name: ""}), organisation)
        given |= more
        parts.append(f"select '{name}', {column}, count(*) {FROM}{where} group by 2")
    found: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), given)
        for name, value, n in cursor.fetchall():
            found[name][value] = int(n)
    return found


def _where(filters: Filters, organisation: int) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {"organisation": organisation}
    where = ""
    for name, offered in (("kind", Kind.values), ("channel", Channel.values), ("urgency", URGENCIES)):
        if (value := getattr(filters, name)) in offered:
            where += f" and {FACETS[name]} = %({name})s"
            given[name] = value
    units = queries.units(queries.Filters(unit=filters.unit), organisation=organisation)
    if units is not None:
        where += " and f.unit_id = any(%(units)s)"
        given["units"] = list(units.values_list("id", flat=True))
    return where, given
