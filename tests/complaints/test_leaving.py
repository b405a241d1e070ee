"""Why customers leave: the two axes suggested alike by the pure rule and the list, coded by persons; records told once, counted once."""

import itertools
import uuid
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from complaints import axes, causes, leaving, leaving_list, moves, queries
from complaints.axes import Facts, Place, place_of, suggest
from complaints.enums import LeavingReason, LeftWith, Unmet
from complaints.intake import Complaint, file
from complaints.leaving import LeavingError, RawLeaving
from complaints.models import AxesCode, Clock, LeavingRecord, Reflection, Ticket
from complaints.queries import Filters
from complaints.received import Asked
from customers import customers, merging
from customers.cards import Card
from customers.customers import Put
from customers.likeness import Likeness
from feedback import voices
from feedback.intake import Source
from feedback.models import Analysis
from feedback.shapes import RawVoice
from reports.leaving import FOLK
from reports.leaving import leaving as figures
from tenancy.models import AuditEvent, Member
from tenancy.versions import Stale

# (state, accepted, broken, reopened) → what stayed with the customer
LEFT = [
    ("handling", False, True, 1, ""), ("proposed", False, False, 0, ""), ("new", False, False, 0, ""),
    ("resolved", True, False, 0, "not"), ("closed", True, True, 0, "partly"), ("closed", True, False, 2, "partly"),
    ("resolved", False, False, 0, "partly"), ("closed", False, True, 0, "wholly"), ("closed", False, False, 1, "wholly"), ("resolved", False, True, 1, "wholly"),
]  # fmt: skip
# (kind, mentions, signed cause) → what was unmet
UNMET = [
    ("complaint", [("waiting_time", -0.5)], "", "expectation"), ("complaint", [("stock", -0.5)], "", "need"), ("complaint", [("stock", -0.5), ("price", -0.1)], "", "expectation"),
    ("suggestion", [("price", -0.5)], "", "need"), ("complaint", [("stock", 0.5), ("product_function", -0.01)], "", "need"), ("complaint", [("other", -0.9)], "", ""),
    ("complaint", [("waiting_time", 0.0)], "", ""), ("complaint", [], "", ""), ("suggestion", [], "promise.unclear", "expectation"), ("complaint", [("stock", -0.5)], "product", "need"),
]  # fmt: skip


def complain(shop, text="坏了", *, now, unit="S001", day=0):
    with shop.scope():
        received = now - timedelta(days=day)
        ticket, _ = file(Complaint(RawVoice(channel="phone", text=text, unit=unit), received_at=received if day else None), organisation=shop.id, source=Source(b"x", "t", "t"), now=now)
    return ticket


def month(now):
    today = (now + timedelta(hours=8)).date()
    return Asked(today - timedelta(days=27), today + timedelta(days=1))


def stage(ticket, state, is_accepted, is_broken, n_reopened, kind, mentions, cause, now):
    """Writes the facts of one case as the machine would leave them."""
    Ticket.objects.filter(id=ticket.id).update(state=state, n_reopened=n_reopened, proposal={"text": "x", "answer": "accepted" if is_accepted else ""})
    # a late reconstruction, reflection or notice leaves the customer nothing
    Clock.objects.filter(ticket=ticket).exclude(kind__in=axes.PROMISED).update(breached_at=now)
    Clock.objects.filter(ticket=ticket, kind__in=axes.PROMISED).update(breached_at=now if is_broken else None)
    made = [{"code": code, "sentiment": feel, "start": 0, "end": 1} for code, feel in mentions]
    Analysis.objects.filter(feedback_id=ticket.feedback_id, is_current=True).update(kind=kind, topics=made)
    Reflection.objects.filter(ticket=ticket).delete()
    if cause:
        row = causes.by_code(cause, organisation=ticket.organisation_id)
        Reflection.objects.create(
            organisation_id=ticket.organisation_id, ticket=ticket, cycle=ticket.cycle, cause=row, prevention="x", due_date=date(2026, 1, 1),
            owner=Member.objects.first(), signed_at=now,
        )  # fmt: skip


