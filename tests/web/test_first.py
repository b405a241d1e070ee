"""第一步: what waits for a person's word is nowhere a department reads, counted all the same; the office works it off by keys."""

import re
import uuid
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.urls import reverse

from alerts.models import Notice
from complaints.models import Ticket
from feedback import corrections, first, queries, voices
from feedback.first_models import Unclassified
from feedback.models import Analysis, Correction, Feedback
from feedback.queries import Filters
from journeys.models import JourneyMap
from reports import saved_dashboards, widgets
from tenancy.models import AuditEvent, Organisation
from tests.metrics.voices import receive, voice

MARK = "梧桐巷口"
# what each is made to say: the words, the kind, the feeling
TEXTS = (
    (f"{MARK}价格比去年高了一些", "other", -0.8), (f"{MARK}希望夜里也送货上门", "suggestion", -0.4), (f"{MARK}店员谢子昂特别热情，谢谢", "praise", 0.9),
)  # fmt: skip


def choose(shop, rule, *, now, version=None):
    with shop.scope():
        first.choose(rule, organisation=shop.id, version=version, now=now, actor="user:m@x")


@pytest.fixture
def said(shop, now, work):
    """Voices of yesterday in S001, of one customer, that name an employee, under whatever rule holds when it is called."""

    def say(n=1, hour=12):
        day = (now + timedelta(hours=8)).date() - timedelta(days=1)
        keys = receive(shop, [voice(day, 10, text=text, customer="K1", staff="E001", hour=hour, channel="store", touchpoint="repair_intake") for text, _kind, _feel in TEXTS * n], now=now)
        work()
        return keys

    return say


def label(shop, keys):
    """The engine said so."""
    with shop.scope():
        for key, (_text, kind, feel) in zip(keys, TEXTS * 30, strict=False):
            rows = Analysis.objects.filter(feedback_id=key, is_current=True)
            rows.update(kind=kind, sentiment="positive" if feel > 0 else "negative", sentiment_score=feel, topic_codes=["price"], topics=[{"code": "price", "sentiment": feel, "start": 0, "end": 5}])


def pages(shop, keys, day, now, work):
    """Every page and file that shows voices, as a department's reader opens them; the last three quote what else was said."""
    receive(shop, [voice(day, text="等了两个小时没人理，太差了，我要投诉，退钱", customer="K1", hour=23)], now=now)
    work()
    shop.page().post("/journeys/new/", {"name": "维修旅程", "persona": "换机族", "token": "a" * 32})
    with shop.scope():
        customer = Feedback.objects.get(id=keys[0]).customer_id
        widget = widgets.made("quotes")
        board = saved_dashboards.add(uuid.uuid4(), "原声", [widget], shop.seat("store_manager"), organisation=shop.id, now=now, actor="t")
        quoting = (
            f"/dashboards/{board.id}/widgets/{widget.id}/?as=csv", f"/journeys/{JourneyMap.objects.get().id}/?at=repair_intake",
            reverse("case", args=[Ticket.objects.get().number]),
        )  # fmt: skip
    span = f"from={day - timedelta(days=7)}&to={day + timedelta(days=2)}"
    return (
        "/feedback/", f"/feedback/?q={MARK}", "/feedback/?state=counted", "/feedback/?kind=praise", "/feedback/groups/", "/feedback/points/", "/feedback/points/?format=csv",
        f"/feedback/points/?format=csv&{span}", f"/customers/{customer}/", "/huddle/", "/praise/", "/people/of/E001/", "/units/S001/", "/metrics/nps", "/metrics/nps/reasons", "/metrics/nps/reasons?format=csv", "/", *quoting,
    )  # fmt: skip


def bodies(client, urls):
    """What each existing page says."""
    found = {}
    for url in urls:
        answer = client.get(url, follow=True)
        if answer.status_code == 200:
            body = unescape((b"".join(answer.streaming_content) if answer.streaming else answer.content).decode("utf-8-sig"))
            found[url] = body.replace(f'value="{MARK}"', "").replace(quote(MARK), "")
    return found


