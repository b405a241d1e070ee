"""自己的模型 in the browser's words: trained by a post, compared, decided; who may not write only reads."""

from datetime import timedelta

import pytest

from feedback import corrections, learning, own_weights
from feedback.own_models import OwnModel
from tests.feedback.test_learning import TEXTS
from tests.metrics.voices import receive, voice


def test_train_compare_accept_and_read_history(shop, now, work):
    client = shop.page("admin")
    keys = receive(shop, [voice(now.date() - timedelta(days=1), 3, text=text) for text in TEXTS], now=now)
    work()
    url = "/feedback/accuracy/model/"
    page = client.get(url)
    assert page.status_code == 200 and "还没有训练过" in page.content.decode()
    client.post(url, {"do": "train"})
    with shop.scope():
        assert not OwnModel.objects.exists()
        for key in keys:
            corrections.correct(key, "kind", "praise", organisation=shop.id, version=None, now=now, actor="user:a@x")
    client.post(url, {"do": "train"})
    assert "正在训练" in client.get(url).content.decode() and "hx-get" in client.get(f"{url}progress/").content.decode()
    work()
    words = client.get(url).content.decode()
    n_held = sum(learning.is_held(key) for key in keys)
    assert "等你决定" in words and f"n = {n_held}" in words and f"学了 {len(keys) - n_held} 条" in words and "采用" in words
    assert client.post(url, {"do": "in_use", "version": "7"}).status_code == 404
    client.post(url, {"do": "in_use", "version": "1"})
    with shop.scope():
        assert own_weights.in_use(organisation=shop.id) == 1
    assert "现在用第 1 版" in client.get(url).content.decode()
    client.post(url, {"do": "again"})
    work()
    assert "条改了标注" in client.get(url).content.decode()


@pytest.mark.parametrize(("role", "status"), [("analyst", 404), ("executive", 403)])
def test_who_may_not_change_settings_cannot_train(shop, role, status):
    assert shop.page(role).post("/feedback/accuracy/model/", {"do": "train"}).status_code == status
