"""The pages of notices: reach, rota, channel accounts, and the page of a link from a mail; sound on desk and phone."""

import pytest

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
    pages = ("/settings/me/reach/", "/settings/notices/rota/", "/settings/notices/accounts/", "/settings/notices/accounts/new/sms/", "/notices/")
    return {"": (link, "/a/nothing/"), "admin": pages, "executive": (f"/promises/{ticket.number}/",)}


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)], ids=["desk-light", "phone-dark"])
def test_pages_are_sound(addresses, visit, width, dark):
    found = []
    for role, urls in addresses.items():
        page = visit(role, width=width, dark=dark)
        for url in urls:
            found += looks.findings(page, url[:40], url, width=width)
    assert found == []