def test_the_rule_and_the_list_say_the_same(shop, now):
    for state, accepted, broken, n, expected in LEFT:
        assert suggest(Facts(state, accepted, broken, n)).left_with == expected, (state, accepted, broken, n)
    for kind, mentions, cause, expected in UNMET:
        said = tuple({"code": code, "sentiment": feel} for code, feel in mentions)
        assert suggest(Facts("new", False, False, 0, kind, said, cause)).unmet == expected, (kind, mentions, cause)
    ticket = complain(shop, now=now)
    with shop.scope():
        causes.add_ready(organisation=shop.id, now=now, actor="t")
        for (state, accepted, broken, n, left), (kind, mentions, cause, unmet) in [*zip(LEFT, UNMET, strict=True), *zip(LEFT, reversed(UNMET), strict=True)]:
            stage(ticket, state, accepted, broken, n, kind, mentions, cause, now)
            row = axes.placed(Ticket.objects.filter(id=ticket.id), organisation=shop.id).get()
            assert (row.on_unmet, row.on_left) == (unmet, left), (state, kind, mentions, cause)
            found = axes.standing(row)
            assert (found.unmet, found.left_with, found.state) == (unmet, left, row.on_state)
            assert row.on_state == ("suggested" if unmet and left else "open")
            assert {found.suggestion.unmet_why, found.suggestion.left_why} <= set(axes.reasons())
        assert Clock.objects.filter(ticket=ticket, kind__in=axes.PROMISED).update(breached_at=now, state="excused")
        Ticket.objects.filter(id=ticket.id).update(state="closed", n_reopened=0, proposal={"answer": "accepted"})
        assert axes.standing(Ticket.objects.get(id=ticket.id)).left_with == "not"  # an excused promise was not broken


def test_a_person_decides_and_suggestions_are_counted_apart(shop, stranger, now):
    rows = [complain(shop, f"等得太久{i}", now=now, unit="S003" if i == 2 else "S001") for i in range(3)]
    with shop.scope():
        for ticket in rows[:2]:
            stage(ticket, "closed", False, False, 0, "complaint", [("waiting_time", -0.5)], "", now)
        told = {"organisation": shop.id, "now": now, "actor": "user:m@x", "actor_name": "m"}
        assert axes.code(rows[0], "neither", "not", version=0, **told).version == 1
        assert axes.code(rows[0], "neither", "not", version=0, **told).version == 1  # a second tap of the old form
        with pytest.raises(Stale):
            axes.code(rows[0], "need", "not", version=0, **told)
        for pair in (("", "not"), ("need", ""), ("x", "not")):
            with pytest.raises(axes.AxesError):
                axes.code(rows[0], *pair, version=1, **told)
        assert axes.code(rows[0], "need", "wholly", version=1, **told).version == 2
        assert AuditEvent.objects.filter(action="axes.coded").count() == 2
        asked = month(now)
        counts = leaving_list.summed(leaving_list.n_complaints(asked, organisation=shop.id, now=now))
        assert counts == {("need", "wholly", "coded"): 1, ("expectation", "partly", "suggested"): 1, (axes.standing(rows[2]).unmet, "", "open"): 1}
        # every number is the list it opens
        for unmet, left, state in itertools.product(("", *Unmet.values), ("", *LeftWith.values), ("coded", "suggested", "set", "open")):
            place = Place(unmet, left, state)
            assert place_of(str(place)) == place
            n = sum(m for (one, other, s), m in counts.items() if unmet in {"", one} and left in {"", other} and (s == state or (state == "set" and s != "open")))
            wanted = Filters(view="all", axes=str(place), from_date=asked.from_date, to_date=asked.to_date)
            assert queries.n_tickets(wanted, organisation=shop.id, now=now) == n, place
        assert figures(replace(asked, unit="WEST"), organisation=shop.id, now=now).complaints.n_open == 1
        # a duplicate is the other one's complaint
        moves.apply(rows[2].id, "note", {"text": "x"}, organisation=shop.id, actor="t")
        Ticket.objects.filter(id=rows[2].id).update(duplicate_of=rows[0])
        assert sum(leaving_list.summed(leaving_list.n_complaints(asked, organisation=shop.id, now=now)).values()) == 2
        with pytest.raises(axes.AxesError, match="重复"):
            axes.code(rows[2], "need", "not", version=0, **told)
        # a voice that was taken out leaves every figure, and the rows it opens: the two are one
        place = str(Place("", "", "set"))
        wanted = Filters(view="all", axes=place, from_date=asked.from_date, to_date=asked.to_date)
        everybody = queries.n_tickets(replace(wanted, axes=""), organisation=shop.id, now=now)
        for ticket, left, take in ((rows[0], 1, partial(voices.exclude, reason="刷的")), (rows[1], 0, voices.delete)):
            take(ticket.feedback_id, organisation=shop.id, now=now, actor="t")
            assert sum(leaving_list.summed(leaving_list.n_complaints(asked, organisation=shop.id, now=now)).values()) == left
            assert queries.n_tickets(wanted, organisation=shop.id, now=now) == left == figures(asked, organisation=shop.id, now=now).complaints.n
        assert queries.n_tickets(replace(wanted, axes=""), organisation=shop.id, now=now) == everybody, "the desk keeps its cases"
    with stranger.scope():
        assert leaving_list.n_complaints(month(now), organisation=shop.id, now=now) == {}
    for value in ("", "::x", "need", "a:b:c", "need:not", "need:not:set:x"):
        assert place_of(value) is None


