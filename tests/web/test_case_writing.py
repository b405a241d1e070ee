"""Writing on a ticket: templates filled for it, drafts that outlive a log-out, notes that reach who they name."""

import pytest

from alerts.models import Notice
from complaints import moves
from complaints.models import Draft, Move, ReplyTemplate, Ticket
from web import presence


@pytest.fixture
def ticket(complain):
    return complain()


def add(client, **fields):
    blank = {"name": "先致歉", "text": "{客户称呼}您好，单号 {单号}，{承诺时间} 前答复您。", "unit": "", "language": "", "topic": "", "token": "k1"}
    return client.post("/settings/templates/", {**blank, **fields})


def move(client, ticket, kind, version, **fields):
    return client.post(f"/promises/{ticket.number}/moves/", {"move": kind, "version": version, **fields})


def test_a_template_is_written_once_and_an_unknown_variable_is_refused(shop, stranger):
    client = shop.page()
    assert add(client).status_code == 302
    assert add(client).status_code == 302
    refused = add(client, token="k2", text="您好 {客户名}，我打的字")
    assert refused.status_code == 400
    assert "没有这个变量：{客户名}" in refused.content.decode()
    assert "我打的字" in refused.content.decode()
    assert add(shop.page("store_manager"), token="k3").status_code == 403
    with shop.scope():
        row = ReplyTemplate.objects.get()
    url = f"/settings/templates/{row.id}/"
    assert "陈建国您好，单号 C-261123-018" in client.get(url).content.decode()
    good = {"name": "改名", "text": "您好", "version": 1}
    assert client.post(url, good).status_code == 302
    assert client.post(url, {**good, "name": "后来的"}).status_code == 409
    assert stranger.page().get(url).status_code == 404
    client.post(url, {"name": "改名", "text": "您好", "version": 2, "is_retired": "on"}, follow=True)
    assert "改名" not in client.get("/settings/templates/").content.decode()
    assert "改名" in client.get("/settings/templates/?state=retired").content.decode()


def test_the_list_is_filled_for_the_ticket_and_says_what_is_missing(shop, complain, stranger):
    client = shop.page()
    add(client)
    add(client, token="k4", name="只给西部", unit="WEST")
    known = complain()
    text = client.get(f"/promises/{known.number}/templates/").content.decode()
    assert f"陈建国您好，单号 {known.number}" in text
    assert "zqa" not in text
    assert "先致歉 xzq" in text
    assert "只给西部" not in text
    assert "还没填" not in text
    unknown = complain("没有留名的投诉，要求退货", customer=None, external_id="N")
    assert "还没填：客户称呼" in client.get(f"/promises/{unknown.number}/templates/").content.decode()
    assert stranger.page().get(f"/promises/{known.number}/templates/").status_code == 404


def test_a_reply_with_a_hole_is_not_sent_and_a_sent_one_is_counted(shop, ticket):
    client = shop.page()
    add(client)
    with shop.scope():
        row = ReplyTemplate.objects.get()
    refused = move(client, ticket, "reply", 1, text="{客户称呼}您好", template=str(row.id))
    assert refused.status_code == 400
    assert "还没填：客户称呼" in refused.content.decode()
    assert move(client, ticket, "reply", 1, text="陈先生您好", template=[str(row.id), "junk"]).status_code == 302
    with shop.scope():
        assert ReplyTemplate.objects.get().n_used == 1
        assert "template" not in Move.objects.get(kind="reply").data


def test_a_draft_outlives_the_log_in_and_is_nobody_elses(shop, ticket, stranger):
    url = f"/promises/{ticket.number}/draft/"
    page = f"/promises/{ticket.number}/"
    assert shop.page().post(url, {"form": "say", "text": "写到一半的回复"}).status_code == 204
    assert shop.page().post(url, {"form": "reconstruct", "what": "还原到一半"}).status_code == 204
    again = shop.page().get(page).content.decode()
    assert "写到一半的回复" in again
    assert "还原到一半" in again
    assert "写到一半的回复" not in shop.page("store_manager").get(page).content.decode()
    assert shop.page().post(url, {"form": "nonsense", "text": "x"}).status_code == 400
    assert shop.page().post(url, {"form": "say", "text": "字" * 50_000}).status_code == 400
    assert stranger.page().post(url, {"form": "say", "text": "x"}).status_code == 404
    shop.page().post(url, {"form": "say", "text": "  "})
    assert "写到一半的回复" not in shop.page().get(page).content.decode()


