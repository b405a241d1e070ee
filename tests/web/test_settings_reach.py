"""How to be reached, the rota, and channel accounts in the browser's pages; secrets are never shown again."""

import re
import uuid

import pytest

from alerts import hops
from alerts.models import Cover, Reach, Shift, SinkAccount
from cxms.lib import safe_http
from tests.alerts.conftest import SECRET
from tests.alerts.conftest import receiver as receiver

ME = {"version": 0, "quiet_from": "22:00", "quiet_to": "07:30", "ch1": "sms", "ch2": "email", "ch3": "", "deputy": "", "away_from": "2026-12-01", "away_to": "2026-12-02", "mobile": "138 1234 6629", "wecom": "lilei", "feishu": ""}  # fmt: skip


def test_a_member_says_how_to_be_reached_and_a_form_that_is_older_is_refused(shop):
    client = shop.page("frontline")
    assert client.post("/settings/me/reach/", {**ME, "deputy": str(shop.members["analyst"].id)}).status_code == 302
    with shop.scope():
        row = Reach.objects.get()
        assert (row.quiet_from, row.quiet_to, row.channels, row.deputy.name) == (1320, 450, ["sms", "email"], "analyst")
        assert (row.away_from.isoformat(), row.away_to.isoformat()) == ("2026-11-30T16:00:00+00:00", "2026-12-02T16:00:00+00:00")
        assert hops.mobile(row) == "13812346629"
    text = client.get("/settings/me/reach/").content.decode()
    assert 'value="2026-12-02"' in text
    assert 'value="22:00"' in text
    assert client.post("/settings/me/reach/", ME).status_code == 409
    assert client.post("/settings/me/reach/", {**ME, "version": 1, "quiet_from": "", "quiet_to": "", "away_from": "", "away_to": "", "mobile": ""}).status_code == 302
    with shop.scope():
        row = Reach.objects.get()
        assert (row.quiet_from, row.away_from, row.sealed_mobile, row.version) == (None, None, None, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("mobile", "1381234"), ("mobile", "call me"), ("quiet_to", "22:00"), ("quiet_from", "25:00"), ("away_to", "2026-11-01"), ("away_from", "soon"),
     ("deputy", "nobody"), ("wecom", "<@all>"), ("ch1", "pigeon")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(shop, field, value):
    answer = shop.page("frontline").post("/settings/me/reach/", {**ME, field: value})
    if (field, value) == ("mobile", "1381234"):
        assert answer.status_code == 302
        return
    assert answer.status_code == 400
    assert 'value="lilei"' in answer.content.decode() or field == "wecom"


def test_a_deputy_from_elsewhere_does_not_exist(shop, stranger):
    for somebody in (stranger.members["analyst"], shop.members["frontline"]):
        assert shop.page("frontline").post("/settings/me/reach/", {**ME, "deputy": str(somebody.id)}).status_code == 400
    with shop.scope():
        assert Reach.objects.count() == 0


def test_the_rota_is_made_and_unmade(shop, stranger):
    client = shop.page("cx_manager")
    turn = {"do": "add", "unit": "S001", "role": "store_manager", "member": str(shop.members["store_manager"].id), "weekday": ["0", "6"], "from": "21:00", "to": "09:00"}
    assert client.post("/settings/notices/rota/", turn).status_code == 302
    assert client.post("/settings/notices/rota/", turn).status_code == 302
    with shop.scope():
        rows = [(row.weekday, row.from_minute, row.to_minute) for row in Shift.objects.order_by("weekday")]
        key = str(Shift.objects.first().id)
    assert rows == [(0, 1260, 540), (6, 1260, 540)]
    assert "到第二天" in client.get("/settings/notices/rota/").content.decode()
    assert stranger.page("cx_manager").post("/settings/notices/rota/", {"do": "remove", "key": key}).status_code == 302
    assert shop.page("store_manager").post("/settings/notices/rota/", {"do": "remove", "key": key}).status_code == 403
    with shop.scope():
        assert Shift.objects.count() == 2
    client.post("/settings/notices/rota/", {"do": "remove", "key": key})
    with shop.scope():
        assert Shift.objects.count() == 1
    wrong = client.post("/settings/notices/rota/", {**turn, "weekday": []})
    assert (wrong.status_code, "至少选一天" in wrong.content.decode()) == (400, True)
    cover = {"do": "cover", "unit": "S001", "role": "store_manager", "member": turn["member"], "from_at": "2030-01-01T09:00", "to_at": "2030-01-02T09:00", "token": "t"}
    for _ in range(2):
        assert client.post("/settings/notices/rota/", cover).status_code == 302
    with shop.scope():
        assert Cover.objects.count() == 1
    assert client.post("/settings/notices/rota/", {**cover, "to_at": "2029-01-01T09:00"}).status_code == 400


@pytest.fixture
def made(shop, receiver):
    """An account of a robot, made in the browser."""
    data = {"label": "华东群", "unit": "EAST", "token": uuid.uuid4().hex, "url": f"{receiver.url}/robot/send?access_token=tok-9f", "secret": SECRET}
    client = shop.page("cx_manager")
    for _ in range(2):
        assert client.post("/settings/notices/accounts/new/dingtalk/", data).status_code == 302
    with shop.scope():
        return SinkAccount.objects.select_related("unit").get()


def test_an_account_is_made_once_sealed_and_never_shown(shop, made):
    assert (made.unit.code, made.kind, made.config) == ("EAST", "dingtalk", {})
    assert SECRET.encode() not in bytes(made.sealed)
    for url in ("/settings/notices/accounts/", f"/settings/notices/accounts/{made.id}/"):
        text = shop.page("cx_manager").get(url).content.decode()
        assert (SECRET in text, "tok-9f" in text, "华东群" in text) == (False, False, True)


def test_changing_it_keeps_a_secret_that_is_left_empty(shop, made, receiver):
    client, url = shop.page("cx_manager"), f"/settings/notices/accounts/{made.id}/"
    data = {"label": "华东值班群", "unit": "EAST", "url": "", "secret": "", "version": 1}
    assert client.post(url, data).status_code == 302
    assert client.post(url, data).status_code == 409
    client.post(f"{url}do/", {"do": "test"})
    assert len(receiver.got) == 1
    with shop.scope():
        row = SinkAccount.objects.get()
        assert (row.label, row.test_error, row.tested_at is not None) == ("华东值班群", "", True)


def test_a_test_that_does_not_get_through_says_what_the_other_side_said(shop, made, receiver):
    receiver.answers = [(200, {"errcode": 310000, "errmsg": "sign not match"})]
    client = shop.page("cx_manager")
    answer = client.post(f"/settings/notices/accounts/{made.id}/do/", {"do": "test"}, follow=True)
    assert "errcode 310000 sign not match" in answer.content.decode()
    client.post(f"/settings/notices/accounts/{made.id}/do/", {"do": "off", "version": 1})
    with shop.scope():
        assert SinkAccount.objects.get().is_off


def test_an_address_inside_our_network_and_a_strangers_hand_are_refused(shop, stranger, made, monkeypatch):
    client = shop.page("cx_manager")
    data = {"label": "x", "unit": "EAST", "token": "q", "secret": ""}
    for url in ("https://10.0.0.1/robot", "http://example.com/x", "https://localhost/x", "not a url"):
        answer = client.post("/settings/notices/accounts/new/feishu/", {**data, "url": url})
        assert answer.status_code == 400, url
        assert url in answer.content.decode()
    assert stranger.page("admin").get(f"/settings/notices/accounts/{made.id}/").status_code == 404
    assert stranger.page("admin").post(f"/settings/notices/accounts/{made.id}/do/", {"do": "test"}).status_code == 404
    assert shop.page("store_manager").get("/settings/notices/accounts/").status_code == 403
    assert client.get("/settings/notices/accounts/new/pigeon/").status_code == 404


def test_the_list_of_accounts_takes_as_many_statements_for_three_as_for_one(shop, made, receiver, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from alerts import accounts

    client = shop.page("cx_manager")
    client.get("/settings/notices/accounts/")
    with CaptureQueriesContext(connection, ) as one:
        client.get("/settings/notices/accounts/")
    with shop.scope():
        for i in range(2):
            accounts.save(None, {"url": f"{receiver.url}/{i}"}, kind="wecom", label=f"群{i}", unit=shop.units["HQ"], organisation=shop.id, now=made.created_at, actor="t")
    with CaptureQueriesContext(connection) as three:
        client.get("/settings/notices/accounts/")
    assert len(three) == len(one)


GIVEN = "杭州西溪店|苏州观前店|成都天府店|华东区|西部区|试店|华东群|简体中文|繁體中文"


@pytest.mark.parametrize("url", ["/settings/me/reach/", "/settings/notices/rota/", "/settings/notices/accounts/", "/settings/notices/accounts/new/sms/", "/settings/notices/accounts/new/wecom/", "one"])  # fmt: skip
def test_no_chinese_is_left_on_english_pages(shop, made, url):
    client = shop.page("admin")
    client.cookies["cxms_language"] = "en"
    answer = client.get(f"/settings/notices/accounts/{made.id}/" if url == "one" else url)
    text = re.sub(GIVEN, "", answer.content.decode())
    assert re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text) == []


def test_the_safe_way_out_is_the_only_one():
    """The sinks speak through the guarded client alone."""
    from pathlib import Path

    root = Path(safe_http.__file__).parents[2] / "alerts" / "sinks"
    assert [path.name for path in root.glob("*.py") if re.search(r"http\.client|urlopen|socket", path.read_text())] == []
