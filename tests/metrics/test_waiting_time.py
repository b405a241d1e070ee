"""Waiting time: from events, the ones who left censored, as printed by hand and by hypothesis; one number in page, rows and API."""

import json
import re
import statistics as plain
import uuid
from datetime import date, timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers import events
from customers.events import RawEvent
from cxms.lib.periods import Period
from metrics import behind, targets
from metrics.behind import Asked
from metrics.definitions import first_response, waiting_time
from metrics.series import Where, series
from metrics.targets import Wanted
from tests.metrics.voices import at

MONDAY = date(2026, 9, 7)
WEEK = Period(MONDAY, MONDAY + timedelta(days=7))


def wait(i, minutes, *, left=None, kind="visit", unit="S001", **more):
    metadata = {"waited_seconds": minutes * 60} | ({} if left is None else {"abandoned": left})
    return RawEvent(external_id=f"W{i}", kind=kind, occurred_at=at(MONDAY), unit=unit, metadata=metadata, **more)


def tell(shop, rows, now):
    with shop.scope():
        return events.receive(rows, organisation=shop.id, now=now, announce=False)


def read(shop, now, **asked):
    with shop.scope():
        return series(organisation=shop.id, metric="waiting_time", period=WEEK, now=now, **asked).points


def test_who_left_is_censored_by_hand(shop, now):
    """Served after 2, 4, 6, 8, 12; left after 5. S: 5/6, 4/6, then 3 at risk: 4/9, 2/9, 0 → median 6, p90 12."""
    tell(shop, [wait(i, m) for i, m in enumerate((2, 4, 6, 8, 12))] + [wait(9, 5, left=True), RawEvent("V", "visit", at(MONDAY))], now)
    (point,) = read(shop, now)
    found = point.components
    assert (point.value, point.n, found["served"], found["abandoned"], found["median"], found["p90"]) == (6.0, 6, 5, 1, 6.0, 12.0)
    assert (found["within"], round(found["within_share"], 4)) == (4, 0.6667)
    # Wilson 95 % of 4/6 and 1/6
    assert [round(found[name], 4) for name in ("within_low", "within_high", "abandoned_low", "abandoned_high")] == [0.3, 0.9032, 0.0301, 0.5635]
    naive = plain.median((2, 4, 6, 8, 12, 5))
    assert naive == 5.5 != point.value, "leaving is not being served"


def test_the_target_of_the_day_says_what_is_within(shop, now):
    tell(shop, [wait(i, m) for i, m in enumerate((2, 4, 6, 8, 12))], now)
    with shop.scope():
        targets.put(uuid.uuid4(), Wanted("waiting_time", "5", "2026-09-01"), organisation=shop.id, now=now, actor="t")
        targets.put(uuid.uuid4(), Wanted("waiting_time", "1", "2026-10-01"), organisation=shop.id, now=now, actor="t")
    assert read(shop, now)[0].components["within"] == 2


def test_by_unit_channel_and_touchpoint_and_few_are_hidden(shop, now):
    rows = [wait(i, 3, kind="call", touchpoint="payment") for i in range(6)] + [wait(10 + i, 9, unit="S003") for i in range(7)]
    tell(shop, rows + [wait(30 + i, 5, kind="delivery", unit="S002") for i in range(5)] + [wait(50, 1, kind="chat")], now)
    cells = {point.by["channel"]: (point.value, point.n) for point in read(shop, now, by=["channel"])}
    assert (cells["phone"], cells["store"]) == ((3.0, 6), (9.0, 7)) and cells["app"] == (None, None)
    assert [(p.by["touchpoint"], p.n) for p in read(shop, now, by=["touchpoint"])][0] == ("payment", 6)
    assert [(p.by["unit"], p.n, p.value) for p in read(shop, now, by=["unit"])] == [("S001", 7, 3.0), ("S002", 5, 5.0), ("S003", 7, 9.0)]
    assert read(shop, now, where=Where(unit="EAST"))[0].n == 12


