"""The editor of the tree: try, save, follow an old code, counts that open their rows, a stranger's tree is his own."""

import re
from datetime import timedelta
from html import unescape

from feedback.models import Taxonomy
from tests.metrics.voices import receive, voice

NODE = {"name": "配件", "parent": "waiting_time", "words": "等配件\n没配件", "examples": "没配件，一直等", "touchpoint": "", "into": ""}


def html(client, url):
    return unescape(client.get(url).content.decode())


def test_try_save_move_and_count(shop, stranger, now, work):
    texts = ("等配件等了一个月，电话13812345678", "排队等了两个小时，太慢了", "没配件，一直等")
    receive(shop, [voice(now.date() - timedelta(days=1), 3, text=text, customer=f"c{i}") for i, text in enumerate(texts)], now=now)
    work()
    client, url = shop.page("admin"), "/settings/taxonomy/tree/new/?under=waiting_time"
    tried = unescape(client.post(url, {**NODE, "version": 0, "do": "try"}).content.decode())
    assert "最近 3 条声音里，2 条会改标注" in tried
    assert "13812345678" not in tried and "没配件，一直等" in tried
    with shop.scope():
        assert Taxonomy.objects.count() == 0
    assert client.post(url, {**NODE, "version": 0, "do": "save"}).status_code == 302
    assert client.post(url, {**NODE, "version": 0, "do": "save"}).status_code == 409
    assert client.post(url, {**NODE, "name": "", "version": 1, "do": "save"}).status_code == 400
    assert "正在按第 1 版重读历史" in html(client, "/settings/taxonomy/tree/")
    work()
    page = html(client, "/settings/taxonomy/tree/")
    assert "3 条里 2 条改了标注" in page
    links = re.findall(r'<a href="(/feedback/\?topic=[^"]+)">(\d+)</a>', page)
    counted = dict(links)
    assert sorted(n for url, n in links if "waiting_time" in url) == ["1", "2", "3"]
    for where, n in links:
        if n != "0":
            assert re.search(r'<span class="sub">([\d,]+)', html(client, where)).group(1) == n, where
    assert client.post("/settings/taxonomy/tree/waiting_time/n1/", {**NODE, "parent": "after_sales", "version": 1, "do": "save"}).status_code == 302
    work()
    assert "after_sales/n1" in html(client, "/settings/taxonomy/tree/waiting_time/n1/")
    (old,) = [where for where in counted if "n1" in where]
    assert re.search(r'<span class="sub">([\d,]+)', html(client, old)).group(1) == "2"
    assert stranger.page("admin").get("/settings/taxonomy/tree/after_sales/n1/").status_code == 404
    assert shop.page("frontline").get("/settings/taxonomy/tree/").status_code == 403


def test_an_industry_is_tried_and_adopted(shop, now, work):
    receive(shop, [voice(now.date(), 3, text="结账排队排了半小时，没人理")], now=now)
    work()
    client, url = shop.page("admin"), "/settings/taxonomy/tree/"
    tried = unescape(client.post(url, {"industry": "retail", "version": 0, "do": "try"}).content.decode())
    assert "1 条会改标注" in tried and "等待时间 › 排队结账" in tried
    page = unescape(client.post(url, {"industry": "retail", "version": 0, "do": "save"}, follow=True).content.decode())
    assert "16 个分类，第 1 版" in page
    assert "没有这个行业" in unescape(client.post(url, {"industry": "moon", "version": 1, "do": "try"}).content.decode())
    assert "用了行业分类" in html(client, "/settings/audit/")
    told = shop.api().get("/api/v1/taxonomy").json()
    assert (told["version"], len(told["nodes"]), told["reading"]["n"]) == (1, 22 + 16, 1)
    (node,) = [node for node in told["nodes"] if node["code"] == "waiting_time/checkout"]
    assert (node["parent"], node["name"], node["words"][0]) == ("waiting_time", "排队结账", "结账排队")
    work()
    found = shop.api().get("/api/v1/feedback?topic=waiting_time/checkout").json()["results"]
    assert ["waiting_time/checkout"] in [topic.get("nodes") for topic in found[0]["analysis"]["topics"]]
    day = {"from": now.date().isoformat(), "to": (now.date() + timedelta(days=2)).isoformat()}
    points = shop.api().get("/api/v1/metrics/volume", {**day, "grain": "all", "topic": "waiting_time/checkout"})
    assert points.status_code == 200
    assert shop.api().get("/api/v1/metrics/volume", {**day, "grain": "all", "topic": "waiting_time/moon"}).status_code == 422
