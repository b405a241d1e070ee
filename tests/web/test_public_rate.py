"""What strangers send is counted per address: a flood from one does not shut out another."""

import pytest
from django.test import Client

from cxms.lib.ids import new_id


@pytest.fixture
def page(shop, settings):
    """Sends to a page without a log-in from an address, behind one proxy of ours."""
    settings.PUBLIC_RATE = "60/3"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def send(address, forged=""):
        said = f"{forged}, {address}" if forged else address
        return Client().post("/p/nothing/", {"move": "accept"}, headers={"X-Forwarded-For": said})

    return send


def address():
    """An address no other test has used."""
    tail = f"{new_id().int & 0xFFFFFFFF:08x}"
    return f"2001:db8::{tail[:4]}:{tail[4:]}"


def test_a_flood_is_told_to_wait_and_a_neighbour_is_not(page):
    here, there = address(), address()
    assert [page(here).status_code for _ in range(5)] == [404, 404, 404, 429, 429]
    answer = page(here)
    assert answer.headers["Retry-After"] == "1"
    assert "您写的还在" in answer.content.decode()
    assert page(there).status_code == 404


def test_a_forged_address_before_our_proxy_does_not_help(page):
    here = address()
    assert [page(here, forged=f"10.0.0.{i}").status_code for i in range(4)] == [404, 404, 404, 429]


def test_reading_is_not_counted(page):
    here = address()
    for _ in range(5):
        page(here)
    assert Client().get("/p/nothing/", headers={"X-Forwarded-For": here}).status_code == 404
