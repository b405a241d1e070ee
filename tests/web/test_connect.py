"""接口: keys, webhooks, dead letters as an administrator works with them; nobody else comes in."""

import html
import re
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback import intake
from feedback.intake import Source
from feedback.shapes import RawVoice
from integrations import endpoints
from integrations.models import Endpoint, WebhookDelivery
from integrations.public_facts import KINDS
from ledger.models import Delivery
from tenancy import keys
from tenancy.capabilities import API_SCOPES
from tenancy.models import ApiKey, AuditEvent
from tests.integrations.conftest import Receiver, hook, receiver, send
from web import connect_words

__all__ = ["Receiver", "hook", "receiver", "send"]

PAGES = ("/connect/", "/connect/webhooks/new/", "/connect/keys/", "/connect/keys/new/", "/connect/failures/")


@pytest.mark.parametrize("url", PAGES)
def test_only_an_administrator_comes_in(shop, url):
    for role in ("cx_manager", "executive", "store_manager", "frontline", "analyst"):
        assert shop.page(role).get(url).status_code == 403
    assert shop.page("admin").get(url).status_code == 200


def token_of(page, url):
    return re.search(r'name="token" value="(\w+)"', page.get(url).content.decode())[1]


def test_registering_shows_the_secret_once(shop, receiver):
    page = shop.page("admin")
    form = {"url": receiver.url(), "description": "CRM", "every": "0", "kinds": ["complaint.opened"], "token": token_of(page, "/connect/webhooks/new/")}
    shown = page.post("/connect/webhooks/new/", form)
    assert shown.status_code == 200
    secret = re.search(r'value="(whsec_[^"]+)"', shown.content.decode())[1]
    with shop.scope():
        row = Endpoint.objects.get()
        assert (row.kinds, row.description) == (["complaint.opened"], "CRM")
    again = page.post("/connect/webhooks/new/", form)
    assert (again.status_code, again.url) == (302, f"/connect/webhooks/{row.id}/")
    with shop.scope():
        assert Endpoint.objects.count() == 1
    assert secret not in page.get(f"/connect/webhooks/{row.id}/").content.decode()


def test_what_is_wrong_is_said_beside_the_field_and_the_words_stay(shop):
    page = shop.page("admin")
    form = {"url": "https://127.0.0.1/x", "description": "我的 CRM", "every": "0", "kinds": ["complaint.opened"], "token": "a"}
    answer = page.post("/connect/webhooks/new/", form)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "这个地址指向内部网络，不能使用" in text
    assert 'value="https://127.0.0.1/x"' in text and 'value="我的 CRM"' in text
    assert re.search(r'value="complaint.opened" checked', text)
    nothing = page.post("/connect/webhooks/new/", {**form, "kinds": []})
    assert nothing.status_code == 400
    with shop.scope():
        assert Endpoint.objects.count() == 0


def test_from_a_test_message_to_replay_and_removal(shop, hook, receiver, send):
    row, _ = hook()
    page, url = shop.page("admin"), f"/connect/webhooks/{row.id}/"
    token = token_of(page, url)
    for _ in range(2):
        assert page.post(f"{url}do/", {"do": "test", "token": token}).status_code == 302
    send()
    assert len(receiver.of()) == 1, "a form sent twice is one message"
    text = page.get(url).content.decode()
    assert "已送达" in text and "HTTP 200" in text and "said" in text
    with shop.scope():
        delivery = WebhookDelivery.objects.get()
    page.post(f"{url}do/", {"do": "replay", "delivery": str(delivery.id)})
    send()
    assert len(receiver.of()) == 2
    assert page.post(f"{url}do/", {"do": "replay-since", "since": "2026-01-01T00:00"}).status_code == 302
    assert page.post(f"{url}do/", {"do": "replay-since", "since": "x"}).status_code == 400
    assert page.post(f"{url}do/", {"do": "nonsense"}).status_code == 404
    assert page.post(f"{url}do/", {"do": "remove"}).url == "/connect/"
    assert page.get(url).status_code == 404


