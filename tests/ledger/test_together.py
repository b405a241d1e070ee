"""How many deliveries share a transaction: by the batch a follower asks for, or by the rows its fact stands for."""

import uuid

import pytest
from django.db import connection, connections
from hypothesis import given
from hypothesis import strategies as st

from feedback import analysis, intake
from feedback.intake import Source
from feedback.models import Analysis
from feedback.shapes import RawVoice
from ledger import runner
from ledger.facts import record_many
from ledger.models import Delivery, Fact
from tenancy.scope import organisation_scope

HEAVY, USUAL = "feedback.tasks.analyse_received", "alerts.tasks.complaint_opened"  # batch 1 and 20 in cxms.flows


def claimed(*rows):
    return [Delivery(follower=name, fact=Fact(kind="k", data={} if n is None else {"n": n})) for name, n in rows]


def test_single_voices_go_together_and_bulks_alone():
    assert runner._together(claimed(*[(HEAVY, 1)] * 20)) == 20
    assert runner._together(claimed(*[(HEAVY, 1000)] * 20)) == 1
    assert runner._together(claimed(*[(HEAVY, 400)] * 20)) == 2
    assert runner._together(claimed((HEAVY, 5000), (HEAVY, 1))) == 1  # one at least, however heavy
    assert runner._together(claimed(*[(HEAVY, None)] * 20)) == 1  # a heavy fact that does not say its rows
    assert runner._together(claimed(*[(USUAL, None)] * 20)) == 20
    assert runner._together(claimed((USUAL, None), (HEAVY, None))) == 1
    assert runner._together([]) == 0


@given(st.lists(st.tuples(st.sampled_from([HEAVY, USUAL]), st.none() | st.integers(1, 2000)), min_size=1, max_size=20))
def test_a_transaction_is_never_over_its_share_but_for_its_first(rows):
    n = runner._together(claimed(*rows))
    shares = [max(rows_n / 1000, 0.005) if name == HEAVY and rows_n else (1 if name == HEAVY else 0.05) for name, rows_n in rows]
    assert 1 <= n <= len(rows)
    assert n == 1 or sum(shares[:n]) <= 1 + 1e-6
    assert n == len(rows) or sum(shares[: n + 1]) > 1 - 1e-6


def test_a_joint_follower_is_called_once_and_keeps_the_order():
    rows = claimed((HEAVY, 1), (USUAL, None), (HEAVY, 2), (USUAL, None))
    for key, row in enumerate(rows, start=1):
        row.id = key
    assert [[row.id for row in call] for call in runner._calls(rows)] == [[1, 3], [2], [4]]
    rows[0].attempts = 1  # it failed before: alone from now on
    assert [[row.id for row in call] for call in runner._calls(rows)] == [[1], [2], [3], [4]]


def one_by_one(shop, texts, now):
    for row, text in enumerate(texts):
        with shop.scope():
            intake.receive([RawVoice(channel="app", text=text, external_id=f"j{row}", row=row)], organisation=shop.id, source=Source(b"[]", "x", "t"), now=now)


@pytest.mark.services
def test_voices_that_came_one_by_one_are_read_at_once_and_each_is_told(shop, now, monkeypatch):
    one_by_one(shop, [f"第{n}次来了，菜很好吃" for n in range(30)], now)
    seen = []
    real = analysis.understand
    monkeypatch.setattr(analysis, "understand", lambda texts, **given: seen.append(len(texts)) or real(texts, **given))
    assert runner.run_batch(shop.id, "analysis") == 30
    assert seen == [30]
    with shop.scope():
        assert Analysis.objects.count() == 30
        told = Fact.objects.filter(kind="feedback.analysed").order_by("seq")
        assert [fact.data["n"] for fact in told] == [1] * 30
        assert len({fact.subject for fact in told}) == 30
        assert set(Delivery.objects.filter(queue="analysis").values_list("attempts", "failure")) == {(1, "")}


@pytest.mark.services
def test_one_bad_fact_among_many_holds_up_no_other(shop, now):
    one_by_one(shop, ["很好", "不错", "可以"], now)
    with shop.scope():
        record_many([("feedback.received", uuid.uuid4(), {"first": "no-id", "last": "no-id", "n": 1})], organisation=shop.id, now=now)
    assert runner.run_batch(shop.id, "analysis") == 3
    with shop.scope():
        assert Analysis.objects.count() == 3
        assert list(Delivery.objects.filter(queue="analysis", done_at=None).values_list("attempts", "failure")) == [(1, "bug")]


@pytest.mark.services
def test_a_worker_holds_no_more_than_it_works_so_that_the_next_has_something_to_do(shop, now):
    """Twenty imports of a thousand voices wait: while one is worked, nineteen are free. Singles are held together."""
    with shop.scope():
        record_many([("feedback.received", uuid.uuid4(), {"first": str(uuid.UUID(int=0)), "last": str(uuid.UUID(int=0)), "n": 1000}) for _ in range(20)], organisation=shop.id, now=now)
    with shop.scope():
        assert len(runner._claim(shop.id, "analysis")) == 1
        other = connections.create_connection("default")
        try:
            with other.cursor() as cursor:
                cursor.execute("select set_config('app.organisation', %s, false)", [str(shop.id)])
                cursor.execute(runner.CLAIM, ["analysis", shop.id, 0, 100])
                assert len(cursor.fetchall()) == 19
        finally:
            other.close()
    with organisation_scope(shop.id):
        Delivery.objects.filter(queue="analysis").update(done_at=now)
    one_by_one(shop, ["很好"] * 25, now)
    with shop.scope():
        assert len(runner._claim(shop.id, "analysis")) == 25
    assert not connection.in_atomic_block
