"""What colleagues write to each other goes out by page, mail, chat and SMS: persons' numbers are written over, names stay."""

import re
from html import unescape

from alerts.models import Notice
from alerts.wording import words
from complaints.models import Approval, Ticket
from feedback.models import Appeal, Feedback
from tests.complaints.test_handovers import department, ticket_of
from tests.metrics.voices import receive, voice
from tests.web.test_case_reconstruction import FIVE
from tests.web.test_case_solution import asked
from tests.web.test_people import heard

MOBILE = "13912340077"
SAID = f"请店长王磊打快递员电话{MOBILE}，或 021-62345678"
SHOWN = "请店长王磊打快递员电话【手机号】，或 【电话号码】"
fixtures = (asked, heard)


def leaks(text):
    return [number for number in (MOBILE, "62345678") if number in text]


def of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def notices(shop, purpose):
    """Every notice of a purpose as it goes out, in both ways of telling."""
    with shop.scope():
        rows = list(Notice.objects.filter(purpose=purpose).select_related("ticket", "ticket__unit"))
        said = [words(row, language="zh-hans", is_room=is_room) for row in rows for is_room in (False, True)]
    assert said
    return said


def test_a_hand_over(shop, work):
    department(shop)
    with shop.scope():
        ticket = ticket_of(shop, received_at=None)
        version = Ticket.objects.get(id=ticket.id).version
    giver, taker, url = shop.page("store_manager"), shop.page("AFTER"), f"/promises/{ticket.number}/"
    assert giver.post(f"{url}moves/", {"move": "hand_over", "version": version, "to": "AFTER", "reason": SAID, "needed": SAID}).status_code == 302
    work()
    page = of(giver, url)
    assert not leaks(page) and page.count(SHOWN) >= 2
    assert taker.post(f"{url}moves/", {"move": "refuse_handover", "version": version + 1, "reason": SAID}).status_code == 302
    work()
    told = notices(shop, "handover")
    assert len(told) == 4  # asked and refused
    for said in told:
        assert not leaks(f"{said.subject}{said.line}{said.body}")
        assert SHOWN in said.line and SHOWN in said.body and url in said.body
    assert not leaks(of(giver, url))


def test_a_refused_offer_by_mail_and_by_the_link(shop, asked, work, client):
    work()
    link = next(found[1] for said in notices(shop, "approval") if (found := re.search(r"(/a/approve/\S+/)", said.body)))
    assert client.get(link).status_code == 200  # the token went out whole
    assert client.post(link, {"do": "refuse", "reason": SAID}).status_code == 302
    assert not leaks(of(client, link)) and SHOWN in of(client, link)
    work()
    for said in notices(shop, "approval_decided"):
        assert not leaks(f"{said.subject}{said.line}{said.body}") and SHOWN in said.line
    with shop.scope():
        assert Approval.objects.get().reason == SAID  # what is kept is not touched
    page = of(shop.page("frontline"), f"/promises/{asked.number}/?tab=solution")
    assert not leaks(page) and SHOWN in page


def test_an_appeal(shop, now, heard, work):
    employee, manager = shop.page("frontline"), shop.page("region_manager")
    with shop.scope():
        key = Feedback.objects.filter(staff__employee_no="E001", text__startswith="态度很差").order_by("id")[0].id
    assert employee.post("/people/me/appeal/", {"feedback": str(key), "reason": SAID}).status_code == 302
    work()
    with shop.scope():
        row = Appeal.objects.get()
    assert not leaks(of(manager, "/people/appeals/?state=waiting")) and SHOWN in of(manager, "/people/appeals/?state=waiting")
    assert manager.post(f"/people/appeals/{row.id}/", {"do": "uphold", "answer": SAID}).status_code == 302
    work()
    for road, client in (("/people/appeals/", manager), ("/people/me/", employee)):
        assert not leaks(of(client, road)) and SHOWN in of(client, road)
    for said in notices(shop, "appeal"):
        assert not leaks(f"{said.subject}{said.line}{said.body}") and SHOWN in said.line


def test_a_signed_record_and_an_exclusion(shop, complain, now):
    ticket, page = complain(), shop.page("frontline")
    url = f"/promises/{ticket.number}/"
    assert page.post(f"{url}moves/", {"move": "reconstruct", "version": 1, "signed": "1", **FIVE, "what": SAID, "evidence": SAID}).status_code == 302
    assert not leaks(of(page, url)) and of(page, f"{url}?tab=recon").count(SHOWN) >= 2
    seen = of(shop.page("executive"), f"{url}reconstruction/")
    assert not leaks(seen) and SHOWN in seen
    (key,) = receive(shop, [voice(now.date(), 1)], now=now)
    shown = unescape(shop.page().post(f"/feedback/{key}/exclude/", {"reason": SAID}, follow=True).content.decode())
    assert not leaks(shown)
    assert f"排除出指标：{SHOWN}" in shown and f"排除，原因：{SHOWN}" in shown


def test_an_empty_notice_and_a_link_stay_as_they_are(shop):
    with shop.scope():
        ticket = ticket_of(shop)
        row = Notice(organisation_id=shop.id, ticket=ticket, purpose="mentioned", data={"stands_for": "王磊"}, recipient=shop.members["admin"])
        said = words(row, language="zh-hans")
        assert said.line.endswith("（代王磊）") and said.body.count(said.link) == 1
