"""One click on a label: from the list and the page of a voice, told, undone, counted in the engine's accuracy."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest

from feedback import topics
from feedback.models import Analysis, Correction, Feedback
from tests.metrics.voices import receive, voice
from web import correcting

TEXTS = ("等了两个小时，太慢了", "店员态度特别好，谢谢", "价格太贵了，不划算", "包装破了，里面的东西压坏了", "请问几点关门", "希望增加夜间配送")


@pytest.fixture
def keys(shop, now, work):
    found = receive(shop, [voice(now.date() - timedelta(days=1), None, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    return found


def post(client, key, label, **more):
    answer = client.post(f"/feedback/{key}/correct/", {"label": label, **more}, follow=True)
    return unescape(answer.content.decode())


def current(shop, key):
    with shop.scope():
        return Analysis.objects.get(feedback_id=key, is_current=True)


def test_every_label_is_one_click(shop, keys):
    client = shop.page()
    page = post(client, keys[0], "kind:suggestion@0")
    assert "已更正" in page
    assert re.search(r"cx_manager@\S+ .{1,12}改自“投诉”", page)
    made = current(shop, keys[0])
    assert made.kind == "suggestion"
    number = made.topic_codes.index("waiting_time") + 1
    for version, (label, check) in enumerate(
        [
            ("sentiment:neutral", lambda m: m.sentiment == "neutral" and abs(m.sentiment_score) <= 0.2),
            (f"topic:{number}:delivery_speed", lambda m: "delivery_speed" in m.topic_codes and "waiting_time" not in m.topic_codes),
            ("feel:1:pos", lambda m: m.topics[0]["sentiment"] == 0.6),
            ("add:price", lambda m: m.topics[0] | {"sentiment": 0} == {"code": "price", "sentiment": 0, "start": 0, "end": 0}),
            ("topic:1:", lambda m: "price" not in m.topic_codes),
            ("red_line:1", lambda m: m.red_line and m.urgency == 3),
        ],
        start=1,
    ):
        post(client, keys[0], f"{label}@{version}")
        assert check(current(shop, keys[0])), label
    page = post(client, keys[0], "undo:1@7")
    assert "已撤回" in page
    assert current(shop, keys[0]).kind == "complaint"
    listing = post(client, keys[1], "kind:other@0", **{"from": "list"})
    assert 'id="v-' in listing
    assert current(shop, keys[1]).kind == "other"


def test_who_may_not_and_what_is_stale(shop, stranger, keys):
    assert stranger.page().post(f"/feedback/{keys[0]}/correct/", {"label": "kind:other@0"}).status_code == 404
    assert shop.page("analyst").post(f"/feedback/{keys[0]}/correct/", {"label": "kind:other@0"}).status_code == 403
    assert 'name="label"' not in shop.page("analyst").get(f"/feedback/{keys[0]}/").content.decode()
    client = shop.page()
    for label in ("", "kind:other", "kind:x@0", "feel:9:pos@0", "topic:0:price@0", "topic:x:price@0", "undo:9@0", "undo:x@0", "kind:other@5"):
        assert "cx-alert bad" in post(client, keys[0], label), label
    with shop.scope():
        assert Correction.objects.count() == 0


def test_accuracy_counts_what_persons_said_and_opens_it(shop, stranger, keys):
    client = shop.page()
    kinds = [current(shop, key).kind for key in keys]
    wrong = next(i for i, kind in enumerate(kinds) if kind == "complaint")
    post(client, keys[wrong], "kind:enquiry@0")
    for i, key in enumerate(keys):
        if i != wrong:
            post(client, key, "right@0")
    api = shop.api().get("/api/v1/feedback/accuracy").json()["results"]
    kind = next(table for table in api if table["label"] == "kind")
    n_complaints, n_enquiries = kinds.count("complaint"), kinds.count("enquiry")
    assert (kind["n"], kind["exact"]["value"]) == (6, 5 / 6)
    cells = {cell["class"]: cell for cell in kind["classes"]}
    assert cells["complaint"]["precision"]["n"] == n_complaints
    assert cells["complaint"]["precision"]["value"] == (n_complaints - 1) / n_complaints
    assert (cells["enquiry"]["recall"]["n"], cells["enquiry"]["recall"]["value"]) == (n_enquiries + 1, n_enquiries / (n_enquiries + 1))
    page = unescape(client.get("/feedback/accuracy/").content.decode())
    links = re.findall(r'<a href="(/feedback/\?judged=[^"]+)">n = (\d+)</a>', page)
    assert len(links) > 8
    for url, n in links[:14]:
        listing = unescape(client.get(url).content.decode())
        assert re.search(r'<span class="sub">([\d,]+)', listing).group(1) == n, url
    rows = list(csv.DictReader(io.StringIO(client.get("/feedback/accuracy/?as=csv").content.decode("utf-8-sig"))))
    (row,) = [row for row in rows if row["label"] == "kind" and row["class"] == "enquiry"]
    assert float(row["recall_low"]) == cells["enquiry"]["recall"]["low"]
    assert shop.api().get("/api/v1/feedback/accuracy?source=coding").json()["results"][0]["n"] == 0
    assert stranger.api().get("/api/v1/feedback/accuracy").json()["results"][0]["n"] == 0
    assert shop.page("frontline").get("/feedback/accuracy/").status_code == 403


def test_the_api_corrects_and_undoes_under_a_version(shop, keys):
    api, url = shop.api(), f"/api/v1/feedback/{keys[0]}/corrections"

    def send(**body):
        return api.post(url, body, content_type="application/json")

    first = send(field="kind", value="praise", version=0)
    assert first.status_code == 201
    assert (first.json()["version"], first.json()["analysis"]["kind"], first.json()["analysis"]["corrected"]) == (1, "praise", ["kind"])
    assert send(field="red_line", value=True, version=0).status_code == 412
    assert send(field="red_line", value="x", version=1).status_code == 422
    assert send(field="kind", value="praise", version=0).json()["version"] == 1
    assert api.post(f"{url}/7/undo", {}, content_type="application/json").status_code == 404
    undone = api.post(f"{url}/1/undo", {}, content_type="application/json").json()
    assert (undone["analysis"]["kind"], undone["results"][0]["in_force"]) == ("complaint", False)
    assert api.get(url).json() == undone


def test_a_red_line_does_not_tell_what_is_masked():
    row = Feedback(text="电话13812345678，我要打12315")
    made = Analysis(red_terms=["12345", "12315"], pii=[{"type": "mobile", "start": 2, "end": 13}])
    assert correcting.open_terms(row, made) == ["12315"]


def test_a_voice_of_many_topics_is_confirmed_and_one_taken_out_by_a_click(shop, keys):
    client, many = shop.page(), [{"code": code, "sentiment": -0.4, "start": 0, "end": 0} for code in sorted(topics.LABELS) if code != "other"][:13]
    with shop.scope():
        Analysis.objects.filter(feedback_id=keys[0], is_current=True).update(topics=many, topic_codes=[mention["code"] for mention in many])
    assert "记下了：标注都对" in post(client, keys[0], "right@0")
    assert "已更正" in post(client, keys[0], "topic:13:@4")
    assert current(shop, keys[0]).topic_codes == [mention["code"] for mention in many[:-1]]
    assert "最多 12 个主题" in post(client, keys[0], "add:refund@5" if "refund" not in current(shop, keys[0]).topic_codes else "add:loyalty@5")
    url = f"/api/v1/feedback/{keys[0]}/corrections"
    for nodes in ([{}], [["x"]], {"x": 1}):
        value = [{"code": "price", "nodes": nodes}]
        assert shop.api().post(url, {"field": "topics", "value": value, "version": 5}, content_type="application/json").status_code == 422
