"""A complaint is logged, its executive taps once in his mail; a manager tries a policy on thirty days before it counts."""

import re

import pytest
from playwright.sync_api import expect

from complaints.models import Acknowledgement, PolicyVersion, Ticket
from ledger import runner
from tests.browser.test_main_job import TEXT, Hands
from tests.smtp import Box, posting


@pytest.fixture
def post(settings, site):
    settings.SITE_URL = site
    with posting(settings, Box()) as box:
        yield box


def test_logged_in_twelve_keys_and_acknowledged_from_the_mail_in_one_tap(shop, complain, visit, work, post):
    complain()
    work()
    executive = shop.members["executive"]
    before = len(post.to(executive.user.email))
    page = visit("frontline")
    page.goto("/")  # who works in a store lands on the form
    hands = Hands(page)
    page.wait_for_selector("#q:focus")
    hands.press("6", "6", "2", "9")
    page.wait_for_selector(".hit.on")
    hands.press("Enter")
    page.wait_for_selector("#who-picked input[name=customer]", state="attached")
    hands.tell(TEXT)
    page.wait_for_selector("[name=topic] option[selected]:not([value=''])", state="attached")
    hands.press("Control+Enter")
    page.wait_for_url(re.compile("/log/done/"))
    assert (hands.clicks, hands.keys <= 12) == (0, True)
    number = re.search(r"C-\d{6}-\d{3}", page.inner_text("h1")).group()
    work()
    letters = [letter for letter in post.to(executive.user.email)[before:] if number in letter["Subject"] + letter.get_content()]
    url = re.search(r"https?://\S+/a/\S+/", letters[0].get_content()).group(0)

    phone = visit("", width=360, dark=True)
    phone.goto(url)
    assert phone.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert phone.get_attribute("html", "lang") == "zh-Hans"
    taps = Hands(phone)
    taps.click("main button")
    expect(phone.get_by_text("记下了：你在跟进")).to_be_visible()
    assert taps.clicks == 1
    with shop.scope():
        (row,) = Acknowledgement.objects.select_related("member", "ticket")
        assert (row.member.name, row.via, row.ticket.number) == ("executive", "link", number)


def test_a_policy_is_tried_on_thirty_days_then_saved_and_what_runs_keeps_its_own(shop, complain, visit):
    tickets = [complain(f"第 {n} 宗：耳机左侧无声") for n in range(3)]
    runner.beat("clockwork")
    page = visit()
    page.goto("/settings/policies/promise/")
    hands = Hands(page)
    page.fill(".clauses fieldset:has([name=c_kind][value=reconstruction]) [name=c_amount]", "30")
    page.select_option(".clauses fieldset:has([name=c_kind][value=reconstruction]) [name=c_unit]", "m")
    hands.click("text=用最近 30 天试算")
    expect(page.get_by_text("最近 30 天的 3 宗投诉里")).to_be_visible()
    with shop.scope():
        assert [row.version for row in PolicyVersion.objects.filter(code="promise")] == [1]
    hands.click("text=存为新版本，给新的投诉用")
    expect(page.get_by_text("第 2 版").first).to_be_visible()
    assert hands.clicks == 2
    with shop.scope():
        newest = PolicyVersion.objects.filter(code="promise").order_by("-version")[0]
        (clause,) = [clause for clause in newest.clauses if clause["kind"] == "reconstruction"]
        assert (newest.version, clause["target_seconds"]) == (2, 1800)
        assert {row.policy.version for row in Ticket.objects.select_related("policy")} == {1}
    fresh = complain("第四宗：新的承诺")
    with shop.scope():
        assert Ticket.objects.select_related("policy").get(id=fresh.id).policy.version == 2
    page.goto(f"/promises/{tickets[0].number}/")
    expect(page.locator("main")).to_contain_text("1 小时")
