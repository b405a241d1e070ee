"""How often a key may call: its own bucket, bulk apart, Redis or not."""

import json

import pytest

from cxms.lib import buckets
from cxms.lib.buckets import Buckets, Rate


@pytest.fixture
def tight(settings):
    settings.API_RATE, settings.API_BULK_RATE = "60/3", "60/1"


def test_beyond_the_burst_a_key_waits_and_others_do_not(shop, stranger, tight):
    client = shop.api()
    assert [client.get("/api/v1/metrics").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    answer = client.get("/api/v1/metrics")
    assert answer.json()["code"] == "too_many_requests"
    assert answer.headers["Retry-After"] == "1"
    assert answer["Content-Type"] == "application/problem+json"
    assert stranger.api().get("/api/v1/metrics").status_code == 200
    assert shop.api().get("/api/v1/metrics").status_code == 200


def test_bulk_calls_have_a_bucket_of_their_own(shop, tight):
    client = shop.api()

    def bulk():
        return client.post("/api/v1/feedback/bulk", data=json.dumps([]), content_type="application/json").status_code

    assert [bulk(), bulk()] == [200, 429]
    assert client.get("/api/v1/metrics").status_code == 200


def test_a_refused_call_has_no_effect(shop, tight):
    from feedback.models import Feedback

    client = shop.api()
    for i in range(5):
        body = json.dumps({"channel": "app", "text": "x", "external_id": str(i)})
        client.post("/api/v1/feedback", data=body, content_type="application/json")
    with shop.scope():
        assert Feedback.objects.count() == 3


def test_without_redis_the_process_counts_for_itself(shop, settings, tight, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    buckets._redis.cache_clear()
    monkeypatch.setattr(buckets, "buckets", Buckets())
    try:
        client = shop.api()
        assert [client.get("/api/v1/metrics").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    finally:
        buckets._redis.cache_clear()


def test_tokens_come_back_with_time():
    here, of = Buckets(), Rate(2.0, 3.0)
    taken = [here._take_here("x", of, now) for now in (0, 0, 0, 0, 0.25, 0.5, 10, 10, 10, 10)]
    assert [round(t.wait_seconds, 2) for t in taken] == [0, 0, 0, 0.5, 0.25, 0, 0, 0, 0, 0.5]


@pytest.mark.parametrize("text", ["x", "-5/10", "60/0"])
def test_a_rate_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        buckets.rate(text)


def test_off_means_no_limit():
    assert buckets.rate("off") is buckets.rate("") is None