def test_a_sent_text_is_no_draft_and_a_refused_one_is(shop, ticket):
    client = shop.page()
    client.post(f"/promises/{ticket.number}/draft/", {"form": "say", "text": "您好，正在核实"})
    assert move(client, ticket, "reply", 1, text="您好，正在核实").status_code == 302
    with shop.scope():
        assert not Draft.objects.exists()
    assert move(client, ticket, "propose", 1, text="旧页面上写的方案").status_code == 412
    with shop.scope():
        assert Draft.objects.get().fields["text"] == "旧页面上写的方案"


def test_who_was_slower_sees_both_and_sends_anyway_or_drops_it(shop, ticket):
    client = shop.page()
    with shop.scope():
        moves.apply(ticket.id, "note", {"text": "我已联系客户"}, organisation=shop.id, actor="user:y", actor_name="唐雨")
    stale = move(client, ticket, "reply", 1, text="您好，我来联系您")
    text = stale.content.decode()
    assert stale.status_code == 412
    for said in ("你打开以后", "我已联系客户", "唐雨", "你写的", "您好，我来联系您", "照样提交", "不要我写的了"):
        assert said in text, said
    assert 'name="text" value="您好，我来联系您"' in text
    client.post(f"/promises/{ticket.number}/draft/", {"do": "discard", "form": "say"})
    assert "您好，我来联系您" not in client.get(f"/promises/{ticket.number}/").content.decode()
    assert move(client, ticket, "reply", 2, text="您好，我来联系您").status_code == 302
    with shop.scope():
        assert Ticket.objects.get(id=ticket.id).version == 3


def test_a_note_reaches_whom_it_names_and_nobody_who_cannot_see_it(shop, ticket, work):
    with shop.scope():
        for role, name in (("store_manager", "唐雨"), ("frontline", "江宁")):
            member = shop.members[role]
            member.name = name
            member.save()
    work()
    assert move(shop.page(), ticket, "note", 1, text="@唐雨 请看批次；@江宁 也看").status_code == 302
    work()
    work()
    with shop.scope():
        told = Notice.objects.filter(purpose="mentioned").select_related("recipient")
        assert {row.recipient.name for row in told} == {"唐雨", "江宁"}
    assert "提到你" in shop.page("store_manager").get("/notices/").content.decode()


def test_a_note_names_in_vain_who_cannot_see_the_ticket(shop, complain, work):
    far = complain("苏州店的投诉，要求退货", unit="S002", external_id="far")
    with shop.scope():
        moves.apply(far.id, "note", {"text": "@store_manager 请看；@region_manager 也看"}, organisation=shop.id, actor="user:z")
    work()
    with shop.scope():
        told = Notice.objects.filter(purpose="mentioned").select_related("recipient")
        assert {row.recipient.name for row in told} == {"region_manager"}


def test_one_hears_of_the_other_and_silence_ends_it(shop, ticket, stranger):
    url = f"/promises/{ticket.number}/here/"
    assert shop.page("store_manager").post(url, {"doing": "writing"}).content.decode().strip() == ""
    heard = shop.page().post(url, {"doing": "reading"}).content.decode()
    assert "store_manager 正在写" in heard
    assert "cx_manager 正在看" in shop.page("store_manager").post(url, {"doing": "nonsense"}).content.decode()
    assert stranger.page().post(url, {}).status_code == 404
    me = shop.members["executive"].id
    late = presence.beat(shop.id, ticket.id, me, name="e", doing="reading", now_seconds=2_000_000_000)
    assert late == []


def test_losing_redis_loses_only_the_hint(shop, ticket, settings):
    presence._redis.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    try:
        answer = shop.page().post(f"/promises/{ticket.number}/here/", {"doing": "writing"})
        assert answer.status_code == 200
        assert answer.content.decode().strip() == ""
    finally:
        presence._redis.cache_clear()

