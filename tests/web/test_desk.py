"""承诺台: views, filters in the URL, and a number of statements that does not grow with the rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext


@pytest.mark.parametrize("url", ["/promises/", "/"])
def test_more_rows_ask_no_more_of_the_database(shop, complain, url):
    client = shop.page()
    complain()
    client.get(url)
    with CaptureQueriesContext(connection, ) as one:
        client.get(url)
    complain("退款九天没有到账", unit="S002")
    complain("安装迟到两小时", unit="S003")
    with CaptureQueriesContext(connection) as three:
        text = client.get(url).content.decode()
    assert text.count('class="what"') == 3
    assert len(three) == len(one)


def test_filters_travel_in_the_url(shop, complain):
    first, second = complain(unit="S001"), complain("退款九天没有到账，我要退货", unit="S003")
    client = shop.page()
    text = client.get("/promises/?unit=WEST").content.decode()
    assert second.number in text
    assert first.number not in text
    text = client.get("/promises/?q=耳机").content.decode()
    assert first.number in text
    assert f"/promises/{first.number}/?q=" in text
    assert "没有符合条件的" in client.get("/promises/?owner=me").content.decode()
    assert first.number not in client.get("/promises/?view=resolved").content.decode()


def test_a_store_sees_its_own(shop, complain):
    mine, other = complain(unit="S001"), complain("退款九天没有到账", unit="S002")
    text = shop.page("store_manager").get("/promises/").content.decode()
    assert mine.number in text
    assert other.number not in text


def test_notices_are_listed_and_read(shop, complain, work):
    ticket = complain()
    work()
    client = shop.page("executive")
    assert "1 条未读" in client.get("/notices/").content.decode()
    client.post("/notices/", {"notice": "all"})
    text = client.get("/notices/").content.decode()
    assert "都读过了" in text
    assert ticket.number in text


def test_opening_a_case_reads_its_notices(shop, complain, work):
    from alerts.models import Notice

    ticket = complain()
    work()
    shop.page("executive").get(f"/promises/{ticket.number}/", headers={"X-CX-Live": "1"})
    with shop.scope():
        assert Notice.objects.get(ticket=ticket).read_at is None
    shop.page("executive").get(f"/promises/{ticket.number}/")
    with shop.scope():
        assert Notice.objects.get(ticket=ticket).read_at is not None


def test_an_executive_takes_a_grave_complaint_in_one_press(shop, complain):
    ticket = complain(severity="critical")
    client = shop.page("executive")
    assert "我来负责" in client.get("/").content.decode()
    answer = client.post(f"/promises/{ticket.number}/moves/", {"move": "own", "next": "/"})
    assert answer.url == "/"
    assert "由你负责" in client.get("/").content.decode()
