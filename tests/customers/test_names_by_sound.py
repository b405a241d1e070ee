"""A name is found as it is typed on a Latin keyboard, whoever bears it."""

from customers import customers, queries
from customers.cards import Card
from customers.customers import Put
from cxms.lib import name_sounds
from tenancy import seats, trees
from tenancy.models import Staff

NAMES = [
    ("陈晓明", "chenxiaom"), ("陈晓明", "cxm"), ("陳曉明", "cxm"), ("单雄信", "shanx"), ("曾国藩", "zgf"), ("欧阳娜娜", "ouyangnana"), ("吕布", "lvb"),
    ("Anna Lee", "anna"), ("Anna Lee", "al"),
]  # fmt: skip


def test_names_begin_as_they_sound():
    for name, typed in NAMES:
        assert name_sounds.asked(typed) in name_sounds.keys(name), name
    assert name_sounds.asked("xm") not in name_sounds.keys("陈晓明")  # not from the middle
    assert name_sounds.asked("dan") not in name_sounds.keys("单雄信")
    assert [name_sounds.asked(q) for q in ("", "c", "陈x", "13", "c'm", "Chen X")] == ["", "", "", "", " cm", " chenx"]


def test_customers_staff_and_units_are_found(shop, stranger, now):
    with shop.scope():
        cards = [Card(external_id="c1", name="陈晓明"), Card(external_id="c2", name="单雄信")]
        customers.resolve(cards, organisation=shop.id, now=now)
        assert [row.name for row in queries.find("cxm", organisation=shop.id)] == ["陈晓明"]
        assert [row.name for row in queries.find("Shan x", organisation=shop.id)] == ["单雄信"]
        customers.put(Put(Card(external_id="c1", name="林墨")), organisation=shop.id, now=now, actor="t")
        assert queries.find("cxm", organisation=shop.id) == []
        assert [row.external_id for row in queries.find("linmo", organisation=shop.id)] == ["c1"]
        person = Staff.objects.get(organisation_id=shop.id, employee_no="E001")
        assert [row.id for row in trees.staff(organisation=shop.id, q="xza")] == [person.id]
        assert [row.code for row in trees.units(organisation=shop.id, q="hzxx")] == ["S001"]
        assert not seats.members(seats.Filters(q="zzq"), organisation=shop.id)
    with stranger.scope():
        assert queries.find("linmo", organisation=stranger.id) == []


def test_full_width_digits_and_either_script_find_him(shop, now):
    cards = [Card(name="陳曉明", external_id="t1", phone="13812346629"), Card(name="张国龙", external_id="Ｓ２"), Card(name="陈晓明", external_id="s1")]
    with shop.scope():
        customers.resolve(cards, organisation=shop.id, now=now)
        for asked, names in (
            ("６６２９", ["陳曉明"]), ("１３８ １２３４ ６６２９", ["陳曉明"]), ("138\u200b12346629", ["陳曉明"]), ("陈晓", ["陳曉明", "陈晓明"]),
            ("陳曉明", ["陳曉明", "陈晓明"]), ("張國", ["张国龙"]), ("张国", ["张国龙"]), ("陳\x00曉", ["陳曉明", "陈晓明"]), ("²²²²", []), ("李", []),
        ):  # fmt: skip
            assert sorted(row.name for row in queries.find(asked, organisation=shop.id)) == sorted(names), asked
