"""方案 over HTTP: the form, the word from above in the application and by a link, the amounts' settings."""

import re

import pytest

from alerts.models import Notice
from alerts.wording import words
from complaints import approvals
from complaints.models import Approval, AuthorityVersion, Ticket
from tenancy import tap_links


@pytest.fixture
def asked(shop, complain):
    """An offer of 1,500 by the frontline, which waits; its ticket."""
    ticket = complain()
    fields = {"move": "propose", "version": 1, "text": "全额退款", "kind": "refund", "amount": "1500", "by": "2099-01-01", "text2": "换新机"}
    answer = shop.page("frontline").post(f"/promises/{ticket.number}/moves/", fields, follow=True)
    assert "超过你的授权，已送去批准" in answer.content.decode()
    return ticket


def now_(shop, ticket):
    with shop.scope():
        return Ticket.objects.get(id=ticket.id)


def test_a_wrong_amount_keeps_all_that_was_typed(shop, complain):
    ticket = complain()
    fields = {"move": "propose", "version": 1, "text": "退一部分", "kind": "refund", "amount": "很多", "by": "2099-01-01", "text2": "换新机"}
    answer = shop.page("frontline").post(f"/promises/{ticket.number}/moves/", fields)
    text = answer.content.decode()
    assert answer.status_code == 400
    for part in ("金额写成 299", "退一部分", "很多", "2099-01-01", "换新机", 'value="refund" selected'):
        assert part in text
    assert "每宗 CNY 800" in text


def test_one_tap_in_the_application(shop, stranger, asked):
    url = f"/promises/{asked.number}/approval/"
    with shop.scope():
        key = str(Approval.objects.get().id)
    form = {"approval": key, "do": "approve"}
    assert "批准，马上给客户" not in shop.page("frontline").get(f"/promises/{asked.number}/?tab=solution").content.decode()
    page = shop.page("store_manager")
    assert "CNY 1,500，等批准" in page.get(f"/promises/{asked.number}/?tab=solution").content.decode()
    assert stranger.page("admin").post(url, form).status_code == 404
    shop.page("frontline").post(url, form)
    assert now_(shop, asked).state == "handling"
    assert page.post(url, {**form, "approval": "x"}).status_code == 404
    for _ in range(2):
        page.post(url, form)
    assert (now_(shop, asked).state, now_(shop, asked).version) == ("proposed", 4)


def test_one_tap_by_a_link_that_only_decides(shop, asked, work, client):
    work()
    with shop.scope():
        notice = Notice.objects.select_related("ticket", "ticket__unit").get(purpose="approval")
        body = words(notice, language="zh-hans").body
    url = re.search(r"(/a/approve/\S+/)", body)[1]
    page = client.get(url)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "no-referrer" and page["Cache-Control"] == "no-store"
    assert "补偿 CNY 1,500，等你批" in page.content.decode()
    assert "13812346629" not in page.content.decode()
    assert now_(shop, asked).state == "handling"
    assert client.post(url, {"do": "refuse", "reason": " "}).status_code == 400
    assert client.post(url, {"do": "approve"}).status_code == 302
    assert client.post(url, {"do": "refuse", "reason": "晚了"}).status_code == 302
    assert now_(shop, asked).state == "proposed"
    assert "批准，方案已给客户" in client.get(url).content.decode()


def test_a_link_of_another_is_nothing(shop, stranger, asked, client, monkeypatch):
    with shop.scope():
        key = Approval.objects.get().id
    frontline = approvals.token_for(key, shop.members["frontline"].id, organisation=shop.id)
    foreign = approvals.token_for(key, stranger.members["executive"].id, organisation=stranger.id)
    good = approvals.token_for(key, shop.members["store_manager"].id, organisation=shop.id)
    gone = [client.get(f"/a/approve/{token}/") for token in (frontline, foreign, "x", good[:-2])]
    assert {answer.status_code for answer in gone} == {404}
    assert len({answer.content for answer in gone}) == 1
    monkeypatch.setattr(tap_links, "MAX_AGE_SECONDS", -1)
    assert client.post(f"/a/approve/{good}/", {"do": "approve"}).status_code == 404
    assert now_(shop, asked).state == "handling"


def test_verbal_consent_needs_who_when_how_and_the_words(shop, complain):
    ticket = complain()
    page, url = shop.page("frontline"), f"/promises/{ticket.number}/"
    page.post(f"{url}moves/", {"move": "propose", "version": 1, "text": "换新机", "kind": "", "amount": "", "by": ""})
    form = {"move": "accept", "version": 2, "consent": "verbal", "who": "陈先生", "when": "10:20", "how": "电话", "words": ""}
    short = page.post(f"{url}moves/", form)
    assert short.status_code == 400
    assert "陈先生" in short.content.decode()
    assert page.post(f"{url}moves/", {**form, "words": "行，换吧"}).status_code == 302
    assert "陈先生；10:20；电话；行，换吧" in page.get(f"{url}?tab=all").content.decode()


def test_the_amounts_are_kept_in_versions(shop, stranger):
    page, url = shop.page(), "/settings/authority/"
    assert 'value="800"' in page.get(url).content.decode()
    form = {"version": 0, "currency": "CNY", "code": "CNY", "CNY:frontline": "50", "CNY:executive": "*", "add": "hkd"}
    assert page.post(url, form).status_code == 302
    stale = page.post(url, {**form, "CNY:frontline": "77"})
    assert stale.status_code == 409 and 'value="77"' in stale.content.decode()
    wrong = page.post(url, {**form, "version": 1, "CNY:frontline": "很多"})
    assert wrong.status_code == 400 and "很多" in wrong.content.decode() and "is-invalid" in wrong.content.decode()
    with shop.scope():
        row = AuthorityVersion.objects.get()
        assert (row.limits["CNY"]["frontline"], row.limits["HKD"]["frontline"], row.limits["HKD"]["executive"]) == ("50.00", "0.00", None)
    assert shop.page("frontline").get(url).status_code == 403
    assert 'value="800"' in stranger.page().get(url).content.decode()
    assert "补偿授权" in shop.page("admin").get("/settings/audit/?action=authority").content.decode()


def test_an_approver_reads_the_houses_language_not_his_browsers(shop, asked, client):
    with shop.scope():
        token = approvals.token_for(Approval.objects.get().id, shop.members["store_manager"].id, organisation=shop.id)
    url = f"/a/approve/{token}/"
    english = {"accept-language": "en-US,en;q=0.9"}
    page = client.get(url, headers=english).content.decode()
    assert "等你批" in page
    client.cookies["cxms_language"] = "en"
    chosen = client.get(url, headers=english).content.decode()
    assert "等你批" not in chosen and "awaits your word" in chosen
