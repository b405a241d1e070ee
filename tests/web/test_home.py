"""今日, by role."""

import pytest


def test_the_managers_home_shows_what_is_due(shop, complain):
    ticket = complain()
    page = shop.page().get("/")
    text = page.content.decode()
    assert page.status_code == 200
    assert ticket.number in text
    assert "2 小时内到期" in text
    assert "尚未指派" in text


def test_the_frontline_lands_on_the_log_page(shop):
    page = shop.page("frontline").get("/")
    assert (page.status_code, page.url) == (302, "/log/")


@pytest.mark.parametrize("role", ["admin", "cx_manager", "executive", "region_manager", "store_manager", "analyst"])
def test_everyone_has_a_home(shop, complain, role):
    complain()
    assert shop.page(role).get("/").status_code == 200
