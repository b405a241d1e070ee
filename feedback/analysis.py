"""Understanding a batch of stored voices: one `Analysis` row each, with the engine's version. Called by the task."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from cxms.lib import staging
from cxms.lib.ids import new_ids
from cxms.lib.staging import Json
from feedback import corrections, first, nlp, own_weights, search, taxonomies, topics, tree, voices
from feedback.models import Analysis
from feedback.nlp import Understanding
from ledger.facts import record_many

COLUMNS = ["id", "organisation_id", "feedback_id", "engine", "is_current", "language", "kind", "sentiment", "sentiment_score", "topics", "topic_codes", "urgency", "red_line", "red_terms", "pii", "analysed_at", "corrected"]
SLICE = 1000
PENDING = """
    select f.id, f.text, s.place - 1 from unnest(%s::uuid[], %s::uuid[]) with ordinality s(first, last, place)
    join feedback_feedback f on f.organisation_id = %s and f.id between s.first and s.last
    where f.deleted_at is null and not exists (select 1 from feedback_analysis a
                      where a.organisation_id = f.organisation_id and a.feedback_id = f.id
                      and split_part(a.engine, '/', 1) = %s)
    order by f.id
"""


class Means(NamedTuple):
    """What voices are read with: the version of the organisation's own model (0: shipped) and its taxonomy."""

    model: int
    taxonomy: taxonomies.Held

    @property
    def stamp(self) -> str:
        """What an analysis by these means is called: the engine's version, and those of model and taxonomy if any."""
        version = self.taxonomy.version
        return nlp.ENGINE + (f"/m{self.model}" if self.model else "") + (f"/t{version}" if version else "")


def analyse(first: str, last: str, *, organisation: int, now: datetime, announce: bool = True) -> int:
    """Analyses what this engine has not yet seen among the ids first..last; records `feedback.analysed`.

    announce=False leaves the fact out: history that nobody is to judge.

    Idempotent: a second call finds nothing. Returns how many rows were written.
    """
    return analyse_each([(first, last)], organisation=organisation, now=now, announce=announce)


def analyse_each(spans: Sequence[tuple[str, str]], *, organisation: int, now: datetime, announce: bool = True) -> int:
    """As `analyse`, for many ranges of ids at the price of one: voices that come one by one. A fact for each that held any."""
    with connection.cursor() as cursor:
        cursor.execute(PENDING, [[first for first, _ in spans], [last for _, last in spans], organisation, nlp.ENGINE])
        found = {key: (text, place) for key, text, place in reversed(cursor.fetchall())}  # once where ranges overlap
    pending = [(key, text) for key, (text, _) in reversed(found.items())]
    calls: set[uuid.UUID] = set()
    # in slices: memory stays small, and a long batch never idles in its transaction until the server ends it
    for start in range(0, len(pending), SLICE):
        calls |= _analyse(pending[start : start + SLICE], organisation=organisation, now=now)
    if announce:
        record_many(_facts(spans, found, calls), organisation=organisation, now=now)
    return len(pending)


