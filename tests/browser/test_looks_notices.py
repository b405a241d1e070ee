"""The pages of notices: reach, rota, channel accounts, and the page of a link from a mail; sound on desk and phone."""

import pytest
from playwright.sync_api import expect

from alerts import acks, rings
from alerts.models import Notice
from ledger import runner
from tests.browser import looks


@pytest.fixture
def addresses(shop, complain, now):
    ticket = complain()
    runner.beat("clockwork")
    with shop.scope():
        rings.begin_direct(ticket.id, organisation=shop.id, now=now)
        link = f"/a/{acks.token_for(Notice.objects.get(purpose='executives'))}/"
    pages = ("/settings/me/reach/", "/settings/notices/rota/", "/settings/notices/accounts/", "/settings/notices/accounts/new/sms/", "/notices/", "/settings/notices/", "/settings/notices/useful/?kind=executives")
    return {"": (link, "/a/nothing/"), "admin": pages, "executive": (f"/promises/{ticket.number}/",)}


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)], ids=["desk-light", "phone-dark"])
def test_pages_are_sound(addresses, visit, width, dark):
    found = []
    for role, urls in addresses.items():
        page = visit(role, width=width, dark=dark)
        for url in urls:
            found += looks.findings(page, url[:40], url, width=width)
    assert found == []


def test_useful_or_not_by_one_key_and_taken_back_by_the_same(addresses, shop, visit):
    page = visit("executive")
    page.goto("/notices/")
    row = page.locator("[data-row]").first
    page.keyboard.press("j")
    expect(row.locator(".what")).to_be_focused()
    for key, said in (("y", "true"), ("y", "false"), ("n", "true")):
        page.keyboard.press(key)
        expect(row.locator(f"[data-key={key}]")).to_have_attribute("aria-pressed", said)
        expect(row.locator(".what")).to_be_focused()
    expect(row.locator("[data-key=y]")).to_have_attribute("aria-pressed", "false")
    with shop.scope():
        assert list(Notice.objects.exclude(useful=None).values_list("useful", flat=True)) == [False]