def raw(external="L-1", *, now, **more):
    return RawLeaving(**{"external_id": external, "day": (now + timedelta(hours=8)).date(), "reason": "price", "unit": "S001", **more})


def test_told_again_a_record_is_replaced_and_withdrawn_it_stays(shop, stranger, now):
    asked = month(now)
    with shop.scope():
        person = customers.put(Put(Card(external_id="K1", name="王一")), organisation=shop.id, now=now, actor="t")[0]
        told = {"organisation": shop.id, "now": now, "actor": "key:crm"}
        sent = [raw(now=now, customer="K1"), raw("L-2", now=now, customer="尾号 2211", reason="moved", unmet="neither", left_with="not"), raw("L-3", now=now, unit="NO"), raw("L-4", now=now, day=asked.to_date)]
        assert leaving.put(sent, **told) == ["accepted", "accepted", "unknown_unit", "future"]
        assert leaving.put(sent[:2], **told) == ["unchanged", "unchanged"]
        assert leaving.put([raw(now=now, customer="K1", reason="unsolved")], **told) == ["accepted"]
        one, two = LeavingRecord.objects.order_by("external_id")
        assert (one.customer_id, one.reference, one.reason, one.version) == (person.id, "", "unsolved", 2)
        assert (two.customer_id, two.reference, two.unmet, two.version) == (None, "尾号 2211", "neither", 1)
        row = leaving.record(uuid.uuid4(), raw("", now=now, reason="died"), version=0, paths=(shop.units["EAST"].path,), **told)
        assert leaving.record(row.id, raw("", now=now, reason="died"), version=0, **told).version == 1
        with pytest.raises(Stale):
            leaving.record(row.id, raw("", now=now, reason="price"), version=0, **told)
        for unit in ("S003", "", "NO"):
            with pytest.raises(LeavingError):
                leaving.record(uuid.uuid4(), raw("", now=now, unit=unit), version=0, paths=(shop.units["EAST"].path,), **told)
        with pytest.raises(LeavingError):
            leaving.record(uuid.uuid4(), raw("", now=now, day=asked.to_date), version=0, **told)
        found = figures(asked, organisation=shop.id, now=now)
        assert (found.n, found.records.n_coded, found.records.n_open, found.records.cell("neither", "not").n) == (3, 1, 2, 1)
        leaving.withdraw(one.id, version=2, organisation=shop.id, now=now, actor="t")
        leaving.put([raw(now=now, customer="K1", reason="moved")], **told)
        assert figures(asked, organisation=shop.id, now=now).n == 2
        with pytest.raises(IntegrityError), transaction.atomic():
            LeavingRecord.objects.filter(id=two.id).update(unmet="")
        with pytest.raises(LeavingError):
            leaving.withdraw(uuid.uuid4(), version=1, organisation=shop.id, now=now, actor="t")
    with stranger.scope():
        assert figures(asked, organisation=shop.id, now=now).n == 0
        with pytest.raises(LeavingError):
            leaving.withdraw(two.id, version=1, organisation=stranger.id, now=now, actor="t")


def test_a_merge_takes_the_records_along_and_gives_them_back(shop, now, work):
    with shop.scope():
        kept = customers.put(Put(Card(external_id="K1")), organisation=shop.id, now=now, actor="t")[0]
        gone = customers.put(Put(Card(external_id="K2")), organisation=shop.id, now=now, actor="t")[0]
        leaving.put([raw(now=now, customer="K2")], organisation=shop.id, now=now, actor="t")
        row = merging.merge(kept.id, gone.id, Likeness(0.5, ()), organisation=shop.id, now=now, actor="t")
    work()
    with shop.scope():
        assert LeavingRecord.objects.get().customer_id == kept.id
        leaving.put([raw("L-9", now=now, customer="K2")], organisation=shop.id, now=now, actor="t")  # the CRM still calls him so
        assert LeavingRecord.objects.get(external_id="L-9").customer_id == kept.id
        merging.undo(row.id, organisation=shop.id, now=now, actor="t")
    work()
    with shop.scope():
        assert LeavingRecord.objects.get(external_id="L-1").customer_id == gone.id


