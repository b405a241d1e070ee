"""Search finds what a plain scan finds: two characters, mixed words, either script, behind every filter and wall."""

import os
from contextlib import closing
from datetime import date, timedelta
from importlib import import_module
from random import Random
from types import SimpleNamespace

import opencc
import psycopg2
import pytest
from django.db import InternalError, connection
from django.db.utils import ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from feedback import queries, search, voices
from feedback.masking import covered
from feedback.models import Analysis, SearchText
from feedback.queries import Filters
from feedback.search_form import bare_form, search_form, spans, terms
from reports import verbatim
from tests.metrics.voices import receive, voice

DAY = date(2026, 9, 7)
HEADS = ("前台服务", "客房卫生", "退款太慢", "空调不制冷", "WiFi 连不上", "iPhone15Pro 屏幕", "頭髮還在浴缸", "後臺系統", "发票抬头", "早餐很好吃")
TAILS = ("等了两小时", "沒有人接電話", "态度特别好", "订单A1023", "ｉｐａｄ坏了", "氣味難聞", "100%满意", "a_b 价格贵", "停車場太遠", "下次还来")
TO_TRADITIONAL, TO_SIMPLIFIED = opencc.OpenCC("s2t"), opencc.OpenCC("t2s")


def found(shop, q, **more):
    filters = Filters(q=q, **more)
    rows = queries.voices(filters, organisation=shop.id)
    return search.within(rows, filters, organisation=shop.id)


def test_it_finds_what_a_plain_scan_finds(shop, now, work):
    rng = Random(7)
    texts = [f"{rng.choice(HEADS)}，{rng.choice(TAILS)}{rng.randrange(100)}{'电话13812345678' if n % 9 == 0 else ''}" for n in range(2400)]
    keys = receive(shop, [voice(DAY - timedelta(days=n % 120), 3, text=text) for n, text in enumerate(texts)], now=now)
    with shop.scope():
        assert found(shop, "前台").ids == []  # what is not analysed is not yet found
    work()
    # the plain scan: every text without personal data, in simplified, small, half-width letters
    plain = {key: search_form(TO_SIMPLIFIED.convert(covered(text))) for key, text in zip(keys, texts, strict=True)}
    queries_ = set()
    for text in rng.sample(texts, 60):
        at, size = rng.randrange(len(text) - 6), rng.choice((2, 2, 2, 3, 5))
        queries_ |= {text[at : at + size].strip(), TO_TRADITIONAL.convert(text[at : at + 2]), TO_SIMPLIFIED.convert(text[at : at + 2])}
    wanted_all = found_all = 0
    with shop.scope():
        for q in sorted(q for q in queries_ if len(q) > 1 and '"' not in q and " " not in q):
            wanted = {key for key, text in plain.items() if search_form(TO_SIMPLIFIED.convert(q)) in text}
            here = found(shop, q)
            assert set(here.ids) <= wanted, q
            assert here.looked_until is None
            wanted_all, found_all = wanted_all + len(wanted), found_all + len(set(here.ids) & wanted)
        assert wanted_all > 5000
        assert found_all / wanted_all >= 0.98
        # the negative control: words nobody said
        assert found(shop, "鲸鱼").ids == found(shop, "前服").ids == []