def test_two_people_at_one_endpoint_the_second_is_told(shop, hook, receiver):
    row, _ = hook()
    page, url = shop.page("admin"), f"/connect/webhooks/{row.id}/"
    form = {"do": "change", "version": "1", "url": receiver.url(), "description": "新", "every": "1"}
    assert page.post(f"{url}do/", form).status_code == 302
    late = page.post(f"{url}do/", {**form, "description": "晚到的"})
    assert "刚刚被别人改过" in late.content.decode()
    assert late.status_code == 400
    for what in ("rotate", "disabled"):
        assert "刚刚被别人改过" in page.post(f"{url}do/", {"do": what, "version": "1"}).content.decode()
    rotated = page.post(f"{url}do/", {"do": "rotate", "version": "2"})
    assert "whsec_" in rotated.content.decode()
    assert page.post(f"{url}do/", {"do": "disabled", "version": "3"}).status_code == 302
    text = page.get(url).content.decode()
    assert "由人停用" in text and "启用，继续发送" in text
    assert page.post(f"{url}do/", {"do": "active", "version": "4"}).status_code == 302
    with shop.scope():
        found = Endpoint.objects.get()
        assert (found.state, found.description, found.version) == ("active", "新", 5)


def test_a_key_is_issued_shown_once_used_and_revoked(shop, client):
    page = shop.page("admin")
    form = {"name": "CRM", "scopes": ["metrics:read"], "days": "30", "token": token_of(page, "/connect/keys/new/")}
    shown = page.post("/connect/keys/new/", form).content.decode()
    token = re.search(r'value="(cx_live_\w+)"', shown)[1]
    assert page.post("/connect/keys/new/", form).url == "/connect/keys/"
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/metrics", headers=headers).status_code == 200
    text = page.get("/connect/keys/").content.decode()
    assert token not in text and "CRM" in text and "metrics:read" in text
    with shop.scope():
        row = ApiKey.objects.get(name="CRM")
        assert 29 <= (row.expires_at - row.created_at).days <= 30
        assert row.last_used_at is not None
    for _ in range(2):
        assert page.post(f"/connect/keys/{row.id}/revoke/").status_code == 302
    assert client.get("/api/v1/metrics", headers=headers).status_code == 401
    assert "吊销" in page.get("/connect/keys/").content.decode()
    assert "CRM" not in page.get("/connect/keys/?state=live").content.decode()
    with shop.scope():
        actions = list(AuditEvent.objects.filter(subject=str(row.id)).order_by("seq").values_list("action", flat=True))
    assert actions == ["key.issued", "key.revoked"]


def test_a_key_without_name_or_scope_is_refused_and_the_words_stay(shop):
    page = shop.page("admin")
    answer = page.post("/connect/keys/new/", {"name": "", "scopes": ["metrics:read"], "days": "90", "token": "t"})
    assert answer.status_code == 400
    assert re.search(r'value="metrics:read" checked', answer.content.decode())
    assert "给密钥起个名字" in answer.content.decode()
    assert "至少选一项权限" in page.post("/connect/keys/new/", {"name": "x", "token": "t"}).content.decode()


@pytest.fixture
def dead(shop, work, now):
    """Three dead letters of the analysis."""

    def make(n=3):
        with shop.scope():
            for i in range(n):
                voice = RawVoice(channel="app", text="x", external_id=f"{uuid.uuid4()}-{i}")
                intake.receive([voice], organisation=shop.id, source=Source(b"", "x", "t"), now=now)
            rows = Delivery.objects.filter(follower="feedback.tasks.analyse_received", done_at__isnull=True)
            rows.update(dead_at=now, failure="bug", last_error="ValueError: <kaputt>", attempts=12)
            return list(rows.values_list("id", flat=True))

    return make


def test_dead_letters_are_listed_with_their_reason_and_replayed(shop, stranger, dead, work):
    ids = dead()
    page = shop.page("admin")
    text = html.unescape(page.get("/connect/failures/").content.decode())
    assert text.count("文本分析") >= 3 and "程序出错" in text and "ValueError: <kaputt>" in text
    assert "<kaputt>" not in page.get("/connect/failures/").content.decode()
    theirs = stranger.page("admin")
    assert theirs.post(f"/connect/failures/{ids[0]}/replay/").status_code == 404
    assert "没有死信" in theirs.get("/connect/failures/").content.decode()
    assert page.post(f"/connect/failures/{ids[0]}/replay/").status_code == 302
    with shop.scope():
        assert Delivery.objects.filter(dead_at__isnull=False).count() == 2
    page.post("/connect/failures/replay/")
    work()
    with shop.scope():
        assert Delivery.objects.filter(id__in=ids, done_at__isnull=False).count() == 3
    assert "没有死信" in page.get("/connect/failures/").content.decode()