def test_own_shares_stand_beside_the_folk_ones(shop, now):
    assert sum(FOLK.values()) == pytest.approx(1) and list(FOLK.values()) == [0.01, 0.03, 0.05, 0.09, 0.14, 0.68]
    asked = month(now)
    with shop.scope():
        told = {"organisation": shop.id, "now": now, "actor": "t"}
        leaving.put([raw(f"a{i}", now=now, reason="price") for i in range(4)], **told)
        assert {row.share for row in figures(asked, organisation=shop.id, now=now).reasons} == {None}  # below five there are no shares
        leaving.put([raw(f"b{i}", now=now, reason="indifference" if i < 10 else "product") for i in range(36)], **told)
        found = {row.code: row for row in figures(asked, organisation=shop.id, now=now).reasons}
    assert list(found) == LeavingReason.values and sum(row.n for row in found.values()) == 40
    # Wilson for 10 of 40 and 26 of 40, by hand
    assert [round(v, 4) for v in (found["indifference"].share.value, found["indifference"].share.low, found["indifference"].share.high)] == [0.25, 0.1419, 0.4019]
    assert (found["indifference"].folk_is, found["product"].folk_is, found["price"].folk_is, found["died"].folk_is) == ("above", "below", "", "within")


FILE = [
    ({"external_id": "1", "day": "2026/11/02", "reason": "价格", "unit": "S001"}, ""),
    ({"external_id": "2", "day": "2026-11-02", "reason": "UNSOLVED", "unmet": "期望没有满足", "left_with": "全留给了客户"}, ""),
    ({"external_id": "3", "day": "2026-11-02", "reason": "被競爭對手吸引", "note": "x" * 400}, ""),
    ({"external_id": "4", "day": "昨天", "reason": "price"}, "bad_date"),
    ({"external_id": "5", "day": "2026-11-02", "reason": ""}, "missing"),
    ({"external_id": "6", "day": "2026-11-02", "reason": "x"}, "unknown_reason"),
    ({"external_id": "7", "day": "2026-11-02", "reason": "price", "unmet": "need"}, "half_coded"),
    ({"external_id": "8", "day": "2026-11-02", "reason": "price", "left_with": "x"}, "unknown_left_with"),
    ({"external_id": "", "day": "2026-11-02", "reason": "price"}, "missing"),
    ({"external_id": "1", "day": "2026-11-02", "reason": "price"}, "twice"),
    ({"external_id": "9", "day": "2026-11-02", "reason": "price", "unit": "NO"}, "unknown_unit"),
    ({"external_id": "10", "day": "1889-11-02", "reason": "price"}, "bad_date"),
    ({"external_id": "11", "day": "2026-11-02", "reason": "price", "note": "x" * 401}, "too_long"),
]


def test_a_file_is_tried_first_and_goes_in_whole(shop, now):
    rows = [(n, {name: values.get(name, "") for name in leaving.COLUMNS}) for n, (values, _code) in enumerate(FILE, 2)]
    with shop.scope():
        tried = leaving.plan(rows, organisation=shop.id)
        assert [line.code for line in tried.lines] == [code for _values, code in FILE]
        told = {"organisation": shop.id, "now": now, "actor": "t"}
        assert leaving.carry_out(leaving.plan(rows[:3], organisation=shop.id), **told) == 3
        assert {(row.external_id, row.reason, row.unmet, row.source) for row in LeavingRecord.objects.all()} == {("1", "price", "", "file"), ("2", "unsolved", "expectation", "file"), ("3", "competitor", "", "file")}
        assert leaving.plan(rows[:3], organisation=shop.id).counts == {"add": 0, "change": 0, "same": 3, "wrong": 0}
        late = [(2, {**rows[0][1], "day": (now + timedelta(days=3)).date().isoformat()})]
        with pytest.raises(LeavingError):
            leaving.carry_out(leaving.plan(late, organisation=shop.id), **told)
        assert AxesCode.objects.count() == 0
