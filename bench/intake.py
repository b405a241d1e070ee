"""Intake and analysis, rows/s, beside a raw multi-row INSERT and a COPY into the same fully indexed table.

Medians of five; every road stores the same rows. COPY and INSERT run as the migrating role, because COPY is refused
behind the wall. The bulk road is the whole product path: HTTP view, strict JSON, checks, references, scores, deltas.
"""

import io
import json
import os
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import psycopg2
from django.test import Client
from psycopg2.extras import execute_values

from cxms.demo import voices
from cxms.lib.ids import new_ids
from feedback import intake, nlp
from feedback.models import Feedback
from ledger import runner
from tenancy import keys, organisations
from tenancy.capabilities import API_SCOPES
from tenancy.scope import organisation_scope

ROUNDS, ROWS = 5, 1000
COLUMNS = intake.COLUMNS


def payloads(n: int, start: int) -> list[dict[str, Any]]:
    """Realistic rows: sentences of the demo with scores."""
    rng = Random(start)
    now = datetime.now(UTC)
    people = voices.cards(rng, 200)
    crew = {code: ["x"] for code, *_ in voices.STORES}
    made = []
    for i, voice in enumerate(voices.draw(rng, n, now=now, people=people, staff=crew, days=30)):
        made.append(
            {
                "channel": voice.channel,
                "external_id": f"b{start}-{i}",
                "occurred_at": voice.occurred_at.isoformat() if voice.occurred_at else None,
                "text": voice.text,
                "scores": [
                    {"kind": s.kind, "value": float(s.value), "scale": [s.scale_min, s.scale_max], **({"item": s.item} if s.item else {})}
                    for s in voice.scores
                ],
            }
        )
    return made


def raw_rows(organisation: int, items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The same voices as plain rows of the feedback table."""
    raw = uuid.uuid4()
    day = datetime.now(UTC)
    return [
        (str(key), organisation, str(raw), i, item["channel"], f"raw{key}", item["occurred_at"], day, day.date(), None)
        + (None, None, None, item["text"], item["text"], i, "{}", "")
        for i, (key, item) in enumerate(zip(new_ids(len(items)), items, strict=True))
    ]


def timed(rounds: int, run: Callable[[int], None]) -> float:
    """Median seconds of `run(round)`."""
    spent = []
    for number in range(rounds):
        began = time.perf_counter()
        run(number)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> None:
    """Prints rows/s and ratios."""
    made = organisations.create(
        slug=f"bench-{uuid.uuid4().hex[:8]}", name="bench", timezone="Asia/Shanghai", now=datetime.now(UTC), actor="bench"
    )
    with organisation_scope(made.id):
        token = keys.issue(organisation=made.id, scopes=list(API_SCOPES), name="b", now=datetime.now(UTC), actor="b")
    client = Client(headers={"authorization": f"Bearer {token}"})
    bodies = [json.dumps(payloads(ROWS, 1 + n)).encode() for n in range(ROUNDS)]

    def bulk(number: int) -> None:
        answer = client.post("/api/v1/feedback/bulk", data=bodies[number], content_type="application/json").json()
        assert answer["accepted"] == ROWS, answer

    raw = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    batches = [raw_rows(made.id, payloads(ROWS, 1000 + n)) for n in range(2 * ROUNDS)]

    def insert(number: int) -> None:
        with raw, raw.cursor() as cursor:
            execute_values(cursor, f"insert into feedback_feedback ({', '.join(COLUMNS)}) values %s", batches[number], page_size=ROWS)

    def copy(number: int) -> None:
        lines = "".join("\t".join("\\N" if v is None else str(v) for v in row) + "\n" for row in batches[ROUNDS + number])
        with raw, raw.cursor() as cursor:
            cursor.copy_expert(f"copy feedback_feedback ({', '.join(COLUMNS)}) from stdin", io.StringIO(lines))

    rates = {name: ROWS / timed(ROUNDS, run) for name, run in (("COPY", copy), ("INSERT", insert), ("bulk POST", bulk))}
    for name, rate in rates.items():
        print(f"{name:>12}: {rate:9,.0f} rows/s   {rate / rates['COPY']:.2f} of COPY")
    _analysis(made.id)
    raw.close()


def _analysis(organisation: int) -> None:
    with organisation_scope(organisation):
        texts = list(Feedback.objects.exclude(text="").values_list("text", flat=True)[:4000])
    nlp.understand(texts[:100])
    alone = len(texts) / timed(3, lambda _: nlp.understand(texts) and None)
    with organisation_scope(organisation):
        waiting = Feedback.objects.count()
    began = time.perf_counter()
    while runner.drain("analysis", seconds=120):
        pass
    stored = waiting / (time.perf_counter() - began)
    print(f"{'engine alone':>12}: {alone:9,.0f} texts/s, one process")
    print(f"{'analysed and stored':>12}: {stored:6,.0f} rows/s, one process, {stored / alone:.2f} of the engine alone")
