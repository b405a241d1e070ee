"""Analysed and stored by real workers beside one task per voice and SnowNLP; workers' memory; intake → analysed under load.

CXMS_BENCH_VOICES (20,000) voices wait while 1, then 2 (CXMS_BENCH_WORKERS) processes stand idle, and are let go by one statement.
CXMS_BENCH_PEER (300) of the same kind go one by one through the same engine, a transaction each, in this process and
without a broker, which favours the peer; SnowNLP gives them its sentiment alone and stores nothing. Then
CXMS_BENCH_SECONDS (60) of single POSTs, CXMS_BENCH_RATE (100) a second on a schedule that waits for nobody, to the web
server, with Valkey, two workers and the clockwork as `bin/run` starts them; 0 seconds leave it out. Every text is made here, none twice.
"""

import http.client
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg2
from snownlp import SnowNLP

from bench import stage
from bench.stage import House, until
from feedback import analysis, intake, nlp
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger.models import Delivery
from ledger.tasks import drain
from tenancy import keys, organisations
from tenancy.capabilities import API_SCOPES
from tenancy.scope import organisation_scope

BATCH = 1000
CLIENTS = 16
# how often is looked at what is committed: a latency is at most this too long
LOOK_SECONDS = 0.02
SEEN = "select feedback_id from feedback_analysis where organisation_id = %s and id > %s::uuid and is_current"
WAITING = "select count(*) from ledger_delivery where organisation_id = %s and done_at is null and dead_at is null and (%s = '' or queue = %s)"
STORED = "select count(*) from feedback_analysis where organisation_id = %s"


def main() -> None:
    """Prints rates with ratios, memory, and latencies with the rate offered and reached."""
    voices, peer, seconds, rate = (int(os.environ.get(f"CXMS_BENCH_{n}", d)) for n, d in (("VOICES", "20000"), ("PEER", "300"), ("SECONDS", "60"), ("RATE", "100")))
    print(f"  {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; texts of {_mean_length():.0f} characters on average", flush=True)
    keeper = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
    keeper.autocommit = True
    peers = _peers(keeper, peer)
    for workers in map(int, os.environ.get("CXMS_BENCH_WORKERS", "1 2").split()):
        _workers(keeper, workers, voices, peers)
    if seconds:
        _steady(keeper, rate, seconds)
    keeper.close()


def _mean_length() -> float:
    return sum(map(len, stage.texts(1000, 0))) / 1000


def _organisation() -> int:
    slug = f"bench-{uuid.uuid4().hex[:8]}"
    return organisations.create(slug=slug, name="量速", timezone="Asia/Shanghai", now=datetime.now(UTC), actor="bench").id


def _held(organisation: int, texts: list[str]) -> list[uuid.UUID]:
    """Receives, with every delivery put off: nobody works them until `_let_go`."""
    made = []
    for first in range(0, len(texts), BATCH):
        raw = [RawVoice(channel="app", text=text, external_id=text.rpartition("单号")[2]) for text in texts[first : first + BATCH]]
        with organisation_scope(organisation):
            receipts = intake.receive(raw, organisation=organisation, source=Source(b"[]", "application/json", "bench"), now=datetime.now(UTC))
            Delivery.objects.filter(organisation_id=organisation, done_at=None).update(run_at=datetime(2100, 1, 1, tzinfo=UTC))
        made += [receipt.id for receipt in receipts if receipt.id]
    if len(made) != len(texts):
        raise AssertionError(f"{len(made)} received of {len(texts)}")
    return made


def _let_go(organisation: int, workers: int) -> None:
    with organisation_scope(organisation):
        Delivery.objects.filter(organisation_id=organisation, done_at=None).update(run_at=datetime.now(UTC))
    for _ in range(workers):
        drain.delay("")


