"""Two customers who are one: what is suggested and why, joined with every row, taken apart again as it was, never by itself."""

import threading
import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.models import Ticket
from customers import customers, events, merging, queries, suggesting
from customers.cards import Card
from customers.customers import CustomerStale, Put, version_of
from customers.events import RawEvent
from customers.likeness import Known, Likeness, likeness
from customers.merging import MergeError, give_in
from customers.models import Customer, CustomerEvent, Handed, Identity, Merge
from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.models import Feedback
from ledger.models import Fact
from metrics.series import series
from tenancy.models import AuditEvent
from tests.metrics.voices import receive, voice
from tests.shop import make_shop

DAY = date(2026, 9, 7)
SEEN = Likeness(0.9, (("phone", 8.0),))


def put(shop, now, **card):
    with shop.scope():
        return customers.put(Put(Card(**card)), organisation=shop.id, now=now, actor="crm")[0]


def join(shop, kept, gone, now, **more):
    with shop.scope():
        return merging.merge(kept.id, gone.id, SEEN, organisation=shop.id, now=now, actor="user:m@x", **more)


def split(shop, row, now):
    with shop.scope():
        return merging.undo(row.id, organisation=shop.id, now=now, actor="user:m@x")


def twins(shop, now):
    one = put(shop, now, external_id="K-1", name="欧阳雪", phone="13812346629")
    other = put(shop, now + timedelta(seconds=1), external_id="K-2", name="欧阳雪", phone="13812346629", email="xue@example.com", tier="gold")
    assert one.id != other.id
    return one, other


# what each says of the other → at least, at most
TABLE = [
    ({"name": "欧阳雪", "phone": "1"}, {"name": "欧阳雪", "phone": "1"}, 0.99, 1.0),
    ({"union_id": "u1"}, {"union_id": "u1"}, 0.99, 1.0),
    ({"name": "王伟", "phone": "1"}, {"name": "李芳", "phone": "1"}, 0.0, 0.2),  # a couple with one telephone
    ({"name": "王伟", "phone": "1", "external_id": "a"}, {"name": "李芳", "phone": "1", "external_id": "b"}, 0.0, 0.1),
    ({"phone": "1"}, {"phone": "1", "name": "李芳"}, 0.9, 1.0),
    ({"phone": "1", "union_id": "a"}, {"phone": "1", "union_id": "b"}, 0.2, 0.5),  # a person says
    ({"phone": "1", "union_id": "a", "name": "王伟"}, {"phone": "1", "union_id": "b", "name": "李芳"}, 0.0, 0.1),
    ({"name": "王先生", "phone": "1"}, {"name": "王建国", "phone": "1"}, 0.9, 1.0),
    ({"name": "张雯", "email": "z@x.cn"}, {"name": "章文", "email": "z@x.cn"}, 0.9, 1.0),  # written as heard
    ({"name": "欧阳雪"}, {"name": "李芳"}, 0.0, 0.01),
    ({}, {}, 0.0, 0.1),
]


@pytest.mark.parametrize(("one", "other", "low", "high"), TABLE)
def test_signs_add_up(one, other, low, high):
    found = likeness(Known(**one), Known(**other), n_same_name=1, n_customers=100_000)
    assert low <= found.score <= high, found
    assert found == likeness(Known(**other), Known(**one), n_same_name=1, n_customers=100_000)


def test_a_common_name_says_little():
    one, other = Known(name="王伟", phone="1"), Known(name="王伟", email="w@x.cn")
    rare = likeness(one, other, n_same_name=2, n_customers=100_000)
    common = likeness(one, other, n_same_name=900, n_customers=100_000)
    assert rare.score > 0.9
    assert common.score < rare.score