def test_what_waits_is_nowhere_a_department_reads(shop, stranger, now, said, work):
    choose(shop, "person", now=now - timedelta(days=3))
    keys = said(8)
    label(shop, keys)
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    urls = pages(shop, keys, day, now, work)
    store, office = shop.page("store_manager"), shop.page()
    with shop.scope():
        assert Unclassified.objects.count() == len(keys) + 1
        shown = queries.voices(Filters(paths=(shop.units["EAST"].path,)), organisation=shop.id)
        assert shown.count() == 0 and queries.voices(Filters(), organisation=shop.id).count() == len(keys) + 1
        assert Notice.objects.filter(purpose="praise").count() == 0
    hidden = bodies(store, urls)
    assert [url for url, body in hidden.items() if MARK in body] == [] and set(hidden) == set(urls)
    for url in (f"/feedback/{keys[0]}/",):
        assert (store.get(url).status_code, office.get(url).status_code, stranger.page().get(url).status_code) == (404, 200, 404)
    for path, given in (("correct/", {"label": "kind:other@0"}), ("exclude/", {"reason": "x"}), ("original/", {"reason": "要联系他"})):
        assert store.post(f"/feedback/{keys[0]}/{path}", given).status_code == 404, path
    assert store.post(f"/feedback/points/{keys[0]}/decide/", {"topic": "price", "state": "taken", "version": "0"}).status_code == 404
    # keys are the organisation's, and numbers are complete whoever reads them
    assert len(shop.api().get("/api/v1/feedback").json()["results"]) == len(keys) + 1
    assert "声音先由总部归类" in hidden["/feedback/"]
    seen = bodies(office, urls)
    assert MARK in seen["/feedback/"] and "待归类" in seen["/feedback/"]
    # the negative control: the rule off, the same reader finds them on the same pages
    choose(shop, "off", now=now)
    open_to = bodies(store, urls)
    there = {url for url, body in open_to.items() if MARK in body}
    assert {"/feedback/", f"/feedback/?q={MARK}", "/feedback/?state=counted", "/feedback/?kind=praise", "/feedback/groups/", "/feedback/points/", "/feedback/points/?format=csv", "/huddle/",
            "/praise/", "/metrics/nps/reasons", "/units/S001/", urls[8], *urls[-3:]} <= there, there  # fmt: skip
    assert store.get(f"/feedback/{keys[0]}/").status_code == 200


def listed(page, query=""):
    said = unescape(page.get(f"/feedback/first/?{query}").content.decode())
    return said, re.findall(r'<li id="v-([0-9a-f-]{36})"', said)


