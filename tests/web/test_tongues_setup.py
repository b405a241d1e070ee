"""The pages of setting up in English: nothing Chinese is left but names people gave."""

import re

import pytest

from complaints.models import PolicyVersion
from tenancy import invitations
from tenancy.models import Staff, Touchpoint

GIVEN = "简体中文|繁體中文|杭州西溪店|苏州观前店|成都天府店|华东区|西部区|试店|谢子昂|唐雨|江宁|谢|唐|江|林晚|周维"
STEPS = ("organisation", "industry", "units", "members", "calendar", "promise", "survey")
SETTINGS = (
    "organisation", "units", "staff", "import/units", "policies", "policies/promise", "templates", "assignment", "touchpoints", "taxonomy", "taxonomy/price",
    "channels", "notices", "me", "audit",
)  # fmt: skip
PAGES = ["unit", "person", *(f"/settings/{name}/" for name in SETTINGS), "/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/2fa/", "/settings/", "/settings/members/", "/settings/members/invite/", "member", "/settings/calendars/", "/settings/calendars/store/", "/start/", *(f"/start/{step}/" for step in STEPS), "invited", "/invited/nothing/"]  # fmt: skip


@pytest.mark.parametrize("url", PAGES)
def test_no_chinese_is_left_on_english_pages(shop, now, url):
    with shop.scope():
        row = invitations.invite(
            organisation=shop.id, email="new@x.example", name="林晚", roles=[("store_manager", "S001")], now=now, actor="t", by="周维"
        )
        given = [GIVEN, *Touchpoint.objects.values_list("name", flat=True), *filter(None, Touchpoint.objects.values_list("stage", flat=True))]
    client = shop.page("admin")
    client.cookies["cxms_language"] = "en"
    if url == "invited":
        client.logout()
        client.cookies["cxms_language"] = "en"
    with shop.scope():
        person = Staff.objects.get(employee_no="E001").id
        given += list(PolicyVersion.objects.values_list("name", flat=True))
    named = {"unit": f"/settings/units/{shop.units['S001'].id}/", "person": f"/settings/staff/{person}/", "member": f"/settings/members/{shop.members['analyst'].id}/", "invited": f"/invited/{invitations.token_of(row)}/"}
    answer = client.get(named.get(url, url))
    text = re.sub("|".join(given), "", answer.content.decode())
    left = re.findall(r"[^<>\"]*[\u4e00-\u9fff][^<>\"]*", text)
    assert left == []
