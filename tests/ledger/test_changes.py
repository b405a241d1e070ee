"""Walking the facts: a transaction that took its number early and commits late is waited for, never passed."""

import threading
from datetime import timedelta

from django.db import connection, transaction

from ledger import changes
from ledger.facts import record
from ledger.models import Fact
from tenancy.scope import organisation_scope

KINDS = ("feedback.deleted",)


def write(shop, name, now):
    with shop.scope():
        return record("feedback.deleted", name, {}, organisation=shop.id, now=now)


class Late(threading.Thread):
    """A transaction that records at once and commits when told."""

    def __init__(self, shop, name, now, *, roll_back=False):
        super().__init__(daemon=True)
        self.shop, self.fact_name, self.now_, self.roll_back = shop, name, now, roll_back
        self.recorded, self.may_end = threading.Event(), threading.Event()

    def run(self):
        with organisation_scope(self.shop.id):
            record("feedback.deleted", self.fact_name, {}, organisation=self.shop.id, now=self.now_)
            self.recorded.set()
            self.may_end.wait(30)
            if self.roll_back:
                transaction.set_rollback(True)
        connection.close()


def walk(shop, after=0, limit=100):
    with shop.scope():
        rows, after = changes.walk(after, KINDS, organisation=shop.id, limit=limit)
    return [row.subject for row in rows], after


def test_a_late_commit_is_waited_for_and_then_told(shop, now):
    write(shop, "first", now)
    late = Late(shop, "early number, late commit", now)
    late.start()
    assert late.recorded.wait(20)
    write(shop, "late number, early commit", now)
    seen, cursor = walk(shop)
    assert seen == ["first"]
    assert walk(shop, cursor)[0] == []
    late.may_end.set()
    late.join()
    seen, cursor = walk(shop, cursor)
    assert seen == ["early number, late commit", "late number, early commit"]
    assert walk(shop, cursor)[0] == []


def test_the_control_without_the_horizon_the_late_one_is_passed_for_ever(shop, now, monkeypatch):
    def rash(organisation):
        with connection.cursor() as cursor:
            cursor.execute(changes.LAST)
            return cursor.fetchone()[0]

    monkeypatch.setattr(changes, "horizon", rash)
    late = Late(shop, "early number, late commit", now)
    late.start()
    assert late.recorded.wait(20)
    write(shop, "late number, early commit", now)
    seen, cursor = walk(shop)
    assert seen == ["late number, early commit"]
    late.may_end.set()
    late.join()
    assert walk(shop, cursor)[0] == [], "the harness must be able to see a gap"


def test_a_rollback_lets_the_walk_go_on(shop, now):
    late = Late(shop, "never", now, roll_back=True)
    late.start()
    assert late.recorded.wait(20)
    write(shop, "other", now)
    assert walk(shop)[0] == []
    late.may_end.set()
    late.join()
    assert walk(shop)[0] == ["other"]


def test_another_organisations_open_transaction_holds_nobody_up(shop, stranger, now):
    late = Late(stranger, "theirs", now)
    late.start()
    assert late.recorded.wait(20)
    write(shop, "ours", now)
    assert walk(shop)[0] == ["ours"]
    late.may_end.set()
    late.join()


def test_one_transaction_announces_itself_once_and_a_savepoint_undone_announces_again(shop, now):
    def held():
        with connection.cursor() as cursor:
            cursor.execute(changes.ANNOUNCED, [changes.LOCKS + shop.id])
            return len(cursor.fetchall())

    with shop.scope():
        for i in range(5):
            record("feedback.deleted", str(i), {}, organisation=shop.id, now=now)
        assert held() == 1
        transaction.set_rollback(True)
    with shop.scope():
        try:
            with transaction.atomic():
                record("feedback.deleted", "undone", {}, organisation=shop.id, now=now)
                assert held() == 1
                raise ValueError
        except ValueError:
            pass
        assert held() == 0
        record("feedback.deleted", "kept", {}, organisation=shop.id, now=now)
        assert held() == 1
    assert walk(shop)[0] == ["kept"]


def test_sixteen_writers_and_a_walker_miss_nothing(shop, now):
    """Every fact is told exactly once, in the order of its number, however the commits fall."""
    done = threading.Event()
    told, cursor = [], 0

    def writing(k):
        for i in range(25):
            with organisation_scope(shop.id):
                record("feedback.deleted", f"{k}-{i}", {}, organisation=shop.id, now=now + timedelta(seconds=i))
                if i % 3 == k % 3:
                    record("feedback.deleted", f"{k}-{i}-too", {}, organisation=shop.id, now=now)
        connection.close()

    threads = [threading.Thread(target=writing, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        if not any(thread.is_alive() for thread in threads):
            done.set()
        with shop.scope():
            rows, cursor = changes.walk(cursor, KINDS, organisation=shop.id, limit=7)
        told += [(row.seq, row.subject) for row in rows]
    while True:
        with shop.scope():
            rows, cursor = changes.walk(cursor, KINDS, organisation=shop.id, limit=50)
        if not rows:
            break
        told += [(row.seq, row.subject) for row in rows]
    assert told == sorted(told)
    with shop.scope():
        assert {subject for _, subject in told} == set(Fact.objects.values_list("subject", flat=True))
        assert len(told) == Fact.objects.count()
