"""Assignment that explains itself: by itself where it is switched on, by a button everywhere."""

import pytest

from complaints import assigning
from complaints.models import Move, Skill, Ticket


def switch(shop, unit, rule, role="cx_manager"):
    return shop.page(role).post("/settings/assignment/", {"unit": unit, "rule": rule})


def fresh(shop, ticket):
    with shop.scope():
        return Ticket.objects.select_related("owner").get(id=ticket.id)


def test_nothing_happens_until_it_is_switched_on(shop, complain, work):
    ticket = complain()
    work()
    assert fresh(shop, ticket).owner is None


def test_a_new_ticket_finds_its_owner_and_says_why(shop, complain, work):
    with shop.scope():
        absent = shop.members["store_manager"]
        absent.absent = True
        absent.save()
    assert switch(shop, "HQ", "on").status_code == 302
    ticket = complain()
    work()
    assert fresh(shop, ticket).owner.name == "frontline"
    text = shop.page().get(f"/promises/{ticket.number}/?tab=all").content.decode()
    assert "store_manager 缺勤，负责本单元，只有他" in text
    with shop.scope():
        assert Move.objects.get(kind="assign").actor == "assignment"


def test_the_next_one_goes_to_who_has_less(shop, complain, work):
    switch(shop, "EAST", "on")
    owners = []
    for i in range(4):
        ticket = complain(f"第{i}宗，要求退货", external_id=f"A-{i}", severity="normal")
        work()
        owners.append(fresh(shop, ticket).owner.name)
    assert sorted(owners[:2]) == ["frontline", "store_manager"]
    assert sorted(owners[2:]) == ["frontline", "store_manager"]


def test_the_nearest_rule_decides(shop, complain, work):
    switch(shop, "HQ", "on")
    switch(shop, "S001", "off")
    here, there = complain(), complain("退款九天没有到账", unit="S002")
    work()
    assert fresh(shop, here).owner is None
    assert fresh(shop, there).owner.name == "region_manager"
    switch(shop, "S001", "follow")
    again = complain("又一宗，要求退货", external_id="again")
    work()
    assert fresh(shop, again).owner is not None


def test_a_person_may_be_faster_and_keeps_it(shop, complain, work):
    switch(shop, "HQ", "on")
    ticket = complain()
    client = shop.page("executive")
    client.post(f"/promises/{ticket.number}/moves/", {"move": "own"})
    work()
    assert fresh(shop, ticket).owner.name == "executive"


def test_the_button_suggests_and_the_move_keeps_the_reason(shop, complain, stranger):
    ticket = complain()
    client = shop.page()
    url = f"/promises/{ticket.number}/suggestion/"
    text = client.get(url).content.decode()
    assert "负责本单元，在办 0 宗，轮到他" in text
    assert stranger.page().get(url).status_code == 404
    with shop.scope():
        why = assigning.suggest(Ticket.objects.get(id=ticket.id)).why
    fields = {"move": "assign", "version": 1, "assignee": shop.members["frontline"].user.email, "why": why}
    assert client.post(f"/promises/{ticket.number}/moves/", fields).status_code == 302
    assert "轮到他" in client.get(f"/promises/{ticket.number}/").content.decode()


@pytest.mark.parametrize("why", ["not json", '[{"code": 3}]', "[1]", "{}"])
def test_a_forged_reason_says_nothing(why):
    assert assigning.reasons_of(why) == []


def test_skills_are_chosen_and_guarded(shop, stranger):
    client, member = shop.page(), shop.members["frontline"]
    url = f"/settings/assignment/{member.id}/"
    assert client.post(url, {"topic": ["refund", "price", "nonsense"], "was": ""}).status_code == 302
    stale = client.post(url, {"topic": ["billing"], "was": ""})
    assert stale.status_code == 409
    with shop.scope():
        assert set(Skill.objects.values_list("topic", flat=True)) == {"refund", "price"}
    client.post(url, {"topic": ["price"], "was": "price,refund"})
    with shop.scope():
        assert set(Skill.objects.values_list("topic", flat=True)) == {"price"}
    assert stranger.page().get(url).status_code == 404
    assert shop.page("store_manager").post(url, {}).status_code == 403
    assert switch(shop, "HQ", "on", role="store_manager").status_code == 403
    assert switch(shop, "NOPE", "on").status_code == 404