def test_the_table_of_questions(shop, stranger, now, work):
    said = {
        "simplified": "后台发票头发都没有", "traditional": "後臺發票頭髮都沒有", "mixed": "iPhone15 Pro 的WiFi坏了",
        "wide": "ＩＰＨＯＮＥ１５ 很好", "percent": "打了100%折扣", "under": "a_b 坏了", "plain": "axb 坏了 100元",
    }  # fmt: skip
    keys = dict(zip(said, receive(shop, [voice(DAY, 3, text=text) for text in said.values()], now=now), strict=True))
    receive(stranger, [voice(DAY, 3, text=said["mixed"])], now=now)
    work()
    table = [
        ("发票", {"simplified", "traditional"}), ("發票", {"simplified", "traditional"}), ("頭髮", {"simplified", "traditional"}),
        ("iphone", {"mixed", "wide"}), ("15", {"mixed", "wide"}), ("Pro 坏了", {"mixed"}), ('"坏了 100"', {"plain"}),
        ("100%", {"percent"}), ("a_b", {"under"}), ("坏了", {"mixed", "under", "plain"}), ("WiFi坏", {"mixed"}),
        ("折", {"percent"}), ("\x00", set()), ("好坏", set()), ("\\", set()), ('"', set()),
    ]  # fmt: skip
    with shop.scope():
        for q, names in table:
            assert set(found(shop, q).ids) == {keys[name] for name in names}, q
        voices.delete(keys["percent"], organisation=shop.id, now=now, actor="test")
        assert found(shop, "折扣").ids == []


PERSONAL = {
    "13812345678": "屏幕坏了，快递员电话13812345678，没人接", "021-62345678": "屏幕碎了，座机021-62345678", "一三八一二三四五六七八": "屏幕黑了，打一三八一二三四五六七八",
    "li.lei@example.com": "屏幕花了，发到li.lei@example.com", "陈晓明": "我叫陈晓明，屏幕裂了", "E12345678": "护照E12345678，屏幕不亮",
}  # fmt: skip


def test_nobody_finds_out_a_number_digit_by_digit(shop, now, work):
    """What is masked is not found by any part of it, nor by what stands on its two sides, in page or API; the words beside it are."""
    keys = receive(shop, [voice(DAY, 3, text=text) for text in PERSONAL.values()], now=now)
    work()
    with shop.scope():
        for number, text in PERSONAL.items():
            parts = {number[at : at + size] for size in range(2, len(number) + 1) for at in range(len(number) - size + 1)}
            assert not [part for part in parts if found(shop, f'"{part}"').ids], text
        # the ends of the words around it are not joined
        assert found(shop, "电话没人").ids == found(shop, '"电话 ，没人"').ids == found(shop, "电话,没人").ids == []
        assert set(found(shop, "屏幕").ids) == set(keys)
        assert found(shop, "没人接").ids == keys[:1]
    page = shop.page()
    told = page.get("/feedback/", {"q": "138 1234 5678"}).content.decode()
    assert "号码请在客户里查" in told and "/customers/?q=138%201234%205678" in told
    assert "号码请在客户里查" in page.get("/feedback/", {"q": "li.lei@example.com"}).content.decode()
    assert "号码请在客户里查" not in page.get("/feedback/", {"q": "没有说过的话"}).content.decode()
    assert shop.api("feedback:read").get("/api/v1/feedback", {"q": "1381"}).json()["results"] == []
    # nor does the place of what is shown tell: the words stand far behind the number
    far = "电话13812345678，" + "等" * 200 + "1381"
    pii = [{"type": "mobile", "start": 2, "end": 13}]
    assert verbatim.short(far, pii, words=["1381"])[0].text == "…"


