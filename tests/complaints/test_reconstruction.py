"""还原: every source in one line, five fields or no signature, what was signed stands and a correction is a new version."""

from datetime import timedelta

import pytest

from complaints import file_kinds, moves, queries, reconstruction
from complaints.models import Clock, Ticket
from customers import events
from customers.cards import Card
from customers.events import RawEvent
from feedback import intake
from feedback.intake import Source
from feedback.shapes import RawVoice
from tests.web.conftest import complain as complain

FIVE = {"who": "陈先生，魏工", "when": "昨天", "where": "西溪店", "what": "质检漏项", "evidence": ""}


@pytest.fixture
def told(shop, complain, now):
    """A ticket of a customer with an order, an earlier voice, a note and a file."""
    card = Card(external_id="K-1", name="陈建国", phone="13812346629")
    ticket = complain()
    with shop.scope():
        order = RawEvent("R-77120", "repair", now - timedelta(days=9), card, unit="S001", amount_minor=529900, currency="CNY")
        other = RawEvent("R-1", "repair", now, Card(external_id="K-2", name="别人"), unit="S001")
        events.receive([order, other], organisation=shop.id, now=now, announce=False)
        voice = RawVoice(channel="wechat", text="屏幕闪", unit="S001", customer=card, occurred_at=now - timedelta(days=3), external_id="v1")
        intake.receive([voice], organisation=shop.id, source=Source(b"x", "x", "t"), now=now, announce=False)
        file = file_kinds.clean("单据.txt", b"words")
        moves.apply(ticket.id, "note", {"text": "查到批次"}, organisation=shop.id, actor="t", actor_name="唐雨", files=[file])
    return ticket


def keys(ticket):
    return [one.key for one in reconstruction.sources(ticket, queries.timeline(ticket))]


def go(shop, ticket, move, name="唐雨", **fields):
    return moves.apply(ticket.id, move, fields, organisation=shop.id, actor="user:x", actor_name=name)


def test_every_source_stands_in_one_line_and_nobody_elses(shop, told):
    with shop.scope():
        found = reconstruction.sources(told, queries.timeline(told))
        assert [one.key.split(":")[0] for one in found] == ["event", "voice", "move", "move", "file"]
        assert found[0].text == "R-77120 · 杭州西溪店 · CNY 5,299.00"
        assert (found[1].text, found[3].text, found[4].text) == ("屏幕闪", "查到批次", "单据.txt")
        assert found[0].where == "杭州西溪店"


@pytest.mark.parametrize("lack", ["who", "when", "where", "what", "evidence"])
def test_an_incomplete_record_never_stops_the_clause(shop, told, lack):
    with shop.scope():
        with pytest.raises(Exception) as refused:  # noqa: B017, RUF100
            go(shop, told, "reconstruct", **{**FIVE, "evidence": "单据", lack: " "}, signed=True)
        assert (refused.value.code, refused.value.field) == ("missing", lack)
        assert Clock.objects.get(ticket=told, kind="reconstruction").stopped_at is None
        assert Ticket.objects.get(id=told.id).reconstruction == {}


def test_unsigned_stops_nothing_and_signed_by_a_cited_source_does(shop, told):
    with shop.scope():
        with pytest.raises(Exception, match="签字后才算"):
            go(shop, told, "reconstruct", **FIVE, cites=keys(told)[:1])
        assert reconstruction.missing(FIVE) == ["evidence"]
        assert reconstruction.missing({**FIVE, "cites": ["event:1"]}) == []
        signed = go(shop, told, "reconstruct", **FIVE, cites=[keys(told)[4], keys(told)[0]], signed=True)
        assert Clock.objects.get(ticket=told, kind="reconstruction").state == "met"
        record = signed.reconstruction
        assert (record["signer"], record["version"]) == ("唐雨", 1)
        assert [one["text"] for one in record["cited"]] == ["R-77120 · 杭州西溪店 · CNY 5,299.00", "单据.txt"]
        with pytest.raises(Exception, match="已还原并签字"):
            go(shop, told, "reconstruct", **{**FIVE, "evidence": "x"}, signed=True)


def test_a_foreign_source_cannot_be_cited(shop, stranger, told, complain):
    other = complain("隔壁", shop=stranger)
    with stranger.scope():
        foreign = reconstruction.sources(other, queries.timeline(other))[0].key
    with shop.scope():
        for key in ("event:00000000-0000-0000-0000-000000000000", "move:99", "file:x"):
            with pytest.raises(Exception, match="不在时间线上"):
                go(shop, told, "reconstruct", **FIVE, cites=[key], signed=True)
        # a number of a move means a move of this very ticket
        assert foreign == keys(told)[2]
        for wrong in ("event:1", [1], ["x" * 65], ["x"] * 41):
            with pytest.raises(Exception, match="最多 40 条"):
                go(shop, told, "reconstruct", **FIVE, cites=wrong, signed=True)


def test_a_correction_is_a_new_version_and_moves_no_clock(shop, told):
    with shop.scope():
        with pytest.raises(Exception, match="还没有签字"):
            go(shop, told, "correct", **{**FIVE, "evidence": "x"}, reason="x")
        go(shop, told, "reconstruct", **FIVE, cites=keys(told)[:1], signed=True)
        before = Clock.objects.get(ticket=told, kind="reconstruction").stopped_at
        with pytest.raises(Exception, match="没有改动"):
            go(shop, told, "correct", **FIVE, cites=keys(told)[:1], reason="再看看")
        go(shop, told, "correct", name="谢子昂", **{**FIVE, "what": "配件批次"}, cites=keys(told)[:1], reason="查到批次")
        assert Clock.objects.get(ticket=told, kind="reconstruction").stopped_at == before
        newest, oldest = reconstruction.versions(told)
        assert (newest.number, newest.signer, newest.reason, newest.fields["what"]) == (2, "谢子昂", "查到批次", "配件批次")
        assert (oldest.number, oldest.signer, oldest.reason, oldest.fields["what"]) == (1, "唐雨", "", "质检漏项")
        assert Ticket.objects.get(id=told.id).reconstruction["what"] == "配件批次"
