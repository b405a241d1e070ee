"""Search in one tenant, as the application role behind row-level security: first page of 50 and the count up to 10,000.

CXMS_BENCH_SEARCH (100000,1000000) voices over two years, generated from the demo's sentences; 5000000 is run by hand. Every
question takes the page's road: the index, the other filters, the rows. The whole table is beside it, read by `like`.
"""

import os
import re
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import opencc
import psycopg2
from django.db import connection

from cxms.demo import voices
from feedback import queries, search
from feedback.queries import Filters
from feedback.search_form import search_form
from tenancy import organisations
from tenancy.scope import organisation_scope

SIZES = [int(part) for part in os.environ.get("CXMS_BENCH_SEARCH", "100000,1000000").split(",")]
CHUNK, N_QUERIES, N_TEXTS = 100_000, 40, 30_000
VOICES = """
    insert into feedback_feedback (id, organisation_id, raw_id, raw_row, channel, occurred_at, received_at, local_day, text, normal,
                                   fingerprint, metadata, excluded_reason)
    select gen_random_uuid(), %(org)s, gen_random_uuid(), 0, 'app', at, at, at::date, t.body || n, '', 0, '{}', ''
    from (select n, timestamptz '2024-11-01' + n * (interval '730 days' / %(size)s) as at, 1 + floor(random() * %(texts)s)::int as pick
          from generate_series(%(first)s, %(last)s) n) made join bench_text t on t.id = pick
"""
WORDS = """
    insert into feedback_searchtext (feedback_id, organisation_id, occurred_at, body)
    select id, organisation_id, occurred_at, text from feedback_feedback where organisation_id = %(org)s and text <> ''
    and occurred_at >= timestamptz '2024-11-01' + %(first)s * (interval '730 days' / %(size)s)
    and occurred_at < timestamptz '2024-11-01' + (%(last)s + 1) * (interval '730 days' / %(size)s)
"""


def main() -> None:
    """Prints a table a size: what is asked, milliseconds at the median and the 95th of a hundred, beside a plain scan."""
    for size in SIZES:
        _one(size)


def _one(size: int) -> None:
    rng = Random(size)
    texts = _texts(rng)
    organisation = _stage(size, texts)
    print(f"  {'':<34}{'p50':>8}{'p95':>8}{'worst':>8}   found")
    for name, asked in _questions(rng, texts).items():
        spent, counts = [], []
        for q in asked:
            began = time.perf_counter()
            counts.append(_look(organisation, q))
            spent.append(1000 * (time.perf_counter() - began))
        spent.sort()
        print(f"  {name:<34}{statistics.median(spent):>8.0f}{spent[int(0.95 * (len(spent) - 1))]:>8.0f}{spent[-1]:>8.0f}   {min(counts):,}–{max(counts):,}")
    scans = [_timed(lambda q=q: _scan(organisation, q)) for q in _questions(rng, texts)["two characters"][:3]]
    print(f"  {'plain scan, count alone':<34}{1000 * statistics.median(scans):>8.0f}")


def _texts(rng: Random) -> list[str]:
    """Texts of one to five clauses of the demo's sentences with a word of their own, already in search form."""
    drawn = voices.draw(rng, 4000, now=datetime.now(UTC), people=voices.cards(rng, 50), staff={c: ["x"] for c, *_ in voices.STORES}, days=30)
    clauses = sorted({clause for voice in drawn for clause in re.split(r"[，。！？；\s]+", voice.text) if clause})
    rare = [chr(rng.randrange(0x4E00, 0x9FA0)) + chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(3000)]
    return [search_form("，".join([*rng.choices(clauses, k=rng.randint(1, 5)), rng.choice(rare)])) for _ in range(N_TEXTS)]


def _stage(size: int, texts: list[str]) -> int:
    slug = f"bench-{uuid.uuid4().hex[:8]}"
    organisation = organisations.create(slug=slug, name="量速", timezone="Asia/Shanghai", now=datetime.now(UTC), actor="bench").id
    with connection.cursor() as cursor:
        cursor.execute("create temporary table if not exists bench_text (id int primary key, body text)")
        cursor.execute("truncate bench_text")
        cursor.execute("insert into bench_text select row_number() over (), body from unnest(%s) body", [texts])
    spent = {VOICES: 0.0, WORDS: 0.0}
    for first in range(0, size, CHUNK):
        values = {"org": organisation, "size": size, "first": first, "last": min(first + CHUNK, size) - 1, "texts": len(texts)}
        for statement in spent:
            began = time.perf_counter()
            with organisation_scope(organisation), connection.cursor() as cursor:
                cursor.execute("set local statement_timeout = 0")
                cursor.execute(statement, values)
            spent[statement] += time.perf_counter() - began
    keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    keeper.autocommit = True
    with keeper.cursor() as cursor:
        cursor.execute("vacuum analyze feedback_feedback")
        cursor.execute("vacuum analyze feedback_searchtext")
        cursor.execute("select pg_relation_size('feedback_searchtext'), pg_relation_size('search_pairs')")
        table, index = (part / 2**20 for part in cursor.fetchone() or (0, 0))
    keeper.close()
    print(f"{size:,} voices; made findable at {size / spent[WORDS]:,.0f}/s by one writer; words {table:,.0f} MB, index {index:,.0f} MB")
    return organisation


def _questions(rng: Random, texts: list[str]) -> dict[str, list[str]]:
    traditional = opencc.OpenCC("s2t")

    def cut(size: int) -> str:
        while True:
            text = rng.choice(texts)
            at = rng.randrange(max(1, len(text) - size))
            word = text[at : at + size]
            if len(word) == size and " " not in word and "，" not in word:
                return word

    two = [cut(2) for _ in range(N_QUERIES)]
    return {
        "two characters": two,
        "two characters, traditional": [traditional.convert(word) for word in two],
        "four characters": [cut(4) for _ in range(N_QUERIES)],
        "two words": [f"{cut(2)} {cut(2)}" for _ in range(N_QUERIES)],
        "digits": [str(rng.randrange(1000, 99999)) for _ in range(N_QUERIES)],
        "the commonest pairs": _commonest(texts)[:N_QUERIES],
        "nobody's words": ["鲸鱼", "龘龘", "zqxj"] * 5,
    }


def _commonest(texts: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    for text in texts:
        for pair in {text[i : i + 2] for i in range(len(text) - 1)}:
            counts[pair] = counts.get(pair, 0) + 1
    return sorted(counts, key=lambda pair: -counts[pair])


def _look(organisation: int, q: str) -> int:
    filters = Filters(q=q)
    with organisation_scope(organisation):
        found = search.within(None, filters, organisation=organisation)
        queries.in_order(found.ids[:50], organisation=organisation)
    return len(found.ids)


def _scan(organisation: int, q: str) -> None:
    with organisation_scope(organisation), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute("select count(*) from feedback_searchtext where organisation_id = %s and body like %s", [organisation, f"%{q}%"])


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
