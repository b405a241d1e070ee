"""A taxonomy in versions: what a change would do is told before, done in the background, resumed after a death."""

from datetime import timedelta

import pytest
from django.db import connection

from cxms.lib import failpoints
from feedback import analysis, corrections, nlp, relabelling, taxonomies, topics
from feedback.models import Analysis, Relabelling
from feedback.tree import Node
from ledger import runner
from ledger.models import Fact
from metrics.series import Period, Where, series
from tenancy.versions import Stale
from tests.metrics.voices import receive, voice

TEXTS = ("等配件等了一个月", "排队等了两个小时，太慢了", "店员态度特别好，谢谢", "没配件，一直等")
PARTS = Node("waiting_time/parts", "配件", ("等配件", "没配件"))


@pytest.fixture
def keys(shop, now, work):
    found = receive(shop, [voice(now.date() - timedelta(days=1), 3, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    return found


def change(shop, now, node=PARTS, was="", version=0):
    with shop.scope():
        return relabelling.change(node, was=was, organisation=shop.id, version=version, now=now, actor="user:a@x")


def codes(shop, key):
    with shop.scope():
        (row,) = Analysis.objects.filter(feedback_id=key, is_current=True)
        return row.topic_codes, row.engine


def test_what_is_told_before_is_what_happens(shop, now, work, keys):
    with shop.scope():
        told = taxonomies.effect([PARTS], organisation=shop.id)
    before = [codes(shop, key) for key in keys]
    assert (told.n_all, told.n_changed, told.gained["waiting_time/parts"]) == (4, 2, 2)
    assert [row.id for row, _, _ in told.examples] == [keys[3], keys[0]]
    change(shop, now)
    work()
    with shop.scope():
        job = Relabelling.objects.get()
        assert (job.n_all, job.n_seen, job.n_changed, job.finished_at is not None) == (4, 4, 2, True)
        assert Fact.objects.get(kind="taxonomy.relabelled").data["n_changed"] == 2
    assert "waiting_time/parts" in codes(shop, keys[0])[0] and codes(shop, keys[0])[1] == f"{nlp.ENGINE}/t1"
    assert [codes(shop, key) for key in (keys[1], keys[2])] == [before[1], before[2]]  # unchanged rows are not written again
    day = now.date() - timedelta(days=1)
    with shop.scope():
        asked = {"organisation": shop.id, "period": Period(day, day + timedelta(days=1)), "grain": "all", "now": now, "raw": True}
        assert series(metric="volume", where=Where(topic="waiting_time/parts"), **asked).points[0].value == 2
        cut = {point.by["topic"] for point in series(metric="volume", by=("topic",), **asked).points}
        assert "waiting_time/parts" not in cut and "waiting_time" in cut
        (narrow,) = series(metric="volume", by=("topic",), where=Where(topic="waiting_time/parts"), **asked).points
        assert (narrow.by["topic"], narrow.value) == ("waiting_time", 2)
        assert topics.all_names(organisation=shop.id)["waiting_time/parts"] == "等待时间 › 配件"
    (late,) = receive(shop, [voice(day, 3, text="又说没配件")], now=now)
    work()
    assert "waiting_time/parts" in codes(shop, late)[0]


def test_a_killed_worker_loses_nothing_and_does_nothing_twice(shop, now, work, keys, monkeypatch):
    monkeypatch.setattr(relabelling, "SLICE", 1)
    change(shop, now)
    died = []

    def die(name):
        if name == "relabelling.before_commit" and len(died) < 2:
            died.append(name)
            raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(failpoints, "reach", die)
        runner.drain(seconds=5)
    assert died
    with shop.scope():
        job = Relabelling.objects.get()
        assert job.n_seen < 4 and job.finished_at is None
        for _ in range(6):  # what a new worker takes up: the fact that was not done
            at = str(job.last_id) if job.last_id else None
            relabelling.step(job.id, at, organisation=shop.id, now=now)
            relabelling.step(job.id, at, organisation=shop.id, now=now)  # the same slice asked twice
            job.refresh_from_db()
        assert (job.n_seen, job.n_changed, job.finished_at is not None) == (4, 2, True)
        assert Analysis.objects.filter(engine=f"{nlp.ENGINE}/t1").count() == 2


def test_a_newer_version_supersedes_and_an_old_form_is_refused(shop, now, work, keys):
    change(shop, now)
    with pytest.raises(Stale):
        change(shop, now, Node("price/x", "甲", ("贵了",)), version=0)
    change(shop, now, Node("waiting_time/parts", "配件", ("没配件",)), was="waiting_time/parts", version=1)
    work()
    with shop.scope():
        first, second = Relabelling.objects.order_by("taxonomy_version")
        assert first.superseded_at is not None and second.finished_at is not None
    assert "waiting_time/parts" not in codes(shop, keys[0])[0]
    assert "waiting_time/parts" in codes(shop, keys[3])[0]


def test_who_reads_and_who_saves_take_turns(shop, now, keys):
    """Seen from outside: the one shares a lock until his transaction ends, the other has it alone."""

    def held():
        with connection.cursor() as cursor:
            cursor.execute("select mode from pg_locks where locktype = 'advisory' and classid = 1952545132 and objid = %s", [shop.id])
            return [mode for (mode,) in cursor.fetchall()]

    with shop.scope():
        analysis.understand(["没配件"], organisation=shop.id)
        assert held() == ["ShareLock"]
    with shop.scope():
        relabelling.change(PARTS, was="", organisation=shop.id, version=0, now=now, actor="t")
        assert held() == ["ExclusiveLock"]
    with shop.scope():
        assert held() == []


def test_a_persons_word_outlives_the_tree(shop, now, work, keys):
    with shop.scope():
        corrections.correct(keys[0], "topics", [{"code": "price", "sentiment": -0.5, "start": 0, "end": 2}], organisation=shop.id, version=0, now=now, actor="x")
    change(shop, now)
    work()
    assert codes(shop, keys[0])[0] == ["price"]
    with shop.scope():
        made = Analysis.objects.get(feedback_id=keys[1], is_current=True)
        mentions = corrections.added(made.topics, "waiting_time/parts", -0.4)
        corrections.correct(keys[1], "topics", mentions, organisation=shop.id, version=0, now=now, actor="x")
    assert codes(shop, keys[1])[0][-1] == "waiting_time/parts"


@pytest.mark.parametrize("industry", taxonomies.industries())
def test_every_industry_has_a_tree_that_stands(shop, now, industry):
    with shop.scope():
        nodes = taxonomies.with_industry([], industry)
        assert len(nodes) >= 12
        assert taxonomies.with_industry(nodes, industry) == nodes
        assert {node.code.partition("/")[0] for node in nodes} <= set(topics.LABELS)
        assert all(node.words for node in nodes)
