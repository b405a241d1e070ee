"""Who a level is told to is the policy's word: versioned with it, kept by a running ticket, shipped until it says otherwise."""

from datetime import timedelta

import pytest

from alerts import acks, notices, people
from complaints import ladder, moves, queries, sla_policies
from complaints.models import PolicyVersion
from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy.models import AuditEvent, Member
from tests.alerts.test_notices import filed

TOLD = {"0.5": "1", "0.75": "2", "1": "3", "+1800": "4"}


def put(shop, told, code="promise"):
    with shop.scope():
        spec = {**sla_policies.preset(), "ladder": told}
        return sla_policies.put(code, spec, organisation=shop.id, now=clock.now(), actor="t")


def told(shop, ticket, level):
    with shop.scope():
        row = queries.by_id(ticket.id, organisation=shop.id)
        found = notices.recipients(row, level, now=clock.now())
        names = dict(Member.objects.values_list("id", "name"))
        return [names[one.key] for one in found.told]


LADDERS = [
    ({}, ["frontline", "store_manager", "region_manager", "executive"]),
    ({"1": ["region_manager"]}, ["region_manager", "store_manager", "", "executive"]),
    ({"2": [], "3": ["cx_manager", "owner"]}, ["frontline store_manager", "", "cx_manager", "executive"]),
    ({"1": ["member:analyst"], "4": ["admin"]}, ["analyst", "store_manager", "region_manager", "admin"]),
]


@pytest.mark.parametrize(("said", "joins"), LADDERS)
def test_each_level_tells_whom_the_policy_names_and_everybody_below(shop, said, joins):
    email = shop.members["analyst"].user.email
    put(shop, {level: [who.replace("analyst", email) for who in row] for level, row in said.items()})
    ticket = filed(shop)
    if not said:
        joins = ["frontline store_manager", "", "region_manager", "executive"]
    before: set[str] = set()
    for level, names in zip(TOLD, joins, strict=True):
        before |= set(names.split())
        assert set(told(shop, ticket, level)) == before


def test_a_running_ticket_keeps_its_version_and_a_new_one_has_the_new(shop):
    old = filed(shop)
    row = put(shop, {"3": ["executive"]})
    assert (row.version, row.ladder) == (2, {"3": ["executive"]})
    assert "executive" not in told(shop, old, "1")
    assert "executive" in told(shop, filed(shop), "1")
    assert put(shop, {"3": ["executive"], "1": ["owner"]}).version == 2, "the shipped level said aloud is the same content"
    assert put(shop, {}).version == 3
    with shop.scope():
        assert [e.detail for e in AuditEvent.objects.filter(action="policy.saved").order_by("at")][-2:] == [
            {"version": 2, "fields": ["ladder"]}, {"version": 3, "fields": ["ladder"]},
        ]  # fmt: skip
        moves.apply(old.id, "repolicy", {"policy": str(row.id)}, organisation=shop.id, actor="t")
    assert "executive" in told(shop, old, "1")


def test_nobody_left_on_the_level_it_passes_up_to_those_who_run_the_desk(shop):
    put(shop, {level: ["member:" + shop.members["analyst"].user.email] for level in ladder.SHIPPED})
    with shop.scope():
        Member.objects.filter(name="analyst").update(absent=True)
    assert set(told(shop, filed(shop), "0.5")) == {"cx_manager", "admin"}
    with shop.scope():
        Member.objects.filter(name="analyst").update(absent=False, left_at=clock.now())
        row = queries.by_id(filed(shop).id, organisation=shop.id)
        assert people.ladder_rungs(row, now=clock.now())[:4] == [[]] * 4


def test_whom_the_policy_tells_at_a_breach_acknowledges_a_breach(shop):
    put(shop, {"3": ["owner", "member:" + shop.members["analyst"].user.email]})
    ticket = filed(shop)
    with shop.scope():
        row = queries.by_id(ticket.id, organisation=shop.id)
        assert notices.level_of(row, shop.members["analyst"]) == 3
        assert [notices.level_of(row, shop.members[r]) for r in ("frontline", "store_manager", "executive")] == [1, 2, 4]
        moves.apply(ticket.id, "assign", {"assignee": shop.members["frontline"].user.email}, organisation=shop.id, actor="t")
        row = queries.by_id(ticket.id, organisation=shop.id)
        said = acks.acknowledge(row, shop.members["frontline"], organisation=shop.id, now=clock.now() + timedelta(minutes=1), via="app")
        assert said.row.level == 3


BAD = [
    ([], "wrong_type", "ladder"),
    ({"5": ["owner"]}, "unknown_level", "ladder.5"),
    ({"1": "owner"}, "wrong_type", "ladder.1"),
    ({"1": ["everybody"]}, "unknown_reader", "ladder.1"),
    ({"2": ["member:nobody@example.com"]}, "unknown_member", "ladder.2"),
    ({"2": [["owner"]]}, "wrong_type", "ladder.2"),
    ({"1": ["owner"] * 21}, "wrong_type", "ladder.1"),
]


@pytest.mark.parametrize(("said", "code", "field"), BAD)
def test_a_wrong_ladder_is_named_and_nothing_is_written(shop, said, code, field):
    with pytest.raises(DomainError) as refused:
        put(shop, said)
    assert (refused.value.code, refused.value.field) == (code, field)
    answer = shop.api().put("/api/v1/policies/promise", {**sla_policies.preset(), "ladder": said}, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["field"] if "errors" in answer.json() else field) == (422, field)
    with shop.scope():
        assert PolicyVersion.objects.filter(code="promise").count() == 1


def test_a_stranger_of_another_organisation_cannot_be_named(shop, stranger):
    with pytest.raises(DomainError) as refused:
        put(shop, {"1": ["member:" + stranger.members["executive"].user.email]})
    assert refused.value.code == "unknown_member"


def test_the_form_and_the_api_say_the_same(shop):
    page = shop.page("admin")
    body = {"ladder": "1", "version": "1", "name": "默认", "l1": ["owner"], "l2": ["store_manager"], "l3": ["region_manager", "cx_manager"], "l4": ["executive"], "l4_add": shop.members["analyst"].user.email}
    body |= {"c_code": "reflection", "c_kind": "reflection", "c_amount": "7", "c_unit": "d", "c_calendar": "always", "c_warn": "50%", "c_after": "30", "c_promise": "", "c_basis": "same", "c_extend": "", "c_close": "never"}
    assert page.post("/settings/policies/promise/", body).status_code == 302
    found = shop.api().get("/api/v1/policies/promise").json()
    mine = "member:" + shop.members["analyst"].user.email
    assert found["ladder"] == {"1": ["owner"], "2": ["store_manager"], "3": ["region_manager", "cx_manager"], "4": ["executive", mine]}
    assert found["clauses"][0]["close_from"] == "never"
    html = page.get("/settings/policies/promise/").content.decode()
    assert f'name="l4" value="{mine}" checked' in html
    assert '<option value="never" selected>' in html
    again = {key: found[key] for key in ("name", "match", "clauses", "ladder")}
    assert shop.api().put("/api/v1/policies/promise", again, content_type="application/json").json()["version"] == 2
    wrong = page.post("/settings/policies/promise/", {**body, "version": "2", "l1_add": "nobody@example.com"})
    assert (wrong.status_code, "没有这位成员" in wrong.content.decode()) == (400, True)
    del body["ladder"]
    page.post("/settings/policies/promise/", {**body, "version": "2", "name": "改名"})
    assert shop.api().get("/api/v1/policies/promise").json()["ladder"]["3"] == ["region_manager", "cx_manager"], "a form without the ladder keeps it"
