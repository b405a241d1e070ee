"""`/api/v1/feedback` as a CRM sees it: receipts, duplicates, bad input that loses nothing, isolation."""

import json
import uuid

import pytest

from feedback.models import Feedback, RawFeedback

GOOD = {"channel": "app", "text": "电池不耐用", "external_id": "x1", "unit": "S001", "scores": [{"kind": "nps", "value": 0}]}


def post(client, path, body, **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(f"/api/v1{path}", data=data, content_type="application/json", headers=headers)


def test_one_voice_is_received_once(shop):
    client = shop.api()
    first = post(client, "/feedback", GOOD)
    assert first.status_code == 201
    assert first.json() == {"id": first.json()["id"], "status": "pending", "duplicate_of": None}
    again = post(client, "/feedback", GOOD)
    assert again.status_code == 200
    assert again.json()["duplicate_of"] == first.json()["id"]
    shown = client.get(f"/api/v1/feedback/{first.json()['id']}").json()
    assert shown["scores"] == [{"kind": "nps", "value": 0, "scale": [0, 10]}]
    assert shown["analysis"] == {"status": "pending"}
    with shop.scope():
        raw = RawFeedback.objects.get(id=Feedback.objects.get(id=first.json()["id"]).raw_id)
        assert json.loads(bytes(raw.body)) == GOOD


def test_the_analysis_is_shown_when_it_is_done(shop, work):
    client = shop.api()
    key = post(client, "/feedback", {**GOOD, "text": "店员态度特别好，耐心讲解，谢谢！"}).json()["id"]
    work()
    shown = client.get(f"/api/v1/feedback/{key}").json()
    assert shown["status"] == "analysed"
    assert shown["analysis"]["kind"] == "praise"
    assert shown["analysis"]["sentiment"]["label"] == "positive"
    assert "staff_attitude" in [topic["code"] for topic in shown["analysis"]["topics"]]


BAD = [
    (b"{", 400, "malformed_json"),
    (b'{"channel": "app", "channel": "app"}', 400, "duplicate_key"),
    (b'{"channel": "app", "text": NaN}', 400, "not_a_number"),
    (b'{"channel":"app","scores":[{"kind":"csi","item":"a","value":1e400}]}', 400, "not_a_number"),
    (b"[" * 40 + b"]" * 40, 400, "too_deep"),
    (b"[" * 100_000 + b"]" * 100_000, 400, "too_deep"),
    (b"\xff\xfe", 400, "not_utf8"),
    (b"[]", 422, "wrong_type"),
    (b"{}", 422, "unknown_channel"),
    (b'{"channel": "pigeon", "text": "x"}', 422, "unknown_channel"),
    (b'{"channel": "app"}', 422, "empty"),
    (b'{"channel": "app", "text": 5}', 422, "wrong_type"),
    (b'{"channel": "app", "text": "x", "unit": "NOPE"}', 422, "unknown_unit"),
    (b'{"channel": "app", "text": "x", "external_id": "a\\u0000b"}', 422, "bad_characters"),
    (b'{"channel": "app", "text": "x", "unit": "a\\u0000b"}', 422, "bad_characters"),
    (b'{"channel": "app", "text": "x", "external_id": "\\ud800"}', 422, "bad_characters"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": 11}]}', 422, "out_of_range"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": -1}]}', 422, "out_of_range"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": 7.5}]}', 422, "not_whole"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": true}]}', 422, "wrong_type"),
    (b'{"channel": "app", "scores": [{"kind": "stars9", "value": 1}]}', 422, "unknown_kind"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": 7, "scale": [1, 10]}]}', 422, "bad_scale"),
    (b'{"channel": "app", "scores": [{"kind": "nps", "value": 7}, {"kind": "nps", "value": 8}]}', 422, "duplicate_score"),
    (b'{"channel": "app", "text": "x", "occurred_at": "2026-02-30T00:00:00Z"}', 422, "bad_instant"),
    (b'{"channel": "app", "text": "x", "occurred_at": "2026-02-03T00:00:00"}', 422, "no_offset"),
    (b'{"channel": "app", "text": "x", "occurred_at": "2999-02-03T00:00:00Z"}', 422, "out_of_range"),
    (b'{"channel": "app", "text": "x", "customer": {"phone": "abc"}}', 422, "bad_phone"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_bad_input_is_refused_by_name(shop, body, status, code):
    answer = post(shop.api(), "/feedback", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    with shop.scope():
        assert Feedback.objects.count() == 0


def test_a_bulk_keeps_good_rows_when_others_are_bad(shop):
    client = shop.api()
    rows = [GOOD, {"channel": "app"}, {**GOOD, "external_id": "x2"}, GOOD, {**GOOD, "external_id": "x3", "unit": "NO"}, 7]
    answer = post(client, "/feedback/bulk", rows).json()
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (2, 1, 3)
    assert [result["status"] for result in answer["results"]] == [
        "accepted", "rejected", "accepted", "duplicate", "rejected", "rejected",
    ]  # fmt: skip
    assert answer["results"][3]["id"] == answer["results"][0]["id"]
    assert answer["results"][4]["error"]["field"] == "unit"
    assert answer["results"][1]["error"] == {
        "row": 1, "field": "text", "code": "empty", "detail": "neither text nor scores",
    }  # fmt: skip


def test_ndjson_rejects_only_its_bad_lines(shop):
    lines = b"\n".join([json.dumps(GOOD).encode(), b"{bad", b'{"channel":"app","text":"' + b"\xff" + b'"}', b""])
    answer = shop.api().post("/api/v1/feedback/bulk", data=lines, content_type="application/x-ndjson").json()
    assert (answer["accepted"], answer["rejected"]) == (1, 2)
    assert answer["results"][1]["error"]["code"] == "malformed_json"
    assert answer["results"][2]["error"]["code"] == "not_utf8"


@pytest.mark.parametrize("n", [150, 450])
def test_both_roads_of_a_bulk_store_the_same(shop, n):
    """Below two hundred rows by values, above through the staging table; tabs, quotes and backslashes survive both."""
    text = 'tab\there "quoted" back\\slash new\nline 🙂'
    rows = [
        {"channel": "app", "text": f"{text}{i}", "external_id": f"e{i}", "metadata": {"k": [1, "a\\b\t"], "i": i}}
        for i in range(n)
    ]
    answer = post(shop.api(), "/feedback/bulk", rows)
    assert answer.json()["accepted"] == n
    with shop.scope():
        row = Feedback.objects.get(external_id=f"e{n - 1}")
        assert row.text == f"{text}{n - 1}"
        assert row.metadata == {"k": [1, "a\\b\t"], "i": n - 1}
        assert Feedback.objects.count() == n


def test_nul_and_lone_surrogates_become_replacement_characters_in_text(shop):
    client = shop.api()
    key = post(client, "/feedback", b'{"channel": "app", "text": "a\\u0000b\\ud800c"}').json()["id"]
    assert client.get(f"/api/v1/feedback/{key}").json()["text"] == "a\ufffdb\ufffdc"


def test_too_large_and_wrong_type(shop):
    client = shop.api()
    assert post(client, "/feedback", b'{"text": "' + b"a" * 1_100_000 + b'"}').status_code == 413
    assert client.post("/api/v1/feedback", data=b"a=b", content_type="text/plain").status_code == 415
    assert post(client, "/feedback/bulk", [GOOD] * 10_001).status_code == 413


def test_an_idempotency_key_has_one_effect_and_one_answer(shop):
    client = shop.api()
    body = {"channel": "phone", "text": "没有外部编号"}
    first = post(client, "/feedback", body, idempotency_key="k-1")
    again = post(client, "/feedback", body, idempotency_key="k-1")
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, first.json(), "true")
    other = post(client, "/feedback", {**body, "text": "另一件"}, idempotency_key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    with shop.scope():
        assert Feedback.objects.count() == 1


def test_lists_page_and_filter(shop, work):
    client = shop.api()
    rows = [{"channel": "app", "text": f"第{i}条", "occurred_at": f"2026-03-{i + 1:02d}T08:00:00+08:00"} for i in range(7)]
    post(client, "/feedback/bulk", rows)
    seen, url = [], "/api/v1/feedback?limit=3"
    while url:
        page = client.get(url).json()
        seen += [row["text"] for row in page["results"]]
        url = f"/api/v1/feedback?limit=3&cursor={page['next']}" if page["next"] else None
    assert seen == [f"第{i}条" for i in reversed(range(7))]
    page = client.get("/api/v1/feedback?from=2026-03-02&to=2026-03-04").json()
    assert [row["text"] for row in page["results"]] == ["第2条", "第1条"]
    work()
    assert [row["text"] for row in client.get("/api/v1/feedback?q=第5").json()["results"]] == ["第5条"]
    assert client.get("/api/v1/feedback?from=soon").status_code == 422
    assert client.get("/api/v1/feedback?cursor=AAAA").status_code == 422


def test_another_tenants_voice_never_existed(shop, stranger):
    key = post(shop.api(), "/feedback", GOOD).json()["id"]
    other = stranger.api()
    for method, path in (
        ("get", f"/api/v1/feedback/{key}"),
        ("delete", f"/api/v1/feedback/{key}"),
        ("post", f"/api/v1/feedback/{key}/include"),
    ):
        foreign = getattr(other, method)(path, content_type="application/json")
        unknown = getattr(other, method)(path.replace(key, str(uuid.uuid4())), content_type="application/json")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content
    assert other.get("/api/v1/feedback").json()["results"] == []


def test_keys_and_scopes(shop):
    from django.test import Client

    assert Client().get("/api/v1/feedback").status_code == 401
    assert Client(headers={"authorization": "Bearer cx_live_nonsense"}).get("/api/v1/feedback").status_code == 401
    token = shop.key("feedback:read")
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert Client(headers={"authorization": f"Bearer {altered}"}).get("/api/v1/feedback").status_code == 401
    reader = Client(headers={"authorization": f"Bearer {token}"})
    assert reader.get("/api/v1/feedback").status_code == 200
    refused = post(reader, "/feedback", GOOD)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_a_voice_is_excluded_included_and_deleted(shop):
    client = shop.api()
    key = post(client, "/feedback", GOOD).json()["id"]
    assert post(client, f"/feedback/{key}/exclude", {"reason": "测试数据"}).json() == {"id": key, "excluded": True}
    assert client.get(f"/api/v1/feedback/{key}").json()["excluded"]["reason"] == "测试数据"
    assert client.post(f"/api/v1/feedback/{key}/include", content_type="application/json").json() == {"id": key, "excluded": False}
    assert client.delete(f"/api/v1/feedback/{key}").status_code == 204
    assert client.get(f"/api/v1/feedback/{key}").status_code == 404
    assert post(client, "/feedback", GOOD).json()["duplicate_of"] == key
