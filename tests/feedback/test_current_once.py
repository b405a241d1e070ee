"""One row is current, whoever comes first: who corrects a voice and who reads it anew take turns."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from feedback import analysis, corrections, nlp
from feedback.models import Analysis
from tests.metrics.voices import receive, voice


@pytest.fixture
def key(shop, now, work):
    (found,) = receive(shop, [voice(now.date() - timedelta(days=1), text="等了两个小时，太慢了")], now=now)
    work()
    return found


def waiting():
    """How many connections of this database wait for another's row."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where not granted and locktype in ('transactionid', 'tuple')")
        return cursor.fetchone()[0]


@contextmanager
def meanwhile(shop, doing):
    """`doing` in a connection of its own, begun while the body's transaction is open and ended after it."""
    failed = []

    def run():
        try:
            with shop.scope():
                doing()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with shop.scope():
        yield
        thread.start()
        until = time.monotonic() + 20
        while waiting() == 0 and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        assert thread.is_alive(), "it must wait for us"
    thread.join(20)
    assert failed == []


def fix(shop, key, now):
    corrections.correct(key, "kind", "suggestion", organisation=shop.id, version=None, now=now, actor="user:a@x")


def read_anew(shop, key, now, engine="cxms-nlp 2099.1"):
    (said,) = nlp.understand(["服务态度真好，谢谢"])
    analysis.write([(key, said)], organisation=shop.id, now=now, engine=engine)


def rows(shop, key):
    with shop.scope():
        return sorted(Analysis.objects.filter(feedback_id=key).values_list("engine", "is_current", "kind"))


@pytest.mark.parametrize("first", ["reading", "correcting"])
def test_a_correction_and_a_reading_at_the_same_time(shop, now, key, first):
    late = now + timedelta(minutes=1)
    steps = {"reading": lambda: read_anew(shop, key, late), "correcting": lambda: fix(shop, key, late)}
    other = steps["correcting" if first == "reading" else "reading"]
    with meanwhile(shop, other):
        steps[first]()
    found = rows(shop, key)
    assert [(engine, kind) for engine, is_current, kind in found if is_current] == [("cxms-nlp 2099.1/person", "suggestion")]
    assert ("cxms-nlp 2099.1", False, "praise") in found


def test_the_database_holds_no_two(shop, now, key):
    with pytest.raises(IntegrityError, match="analysis_current"), shop.scope():
        row = Analysis.objects.get(feedback_id=key)
        row.pk, row.engine = None, "another"
        row.save(force_insert=True)


def test_voices_that_nothing_is_known_of_are_not_locked(shop, now):
    (fresh,) = receive(shop, [voice(now.date(), text="还没有读过")], now=now)
    with meanwhile_free(shop, fresh), shop.scope():
        read_anew(shop, fresh, now)
    assert len(rows(shop, fresh)) == 1


@contextmanager
def meanwhile_free(shop, key):
    """Another connection holds the voice's lock all the while; who wanted it would wait and fail."""
    held, done = threading.Event(), threading.Event()

    def hold():
        try:
            with shop.scope(), connection.cursor() as cursor:
                cursor.execute("select 1 from feedback_feedback where id = %s for update", [key])
                held.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)
    try:
        yield
    finally:
        done.set()
        thread.join(20)
