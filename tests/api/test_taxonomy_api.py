"""The taxonomy by key: the editor's checks, its guard, tried before kept; the editor sees what a key kept, and back."""

from datetime import timedelta
from html import unescape

from feedback.models import Analysis, Taxonomy
from tenancy.models import AuditEvent
from tests.metrics.voices import receive, voice

NODE = {"version": 0, "parent": "waiting_time", "name": "等配件", "words": ["等配件", "缺配件"], "examples": ["等配件等了一周"]}


def below(answer):
    return {node["code"]: node for node in answer.json()["nodes"] if node["parent"]}


def test_a_node_by_key(shop, stranger, now, work):
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    (key,) = receive(shop, [voice(day, text="修车等配件等了两个小时，太慢了")], now=now)
    work()
    api = shop.api("feedback:read", "taxonomy:write")

    def post(path, body, client=api):
        return client.post(f"/api/v1/taxonomy/{path}", body, content_type="application/json")

    for path in ("nodes", "try"):
        assert post(path, NODE, shop.api("feedback:read", "feedback:write")).status_code == 403
        for wrong, code in (
            ({"version": None}, "wrong_type"), ({"words": "x"}, "wrong_type"), ({"retired": 1}, "wrong_type"), ({"name": 1}, "wrong_type"), ({"words": ["一"]}, "bad_keyword"),
            ({"name": ""}, "bad_name"), ({"parent": "nothing"}, "unknown_parent"), ({"code": "waiting_time/n9"}, "unknown_node"), ({"merged_into": "waiting_time/n9"}, "bad_merge"),
        ):  # fmt: skip
            answer = post(path, NODE | wrong)
            assert (answer.status_code, answer.json()["code"]) == (422, code), (path, wrong)
    # tried: counted, and nothing is written
    tried = post("try", NODE).json()
    assert tried == {"version": 0, "code": "waiting_time/n1", "n": 1, "n_changed": 1, "gained": {"waiting_time/n1": 1}, "lost": {}}
    with shop.scope():
        assert not Taxonomy.objects.exists()
    answer = post("nodes", NODE)
    assert (answer.status_code, answer.json()["version"], answer.json()["reading"]["version"]) == (201, 1, 1)
    assert below(answer)["waiting_time/n1"]["words"] == NODE["words"] and below(api.get("/api/v1/taxonomy")) == below(answer)
    assert (post("nodes", NODE).status_code, post("nodes", NODE | {"version": 1}).json()["code"]) == (412, "name_taken")
    work()
    with shop.scope():
        assert "waiting_time/n1" in Analysis.objects.get(feedback_id=key, is_current=True).topic_codes
        assert [(row.actor, row.subject) for row in AuditEvent.objects.filter(action="taxonomy.node.changed")] == [("key:test", "waiting_time/n1")]
    assert "等配件" in unescape(shop.page("admin").get("/settings/taxonomy/tree/").content.decode())
    # moved with its words: what is not given stays, and the old code leads on; merged it gives its words away
    moved = post("nodes", {"version": 1, "code": "waiting_time/n1", "parent": "after_sales"})
    assert (below(moved)["after_sales/n1"]["words"], below(moved)["after_sales/n1"]["was"]) == (NODE["words"], ["waiting_time/n1"])
    assert post("nodes", {"version": 2, "parent": "after_sales", "name": "配件"}).json()["version"] == 3
    merged = below(post("nodes", {"version": 3, "code": "waiting_time/n1", "merged_into": "after_sales/n3"}))
    assert (merged["after_sales/n1"]["retired"], merged["after_sales/n1"]["merged_into"], merged["after_sales/n3"]["words"]) == (True, "after_sales/n3", NODE["words"])
    assert below(stranger.api().get("/api/v1/taxonomy")) == {} and post("nodes", {"version": 0, "code": "after_sales/n3"}, stranger.api()).status_code == 422