# pairs of cards that must stay two, and pairs that are one whatever way they are written
TWO = [
    (Card(external_id="a", phone="13800000001", name="王伟"), Card(external_id="b", phone="13800000001", name="李芳")),
    (Card(external_id="a", email="home@x.cn"), Card(external_id="b", email="home@x.cn")),
    (Card(external_id="a", union_id="u"), Card(external_id="b", union_id="u")),
    (Card(phone="13800000001", name="王伟"), Card(phone="13800000002", name="王伟")),
    (Card(email="wang@x.cn"), Card(email="wang@y.cn")),
    (Card(external_id="13800000001"), Card(phone="13800000001")),
    # colleagues behind one switchboard, and the switchboard
    (Card(phone="021-62345678 ext 801"), Card(phone="021-62345678x802")),
    (Card(phone="021-62345678转801"), Card(phone="021-62345678转802")),
    (Card(phone="021-62345678#801"), Card(phone="021-62345678")),
    # two WeChats at one telephone, one address
    (Card(union_id="u1", phone="13800000001"), Card(union_id="u2", phone="13800000001")),
    (Card(union_id="u1", email="home@x.cn"), Card(union_id="u2", email="home@x.cn")),
    (Card(union_id="u1", external_id="a", phone="13800000001"), Card(union_id="u2", phone="13800000001")),
    # numbers too long for one number, alike in their first twenty digits
    (Card(phone="13812345678 13912345601"), Card(phone="13812345678 13912345602")),
]
ONE = [
    (Card(external_id="a", phone="138 0000 0001"), Card(phone="+86 13800000001")),
    (Card(external_id="a"), Card(external_id="a", phone="13800000001")),
    (Card(email="Wang@X.cn"), Card(email="wang@x.cn ")),
    (Card(union_id="u", phone="13800000001"), Card(union_id="u", phone="13800000002")),
    (Card(phone="021-62345678 ext 801"), Card(phone="（021）62345678 轉 801")),
    (Card(union_id="u1", phone="13800000001"), Card(phone="13800000001")),
    (Card(external_id="a", union_id="u1"), Card(external_id="a", union_id="u2")),  # the CRM says so
]


@pytest.mark.parametrize(("cards", "n"), [*[(cards, 2) for cards in TWO], *[(cards, 1) for cards in ONE]])
def test_nobody_is_joined_by_himself_unless_an_identity_says_so(shop, now, cards, n):
    with shop.scope():
        for order in (cards, cards[::-1]):
            found = customers.resolve(list(order), organisation=shop.id, now=now)
            assert len(set(found)) == n


def test_suggested_with_its_signs_until_somebody_knows_better(shop, now):
    one, other = twins(shop, now)
    put(shop, now, external_id="K-3", name="李芳", phone="13900000000")
    with shop.scope():
        (found,) = suggesting.pairs(organisation=shop.id)
        assert (found.one, found.other) == (one, other)
        assert [name for name, _ in found.likeness.signs] == ["phone", "-external", "name"]
        assert [pair.other for pair in suggesting.like(one, organisation=shop.id)] == [other]
        merging.differ(other.id, one.id, organisation=shop.id, now=now, actor="t")
        merging.differ(one.id, other.id, organisation=shop.id, now=now, actor="t")
        assert suggesting.pairs(organisation=shop.id) == []
        assert suggesting.like(one, organisation=shop.id) == []
        assert AuditEvent.objects.filter(action="customer.parted_for_good").count() == 1


def test_two_wechats_at_one_telephone_are_shown_to_a_person(shop, now):
    with shop.scope():
        one, other = customers.resolve([Card(union_id="u1", phone="13800000001"), Card(union_id="u2", phone="13800000001")], organisation=shop.id, now=now)
        (pair,) = suggesting.pairs(organisation=shop.id)
        assert ({pair.one.id, pair.other.id}, [name for name, _ in pair.likeness.signs]) == ({one, other}, ["phone", "-union"])


def test_who_shares_a_telephone_is_among_them_however_common_the_name(shop, now):
    crowd = [Card(external_id=f"W-{i}", name="王伟") for i in range(40)]
    with shop.scope():
        customers.resolve(crowd, organisation=shop.id, now=now)
        customers.resolve([Card(external_id="W-x", name="王伟", phone="13800000001"), Card(external_id="W-y", phone="13800000001")], organisation=shop.id, now=now)
        one = customers.by_external("W-x", organisation=shop.id)
        (pair,) = suggesting.like(one, organisation=shop.id)
        assert {pair.one.external_id, pair.other.external_id} == {"W-x", "W-y"}
        customers.resolve([Card(external_id="R-1", name="欧阳雪"), Card(external_id="R-2", name="欧阳雪")], organisation=shop.id, now=now)
        assert len(suggesting.like(customers.by_external("R-1", organisation=shop.id), organisation=shop.id)) == 1  # a rare name is enough


