"""The desk's own pages in English: nothing Chinese is left but names people gave."""

import re
import uuid

import pytest

from complaints import approvals, file_kinds, links, moves
from complaints.models import BulkRun, PolicyVersion
from tenancy.models import Touchpoint

GIVEN = r"简体中文|繁體中文|<option.*?</option>|杭州西溪店|苏州观前店|成都天府店|华东区|西部区|试店|陈"


def chinese(text):
    return re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", re.sub(GIVEN, "", text))


@pytest.fixture
def english(shop):
    client = shop.page()
    client.cookies["cxms_language"] = "en"
    return client


def test_a_stale_form_and_the_templates_speak_english(shop, complain, english):
    ticket = complain("screen broken, I want a refund now")
    english.post("/settings/templates/", {"token": "k", "name": "Sorry", "text": "Dear {customer}, {number}"})
    english.post(f"/promises/{ticket.number}/moves/", {"move": "note", "version": 1, "text": "first"})
    stale = english.post(f"/promises/{ticket.number}/moves/", {"move": "reply", "version": 1, "text": "late"})
    assert chinese(re.sub("陈", "", stale.content.decode())) == []
    assert chinese(re.sub("陈建国", "", english.get(f"/promises/{ticket.number}/templates/").content.decode())) == []


@pytest.mark.parametrize("move", ["assign", "note", "close"])
def test_a_bulk_run_speaks_english(shop, complain, english, move):
    ticket = complain("screen broken, I want a refund now")
    fields = {"assignee": shop.members["frontline"].user.email, "text": "same batch"}
    answer = english.post("/promises/bulk/", {"ticket": ticket.number, "move": move, "token": uuid.uuid4().hex, **fields})
    assert chinese(english.get(answer.url).content.decode()) == []
    with shop.scope():
        assert BulkRun.objects.get().language == "en"
    english.post("/promises/views/", {"token": "e", "name": "Mine", "query": "severity=high", "role": ""})
    assert chinese(english.get("/promises/?order=severity&q=nothing").content.decode()) == []


@pytest.mark.parametrize("url", ["/settings/case-rules/?try=1", "/settings/case-rules/new/", "/settings/case-rules/red_line/", "/desk/figures/?by=unit"])
def test_the_loops_pages_speak_english(shop, complain, english, url):
    complain("screen broken, I want a refund now")
    text = english.get(url).content.decode()
    with shop.scope():
        names = [*Touchpoint.objects.values_list("name", flat=True), *PolicyVersion.objects.values_list("name", flat=True)]
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(f">{name}<", "><")
    assert chinese(text) == []


def test_hours_causes_and_what_is_handed_over_speak_english(shop, complain, english):
    ticket = complain("screen broken, I want a refund now")
    asked = {"move": "hand_over", "version": 1, "to": "S002", "reason": "no tools here", "needed": "a test report"}
    assert english.post(f"/promises/{ticket.number}/moves/", asked).status_code == 302
    for url in (
        "/desk/holding/?holder=S001", "/desk/recurrence/", "/settings/handovers/", f"/promises/{ticket.number}/",
        f"/promises/{ticket.number}/?tab=reflection", "/promises/?view=to_accept",
    ):  # fmt: skip
        assert chinese(english.get(url).content.decode()) == [], url


def test_the_solution_speaks_english(shop, complain, english, client):
    ticket = complain("screen broken, I want a refund now", customer=None)
    clerk = shop.members["frontline"]
    who = {"organisation": shop.id, "actor": f"user:{clerk.user.email}", "actor_name": clerk.name}
    five = dict.fromkeys(("who", "when", "where", "what", "evidence"), "clear")
    dear = {"text": "Full refund\ntoday", "kind": "refund", "amount": "1500", "by": "2099-11-30"}
    urls = [f"/promises/{ticket.number}/"]
    assert chinese(english.get(urls[0]).content.decode()) == []
    with shop.scope():
        file = file_kinds.clean("note.txt", b"words")
        moves.apply(ticket.id, "reply", {"text": "see this"}, files=[file], **who)
        moves.apply(ticket.id, "reconstruct", {**five, "cites": ["move:1"], "signed": True}, **who)
        moves.apply(ticket.id, "correct", {**five, "what": "parts", "reason": "found"}, **who)
        row = approvals.waiting(moves.apply(ticket.id, "propose", {"options": [dear]}, **who))
        token = approvals.token_for(row.id, shop.members["executive"].id, organisation=shop.id)
        moves.apply(ticket.id, "propose", {"options": [{**dear, "amount": "9"}, {"text": "A new one"}]}, **who)
    english.post("/language/", {"language": "en"})
    number = f"/promises/{ticket.number}/"
    urls += [f"{number}?tab=solution", f"{number}reconstruction/?correct=1", "/settings/authority/", f"/a/approve/{token}/"]
    urls += [f"/p/{links.token_for(ticket.id, organisation=shop.id)}/"]
    for url in urls:
        # the switch of languages names each in its own
        assert chinese(re.sub(">[简繁]<", "><", english.get(url).content.decode())) == [], url