def _peers(keeper: "psycopg2.extensions.connection", n: int) -> dict[str, float]:
    """Voices a second of one task per voice, and of SnowNLP's sentiment alone; both are warm."""
    organisation, texts = _organisation(), stage.texts(n + 1, 7)
    ids = _held(organisation, texts)
    nlp.understand(texts[:1])
    began = time.perf_counter()
    found = nlp.understand(texts[1:])
    engine = n / (time.perf_counter() - began)
    cases = sum(one.kind == "complaint" or one.red_line for one in found)
    SnowNLP(texts[0]).sentiments  # noqa: B018  the first one reads its model
    began = time.perf_counter()
    for key in ids[1:]:
        with organisation_scope(organisation):
            analysis.analyse(str(key), str(key), organisation=organisation, now=datetime.now(UTC))
    alone = n / (time.perf_counter() - began)
    began = time.perf_counter()
    for text in texts[1:]:
        SnowNLP(text).sentiments  # noqa: B018
    snow = n / (time.perf_counter() - began)
    print(f"  engine alone, in one batch {engine:,.0f} voices/s; {cases} of {n:,} are complaints or red lines, which triage reads on")
    _drop(keeper, organisation)
    print(f"  one task per voice (same engine, no broker) {alone:,.0f} voices/s; SnowNLP, sentiment alone, nothing stored {snow:,.0f}; n = {n:,}", flush=True)
    return {"one task per voice": alone, "SnowNLP": snow}


def _workers(keeper: "psycopg2.extensions.connection", workers: int, n: int, peers: dict[str, float]) -> None:
    """A standing queue, let go, until all is analysed, while what follows takes its turns between. Then the workers' memory."""
    with stage.house("worker", workers=workers) as house:
        warm = _organisation()
        _held(warm, stage.texts(200 * workers, 10 + workers))
        _let_go(warm, workers)
        until(lambda: _count(keeper, WAITING, warm, "analysis", "analysis") == 0, 120, "the first voices")
        _drop(keeper, warm)
        before = [stage.resident(pid) for pid in house.children("worker")]
        organisation = _organisation()
        _held(organisation, stage.texts(n, 100 + workers))
        began = time.perf_counter()
        _let_go(organisation, workers)
        until(lambda: _count(keeper, WAITING, organisation, "analysis", "analysis") == 0, 1200, "the analyses")
        analysed = time.perf_counter() - began
        left = _count(keeper, WAITING, organisation, "", "")
        if (stored := _count(keeper, STORED, organisation)) != n:
            raise AssertionError(f"{stored} analysed of {n}")
        after = [stage.resident(pid) for pid in house.children("worker")]
    _drop(keeper, organisation)
    ours = n / analysed
    against = ", ".join(f"{ours / rate:,.1f} × {name}" for name, rate in peers.items())
    print(f"  {workers} worker(s): {ours:,.0f} voices/s analysed and stored ({n:,} in {analysed:.1f} s, {left:,} deliveries that follow still waiting); {against}")
    for place, (was, since) in enumerate(zip(before, after, strict=True), start=1):
        print(f"    worker {place}: {was[0]:.0f} MB resident after the first voices ({was[1]:.0f} its own), {since[0]:.0f} MB after {n:,} ({since[1]:.0f})", flush=True)


def _drop(keeper: "psycopg2.extensions.connection", organisation: int) -> None:
    """What still waits is left undone, so that one measurement does not work for the one before."""
    with keeper.cursor() as cursor:
        cursor.execute("update ledger_delivery set done_at = now() where organisation_id = %s and done_at is null and dead_at is null", [organisation])


def _count(keeper: "psycopg2.extensions.connection", query: str, *values: object) -> int:
    with keeper.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


@dataclass
class _Post:
    """One POST on its schedule: when it was due, when it was answered 201, when its analysis was seen committed."""

    due: float
    answered: float = 0.0
    analysed: float = 0.0


