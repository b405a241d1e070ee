"""The queue: every filter by its own, saved views own and shared, bulk moves with a result per row and an undo."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from complaints import bulk as runs
from complaints import moves, queries
from complaints.models import BulkRow, BulkRun, Clock, SavedView, Ticket
from complaints.queries import Filters
from cxms.lib import clock
from ledger.models import Fact


def apply(shop, ticket, move, **fields):
    with shop.scope():
        return moves.apply(ticket.id, move, fields, organisation=shop.id, actor="user:x", actor_name="甲")


def fresh(shop, ticket):
    with shop.scope():
        return Ticket.objects.select_related("owner__user").get(id=ticket.id)


def bulk(client, tickets, move, token=None, query="", **fields):
    data = {"ticket": [t.number for t in tickets], "move": move, "token": token or uuid.uuid4().hex, "query": query}
    return client.post("/promises/bulk/", {**data, **fields})


@pytest.fixture
def three(complain):
    return [
        complain(severity="critical", channel="phone"),
        complain("退款九天没有到账", unit="S002"),
        complain("安装迟到两小时，无人道歉", unit="S003", channel="wechat"),
    ]


def found(shop, **filters):
    with shop.scope():
        rows = queries.tickets(Filters(**filters), organisation=shop.id, now=clock.now())
        return [row.number for row in rows]


def test_every_filter_narrows_and_unknown_values_mean_any(shop, three):
    one, two, last = (ticket.number for ticket in three)
    everything = {one, two, last}
    apply(shop, three[1], "assign", assignee=shop.members["frontline"].user.email)
    apply(shop, three[2], "hold", reason="waiting_customer")
    with shop.scope():
        Clock.objects.filter(kind="notify").update(stopped_at=clock.now(), next_fire_at=None)
    client = shop.page()
    cases = {
        "severity=critical": {one},
        "state=new": {one},
        "channel=wechat": {last},
        "clock=paused": {last},
        "clock=running": everything - {last},
        "due=90": everything - {last},
        "due=30": set(),
        "owner=none": {one, last},
        f"owner={shop.members['frontline'].id}": {two},
        "q=无人道歉": {last},
        f"q={two}": {two},
        "tier=nope": set(),
        "severity=nonsense&channel=x&clock=x&due=x&owner=x&order=x&state=x": everything,
    }
    for query, expected in cases.items():
        text = client.get(f"/promises/?{query}").content.decode()
        assert {n for n in everything if f"/promises/{n}/" in text} == expected, query


def test_orders(shop, three):
    numbers = [ticket.number for ticket in three]
    with shop.scope():
        for i, ticket in enumerate(three):
            Ticket.objects.filter(id=ticket.id).update(received_at=clock.now() - timedelta(minutes=9 - i))
    assert found(shop, order="oldest") == numbers
    assert found(shop, order="newest") == numbers[::-1]
    assert found(shop, order="severity")[0] == numbers[0]


def test_the_words_of_the_customer_are_searched(shop, complain):
    ticket = complain("第一句话在这里。第二句提到了蓝色雨伞")
    assert "蓝色雨伞" not in ticket.title
    assert found(shop, q="蓝色雨伞") == [ticket.number]


def test_a_saved_view_keeps_filters_counts_and_has_one_maker(shop, three):
    client = shop.page()
    answer = client.post("/promises/views/", {"token": "t1", "name": "我的红线", "query": "severity=critical&page=3&evil=1", "role": ""})
    again = client.post("/promises/views/", {"token": "t1", "name": "我的红线", "query": "severity=critical", "role": ""})
    assert answer.url == again.url
    assert "severity=critical&saved=" in answer.url
    assert "evil" not in answer.url
    text = client.get(answer.url).content.decode()
    assert '我的红线 <span class="cx-n">1</span>' in text
    assert three[0].number in text
    assert three[1].number not in text
    assert "我的红线" not in shop.page("store_manager").get("/promises/").content.decode()


def test_a_view_is_shared_with_a_role_by_who_manages(shop, three):
    client = shop.page()
    client.post("/promises/views/", {"token": "t2", "name": "门店看", "query": "view=breached", "role": "store_manager"})
    assert "门店看" in shop.page("store_manager").get("/promises/").content.decode()
    assert "门店看" not in shop.page("frontline").get("/promises/").content.decode()
    shop.page("frontline").post("/promises/views/", {"token": "t3", "name": "硬塞", "query": "", "role": "all"})
    assert "硬塞" not in client.get("/promises/").content.decode()


def test_a_view_is_guarded_by_its_version_and_its_maker(shop, stranger):
    client = shop.page()
    client.post("/promises/views/", {"token": "t4", "name": "旧名", "query": "", "role": ""})
    with shop.scope():
        row = SavedView.objects.get(name="旧名")
    url = f"/promises/views/{row.id}/"
    good = {"version": 1, "name": "新名", "query": "channel=phone", "role": "", "do": "save"}
    assert client.post(url, good).status_code == 302
    stale = client.post(url, {**good, "name": "我打的字"})
    assert stale.status_code == 409
    assert "我打的字" in stale.content.decode()
    taken = client.post("/promises/views/", {"token": "t5", "name": "新名", "query": "", "role": ""})
    assert taken.status_code == 400
    assert "你已有一个" in taken.content.decode()
    assert shop.page("executive").post(url, {**good, "version": 2}).status_code == 404
    assert stranger.page().post(url, {**good, "version": 2}).status_code == 404
    client.post(url, {"version": 2, "do": "remove", "name": "新名", "query": ""})
    with shop.scope():
        assert not SavedView.objects.exists()


def test_bulk_assign_says_row_by_row_and_is_undone(shop, three):
    client = shop.page()
    apply(shop, three[1], "resolve", text="已退款")
    email = shop.members["frontline"].user.email
    apply(shop, three[2], "assign", assignee=email)
    answer = bulk(client, three, "assign", token="b1", assignee=email)
    assert bulk(client, three, "assign", token="b1", assignee=email).url == answer.url
    with shop.scope():
        run = BulkRun.objects.get()
        rows = {row.ticket_id: row for row in BulkRow.objects.filter(run=run)}
    assert {rows[t.id].outcome for t in three[:2]} == {"done"}
    assert rows[three[2].id].outcome == "same"
    assert fresh(shop, three[0]).owner.user.email == email
    page = client.get(answer.url).content.decode()
    assert "3 宗都有了结果" in page
    # one is moved by somebody else meanwhile: it stays as that person left it
    apply(shop, three[1], "note", text="我在看")
    client.post(answer.url, {})
    assert fresh(shop, three[0]).owner is None
    assert fresh(shop, three[1]).owner is not None
    assert "后来又有人动过" in client.get(answer.url).content.decode()


def test_a_refused_row_gives_its_reason_and_the_rest_goes_on(shop, three):
    client = shop.page()
    apply(shop, three[0], "reconstruct", who="a", when="b", where="c", what="d", evidence="e", signed=True)
    for ticket in three[:2]:
        apply(shop, ticket, "resolve", text="好了")
    owner = shop.members["cx_manager"].user.email
    why = {"whys": ["漏检"], "cause_code": "product.inspection", "prevention": "补上", "owner": owner, "due": "2099-01-31"}
    apply(shop, three[0], "reflect", **why)
    answer = bulk(client, three, "close")
    with shop.scope():
        said = {row.ticket_id: (row.outcome, row.reason) for row in BulkRow.objects.all()}
    assert said[three[0].id] == ("done", "")
    assert said[three[1].id] == ("refused", "事件还没有还原，不能关闭")
    assert said[three[2].id] == ("refused", "现在是“待处理”")
    assert fresh(shop, three[0]).state == "closed"
    with shop.scope():
        row = BulkRow.objects.get(ticket=three[0])
    client.post(answer.url, {"row": str(row.id)})
    assert fresh(shop, three[0]).state == "resolved"
    assert fresh(shop, three[0]).closed_at is None


@pytest.mark.parametrize(("move", "fields"), [
    ("change_severity", {"to_severity": "critical", "severity_reason": "同一批次"}),
    ("hold", {"hold_reason": "waiting_third_party", "hold_proof": "供应商来函"}),
])  # fmt: skip
def test_severity_and_hold_are_put_back(shop, complain, move, fields):
    ticket = complain(severity="normal")
    client = shop.page()
    answer = bulk(client, [ticket], move, **fields)
    with shop.scope():
        assert BulkRow.objects.get().outcome == "done"
        assert (queries.open_pause(ticket, now=clock.now()) is not None) is (move == "hold")
    client.post(answer.url, {})
    with shop.scope():
        assert BulkRow.objects.get().outcome == "undone"
        assert queries.open_pause(ticket, now=clock.now()) is None
    assert fresh(shop, ticket).severity == "normal"


def test_resume_is_put_back_with_its_reason(shop, complain):
    ticket = complain()
    apply(shop, ticket, "hold", reason="waiting_customer", proof="短信已发")
    client = shop.page()
    answer = bulk(client, [ticket], "resume")
    client.post(answer.url, {})
    with shop.scope():
        assert queries.open_pause(ticket, now=clock.now()).proof == "短信已发"


def test_undo_ends_after_ten_minutes_and_a_note_stays(shop, complain):
    ticket = complain()
    client = shop.page()
    answer = bulk(client, [ticket], "assign", assignee=shop.members["frontline"].user.email)
    with shop.scope():
        BulkRow.objects.update(at=clock.now() - timedelta(minutes=11))
    assert "没有可以撤销的" in client.post(answer.url, {}, follow=True).content.decode()
    noted = bulk(client, [ticket], "note", text="同一批次")
    assert "不能撤销" in client.post(noted.url, {}, follow=True).content.decode()


def test_more_than_twenty_follow_in_slices_over_everything_a_filter_finds(shop, complain, work):
    tickets = [complain(f"第{i}号投诉，要求退货", external_id=f"B-{i}", severity="low") for i in range(30)]
    other = complain("不在条件里的", severity="high")
    client = shop.page()
    answer = client.post("/promises/bulk/", {"all": "1", "query": "severity=low", "move": "note", "text": "批", "token": "z"})
    assert "0 / 30 宗" in client.get(answer.url).content.decode()
    assert 'hx-trigger="every 1s"' in client.get(answer.url).content.decode()
    work()
    page = client.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    assert "30 宗都有了结果" in page
    assert "hx-get" not in page
    with shop.scope():
        assert sum(m.kind == "note" for t in tickets for m in queries.timeline(t)) == 30
        assert all(m.kind != "note" for m in queries.timeline(other))


def test_a_slice_reads_and_tells_once_for_all_its_rows(shop, complain):
    """Per row: a savepoint and its release, the clock, the ticket, the move. All else once a slice; each row has its fact."""
    tickets = [complain(f"第{i}号投诉，要求退货", external_id=f"S-{i}") for i in range(14)]
    asked = {"organisation": shop.id, "member": shop.members["cx_manager"], "language": "zh-hans", "now": clock.now(), "actor": "t"}

    def n_statements(some):
        who = {"assignee": shop.members["frontline"].user.email}
        with shop.scope(), CaptureQueriesContext(connection) as said:
            runs.start(uuid.uuid4(), [t.id for t in some], "assign", who, **asked)
        return len(said)

    few, more = n_statements(tickets[:3]), n_statements(tickets[3:])
    assert (more - few) / 8 <= 5
    with shop.scope():
        assert set(BulkRow.objects.values_list("outcome", flat=True)) == {"done"}
        assert Fact.objects.filter(kind="complaint.moved").count() == 14
        for ticket in tickets:
            assert [m.kind for m in queries.timeline(ticket)].count("assign") == 1


def test_a_bulk_form_keeps_what_was_typed_and_who_may_not_is_refused(shop, three):
    answer = bulk(shop.page(), three, "change_severity", to_severity="low", severity_reason="")
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "请填写" in text
    assert text.count(" checked") >= 3
    assert bulk(shop.page(), [], "close").status_code == 400
    refused = bulk(shop.page("frontline"), three, "change_severity", to_severity="low", severity_reason="x")
    assert "这一步要由店长或经理来做" in refused.content.decode()
    assert bulk(shop.page(), three, "reopen").status_code == 400
    with shop.scope():
        assert not BulkRun.objects.exists()


def test_a_bulk_move_reaches_only_what_one_sees(shop, stranger, three):
    client = shop.page("store_manager")
    answer = bulk(client, three, "note", text="只到我店")
    with shop.scope():
        assert list(BulkRow.objects.values_list("ticket_id", flat=True)) == [three[0].id]
    for other in (shop.page("executive"), stranger.page()):
        assert other.get(answer.url).status_code == 404
        assert other.post(answer.url, {}).status_code == 404
    assert bulk(stranger.page(), three, "note", text="x").status_code == 400


def test_saved_views_and_rows_ask_no_more_with_more_rows(shop, complain):
    client = shop.page()
    client.post("/promises/views/", {"token": "q", "name": "电话", "query": "channel=phone", "role": ""})
    complain()
    client.get("/promises/?order=severity&due=120")
    with CaptureQueriesContext(connection) as one:
        client.get("/promises/?order=severity&due=120")
    complain("退款九天没有到账", unit="S002")
    complain("安装迟到两小时", unit="S003")
    with CaptureQueriesContext(connection) as many:
        client.get("/promises/?order=severity&due=120")
    assert len(many) == len(one)


def test_single_keys_rest_when_switched_off(shop):
    client = shop.page()
    assert 'data-keys="off"' not in client.get("/promises/").content.decode()
    client.post("/settings/me/", {"do": "keys"})
    assert 'data-keys="off"' in client.get("/promises/").content.decode()
    client.post("/settings/me/", {"do": "keys", "keys": "on"})
    assert 'data-keys="off"' not in client.get("/promises/").content.decode()
