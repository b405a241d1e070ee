"""One commit rings once, whatever it recorded; what was rolled back rings nobody, and takes nobody else's ring with it."""

import json

import pytest
import redis
from django.conf import settings
from django.db import transaction

from ledger.facts import record


class Undone(Exception):
    """Rolls a savepoint back."""


@pytest.fixture
def told(shop):
    """The messages of the organisation's live channel so far, each the list of its facts' kinds."""
    channel = redis.Redis.from_url(settings.REDIS_URL).pubsub(ignore_subscribe_messages=True)
    channel.subscribe(f"cxms:live:{shop.id}")
    channel.get_message(timeout=5)

    def read():
        # what comes after this is heard last: nothing is waited for longer than it takes
        redis.Redis.from_url(settings.REDIS_URL).publish(f"cxms:live:{shop.id}", "end")
        found = []
        while (message := channel.get_message(timeout=5)) is None or message["data"] != b"end":
            assert message is not None, "nothing came"
            found.append([kind for kind, _ in json.loads(message["data"])])
        return found

    yield read
    channel.close()


def test_many_facts_of_one_commit_ring_once(shop, now, told):
    with shop.scope():
        for i in range(5):
            record(f"test.{i}", "x", {}, organisation=shop.id, now=now)
    assert told() == [[f"test.{i}" for i in range(5)]]
    for i in range(2):
        with shop.scope():
            record(f"test.{i}", "x", {}, organisation=shop.id, now=now)
    assert told() == [["test.0"], ["test.1"]]


def test_a_savepoint_that_is_undone_takes_no_later_ring_with_it(shop, now, told):
    with shop.scope():
        with pytest.raises(Undone), transaction.atomic():
            record("test.undone", "x", {}, organisation=shop.id, now=now)
            raise Undone
        record("test.kept", "x", {}, organisation=shop.id, now=now)
    assert told() == [["test.kept"]]


def test_a_ring_inside_a_savepoint_is_not_shared_with_what_lies_outside(shop, now, told):
    with shop.scope():
        with pytest.raises(Undone), transaction.atomic():
            with transaction.atomic():
                record("test.inner", "x", {}, organisation=shop.id, now=now)
            record("test.undone", "x", {}, organisation=shop.id, now=now)
            raise Undone
        record("test.outer", "x", {}, organisation=shop.id, now=now)
        with transaction.atomic():
            record("test.within", "x", {}, organisation=shop.id, now=now)
    assert told() == [["test.outer", "test.within"]]
