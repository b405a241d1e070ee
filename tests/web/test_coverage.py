"""The heat map of customers × touchpoints: hand-counted pairs, the same in page, API and CSV, judged by the target."""

import csv
import io
import uuid
from datetime import timedelta

from customers import events
from customers.cards import Card
from customers.events import RawEvent
from metrics import targets
from reports.dashboards import whole_weeks
from tenancy.models import Unit
from tests.metrics.voices import receive, voice
from tests.web.test_voices import html


def met(name, day, touchpoint, unit="S001"):
    return RawEvent(f"{name}-{touchpoint}-{day:%m%d%H%M%S}", "order", day, customer=Card(external_id=name), unit=unit, touchpoint=touchpoint)


def test_pairs_are_counted_once_and_only_where_they_were_heard(shop, stranger, now):
    day = now - timedelta(days=45)
    rows = [met(f"c{n}", day + timedelta(seconds=k), place) for n in range(12) for place in ("payment", "delivery") for k in range(2)]
    # three people at each place of two stores: hidden, and enough of them that nothing else must go with them
    rows += [met(f"{unit}{n}", day, place, unit=unit) for unit in ("S002", "S003") for place in ("payment", "delivery") for n in range(3)]
    rows += [met("late", now - timedelta(days=9), "payment"), RawEvent("no-place", "order", day, customer=Card(external_id="c1"), unit="S001")]
    with shop.scope():
        events.receive(rows, organisation=shop.id, now=now)
    heard = [voice((day + timedelta(days=2)).date(), 9, customer=f"c{n}", touchpoint="payment") for n in range(9)]
    # heard, but elsewhere; before; too late
    others = [voice((day + timedelta(days=2)).date(), 9, customer="c10", touchpoint="delivery"), voice((day - timedelta(days=5)).date(), 9, customer="c11", touchpoint="payment")]
    receive(shop, [*heard, *others, voice((day + timedelta(days=31)).date(), 9, customer="c9", touchpoint="payment")], now=now)
    with shop.scope():
        period = whole_weeks(now, 13, organisation=shop.id)
        targets.put(uuid.uuid4(), targets.Wanted("touchpoint_coverage", "30", "2020-01-01"), organisation=shop.id, now=now, actor="t")
    span = {"from": period.from_date.isoformat(), "to": period.to_date.isoformat(), "by": "unit,touchpoint"}
    told = {(p["by"]["unit"], p["by"]["touchpoint"]): p for p in shop.api("metrics:read").get("/api/v1/metrics/touchpoint_coverage", span).json()["points"]}
    assert (told["S001", "payment"]["components"], told["S001", "payment"]["value"]) == ({"heard": 9, "pairs": 12, "running": told["S001", "payment"]["components"]["running"]}, 75.0)
    assert told["S001", "delivery"]["components"]["heard"] == 1 and told["S001", "delivery"]["n"] == 12
    assert told["S003", "payment"]["suppressed"]
    page = shop.page()
    taken = {(row["unit"], row["touchpoint"]): row for row in csv.DictReader(io.StringIO(page.get("/coverage/?format=csv").content.decode("utf-8-sig")))}
    assert float(taken["S001", "payment"]["value"]) == 75.0 and taken["S003", "payment"]["value"] == ""
    shown = html(page, "/coverage/")
    assert "▲ 75.0" in shown and "▼" not in shown.split("<tfoot>")[0].split("<tbody>")[1]  # 1 of 12 is not surely below 30 %
    assert "已隐藏" in shown and 'data-step="4"' in shown
    # a cell opens as many rows as it counts, each pair once; the total and the whole too
    context = page.get("/coverage/").context
    cells = [cell for line in context["lines"] for cell in line[3] if cell and not cell["point"].suppressed]
    assert len(cells) == 2
    for cell in [*cells, *context["total"], context["whole"]]:
        rows = page.get(cell["url"])
        assert rows.context["n"] == cell["point"].n
        heard = page.get(cell["url"].replace("part=n", "part=heard"))
        assert heard.context["n"] == cell["point"].components["heard"]
        assert cell["point"].n > 30 or sum(said == "是" for line in rows.context["lines"] for head, said in line.cells) == cell["point"].components["heard"]
    assert "还没有可数的相遇" in html(stranger.page(), "/coverage/")
    assert "成都天府店" not in html(shop.page("region_manager"), "/coverage/")
    assert shop.page("region_manager").get("/coverage/?unit=WEST").status_code == 404
    assert shop.page("frontline").get("/coverage/").status_code == 403


def test_a_retired_unit_stands_only_for_what_it_counted(shop, now):
    """S002 met customers long enough ago, S003 only of late; both are gone now: one stays with its figure, the other is no row."""
    day = now - timedelta(days=45)
    rows = [met(f"{unit}{n}", day, "payment", unit=unit) for unit in ("S001", "S002") for n in range(12)]
    rows += [met(f"x{n}", now - timedelta(days=9), "payment", unit="S003") for n in range(6)]
    with shop.scope():
        events.receive(rows, organisation=shop.id, now=now)
    page = shop.page()

    def taken():
        return [row["unit"] for row in csv.DictReader(io.StringIO(page.get("/coverage/?format=csv").content.decode("utf-8-sig")))]

    assert taken() == ["S001", "S002", "S003"]
    with shop.scope():
        Unit.objects.filter(organisation_id=shop.id, code__in=["S002", "S003"]).update(retired_at=now)
    assert taken() == ["S001", "S002"]
    lines = page.get("/coverage/").context["lines"]
    assert [(code, name) for code, name, *_ in lines] == [("S001", "杭州西溪店"), ("S002", "苏州观前店（已停用）")]
    (cell,) = lines[1][3]
    assert page.get(cell["url"]).context["n"] == cell["point"].n == 12