def _facts(spans: Sequence[tuple[str, str]], found: Mapping[uuid.UUID, tuple[str, int]], calls: set[uuid.UUID]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    held: dict[int, list[uuid.UUID]] = {}
    for key, (_, place) in found.items():
        held.setdefault(place, []).append(key)
    for place, keys in sorted(held.items()):
        first, last = spans[place]
        yield "feedback.analysed", str(min(keys)), {"first": first, "last": last, "n": len(keys), "n_calls": len(calls.intersection(keys))}


def means(*, organisation: int) -> Means:
    """What voices are read with now; the taxonomy is held until the transaction ends. Three statements."""
    taxonomies.hold(organisation=organisation)
    return _in_force(organisation)


def _in_force(organisation: int) -> Means:
    return Means(own_weights.in_use(organisation=organisation), taxonomies.current(organisation=organisation))


def understand(texts: Sequence[str], *, organisation: int, by: Means | None = None) -> list[Understanding]:
    """What each text says, the organisation's own model, words and nodes included. by: None for what is in force."""
    by = by or means(organisation=organisation)
    heard = nlp.understand(texts, own_weights.loaded(by.model, organisation=organisation))
    return tree.understood(texts, heard, topics.words(organisation=organisation), by.taxonomy.nodes)


def _analyse(pending: Sequence[tuple[uuid.UUID, str]], *, organisation: int, now: datetime) -> set[uuid.UUID]:
    """Understands and stores one slice; gives those of it that triage must look at."""
    # the same words mean the same: each text is understood once
    texts, by = list(dict.fromkeys(text for _, text in pending)), means(organisation=organisation)
    meaning = dict(zip(texts, understand(texts, organisation=organisation, by=by), strict=True))
    write([(key, meaning[text]) for key, text in pending], organisation=organisation, now=now, engine=by.stamp)
    search.index(pending, organisation=organisation)
    first.hold([key for key, text in pending if text and not meaning[text].red_line], organisation=organisation)
    return {key for key, text in pending if meaning[text].kind == "complaint" or meaning[text].red_line}


def write(results: Sequence[tuple[uuid.UUID, Understanding]], *, organisation: int, now: datetime, engine: str = "") -> None:
    """Stores results as the current analysis of their feedback; one of an older engine stays as history.

    What persons corrected is laid over the new row; who corrects one of them meanwhile waits, or is waited for, so that one
    row is current whoever comes first. engine: whose it is, where it is not the engine's of now.
    """
    ids, engine = [str(key) for key, _ in results], engine or stamp(organisation=organisation)
    known = [str(key) for key in voices.lock_known(ids, organisation=organisation)]
    with connection.cursor() as cursor:
        cursor.execute(
            "update feedback_analysis set is_current = false "
            "where organisation_id = %s and feedback_id = any(%s::uuid[]) and is_current and engine <> %s",
            [organisation, known, engine],
        )
    keys = new_ids(len(results))
    rows = [_row(new, key, result, engine, organisation, now) for new, (key, result) in zip(keys, results, strict=True)]
    # the same stamp was here before (a model went out of use and came back): its row is made anew and current again
    anew = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[4:])
    conflict = f"on conflict (organisation_id, feedback_id, engine) do update set {anew}"
    staging.insert("feedback_analysis", COLUMNS, rows, on_conflict=conflict)
    if known:
        corrections.settle_again(known, organisation=organisation, now=now)
        if red := [key for key, result in results if result.red_line]:
            first.release(red, organisation=organisation)


def stamp(*, organisation: int) -> str:
    """What an analysis of now is called."""
    return _in_force(organisation).stamp


def _row(key: uuid.UUID, feedback: uuid.UUID, result: Understanding, engine: str, organisation: int, now: datetime) -> tuple[Any, ...]:
    topics, codes = mentions_of(result), tree.codes_of(result)
    pii = [{"type": span.type, "start": span.start, "end": span.end} for span in result.pii]
    return (
        (key, organisation, feedback, engine, True, result.language, result.kind, result.sentiment_label)
        + (round(result.sentiment_score, 4), Json(topics), codes, result.urgency, result.red_line)
        + (list(result.red_line_terms)[:8], Json(pii), now, [])
    )


def labels_of(made: Analysis | Understanding) -> tuple[Any, ...]:
    """What is said of a voice, to compare two readings; a stored row and a fresh one alike."""
    if isinstance(made, Analysis):
        return made.kind, made.sentiment, made.topics, made.red_line
    return made.kind, made.sentiment_label, mentions_of(made), made.red_line


def mentions_of(result: Understanding) -> list[dict[str, Any]]:
    """The mentions as an analysis keeps them; `nodes` only where there are some."""
    found = []
    for topic in result.topics:
        row: dict[str, Any] = {"code": topic.code, "sentiment": round(topic.sentiment, 3), "start": topic.start, "end": topic.end}
        nodes = list(getattr(topic, "nodes", ()))
        found.append({**row, "nodes": nodes} if nodes else row)
    return found