def test_a_number_many_have_is_nobodys(shop, now):
    for i in range(suggesting.CROWD + 1):
        put(shop, now, external_id=f"S-{i}", phone="4008001234")
    with shop.scope():
        assert suggesting.pairs(organisation=shop.id) == []


def test_joined_with_every_row_and_apart_again_as_it_was(shop, now, work):
    one, other = twins(shop, now)
    receive(shop, [voice(DAY, 2, customer="K-1", text="太慢了，我要投诉你们"), voice(DAY, 9, customer="K-2", text="这次不错")], now=now)
    with shop.scope():
        events.receive([RawEvent("E-1", "order", now, Card(external_id="K-2"))], organisation=shop.id, now=now)
    work()
    before = _owners(shop)
    row = join(shop, other, one, now)
    work()
    with shop.scope():
        kept = Customer.objects.get(id=other.id)
        assert {owner for _, owner in _owners(shop)} == {other.id}
        assert (kept.name, kept.tier, kept.external_id) == ("欧阳雪", "gold", "K-2")
        assert customers.by_external("K-1", organisation=shop.id) == kept
        assert customers.resolve([Card(external_id="K-1"), Card(external_id="K-2")], organisation=shop.id, now=now) == [kept.id, kept.id]
        assert queries.find("6629", organisation=shop.id) == queries.find("K-1", organisation=shop.id) == [kept]
        assert suggesting.pairs(organisation=shop.id) == []
        (point,) = series(organisation=shop.id, metric="nps_relationship", period=Period(DAY, DAY + timedelta(days=1)), now=now, raw=True).points
        assert point.n == 1  # a person once
    split(shop, row, now)
    work()
    assert _owners(shop) == before
    with shop.scope():
        assert not Handed.objects.exists()
        assert customers.by_external("K-1", organisation=shop.id) == Customer.objects.get(id=one.id)
        (point,) = series(organisation=shop.id, metric="nps_relationship", period=Period(DAY, DAY + timedelta(days=1)), now=now, raw=True).points
        assert point.n == 2
        assert list(AuditEvent.objects.filter(action__startswith="customer.").values_list("action", flat=True).order_by("seq")) == [
            "customer.joined", "customer.parted",
        ]  # fmt: skip


def _owners(shop):
    with shop.scope():
        tables = (Feedback, Ticket, CustomerEvent, Identity)
        return sorted((str(row.id), row.customer_id) for table in tables for row in table.objects.all())


def test_empty_fields_are_filled_and_emptied_again_unless_edited(shop, now):
    one, other = twins(shop, now)
    row = join(shop, one, other, now)
    with shop.scope():
        kept = Customer.objects.get(id=one.id)
        assert (kept.tier, kept.email, kept.external_id) == ("gold", "xue@example.com", "K-1")
    put(shop, now + timedelta(hours=1), external_id="K-1", tier="black")
    split(shop, row, now + timedelta(hours=2))
    with shop.scope():
        kept, gone = Customer.objects.get(id=one.id), Customer.objects.get(id=other.id)
        assert (kept.tier, kept.email, gone.external_id, gone.merged_into_id) == ("black", "", "K-2", None)


def test_what_cannot_be_is_said_and_changes_nothing(shop, stranger, now):
    one, other = twins(shop, now)
    third = put(shop, now, external_id="K-3", name="李芳")
    theirs = put(stranger, now, external_id="X", name="别家")
    seen = (version_of(one), version_of(other))
    put(shop, now + timedelta(hours=1), external_id="K-2", name="欧阳雪花")
    with pytest.raises(CustomerStale):
        join(shop, one, other, now, versions=seen)
    for kept, gone, code in ((one, one, "not_two"), (one, theirs, "not_two"), (theirs, one, "not_two")):
        with pytest.raises(MergeError) as raised:
            join(shop, kept, gone, now)
        assert raised.value.code == code
    first = join(shop, one, other, now)
    assert join(shop, one, other, now).id == first.id  # a second tap
    with pytest.raises(MergeError) as raised:
        join(shop, third, other, now)
    assert raised.value.code == "merged_already"
    second = join(shop, third, one, now + timedelta(hours=2))
    with pytest.raises(MergeError) as raised:
        split(shop, first, now)
    assert raised.value.code == "merged_since"
    split(shop, second, now)
    split(shop, first, now)
    assert split(shop, first, now).undone_at is not None
    with pytest.raises(MergeError), stranger.scope():
        merging.undo(first.id, organisation=stranger.id, now=now, actor="t")


