"""A taxonomy in versions: what a change would do is told before, done in the background, resumed after a death."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from cxms.lib import clock, failpoints
from feedback import analysis, corrections, nlp, provider_labels, relabelling, rereading, taxonomies, topics, tree
from feedback.models import Analysis, Relabelling
from feedback.tree import Node, Placed, TreeError
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


def test_a_persons_nodes_are_where_the_tree_has_them(shop, now, work, keys):
    """Moved to another topic, a node takes what persons said of it along: counted, found and corrected on."""
    change(shop, now)
    work()
    with shop.scope():
        mention = {"code": "waiting_time", "sentiment": -0.5, "start": 0, "end": 0, "nodes": ["waiting_time/parts"]}
        corrections.correct(keys[2], "topics", [mention], organisation=shop.id, version=None, now=now, actor="x")
    assert codes(shop, keys[2])[0] == ["waiting_time", "waiting_time/parts"]
    change(shop, now, Node("after_sales/parts", "配件", ("等配件", "没配件")), was="waiting_time/parts", version=1)
    with shop.scope():  # before the background comes to it: what the page shows can be confirmed
        shown = Analysis.objects.get(feedback_id=keys[0], is_current=True).topics
        right = corrections.correct(keys[0], "topics", shown, organisation=shop.id, version=None, now=now, actor="x")
        assert right.before == right.after and "after_sales/parts" in corrections.codes_of(right.after)
    work()
    assert codes(shop, keys[2])[0] == ["after_sales", "after_sales/parts"]
    with shop.scope():
        day = now.date() - timedelta(days=1)
        asked = {"organisation": shop.id, "period": Period(day, day + timedelta(days=1)), "grain": "all", "now": now, "raw": True}
        n = series(metric="volume", where=Where(topic="after_sales/parts"), **asked).points[0].value
        held = [key for key in keys if "after_sales/parts" in codes(shop, key)[0]]
        assert n == len(held) == 3
        made = Analysis.objects.get(feedback_id=keys[2], is_current=True)
        more = corrections.added(made.topics, "price", -0.2)
        corrections.correct(keys[2], "topics", more, organisation=shop.id, version=None, now=now, actor="x")
    assert codes(shop, keys[2])[0] == ["after_sales", "price", "after_sales/parts"]


def test_a_tree_changes_topics_and_nothing_else(shop, now, work, keys):
    """Kind, feeling, urgency stay as the row has them, whatever would be read now; an engine of before keeps its topics too."""
    with shop.scope():
        for key, engine in ((keys[0], nlp.ENGINE), (keys[3], "cxms-nlp 2020.1")):
            Analysis.objects.filter(feedback_id=key).update(kind="praise", sentiment="positive", sentiment_score=0.5, urgency=0, engine=engine)
        Analysis.objects.filter(feedback_id=keys[3]).update(topics=[{"code": "waiting_time", "sentiment": 0.1, "start": 0, "end": 0}], topic_codes=["waiting_time"])
        told = taxonomies.effect([PARTS], organisation=shop.id)
    assert told.n_changed == 2
    change(shop, now)
    work()
    for key, engine in ((keys[0], f"{nlp.ENGINE}/t1"), (keys[3], "cxms-nlp 2020.1/t1")):
        with shop.scope():
            row = Analysis.objects.get(feedback_id=key, is_current=True)
        assert (row.kind, row.sentiment, row.sentiment_score, row.urgency, row.engine) == ("praise", "positive", 0.5, 0, engine)
        assert "waiting_time/parts" in row.topic_codes
    with shop.scope():
        relabelling.again(organisation=shop.id, now=clock.now(), actor="x")
    work()
    with shop.scope():  # a person asked: all of it is read anew
        assert Analysis.objects.get(feedback_id=keys[0], is_current=True).kind == "complaint"


def test_history_is_read_again_whenever_it_is_asked_for_and_once_at_a_time(shop, now, work, keys):
    def again():
        with shop.scope():
            return relabelling.again(organisation=shop.id, now=clock.now(), actor="x")

    first = again()
    assert again().id == first.id  # the second click
    work()
    second = again()  # weeks later, with the same model and tree
    assert (second.id != first.id, second.is_whole) == (True, True)
    row = change(shop, clock.now())  # the tree changes under way: what was asked for goes on
    assert row.is_whole
    work()
    with shop.scope():
        second.refresh_from_db()
        assert second.superseded_at is not None
        assert relabelling.start(1, organisation=shop.id, now=clock.now(), actor="x").id == row.id
    assert not change(shop, clock.now(), Node("price/x", "甲", ("贵了",)), version=1).is_whole


def test_who_saves_while_many_are_read_is_told_so(shop, now, keys):
    """Seen from another connection that reads; the page keeps what was typed."""
    held, go = threading.Event(), threading.Event()

    def read():
        try:
            with shop.scope():
                taxonomies.hold(organisation=shop.id)
                held.set()
                go.wait(timeout=30)
        finally:
            connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert held.wait(timeout=30)
    try:
        form = {"do": "save", "version": "0", "name": "配件", "parent": "waiting_time", "words": "等配件", "examples": "", "touchpoint": "", "into": ""}
        answer = shop.page("admin").post("/settings/taxonomy/tree/new/", form)
        assert answer.status_code == 400
        assert "正在读一大批声音" in answer.content.decode() and "等配件" in answer.content.decode()
        with shop.scope(), pytest.raises(TreeError) as raised:
            relabelling.again(organisation=shop.id, now=now, actor="x")
        assert raised.value.code == "busy"
    finally:
        go.set()
        thread.join()
    assert shop.page("admin").post("/settings/taxonomy/tree/new/", form).status_code == 302


def test_a_providers_nodes_follow_the_tree_too(shop, now, work, keys):
    """It is not asked again: its row is named by the tree of now, and so is what a person laid over it."""
    change(shop, now)
    work()
    with shop.scope():
        own = Analysis.objects.get(feedback_id=keys[2], is_current=True)
        said = replace(rereading.stored(own), topics=(Placed("waiting_time", -0.3, 0, 0, ("waiting_time/parts",)),))
        analysis.write([(keys[2], said)], organisation=shop.id, now=clock.now(), engine=own.engine + rereading.PROVIDER)
        corrections.correct(keys[2], "kind", "enquiry", organisation=shop.id, version=None, now=clock.now(), actor="x")
    assert codes(shop, keys[2])[0] == ["waiting_time", "waiting_time/parts"]
    change(shop, clock.now(), Node("after_sales/parts", "配件", ("等配件", "没配件")), was="waiting_time/parts", version=1)
    work()
    assert codes(shop, keys[2]) == (["after_sales", "after_sales/parts"], f"{own.engine}{rereading.PROVIDER}{rereading.PERSON}")


def test_nobody_is_corrected_onto_a_retired_node_above(shop, now, work, keys):
    change(shop, now)
    change(shop, clock.now(), Node("waiting_time/parts/stock", "缺货", ("调货",)), version=1)
    change(shop, clock.now(), replace(PARTS, is_retired=True), was="waiting_time/parts", version=2)
    work()
    with shop.scope():
        made = corrections.added([], "waiting_time/parts/stock", -0.4)
        row = corrections.correct(keys[2], "topics", made, organisation=shop.id, version=None, now=clock.now(), actor="x")
        assert corrections.codes_of(row.after) == ["waiting_time", "waiting_time/parts/stock"]
        assert provider_labels.laid(rereading.stored(Analysis.objects.filter(feedback_id=keys[0])[0]), provider_labels.Labels(
            "complaint", "negative", ("waiting_time/parts/stock",), 1), tree.retired(taxonomies.current(organisation=shop.id).nodes),
        ).topics[0].nodes == ("waiting_time/parts/stock",)  # fmt: skip
