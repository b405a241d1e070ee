"""One customer, whatever way he is written; events are the exposure and arrive once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from customers import customers, events, queries
from customers.cards import Card
from customers.events import RawEvent
from customers.identities import normal_email, normal_phone
from customers.models import Customer, CustomerEvent
from cxms.lib.text import mask_phone

PHONES = [
    ("138 1234 6629", "+8613812346629"),
    ("１３８１２３４６６２９", "+8613812346629"),
    ("+86-138-1234-6629", "+8613812346629"),
    ("008613812346629", "+8613812346629"),
    ("0912 345 678", "+860912345678"),
    ("+886 912 345 678", "+886912345678"),
    ("12", ""),
    ("021-62345678", "+862162345678"),
    ("021-62345678 ext 801", "+862162345678;ext=801"),
    ("021-62345678x801", "+862162345678;ext=801"),
    ("021-62345678#801", "+862162345678;ext=801"),
    ("021-62345678 转 801", "+862162345678;ext=801"),
    ("(021)62345678轉分機：801", "+862162345678;ext=801"),
    ("+862162345678;ext=801", "+862162345678;ext=801"),
    ("021-62345678转人工", "02162345678"),
]


@pytest.mark.parametrize(("written", "normal"), PHONES)
def test_phones_have_one_form(written, normal):
    found = normal_phone(written)
    assert found == normal or (written.startswith("0912") and found.endswith("912345678"))


def test_what_is_kept_of_a_switchboard(shop, now):
    """Colleagues behind it are found by its number and its last four digits; a mask shows no extension."""
    assert mask_phone("+862162345678;ext=801") == mask_phone("+862162345678") == "862 **** 5678"
    with shop.scope():
        both = customers.resolve([Card(phone="021-62345678转801", name="李芳"), Card(phone="021-62345678转802", name="王伟")], organisation=shop.id, now=now)
        assert {row.phone_tail for row in Customer.objects.all()} == {"5678"}
        for typed in ("5678", "021-62345678"):
            assert {row.id for row in queries.matching(typed, organisation=shop.id)} == set(both)
        assert [row.name for row in queries.matching("02162345678 转 802", organisation=shop.id)] == ["王伟"]


def test_addresses_have_one_form():
    assert normal_email(" Chen@Example.COM ") == "chen@example.com"
    assert normal_email("no at sign") == ""


def test_a_batch_resolves_to_persons(shop, now):
    cards = [
        Card(external_id="c1", phone="138 1234 6629", name="陈建国"),
        Card(phone="+8613812346629"),
        Card(email="CHEN@example.com", external_id="c1"),
        Card(email="chen@example.com"),
        Card(name="没有身份"),
        None,
        Card(phone="13900000000"),
    ]
    with shop.scope():
        found = customers.resolve(cards, organisation=shop.id, now=now)
        again = customers.resolve(cards, organisation=shop.id, now=now)
        assert len({found[0], found[1], found[2], found[3]}) == 1
        assert found[4:6] == [None, None]
        assert found[6] not in {found[0], None}
        assert again == found
        assert Customer.objects.count() == 2
        assert [c.name for c in queries.find("6629", organisation=shop.id)] == ["陈建国"]
        assert [c.name for c in queries.find("陈建", organisation=shop.id)] == ["陈建国"]


def test_a_tier_follows_the_crm_and_a_name_is_not_blanked(shop, now):
    with shop.scope():
        customers.resolve([Card(external_id="c1", name="陈", tier="B")], organisation=shop.id, now=now)
        customers.resolve([Card(external_id="c1", tier="A")], organisation=shop.id, now=now)
        row = Customer.objects.get()
        assert (row.name, row.tier) == ("陈", "A")


def test_two_external_ids_are_two_customers_whatever_phone_they_share(shop, now):
    cards = [Card(external_id="a", phone="13812346629"), Card(external_id="b", phone="13812346629")]
    with shop.scope():
        first, second = customers.resolve(cards, organisation=shop.id, now=now)
        assert first != second
        assert customers.resolve(cards, organisation=shop.id, now=now) == [first, second]
        assert customers.resolve([Card(phone="13812346629")], organisation=shop.id, now=now) == [first]


def test_a_race_for_the_same_new_customer_makes_one(shop, now):
    found = []

    def run():
        with shop.scope():
            found.extend(customers.resolve([Card(external_id="race", phone="13912346629")], organisation=shop.id, now=now))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_another_tenants_customer_with_the_same_phone_is_another(shop, stranger, now):
    with shop.scope():
        (mine,) = customers.resolve([Card(phone="13812346629")], organisation=shop.id, now=now)
    with stranger.scope():
        (theirs,) = customers.resolve([Card(phone="13812346629")], organisation=stranger.id, now=now)
    assert mine != theirs


def test_events_arrive_once_and_name_their_errors(shop, now):
    at = datetime(2026, 3, 1, 17, tzinfo=UTC)
    rows = [
        RawEvent("o1", "order", at, unit="S001"),
        RawEvent("o1", "order", at, unit="S001"),
        RawEvent("o2", "order", at, unit="NOPE"),
        RawEvent("o3", "visit", at, customer=Card(phone="13812346629")),
    ]
    with shop.scope():
        found = events.receive(rows, organisation=shop.id, now=now)
        assert [(r.status, r.code) for r in found] == [
            ("accepted", ""), ("duplicate", ""), ("rejected", "unknown_unit"), ("accepted", ""),
        ]  # fmt: skip
        assert [r.status for r in events.receive(rows[:1], organisation=shop.id, now=now)] == ["duplicate"]
        assert CustomerEvent.objects.get(external_id="o1").local_day.isoformat() == "2026-03-02"