def test_who_is_on_his_way_in_is_waited_for(shop, now):
    one, other = twins(shop, now)
    held, go = threading.Event(), threading.Event()

    def intake():
        try:
            with shop.scope():
                customers.resolve([Card(external_id="K-2")], organisation=shop.id, now=now)
                held.set()
                go.wait(timeout=30)
        finally:
            connection.close()

    thread = threading.Thread(target=intake)
    thread.start()
    assert held.wait(timeout=30)
    with pytest.raises(MergeError) as raised:  # said after two seconds, nothing half done
        join(shop, one, other, now)
    assert raised.value.code == "busy"
    go.set()
    thread.join()
    assert join(shop, one, other, now).kept_id == one.id


NAMES = ["voice", "voice", "merge", "merge", "undo", "settle", "settle"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5)), min_size=10, max_size=40))
def test_whatever_order_the_followers_come_in(steps):
    """Facts wait and are followed late, twice and out of order; in the end every voice is whose the merges say."""
    shop, keys, owner, noted, waiting = make_shop("并"), [], {}, {}, []
    with shop.scope():
        now = clock.now()
        people = [customers.put(Put(Card(external_id=f"K-{i}")), organisation=shop.id, now=now, actor="t")[0].id for i in range(3)]
    for n, (name, a, b) in enumerate(steps):
        at = now + timedelta(seconds=n)
        if name == "voice":
            (key,) = receive(shop, [voice(DAY, 9, customer=f"K-{a % 3}")], now=at)
            keys.append(key)
            owner[key] = _top(people[a % 3], noted)
        elif name == "settle" and waiting:
            _settle(shop, waiting[a % len(waiting)])
        elif name in {"merge", "undo"}:
            _change(shop, name, (people[a % 3], people[b % 3]), (owner, noted, waiting), at)
    for key in [*waiting, *reversed(waiting)]:
        _settle(shop, key)
    with shop.scope():
        assert dict(Feedback.objects.values_list("id", "customer_id")) == owner


def _top(person, noted):
    while person in (found := {gone: kept for kept, gone, _ in noted.values()}):
        person = found[person]
    return person


def _change(shop, name, pair, world, at):
    owner, noted, waiting = world
    try:
        if name == "merge":
            row = join(shop, Customer(id=pair[0]), Customer(id=pair[1]), at)
            if row.id not in noted:
                moved = [key for key, one in owner.items() if one == pair[1]]
                noted[row.id] = (pair[0], pair[1], moved)
                owner.update(dict.fromkeys(moved, pair[0]))
                waiting.append(row.id)
        elif noted:
            row = list(noted)[-1]
            split(shop, Merge(id=row), at)
            kept, gone, moved = noted.pop(row)
            owner.update({key: gone for key in moved if owner[key] == kept})
    except MergeError:
        pass


def _settle(shop, key: uuid.UUID):
    with shop.scope():
        merging.settle(key, "voice", give_in(Feedback), organisation=shop.id)


def test_rows_follow_who_was_merged_on(shop, now):
    """The last merge is followed first: what arrives at a customer who is gone goes on; and back, and on again."""
    people = [put(shop, now, external_id=f"K-{i}") for i in range(3)]
    (key,) = receive(shop, [voice(DAY, 9, customer="K-0")], now=now)

    def owner():
        with shop.scope():
            return Feedback.objects.get(id=key).customer_id

    first, second = join(shop, people[1], people[0], now), join(shop, people[2], people[1], now)
    _settle(shop, second.id)
    _settle(shop, first.id)
    assert owner() == people[2].id
    split(shop, second, now)
    split(shop, first, now)
    _settle(shop, second.id)
    third = join(shop, people[2], people[0], now)
    _settle(shop, third.id)
    assert owner() == people[1].id  # whose it is still, until the first is followed
    _settle(shop, first.id)
    assert owner() == people[2].id


def test_one_fact_serves_both_ways(shop, now):
    one, other = twins(shop, now)
    split(shop, join(shop, one, other, now), now)
    with shop.scope():
        assert Fact.objects.filter(kind="customer.merged").count() == 2
