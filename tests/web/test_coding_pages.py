"""The coding board: drawn, coded blind, shown when both are through, settled by a third."""

import re
from datetime import timedelta
from html import unescape

from feedback import coding
from feedback.models import Coding, CodingSample
from tests.metrics.voices import receive, voice

TEXTS = ("等了两个小时，太慢了，电话13812345678", "店员态度特别好，谢谢", "价格太贵了，不划算", "请问几点关门", "希望增加夜间配送")


def html(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, url
    return unescape(answer.content.decode())


def test_a_sample_from_draw_to_the_third_look(shop, stranger, now, work):
    receive(shop, [voice(now.date() - timedelta(days=1), None, text=text, customer=f"c{i}") for i, text in enumerate(TEXTS)], now=now)
    work()
    admin, one, two = shop.page("admin"), shop.page("analyst"), shop.page("cx_manager")
    form = {"name": "第一批", "n": "5", "seed": "3", "token": "t", "first": shop.members["analyst"].id, "second": shop.members["cx_manager"].id}
    assert admin.post("/coding/", {**form, "second": shop.members["analyst"].id}).status_code == 400
    for _ in range(2):  # the same form twice makes one sample
        assert admin.post("/coding/", form).status_code == 302
    with shop.scope():
        row = CodingSample.objects.get()
    url = f"/coding/{row.id}/"
    assert shop.page("frontline").get("/coding/").status_code == 403
    assert stranger.page("admin").get(url + "result/").status_code == 404
    assert admin.get(url).status_code == 404  # who does not code has no board
    for client, kinds in ((one, "complaint"), (two, "suggestion")):
        for at, key in enumerate(row.voices):
            page = html(client, url)
            assert "13812345678" not in page
            assert f'name="voice" value="{key}"' in page
            if client is two:
                assert "两个人都编完才看得到" in html(two, url + "result/")
            kind = kinds if at == 0 else "praise" if at == 1 else "enquiry"
            client.post(url, {"voice": str(key), "stance": "pain", "kind": kind, "topic": "price", "tags": "a b"})
        assert "你这一份编完了" in html(client, url)
    page = html(two, url + "result/")
    assert "Cohen κ" in page and "1 条不一样" in page and "我来定" not in page
    assert "两人只用了同一个答案" in page  # stance and topic never vary
    assert page.count('<li><span class="vx-text">') == 5
    for where, n in re.findall(r'href="(\?show=differ&field=\w+)">(\d+) 条不一样', page):
        assert html(two, url + "result/" + where).count('<li><span class="vx-text">') == int(n), where
    settle = f"{url}settle/{row.voices[0]}/"
    assert one.get(settle).status_code == 404
    assert admin.get(f"{url}settle/{row.voices[1]}/").status_code == 404
    assert "甲：" in html(admin, settle)
    assert admin.post(settle, {"stance": "need", "kind": "complaint", "topic": "price"}).status_code == 302
    assert "定：" in html(admin, url + "result/?show=differ")
    with shop.scope():
        assert Coding.objects.count() == 11
        assert coding.pairs(row)[0].final.stance == "need"
