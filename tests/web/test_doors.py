"""Every page names a capability and keeps to it; a stranger finds nothing."""

import pytest
from django.urls import URLPattern, get_resolver

from tenancy.capabilities import CAPABILITIES
from tenancy.enums import Role

PAGES = {
    "/promises/": "complaints:read",
    "/log/": "complaints:write",
    "/log/customers/?q=6629": "customers:read",
    "/notices/": "notices:read",
    "/pulse/": "home:read",
}


def _patterns(patterns, prefix=""):
    for entry in patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield where, entry.callback
        elif not where.startswith(("api/", "accounts/")):
            yield from _patterns(entry.url_patterns, where)


def test_every_page_names_its_capability():
    nameless = [where for where, view in _patterns(get_resolver().url_patterns) if not hasattr(view, "capability")]
    assert nameless == []


@pytest.mark.parametrize("url", PAGES)
def test_a_page_opens_for_whoever_holds_its_capability_and_for_nobody_else(shop, url):
    for role in Role.values:
        status = shop.page(role).get(url).status_code
        assert status == (200 if role in CAPABILITIES[PAGES[url]] else 403), role


def test_a_case_opens_for_those_over_its_store(shop, complain):
    url = f"/promises/{complain(unit='S003').number}/"
    found = {role: shop.page(role).get(url).status_code for role in Role.values}
    assert found == {
        "admin": 200,
        "cx_manager": 200,
        "executive": 200,
        "region_manager": 404,
        "store_manager": 404,
        "frontline": 404,
        "analyst": 403,
    }


def test_a_stranger_finds_nothing(shop, stranger, complain):
    ticket = complain()
    client = stranger.page("admin")
    assert client.get(f"/promises/{ticket.number}/").status_code == 404
    assert client.post(f"/promises/{ticket.number}/moves/", {"move": "note", "text": "x"}).status_code == 404
    assert client.get(f"/log/done/{ticket.number}/").status_code == 404
    assert ticket.number not in client.get("/promises/?view=open").content.decode()
    assert "陈" not in client.get("/log/customers/?q=6629").content.decode()
    with shop.scope():
        customer = ticket.customer_id
    assert client.get(f"/log/customers/{customer}/").status_code == 404


def test_without_a_log_in_pages_lead_to_the_door(client):
    answer = client.get("/promises/")
    assert (answer.status_code, answer.url) == (302, "/accounts/login/?next=/promises/")
    assert client.get("/accounts/login/").status_code == 200


def test_what_a_role_cannot_open_is_absent(shop):
    text = shop.page("analyst").get("/").content.decode()
    assert "承诺台" not in text
    assert "登记" not in text
    assert "指标" in text


def test_a_foreign_unit_is_not_found(shop):
    assert shop.page("store_manager").get("/promises/?unit=S003").status_code == 404
    assert shop.page("store_manager").get("/promises/?unit=S001").status_code == 200


def test_language_and_theme_are_kept_and_only_lead_home(shop):
    client = shop.page()
    answer = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.url == "/"
    assert client.get("/").headers["Content-Language"] == "en"
    client.post("/theme/", {"theme": "dark", "next": "/promises/"})
    assert 'data-bs-theme="dark"' in client.get("/promises/").content.decode()


def test_pages_carry_a_strict_policy_and_no_inline_script_or_style(shop, complain):
    ticket = complain()
    for url in ("/", "/promises/", f"/promises/{ticket.number}/", "/notices/"):
        answer = shop.page().get(url)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        text = answer.content.decode()
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick=" not in text