class _Load:
    """Clients that each send the next due POST, and a watcher that looks at what is committed."""

    def __init__(self, house: House, organisation: int, token: str, rate: int, seconds: int, seed: int) -> None:
        self.house, self.organisation, self.token = house, organisation, token
        self.texts = stage.texts(rate * seconds, seed)
        began = time.perf_counter() + 0.5
        self.posts = [_Post(began + i / rate) for i in range(rate * seconds)]
        self.by_id: dict[str, _Post] = {}
        self.refused: list[int] = []
        self._next = iter(range(len(self.posts)))
        self._lock = threading.Lock()

    def run(self) -> None:
        """Sends everything; returns when the last is analysed, or a minute after the last answer."""
        clients = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        sent = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(sent,))
        for thread in (*clients, watcher):
            thread.start()
        for thread in clients:
            thread.join()
        sent.set()
        watcher.join()

    def _client(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=30)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        while (i := self._take()) is not None:
            post = self.posts[i]
            time.sleep(max(0.0, post.due - time.perf_counter()))
            line.request("POST", "/api/v1/feedback", json.dumps({"channel": "app", "external_id": self.texts[i].rpartition("单号")[2], "text": self.texts[i]}), headers)
            answer = line.getresponse()
            said = answer.read()
            post.answered = time.perf_counter()
            if answer.status == 201:
                self.by_id[json.loads(said)["id"]] = post
            else:
                self.refused.append(answer.status)
        line.close()

    def _take(self) -> int | None:
        with self._lock:
            return next(self._next, None)

    def _watch(self, sent: threading.Event) -> None:
        line = psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])
        line.autocommit = True
        seen: dict[str, float] = {}
        last, ends = 0.0, float("inf")
        with line.cursor() as cursor:
            while not (sent.is_set() and self.by_id.keys() <= seen.keys()) and time.perf_counter() < ends:
                # ids begin with the millisecond they were made in: what is older than ten seconds was seen before
                floor = uuid.UUID(int=max(0, int(1000 * (time.time() - 10))) << 80)
                cursor.execute(SEEN, [self.organisation, str(floor)])
                at = time.perf_counter()
                for (key,) in cursor.fetchall():
                    seen.setdefault(str(key), at)
                if sent.is_set():
                    last = last or at
                    ends = last + 60
                time.sleep(LOOK_SECONDS)
        line.close()
        for key, post in self.by_id.items():
            post.analysed = seen.get(key, 0.0)


def _steady(keeper: "psycopg2.extensions.connection", rate: int, seconds: int) -> None:
    """POSTs at a steady rate for some seconds against the running house."""
    organisation = _organisation()
    with organisation_scope(organisation):
        token = keys.issue(organisation=organisation, scopes=list(API_SCOPES), name="b", now=datetime.now(UTC), actor="b")
    with stage.house("web", "worker", "clockwork", workers=2) as house:
        _Load(house, organisation, token, 5, 2, 1000).run()
        load = _Load(house, organisation, token, rate, seconds, 1001)
        load.run()
    answered = list(load.by_id.values())
    analysed = [post for post in answered if post.analysed]
    if not analysed:
        raise AssertionError(f"nothing was analysed; refused: {load.refused[:5]}")
    span = max(post.answered for post in answered) - load.posts[0].due
    done = max(post.analysed for post in analysed) - load.posts[0].due
    print(f"  offered {rate}/s for {seconds} s by {CLIENTS} connections: {len(answered):,} answered 201 ({len(answered) / span:,.1f}/s), "
          f"{len(load.refused)} refused, {len(analysed):,} analysed ({len(analysed) / done:,.1f}/s)")  # fmt: skip
    _say("due → 201", [post.answered - post.due for post in answered])
    # what is committed before the client has read its answer waited for nothing
    _say("201 → analysed", [max(0.0, post.analysed - post.answered) for post in analysed])
    _say("due → analysed", [post.analysed - post.due for post in analysed])


def _say(what: str, values: list[float]) -> None:
    print(f"    {what}: " + ", ".join(f"{name} {1000 * value:,.0f} ms" for name, value in stage.quantiles(values).items()), flush=True)