def test_the_office_works_it_off(shop, stranger, now, said, work):
    assert "现在不用人先归类" in listed(shop.page())[0]
    choose(shop, "person", now=now - timedelta(days=3))
    late, early = said(hour=12), said(hour=9)
    label(shop, late)
    label(shop, early)
    page, store = shop.page(), shop.page("store_manager")
    text, rows = listed(page)
    assert rows == [str(key) for key in sorted(early) + sorted(late)] and "都归好类了" not in text
    assert re.findall(r'>(?:其他|建议|表扬|门店|杭州西溪店) <span class="cx-n">(\d+)</span>', text).count("2") == 3 and "6 条，先来的在前" in text
    assert [len(listed(page, query)[1]) for query in ("kind=praise", "kind=praise&unit=WEST", "channel=app", "urgency=9&kind=x", "unit=EAST&channel=store&page=9")] == [2, 0, 0, 6, 6]
    assert re.search(r'第一步：待归类 <span class="cx-n">6</span>', unescape(page.get("/feedback/").content.decode())) and "第一步" not in store.get("/feedback/").content.decode()
    for client, status in ((store, 403), (shop.page("region_manager"), 403), (shop.page("executive"), 403), (shop.page("analyst"), 200), (stranger.page(), 200)):
        assert client.get("/feedback/first/").status_code == status
    assert listed(stranger.page())[1] == []
    # one key says that it is right; another that it is something else; both come back to where they were pressed
    for key, kind in ((early[0], "other"), (early[1], "praise")):
        answer = page.post(f"/feedback/{key}/correct/?kind=&unit=EAST", {"label": f"kind:{kind}@0", "from": "first"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/feedback/first/?kind=&unit=EAST")
    assert len(listed(page)[1]) == 4 and [store.get(f"/feedback/{key}/").status_code for key in early] == [200, 200, 404]
    with shop.scope():
        assert Correction.objects.filter(field="kind").count() == Correction.objects.count() == 2
        voices.delete(late[0], organisation=shop.id, now=now, actor="t")
        assert Unclassified.objects.count() == 3
    # whom it praises hears of it when it was classified, not before
    work()
    with shop.scope():
        assert {row.feedback_id for row in Notice.objects.filter(purpose="praise")} == {early[1]}
        corrections.undo(early[1], 1, organisation=shop.id, now=now, actor="t")
    assert store.get(f"/feedback/{early[1]}/").status_code == 404 and str(early[1]) in listed(page)[1]
    assert "第一步还没做" in unescape(page.get(f"/feedback/{early[1]}/").content.decode())


def test_a_page_is_confirmed_as_it_was_drawn(shop, stranger, now, said):
    choose(shop, "person", now=now - timedelta(days=3))
    keys = said()
    page = shop.page()
    shown = re.findall(r'name="voice" value="([^"]+)"', listed(page)[0])
    assert len(shown) == 3
    with shop.scope():  # one is corrected meanwhile, of another a new reading came
        corrections.correct(keys[0], "kind", "praise", organisation=shop.id, version=0, now=now, actor="user:x@x")
        corrections.undo(keys[0], 1, organisation=shop.id, now=now, actor="user:x@x")
        Analysis.objects.filter(feedback_id=keys[1], is_current=True).update(is_current=False)
    for client, status in ((shop.page("store_manager"), 404), (shop.page("analyst"), 403), (stranger.page(), 302)):
        assert client.post("/feedback/first/confirm/", {"voice": shown}).status_code == status
    with shop.scope():
        assert Unclassified.objects.count() == 3
    answer = page.post("/feedback/first/confirm/?kind=praise", {"voice": [*shown, "x@y@z", "nothing"]}, follow=True)
    text = unescape(answer.content.decode())
    assert "1 条归类无误" in text and "3 条在你打开这一页以后变过" in text
    with shop.scope():
        assert set(Unclassified.objects.values_list("feedback_id", flat=True)) == {keys[0], keys[1]}
        assert Feedback.objects.filter(queries.shown((shop.units["S001"].path,), organisation=shop.id)).get().id == keys[2]


def test_red_lines_and_cases_do_not_wait(shop, now, work):
    choose(shop, "person", now=now - timedelta(days=3))
    day = (now + timedelta(hours=8)).date()
    texts = ("孩子吃了你们的面包食物中毒住院了", "等了两个小时没人理，太差了，我要投诉，退钱")
    red, plain = receive(shop, [voice(day - timedelta(days=1), text=text, customer=f"c{i}") for i, text in enumerate(texts)], now=now)
    work()
    store = shop.page("store_manager")
    with shop.scope():
        assert Analysis.objects.get(feedback_id=red, is_current=True).red_line
        assert list(Unclassified.objects.values_list("feedback_id", flat=True)) == [plain]
        cases = {ticket.feedback_id: ticket.number for ticket in Ticket.objects.all()}
    assert set(cases) == {red, plain}
    assert [store.get(f"/feedback/{key}/").status_code for key in (red, plain)] == [200, 404]
    # the case of the one that waits is open to who must keep the promise, with the customer's words
    assert texts[1] in unescape(store.get(reverse("case", args=[cases[plain]])).content.decode())


def test_the_rule_is_a_setting(shop, stranger, now, said):
    page, url = shop.page("admin"), "/settings/first/"
    before = said(hour=8)
    with shop.scope():
        assert Unclassified.objects.count() == 0
    for client, given, status in (
        (shop.page("store_manager"), {"rule": "person", "version": "1"}, 403), (page, {"rule": "never", "version": "1"}, 400),
        (page, {"rule": "person", "version": "9"}, 409), (page, {"rule": "engine", "version": "1"}, 302),
    ):  # fmt: skip
        assert client.post(url, given).status_code == status, given
    row = Organisation.objects.get(id=shop.id)
    assert (row.classify_first, Organisation.objects.get(id=stranger.id).classify_first) == ("engine", "off")
    # the engine's word is enough; without it a department waits, and nothing is written
    (unread,) = receive(shop, [voice((now + timedelta(hours=8)).date(), text="再等一会儿")], now=now)
    with shop.scope():
        seen = queries.shown((shop.units["S001"].path,), organisation=shop.id)
        assert set(Feedback.objects.filter(seen).values_list("id", flat=True)) == set(before)
        assert queries.voice(unread, organisation=shop.id) and queries.voice(unread, organisation=shop.id, paths=(shop.units["S001"].path,)) is None
        assert Unclassified.objects.count() == 0
    assert page.post(url, {"rule": "person", "version": str(row.version)}).status_code == 302
    with shop.scope():  # what happened before the rule is not held back
        first.hold(before, organisation=shop.id)
        assert Unclassified.objects.count() == 0
        Organisation.objects.filter(id=shop.id).update(classify_first_at=now - timedelta(days=3))
        first.hold(before, organisation=shop.id)
        first.hold(before, organisation=shop.id)
        assert Unclassified.objects.count() == 3
    assert "有 3 条等人归类" in unescape(page.get(url).content.decode()) and "先归类" in unescape(page.get("/settings/?q=部门").content.decode())
    assert page.post(url, {"rule": "off", "version": str(row.version + 1)}).status_code == 302
    with shop.scope():
        assert Unclassified.objects.count() == 0
        assert [event.detail["after"] for event in AuditEvent.objects.filter(action="organisation.changed").order_by("at", "id")][-3:] == [
            {"classify_first": "engine"}, {"classify_first": "person"}, {"classify_first": "off"},
        ]  # fmt: skip
    assert "先归类" in unescape(page.get("/settings/audit/").content.decode())


def test_reasons_of_a_subtree_beside_reviews(shop, now, work):
    """What surveys and reviews speak of is also found where a reader sees a part."""
    day = (now + timedelta(hours=8)).date() - timedelta(days=1)
    receive(shop, [voice(day, 10, text="价格太贵", channel=channel) for channel in ("survey", "review")], now=now)
    work()
    assert shop.page("store_manager").get("/metrics/nps/reasons").status_code == 200
