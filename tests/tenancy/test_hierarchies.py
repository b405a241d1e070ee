"""Hierarchies beside the tree: groups, dated members, the list that brings them, and what the database refuses."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tenancy import group_import, groups, hierarchies, tables
from tenancy.group_import import _after, _merged
from tenancy.hierarchies import HierarchyError
from tenancy.models import LAST_DAY, AuditEvent, GroupMembership, Unit, UnitGroup

OLD, NEW = date(2026, 1, 1), date(2026, 6, 1)


@pytest.fixture
def tree(shop, now):
    """partner: SOUTH (P1, P2), NORTH."""
    with shop.scope():
        row = hierarchies.add(organisation=shop.id, code="partner", name="加盟商", now=now, actor="t")
        for code, parent in (("SOUTH", ""), ("P1", "SOUTH"), ("P2", "SOUTH"), ("NORTH", "")):
            hierarchies.add_group(row, code=code, name=f"{code} 组", parent=parent, now=now, actor="t")
        yield row


def put(row, unit, code, day, now):
    return hierarchies.place(row, Unit.objects.get(code=unit), code, day, now=now, actor="t")


def runs(unit="S001"):
    found = GroupMembership.objects.filter(unit__code=unit).order_by("from_date")
    return [(one.group.code, one.from_date, one.to_date) for one in found]


def test_a_store_changes_its_group_from_a_day_on(shop, tree, now):
    assert put(tree, "S001", "P1", OLD, now)
    version = tree.version
    assert not put(tree, "S001", "P1", NEW, now)
    assert tree.version == version
    assert put(tree, "S001", "P2", NEW, now)
    assert runs() == [("P1", OLD, NEW), ("P2", NEW, LAST_DAY)]
    assert put(tree, "S001", "P1", NEW, now)
    assert runs() == [("P1", OLD, LAST_DAY)]
    assert put(tree, "S001", "", NEW, now)
    assert not put(tree, "S001", "", NEW, now)
    assert runs() == [("P1", OLD, NEW)]
    put(tree, "S001", "P1", NEW, now)
    put(tree, "S002", "P2", OLD, now)
    assert hierarchies.transfer(tree, "SOUTH", "NORTH", date(2026, 9, 1), now=now, actor="t") == 2
    assert runs("S002") == [("P2", OLD, date(2026, 9, 1)), ("NORTH", date(2026, 9, 1), LAST_DAY)]
    assert AuditEvent.objects.filter(action="hierarchy.store_placed").count() == 8


def test_what_is_refused(shop, tree, now):
    put(tree, "S001", "P1", OLD, now)
    refused = (
        (lambda: put(tree, "S002", "SOUTH", OLD, now), "not_a_leaf"),
        (lambda: put(tree, "EAST", "P1", OLD, now), "not_a_store"),
        (lambda: put(tree, "S002", "P9", OLD, now), "unknown_group"),
        (lambda: hierarchies.add_group(tree, code="X", name="x", parent="P1", now=now, actor="t"), "has_members"),
        (lambda: hierarchies.add_group(tree, code="P1", name="x", now=now, actor="t"), "taken"),
        (lambda: hierarchies.add_group(tree, code="~", name="x", now=now, actor="t"), "bad_code"),
        (lambda: hierarchies.change_group(tree, "SOUTH", name="南", is_retired=True, now=now, actor="t"), "has_members"),
        (lambda: hierarchies.change(tree.id, name="x", is_retired=False, version=1, organisation=shop.id, now=now, actor="t"), "stale"),
    )
    for do, code in refused:
        with pytest.raises(hierarchies.DomainError) as caught:
            do()
        assert caught.value.code == code
    parent = "NORTH"
    for level in range(2, hierarchies.LEVELS + 1):
        parent = hierarchies.add_group(tree, code=f"L{level}", name="x", parent=parent, now=now, actor="t").code
    with pytest.raises(HierarchyError, match="6"):
        hierarchies.add_group(tree, code="L7", name="x", parent=parent, now=now, actor="t")


def test_the_database_knows_no_two_groups_on_a_day(shop, tree, now):
    put(tree, "S001", "P1", OLD, now)
    other = hierarchies.add(organisation=shop.id, code="format", name="店型", now=now, actor="t")
    big = hierarchies.add_group(other, code="BIG", name="大店", now=now, actor="t")
    row = {"organisation_id": shop.id, "unit": Unit.objects.get(code="S001"), "from_date": NEW, "to_date": LAST_DAY}
    with pytest.raises(IntegrityError, match="group_membership_once"), transaction.atomic():
        GroupMembership.objects.create(hierarchy=tree, group=UnitGroup.objects.get(code="P2"), **row)
    with pytest.raises(IntegrityError, match="group_membership_same_hierarchy"), transaction.atomic():
        made = GroupMembership.objects.create(hierarchy=other, group=UnitGroup.objects.get(code="P2"), **row)
        connection.cursor().execute("set constraints all immediate")
    with pytest.raises(IntegrityError, match="group_membership_forwards"), transaction.atomic():
        GroupMembership.objects.create(hierarchy=other, group=big, **{**row, "to_date": NEW})
    made = GroupMembership.objects.create(hierarchy=other, group=big, **row)
    assert made.group == big


LIST = """hierarchy,unit,group,from_date
partner,S001,SOUTH/P1,
partner,S001,SOUTH/P3,2026-06-01
partner,S002,华东/张记,2026-01-01
partner,S002,,2026-05-01
"""


def take(text, shop, now):
    plan = group_import.plan(tables.read(text, group_import.COLUMNS, group_import.NEEDED), organisation=shop.id)
    if not plan.wrong:
        group_import.carry_out(plan, organisation=shop.id, now=now, actor="t")
    return plan


def test_a_list_makes_groups_and_members_and_comes_back_the_same(shop, tree, now):
    plan = take(LIST, shop, now)
    assert plan.counts == {"add": 4, "change": 0, "same": 0, "wrong": 0}
    assert [code for code, _, _ in runs()] == ["P1", "P3"]
    made = UnitGroup.objects.get(name="张记")
    assert runs("S002") == [(made.code, OLD, date(2026, 5, 1))]
    before = [(one.pk, one.group_id, one.from_date) for one in GroupMembership.objects.order_by("id")]
    tree.refresh_from_db()
    version = tree.version
    assert take(LIST, shop, now).counts["same"] == 4
    listed = "\n".join(",".join(line) for line in [["hierarchy", "unit", "group", "from_date"], *groups.listed("partner", organisation=shop.id)])
    assert take(listed, shop, now).counts == {"add": 0, "change": 0, "same": 4, "wrong": 0}
    assert [(one.pk, one.group_id, one.from_date) for one in GroupMembership.objects.order_by("id")] == before
    tree.refresh_from_db()
    assert tree.version == version
    assert take(LIST.replace("SOUTH/P3", "NORTH"), shop, now).counts == {"add": 0, "change": 2, "same": 2, "wrong": 0}
    assert [code for code, _, _ in runs()] == ["P1", "NORTH"]


def test_a_wrong_row_keeps_all_out_and_says_why(shop, tree, now):
    put(tree, "S003", "P2", OLD, now)
    wrong = (
        ("nobody,S001,P1,", "unknown_hierarchy"), ("partner,S009,SOUTH/P1,", "unknown_unit"), ("partner,EAST,SOUTH/P1,", "not_a_store"),
        ("partner,S001,P1,", "elsewhere"), ("partner,S001,SOUTH,", "not_a_leaf"), ("partner,S001,SOUTH/P2/X,", "has_members"),
        ("partner,S001,SOUTH/P1,1.6.2026", "bad_date"), ("partner,S001,a/b/c/d/e/f/g,", "too_deep"),
    )  # fmt: skip
    for line, code in wrong:
        plan = take(f"hierarchy,unit,group,from_date\npartner,S002,SOUTH/P1,\n{line}\n", shop, now)
        assert [(row.number, row.code) for row in plan.wrong] == [(3, code)], line
    twice = take("hierarchy,unit,group,from_date\npartner,S002,NORTH,\npartner,S002,SOUTH/P1,\n", shop, now)
    assert [row.code for row in twice.wrong] == ["twice"]
    assert not runs() and not runs("S002")


days = st.integers(0, 30).map(lambda n: date.fromordinal(OLD.toordinal() + n))
entries = st.dictionaries(days, st.sampled_from(["", "A", "B"]), min_size=1, max_size=5).map(lambda found: sorted(found.items()))


@settings(max_examples=60)
@given(entries, entries)
def test_a_list_read_twice_is_read_once(first, second):
    held = _after([], first)
    after = _after(held, second)
    assert _after(after, second) == after == _merged(after)
    for day in (date.fromordinal(OLD.toordinal() + n) for n in range(-1, 32)):
        source = second if day >= second[0][0] else first
        wanted = next((code for start, code in reversed(source) if start <= day), "")
        assert next((code for a, b, code in after if a <= day < b), "") == wanted


def test_the_pages(shop, tree, now):
    admin, reader = shop.page("admin"), shop.page("store_manager")
    assert reader.get("/settings/hierarchies/").status_code == 403
    assert admin.post("/settings/hierarchies/", {"code": "format", "name": "店型"}).status_code == 302
    assert admin.post("/settings/hierarchies/", {"code": "format", "name": "店型"}).status_code == 400
    url = f"/settings/hierarchies/{tree.id}/"

    def post(do, query="", **values):
        tree.refresh_from_db()
        return admin.post(url + query, {"do": do, "version": tree.version, **values}).status_code

    assert post("group", code="P4", name="P4", parent="SOUTH") == 302
    assert post("place", unit="S001", group="P1", from_date="2026-01-01") == 302
    assert post("place", unit="S001", group="SOUTH", from_date="2026-01-01") == 400
    assert post("place", unit="S001", group="P1", from_date="") == 400
    assert post("transfer", "?group=P1", to="P2", to_date="2026-06-01") == 302
    assert post("change", "?group=P4", label="四组", is_retired="on") == 302
    assert admin.post(url, {"do": "place", "version": 1, "unit": "S002", "group": "P2", "from_date": "2026-01-01"}).status_code == 409
    assert runs() == [("P1", OLD, NEW), ("P2", NEW, LAST_DAY)]
    page = admin.get(f"{url}?group=SOUTH")
    assert page.context["page"].paginator.count == 2
    assert admin.get(f"{url}?export=csv").content.decode("utf-8-sig").splitlines() == [
        "hierarchy,unit,group,from_date", "partner,S001,SOUTH/P1,2026-01-01", "partner,S001,SOUTH/P2,2026-06-01",
    ]  # fmt: skip
    sent = admin.post("/settings/import/hierarchies/", {"text": LIST, "do": "import"})
    assert (sent.status_code, sent["Location"]) == (302, "/settings/hierarchies/")
    assert post("rename", label="加盟", is_retired="on") == 302
    assert groups.by_code("partner", organisation=shop.id) is None