def test_a_stranger_finds_no_endpoint_and_no_key(shop, stranger, hook):
    row, _ = hook()
    shop.key()
    page = stranger.page("admin")
    with shop.scope():
        key = ApiKey.objects.first().id
    assert page.get(f"/connect/webhooks/{row.id}/").status_code == 404
    assert page.post(f"/connect/webhooks/{row.id}/do/", {"do": "remove"}).status_code == 404
    assert page.post(f"/connect/keys/{key}/revoke/").status_code == 404
    with shop.scope():
        assert Endpoint.objects.count() == 1
        assert ApiKey.objects.get(id=key).revoked_at is None


def n_queries(page, url):
    page.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert page.get(url).status_code == 200
    return len(captured)


def test_lists_cost_the_same_for_one_row_and_three(shop, hook, dead):
    page = shop.page("admin")
    row, _ = hook()
    shop.key()
    dead(1)
    urls = ("/connect/", "/connect/keys/", "/connect/failures/")
    before = [n_queries(page, url) for url in urls]
    hook("/2"), hook("/3"), shop.key(), shop.key(), dead(2)
    assert [n_queries(page, url) for url in urls] == before
    with shop.scope():
        from integrations import deliveries

        deliveries.ping(row.id, organisation=shop.id, now=row.created_at, actor="t")
        one = n_queries(page, f"/connect/webhooks/{row.id}/")
        for _ in range(2):
            deliveries.ping(row.id, organisation=shop.id, now=row.created_at, actor="t")
    assert n_queries(page, f"/connect/webhooks/{row.id}/") >= one - 2
    assert n_queries(page, f"/connect/webhooks/{row.id}/") == n_queries(page, f"/connect/webhooks/{row.id}/?state=due")


@pytest.mark.parametrize("url", [*PAGES, "endpoint", "secret"])
def test_no_chinese_is_left_on_english_pages(shop, hook, dead, receiver, send, url):
    row, _ = hook()
    dead(1)
    page = shop.page("admin")
    page.cookies["cxms_language"] = "en"
    one = f"/connect/webhooks/{row.id}/"
    if url == "secret":
        text = page.post(f"{one}do/", {"do": "rotate", "version": "1"}).content.decode()
    else:
        text = page.get(one if url == "endpoint" else url).content.decode()
    text = re.sub(r"简体中文|繁體中文|试店", "", text)
    assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []


def test_every_kind_scope_and_follower_has_a_name():
    from cxms.flows import FLOWS

    assert [kind for kind in KINDS if kind not in connect_words.FACTS] == []
    assert [scope for scope in API_SCOPES if scope not in connect_words.SCOPES] == []
    assert {flow.handler for flow in FLOWS} >= set(connect_words.FOLLOWERS)


def test_an_issued_key_that_is_unknown_cannot_be_revoked(shop, now):
    with shop.scope(), pytest.raises(keys.ApiKeyError):
        keys.revoke(uuid.uuid4(), organisation=shop.id, now=now, actor="t")
    assert endpoints.MOST == 50


def test_a_key_may_give_what_is_set_on_it(shop, stranger):
    page = shop.page("admin")
    form = {"name": "CRM", "scopes": ["complaints:write"], "days": "90", "offer_limit": "abc", "token": uuid.uuid4().hex}
    assert "写金额" in page.post("/connect/keys/new/", form).content.decode()
    assert page.post("/connect/keys/new/", form | {"offer_limit": "300"}).status_code == 200
    with shop.scope():
        row = ApiKey.objects.get(name="CRM")
        assert (row.offer_limit, row.offer_currency) == (Decimal(300), "CNY")
    url = f"/connect/keys/{row.id}/allow/"
    assert "300.00 CNY" in page.get("/connect/keys/").content.decode()
    stale = page.post(url, {"offer_limit": "500", "was": ""}).content.decode()
    assert "有人改过它" in stale and 'value="500"' in stale
    assert page.post(url, {"offer_limit": "1.234", "was": "300.00"}).status_code == 400
    assert page.post(url, {"offer_limit": "*", "was": "300.00"}).status_code == 302
    assert page.post(url, {"offer_limit": "", "was": "*"}).status_code == 302
    with shop.scope():
        assert ApiKey.objects.get(id=row.id).offer_limit == 0
        assert [e.detail["after"]["offer_limit"] for e in AuditEvent.objects.filter(action="key.allowed").order_by("seq")] == ["*", ""]
    assert "都要批准" in page.get("/connect/keys/").content.decode()
    assert stranger.page("admin").post(url, {"offer_limit": "1", "was": ""}).status_code == 404
    assert shop.page("frontline").post(url, {"offer_limit": "1", "was": ""}).status_code == 403
