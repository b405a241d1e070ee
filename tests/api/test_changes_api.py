"""`GET /changes`: complete, in order, resumable, deletions included, and only the own organisation's."""

import json

from feedback import voices


def get(client, **parameters):
    answer = client.get("/api/v1/changes", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def post(client, i):
    body = json.dumps({"channel": "app", "text": "x", "external_id": f"c{i}"})
    return client.post("/api/v1/feedback", data=body, content_type="application/json").json()["id"]


def test_a_copy_is_kept_by_asking_on(shop, stranger, now):
    client = shop.api()
    start = get(client, cursor="latest")
    assert (start["results"], start["more"]) == ([], False)
    ids = [post(client, i) for i in range(5)]
    post(stranger.api(), 1)
    with shop.scope():
        voices.delete(ids[0], organisation=shop.id, now=now, actor="t")
    told, cursor, pages = [], start["next"], 0
    while True:
        page = get(client, cursor=cursor, limit=2)
        told += page["results"]
        cursor, pages = page["next"], pages + 1
        if not page["more"]:
            break
    assert [row["type"] for row in told] == ["feedback.received"] * 5 + ["feedback.deleted"]
    assert [row["data"]["id"] for row in told] == [*ids, ids[0]]
    assert [row["sequence"] for row in told] == sorted(row["sequence"] for row in told)
    assert pages == 4
    assert get(client, cursor=cursor)["results"] == []
    post(client, 9)
    assert len(get(client, cursor=cursor)["results"]) == 1
    assert len(get(client)["results"]) == 7


def test_kinds_narrow_and_the_cursor_moves_on_all_the_same(shop, now):
    client = shop.api()
    ids = [post(client, i) for i in range(3)]
    page = get(client, kinds="feedback.deleted,complaint.opened")
    assert page["results"] == []
    with shop.scope():
        voices.delete(ids[1], organisation=shop.id, now=now, actor="t")
    (row,) = get(client, kinds="feedback.deleted", cursor=page["next"])["results"]
    assert row["data"] == {"id": ids[1]}


def test_what_is_wrong_is_said(shop):
    client = shop.api()
    for parameters, code in (
        ({"kinds": "notice.created"}, "unknown_kind"),
        ({"cursor": "!"}, "bad_cursor"),
        ({"cursor": "WyItNSJd"}, "bad_cursor"),
        ({"cursor": "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ"}, "bad_cursor"),
        ({"limit": "0"}, "bad_limit"),
    ):
        answer = client.get("/api/v1/changes", parameters)
        assert (answer.status_code, answer.json()["code"]) == (422, code), parameters
    assert shop.api("feedback:read").get("/api/v1/changes").json()["code"] == "scope_missing"
