"""The settings page of the language-model provider: off, confirmed, tried, counted by what the list shows, told on a voice."""

import pytest

from feedback import provider
from feedback.provider_models import LanguageModel
from tests.chat import GOOD, Chat
from tests.metrics.voices import receive, voice

URL = "/settings/language-model/"


@pytest.fixture
def chat(settings):
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    made = Chat()
    yield made
    made.close()


def form(chat, version, **more):
    return {"base_url": chat.url, "model": "small", "key": "sk-77", "which": "all", "daily_limit": "50", "version": str(version), **more}


def test_from_off_to_on_and_off_again(shop, stranger, chat, now, work):
    admin, reader = shop.page("admin"), shop.page("cx_manager")
    assert "关着" in admin.get(URL).content.decode()
    assert admin.post(URL + "try/").status_code == 404  # nothing to ask yet
    # saving sends nothing; the try-it button works while it is off
    assert admin.post(URL, form(chat, 0, do="save")).status_code == 302
    text = admin.post(URL + "try/").content.decode()
    assert "毫秒答了：投诉，负面，主题 等待时间，紧急度 2" in text and chat.voices == [provider.TRIED]
    for answer, words in (("好的", "模型没有只回答一个 JSON"), ((401, b""), "对方不认这个密钥"), ({**GOOD, "topics": ["weather"]}, "主题不在分类里")):
        chat.answer = lambda voice, said=answer: said
        assert f"没有成：{words}" in admin.post(URL + "try/").content.decode()
    chat.answer = lambda voice: GOOD
    # on: not without the host, not on an old page
    refused = admin.post(URL, form(chat, 1, do="on", confirmed="yes"))
    assert (refused.status_code, "照着写一遍接收声音的主机名" in refused.content.decode()) == (400, True)
    assert admin.post(URL, form(chat, 0, do="on", confirmed="127.0.0.1")).status_code == 409
    assert admin.post(URL, form(chat, 1, do="on", confirmed="127.0.0.1", key="")).status_code == 302
    page = admin.get(URL).content.decode()
    assert "开着" in page and "sk-77" not in page
    # who may read sees it and changes nothing; who is elsewhere has his own
    if reader.get(URL).status_code == 200 and not shop.seat("cx_manager").may("settings:write"):
        assert reader.post(URL, form(chat, 2, do="save")).status_code == 404
    assert shop.page("frontline").get(URL).status_code == 403
    assert shop.page("frontline").post(URL + "off/").status_code == 403
    assert "关着" in stranger.page("admin").get(URL).content.decode() and stranger.page("admin").post(URL + "try/").status_code == 404
    stranger.page("admin").post(URL + "off/")
    admin.post(URL + "off/")
    with shop.scope():
        assert not LanguageModel.objects.get().is_on
    lines = admin.get("/settings/audit/?action=language_model").content.decode()
    assert "打开了语言模型" in lines and "关掉了语言模型" in lines and "sk-77" not in lines


def test_every_number_opens_its_voices_and_a_voice_says_who_labelled_it(shop, stranger, chat, now, work):
    admin = shop.page("admin")
    chat.answer = lambda text: "nonsense" if "二" in text else GOOD
    admin.post(URL, form(chat, 0, do="on", confirmed="127.0.0.1"))
    keys = receive(shop, [voice(now.date(), text=text, customer=f"c{i}") for i, text in enumerate(("呵呵，第一句", "呵呵，第二句", "呵呵，第三句"))], now=now)
    work()
    page = admin.get(URL)
    shown = {label: n for label, n, _url in page.context["week"]}
    assert (shown["已采用"], shown["回答不合格"], page.context["today"][0]) == (2, 1, 3)
    assert "模型没有只回答一个 JSON" in page.content.decode()
    assert [row[2] for row in page.context["reasons"]] == [1]
    for n, url in [page.context["today"], *((n, url) for _state, _why, n, url in page.context["reasons"]), *((n, url) for _label, n, url in page.context["week"])]:
        listed = admin.get(url)
        assert (listed.context["page"].paginator.count, listed.status_code) == (n, 200), url
    assert admin.get("/feedback/?provider=answered.nonsense").context["page"].paginator.count == 0
    assert stranger.page("admin").get(page.context["today"][1]).context["page"].paginator.count == 0
    first = admin.get(f"/feedback/{keys[0]}/").content.decode()
    assert "语言模型提供方标的：" in first and "自带引擎说的是：" in first
    assert "语言模型提供方" not in admin.get(f"/feedback/{keys[1]}/").content.decode()
    # down: the page says so, the voice is handled as ever
    chat.answer = lambda text: (500, b"")
    receive(shop, [voice(now.date(), text="呵呵，第四句", customer="c9")], now=now)
    with shop.scope():
        LanguageModel.objects.update(next_at=now)
    work()
    trouble = admin.get(URL)
    assert "没有问成：对方的服务出错（连续 1 次）" in trouble.content.decode()
    assert {label: n for label, n, _url in trouble.context["week"]}["等着问"] == 1
    # a person's word is nobody else's any more
    admin.post(f"/feedback/{keys[0]}/correct/", {"label": "kind:suggestion@0"})
    again = admin.get(f"/feedback/{keys[0]}/")
    assert "类别" not in again.context["labels"]["provider"]["fields"]