@given(st.lists(st.tuples(st.floats(0, 600), st.booleans()), min_size=1, max_size=40))
def test_censoring_never_shortens_a_wait(rows):
    served = [m for m, left in rows if not left]
    left = [m for m, left in rows if left]
    found = waiting_time.components({"answered": served, "open": left, "within": 0})
    everybody = waiting_time.components({"answered": served + left, "open": [], "within": 0})
    assert found["n"] == everybody["n"] == found["served"] + found["abandoned"]
    censored, counted = (first_response.survival(*pair) for pair in ((served, left), (served + left, [])))
    for minutes, _left in rows:
        still = [next((share for at, share in reversed(curve) if at <= minutes), 1.0) for curve in (censored, counted)]
        assert still[0] >= still[1] - 1e-9
    if not left:
        assert found["median"] == plain.median(served)
    assert 0 <= found["abandoned_low"] <= found["abandoned_share"] <= found["abandoned_high"] <= 1


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"waited_seconds": 0}, ""), ({"waited_seconds": 604800, "abandoned": False}, ""), ({"other": "x"}, ""), ({}, ""),
        ({"waited_seconds": -1}, "waited_seconds"), ({"waited_seconds": 604801}, "waited_seconds"), ({"waited_seconds": "60"}, "waited_seconds"),
        ({"waited_seconds": True}, "waited_seconds"), ({"waited_seconds": None}, "waited_seconds"), ({"abandoned": True}, "abandoned"),
        ({"waited_seconds": 5, "abandoned": 1}, "abandoned"),
    ],
)  # fmt: skip
def test_a_wait_is_checked_at_the_door(shop, metadata, field):
    body = {"external_id": "E1", "kind": "visit", "occurred_at": "2026-09-07T10:00:00+08:00", "metadata": metadata}
    client = shop.api("events:write")
    answer = client.post("/api/v1/events", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == (422 if field else 201), answer.json()
    if field:
        assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == (f"bad_{field}", f"metadata.{field}")
        bulk = client.post("/api/v1/events", data=json.dumps([body]), content_type="application/json").json()
        assert (bulk["accepted"], bulk["rejected"]) == (0, 1)


def test_rows_that_are_no_waits_from_before_do_no_harm(shop, now):
    """Metadata were free until now: words under the name are no wait."""
    from django.db import connection

    tell(shop, [wait(i, 3) for i in range(6)], now)
    with shop.scope(), connection.cursor() as cursor:
        cursor.execute("""update customers_customerevent set metadata = '{"waited_seconds": "long"}' where external_id = 'W5'""")
        cursor.execute("""update customers_customerevent set metadata = '{"waited_seconds": 60, "abandoned": "x"}' where external_id = 'W4'""")
    (point,) = read(shop, now)
    assert (point.n, point.components["abandoned"], point.value) == (5, 0, 3.0)


def test_each_count_opens_as_many_rows_and_the_page_says_the_same(shop, now):
    day = (now + timedelta(hours=8)).date()
    rows = [wait(i, m) for i, m in enumerate((2, 4, 6, 8, 12, 30))] + [wait(9, 5, left=True)]
    tell(shop, [RawEvent(**{**row.__dict__, "occurred_at": at(day - timedelta(days=2))}) for row in rows], now)
    page = shop.page()
    text = page.get("/metrics/waiting_time").content.decode()
    plain_text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert "目标内 57.1% （25.0 – 84.2%）" in plain_text and "中途离开 14.3% （2.6 – 51.3%）" in plain_text
    for part, n in (("within", 4), ("abandoned", 1)):
        url = next(u.replace("&amp;", "&") for u in re.findall(r'href="(/desk/figures/rows/[^"]+)"', text) if parse_qs(urlparse(u.replace("&amp;", "&")).query)["part"] == [part])
        shown = page.get(url).content.decode()
        assert f'data-n="{n}"' in shown and "visit W" in shown and "杭州西溪店" in shown
    with shop.scope():
        span = Period(day - timedelta(days=5), day)
        for part, n in (("n", 7), ("served", 6), ("abandoned", 1), ("within", 4)):
            assert behind.rows(Asked("waiting_time", span, part), organisation=shop.id, now=now, limit=50)[1] == n
    (point,) = shop.api("metrics:read").get(f"/api/v1/metrics/waiting_time?from={day - timedelta(days=5)}&to={day}").json()["points"]
    assert (point["n"], point["components"]["within"], point["components"]["abandoned"]) == (7, 4, 1)
