"""The pages of setting up: no axe finding, no sideways scrolling, a quiet console, light and dark, desk and phone."""

import pytest

from complaints import sla_policies
from cxms.lib.ids import new_id
from feedback import provider
from feedback.provider_models import LanguageModel, ProviderQuestion
from ledger import runner
from tenancy import invitations
from tenancy import queries as tenancy
from tenancy.models import Organisation, Staff, Touchpoint
from tests.browser import looks


@pytest.fixture
def addresses(shop, now):
    with shop.scope():
        row = invitations.invite(
            organisation=shop.id, email="new@x.example", name="林晚", roles=[("store_manager", "S001")], now=now, actor="t", by="周维"
        )
        link = f"/invited/{invitations.token_of(row)}/"
        Organisation.objects.filter(id=shop.id).update(set_up_at=None)
    runner.beat("clockwork")
    member = shop.members["store_manager"].id
    with shop.scope():
        person, touchpoint = Staff.objects.get(employee_no="E001").id, Touchpoint.objects.get(code="payment").id
        sla_policies.put("grave", {"name": "重大", "match": {"severity": ["critical"]}, "clauses": sla_policies.preset()["clauses"]}, organisation=shop.id, now=now, actor="t")  # fmt: skip
        # on, and in trouble: the page at its longest
        wanted = provider.Wanted("https://llm.example.com/v1", "small-model", "sk-1", "unsure", "200", "llm.example.com")
        provider.save(wanted, switch_on=True, organisation=shop.id, version=0, now=now, actor="t", resolver=lambda host, port: ["93.184.216.34"])
        LanguageModel.objects.update(error="too_many", failed_at=now, n_failures=3, next_at=None)
        ProviderQuestion.objects.create(
            organisation_id=shop.id, feedback_id=new_id(), engine="x", picked_day=tenancy.local_today(now, shop.organisation.timezone),
            picked_at=now, state="refused", reason="malformed",
        )  # fmt: skip
    steps = ("organisation", "industry", "units", "members", "calendar", "promise", "survey")
    return {
        "": (link, "/invited/nothing/"),
        "admin": (
            "/settings/", "/settings/?q=zzz", "/settings/members/", "/settings/members/?state=left", "/settings/members/invite/",
            f"/settings/members/{member}/", "/settings/calendars/", "/settings/calendars/office/", "/start/",
            "/settings/organisation/", "/settings/units/", f"/settings/units/{shop.units['S001'].id}/", "/settings/staff/",
            f"/settings/staff/{person}/", "/settings/import/units/", "/settings/policies/?why=1&unit=S001", "/settings/policies/grave/",
            "/settings/policies/promise/", "/settings/language-model/", "/settings/touchpoints/", f"/settings/touchpoints/{touchpoint}/", "/settings/taxonomy/",
            "/settings/taxonomy/price/", "/settings/channels/", "/settings/notices/", "/settings/me/", "/settings/audit/",
            "/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/2fa/",
            *(f"/start/{step}/" for step in steps),
        ),  # fmt: skip
    }


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(addresses, visit, width):
    found = []
    for role, urls in addresses.items():
        page = visit(role, width=width)
        for url in urls:
            found += looks.findings(page, url[:40], url, width=width)
    assert found == []


def test_fingers_find_their_targets_on_a_phone(addresses, visit):
    found = {}
    for role, urls in addresses.items():
        page = visit(role, width=360)
        for url in urls:
            page.goto(url)
            if small := looks.small_targets(page):
                found[url] = small
    assert found == {}
