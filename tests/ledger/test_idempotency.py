"""The same write fifty times at once has one effect; a retry after a lost answer gets the first one."""

import json
import threading

from feedback.models import Feedback


def test_a_race_of_the_same_key_has_one_effect(shop):
    token = shop.key()
    answers = []

    def post():
        from django.db import connections
        from django.test import Client

        client = Client(headers={"authorization": f"Bearer {token}", "idempotency-key": "race"})
        answer = client.post(
            "/api/v1/feedback", data=json.dumps({"channel": "app", "text": "同一条"}), content_type="application/json"
        )
        answers.append((answer.status_code, answer.json()["id"]))
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {201}
    assert len({key for _, key in answers}) == 1
    with shop.scope():
        assert Feedback.objects.count() == 1


def test_a_race_of_the_same_external_id_has_one_row(shop):
    token = shop.key()
    answers = []

    def post():
        from django.db import connections
        from django.test import Client

        client = Client(headers={"authorization": f"Bearer {token}"})
        body = json.dumps({"channel": "app", "text": "同一条", "external_id": "r1"})
        answers.append(client.post("/api/v1/feedback", data=body, content_type="application/json").status_code)
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 15 + [201]
    with shop.scope():
        assert Feedback.objects.count() == 1