def test_rows_that_were_kept_whole_are_made_anew(shop, now, work):
    keys = receive(shop, [voice(DAY, 3, text=text) for text in (*PERSONAL.values(), "退\u200b款太慢", "没有号码")], now=now)
    work()
    with shop.scope():
        wanted = dict(SearchText.objects.values_list("feedback_id", "body"))
        Analysis.objects.filter(feedback_id=keys[0]).update(pii=[])  # an older engine read over it
        for key, text in zip(keys, (*PERSONAL.values(), "退 款太慢", "没有号码"), strict=True):
            SearchText.objects.filter(feedback_id=key).update(body=search_form(text))
        assert found(shop, "1381").ids == keys[:1]
    with closing(psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"])) as migrator:
        import_module("feedback.migrations.0025_search_without_persons").cover(None, SimpleNamespace(connection=migrator))
        migrator.commit()
    with shop.scope():
        assert dict(SearchText.objects.values_list("feedback_id", "body")) == wanted
        assert found(shop, "1381").ids == []
        assert found(shop, "退款").ids == keys[-2:-1]


def test_an_api_client_walks_on_to_the_true_end(shop, now, work, monkeypatch):
    """Out of time or of windows, `next` leads on; nothing is missed, nothing comes twice, and it ends."""
    made = [voice(DAY - timedelta(days=5 * n), 10 if n % 7 == 0 else 3, text=f"前台服务{n}") for n in range(40)]
    same = [voice(DAY - timedelta(days=50), 10, text=f"前台服务同时{n}") for n in range(9)]
    keys = set(map(str, receive(shop, made + same, now=now)))
    work()
    api = shop.api("feedback:read")

    def walk(**more):
        seen, cursor, n_pages = [], "", 0
        while n_pages < 200:
            page = api.get("/api/v1/feedback", {"q": "服务", "limit": 2, **more, **({"cursor": cursor} if cursor else {})}).json()
            seen += [row["id"] for row in page["results"]]
            n_pages, cursor = n_pages + 1, page["next"]
            if not cursor:
                break
        assert cursor is None
        assert len(seen) == len(set(seen))
        return set(seen)

    promoters = walk(nps="promoter")
    assert (len(promoters), walk()) == (15, keys)
    monkeypatch.setattr(search, "MOST_WINDOWS", 1)  # few of a window pass the other filter
    assert walk(nps="promoter") == promoters
    monkeypatch.setattr(search, "SECONDS", -1.0)  # a week a call
    assert walk(nps="promoter") == promoters
    assert walk() == keys
    assert walk(nps="passive") == set()


def test_days_at_the_ends_of_the_calendar(shop, now, work):
    keys = receive(shop, [voice(DAY, 3, text="退款太慢")], now=now)
    work()
    page, api = shop.page(), shop.api("feedback:read")
    for days, n in (({"from": "0001-01-01"}, 1), ({"to": "9999-12-31"}, 1), ({"from": "0001-01-01", "to": "9999-12-31"}, 1), ({"from": "9999-12-31"}, 0), ({"to": "0001-01-01"}, 0)):
        for asked in ({"q": "退款", **days}, days):
            shown = page.get("/feedback/", asked)
            assert (shown.status_code, shown.content.decode().count('class="vx-said"')) == (200, n), asked
            assert [row["id"] for row in api.get("/api/v1/feedback", asked).json()["results"]] == [str(key) for key in keys][:n], asked


def test_every_word_counts_and_what_nobody_sees_does_not(shop, now, work):
    words = [f"词{chr(0x4E00 + n * 50)}" for n in range(12)]
    receive(shop, [voice(DAY, 3, text="，".join(words)), voice(DAY, 3, text="，".join(words[:11])), voice(DAY, 3, text="退\u200b款太\u00ad慢")], now=now)
    work()
    with shop.scope():
        assert len(found(shop, " ".join(words[:8])).ids) == 2
        assert len(found(shop, " ".join(words)).ids) == 1
        assert len(found(shop, "退款太慢").ids) == len(found(shop, "退\u200b款").ids) == 1


def test_filters_and_places_hold_together_with_words(shop, now, work, monkeypatch):
    made = [voice(DAY - timedelta(days=n), 3 if n % 3 else 10, unit="S001" if n % 2 else "S003", text=f"前台服务{n}") for n in range(40)]
    keys = receive(shop, made, now=now)
    work()
    with shop.scope():
        assert found(shop, "服务").ids == keys  # newest first
        assert search.within(None, Filters(q="服务"), organisation=shop.id).ids == keys
        assert Filters(q="服务", paths=("/HQ/",)).only_words
        assert not Filters(q="服务", nps="promoter").only_words
        assert found(shop, "服务", unit="S001").ids == keys[1::2]
        assert found(shop, "服务", paths=(shop.units["S001"].path,)).ids == keys[1::2]
        assert found(shop, "服务", nps="promoter").ids == keys[::3]
        assert found(shop, "服务", from_date=DAY - timedelta(days=9), to_date=DAY).ids == keys[1:10]
        filters = Filters(q="服务")
        rows = queries.voices(filters, organisation=shop.id)
        first = search.within(rows, filters, organisation=shop.id, most=7)
        assert (first.ids, first.has_more) == (keys[:7], True)
        last = queries.voice(first.ids[-1], organisation=shop.id)
        after = search.within(rows, filters, organisation=shop.id, most=100, before=(last.occurred_at, last.id))
        assert (after.ids, after.has_more) == (keys[7:], False)
        # a small window is asked again until it is full
        few = search.within(queries.voices(Filters(nps="promoter"), organisation=shop.id), filters, organisation=shop.id, most=5)
        assert few.ids == keys[:15:3]
        # out of time it says how far it came, and keeps what it has
        monkeypatch.setattr(search, "SECONDS", -1.0)
        short = found(shop, "服务")
        assert 0 < len(short.ids) < 40
        assert short.looked_until is not None
        assert keys[: len(short.ids)] == short.ids


def test_nobody_asks_without_an_organisation(shop):
    ask = "select * from feedback_search('{1}', '{}', null, null, null, null, 5, 1)"
    with pytest.raises((InternalError, ProgrammingError), match="no organisation"), connection.cursor() as cursor:
        cursor.execute(ask)


def test_pages_and_api_find_the_same(shop, stranger, now, work):
    keys = receive(shop, [voice(DAY, 3, text=f"空調太吵{n}") for n in range(5)] + [voice(DAY, 9, text="很好")], now=now)
    work()
    said = shop.page().get("/feedback/", {"q": "空调 太吵"}).content.decode()
    assert said.count('class="vx-said"') == 5
    opened = shop.page().get(f"/feedback/{keys[0]}/", {"q": "空调"})
    assert opened.context["around"]["n"] == 5
    api, seen, cursor = shop.api("feedback:read"), [], ""
    while True:
        page = api.get("/api/v1/feedback", {"q": "空调", "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == sorted(str(key) for key in keys[:5])
    assert stranger.api("feedback:read").get("/api/v1/feedback", {"q": "空调"}).json()["results"] == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_form_is_steady_and_every_word_of_a_query_is_in_its_form(before, word):
    form = search_form(word)
    assert search_form(form) == form
    assert all(term in form for term in terms(word.replace('"', " ").replace("“", " ").replace("”", " ")))
    assert all(term in search_form(f"{before} {term}") for term in terms(word))


@given(st.text("头頭後a A1１Ｂ臺\n，%", max_size=30), st.lists(st.text("头后aA1b台 ", min_size=1, max_size=3), max_size=3))
def test_what_is_marked_is_what_was_found(text, asked):
    words = terms(" ".join(asked))
    marked = spans(text, words)
    form = search_form(text)
    assert bool(marked) == any(word in form for word in words)
    assert all(any(word in search_form(text[start:end]) for word in words) for start, end in marked)
    assert all(a[1] < b[0] for a, b in zip(marked, marked[1:], strict=False)), "in order, none touching another"
    rest = [text[a:b] for a, b in zip([0, *(end for _, end in marked)], [*(start for start, _ in marked), len(text)], strict=True)]
    assert not any(word in search_form(part) for part in rest for word in words), "nothing found was left unmarked"


@given(st.text("头13a， ", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4)), max_size=3), st.text("头13a, \x1f", min_size=1, max_size=4))
def test_nothing_is_found_in_or_across_what_is_left_out(text, places, word):
    spans_ = [(at, min(at + n, len(text))) for at, n in sorted(places) if at < len(text)]
    apart = [span for n, span in enumerate(spans_) if all(span[0] >= end for _, end in spans_[:n])]
    kept, at = [], 0
    for start, end in apart:
        kept.append(search_form(text[at:start]))
        at = end
    kept.append(search_form(text[at:]))
    form = bare_form(text, apart)
    assert all((term in form) == any(term in part for part in kept) for term in terms(word))
