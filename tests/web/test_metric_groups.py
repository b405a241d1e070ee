"""按分组: the table, its files, its rows and the pages it leads to say the same."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from complaints.intake import Complaint, file
from feedback.intake import Source
from feedback.shapes import RawVoice
from reports import dashboards, saved_dashboards, widgets
from tests.metrics.test_groups import grow, place
from tests.metrics.voices import mix, receive


def test_one_metric_over_the_groups(shop, stranger, now):
    page = shop.page()
    assert "还没有分组体系" in page.get("/metrics/nps/groups").content.decode()
    row = grow(shop, now)
    with shop.scope():
        monday = dashboards.whole_weeks(now, 1, organisation=shop.id).from_date
    for unit, group, n in (("S001", "P1", 31), ("S002", "P2", 40), ("S003", "", 12)):
        if group:
            place(shop, now, row, unit, group)
        receive(shop, mix(monday, n, 2, 3, unit=unit), now=now)
    # a later move changes nothing of what was before
    place(shop, now, row, "S001", "P2", monday + timedelta(days=30))
    answer = page.get("/metrics/nps/groups?by=h:partner")
    rows = answer.context["rows"]
    assert [(one.name, one.point.n) for one in rows] == [("P1", 36), ("P2", 45), ("未归组", 17)]
    assert answer.context["whole"].point.n == 98
    for one in [*rows, answer.context["whole"]]:
        assert page.get(one.url).context["page"].paginator.count == one.point.n
    for one in rows:
        assert page.get(one.deeper).context["page"].ranking.whole.n == one.point.n
    lines = list(csv.DictReader(io.StringIO(page.get("/metrics/nps/groups?by=h:partner&format=csv").content.decode("utf-8-sig"))))
    assert [(line["group"], line["n"], line["value"]) for line in lines[:-1]] == [(one.code, str(one.point.n), repr(one.point.value)) for one in rows]
    assert lines[-1]["n"] == "98"
    span = f"from={answer.context['period'].from_date}&to={answer.context['period'].to_date}"
    points = shop.api().get(f"/api/v1/metrics/nps?{span}&hierarchy=partner&by=group").json()["points"]
    assert [(point["n"], point["value"], point["low"]) for point in points] == [(one.point.n, one.point.value, one.point.low) for one in rows]
    assert page.get("/metrics/nps/groups?by=h:partner&format=xlsx").status_code == 200
    # a level up, within a group, the tiers of the NPS page, another metric
    assert [one.code for one in page.get("/metrics/nps/groups?by=h:partner@1").context["rows"]] == ["SOUTH", "~"]
    assert [one.code for one in page.get("/metrics/nps/groups?by=h:partner&group=partner/SOUTH").context["rows"]] == ["P1", "P2"]
    ranking = page.get("/metrics/nps?by=h:partner").context["page"].ranking
    assert {(one.code, one.point.n) for tier in ranking.tiers for one in tier} == {("P1", 36), ("P2", 45)}
    assert [one.point.n for one in page.get("/metrics/volume/groups").context["rows"]] == [36, 45, 17]
    stores = page.get("/metrics/nps?group=partner/SOUTH").context["page"].ranking
    assert {one.code for tier in stores.tiers for one in tier} == {"S001", "S002"}
    # a unit and a group at once are not asked; what is not ours is not found
    assert page.get("/metrics/nps/groups?unit=EAST").status_code == 302
    for url in ("/metrics/nps?group=partner/P9", "/metrics/nps?group=nobody/P1", "/feedback/?group=partner/P9", "/metrics/nps_relationship/groups"):
        assert page.get(url).status_code == 404, url
    assert stranger.page().get("/metrics/nps?group=partner/P1").status_code == 404
    # a manager of a region sees his own stores' part
    mine = shop.page("region_manager").get("/metrics/nps/groups?by=h:partner").context
    assert [(one.code, one.point.n) for one in mine["rows"]] == [("P1", 36), ("P2", 45)]


def test_cases_of_a_group_are_listed(shop, now, work):
    row = grow(shop, now)
    place(shop, now, row, "S001", "P1")
    with shop.scope():
        for index, unit in enumerate(["S001"] * 6 + ["S003"] * 7):
            file(Complaint(RawVoice(channel="phone", text="退款", unit=unit, external_id=f"g{index}")), organisation=shop.id, source=Source(b"{}", "x", "t"), now=now)
    page = shop.page()
    today = now.date()
    for group, n in (("P1", 6), ("~", 7)):
        asked = f"{reverse('desk-figure-rows')}?metric=resolution_rate&part=n&from={today - timedelta(days=2)}&to={today + timedelta(days=2)}&group=partner/{group}"
        assert page.get(asked).context["n"] == n


def test_a_widget_is_cut_by_groups(shop, now):
    row = grow(shop, now)
    with shop.scope():
        period = dashboards.whole_weeks(now, 4, organisation=shop.id)
    for unit, group, n in (("S001", "P1", 31), ("S002", "P2", 40), ("S003", "", 12)):
        if group:
            place(shop, now, row, unit, group)
        receive(shop, mix(period.from_date, n, 2, 3, unit=unit), now=now)
    with shop.scope():
        rows = [widgets.made(kind, "nps", "volume", by="h:partner", weeks=4) for kind in ("bars", "table")]
        board = saved_dashboards.add(uuid.uuid4(), "加盟商", rows, shop.seat("cx_manager"), organisation=shop.id, now=now, actor="t")
        with pytest.raises(widgets.WidgetError):
            widgets.made("bars", "nps_relationship", by="h:partner")
    page = shop.page()
    for one in board.widgets:
        url = f"/dashboards/{board.id}/widgets/{one['id']}/"
        assert "未归组" in page.get(url).content.decode()
        lines = list(csv.DictReader(io.StringIO(page.get(f"{url}?as=csv").content.decode("utf-8-sig"))))
        told = {line["label"]: line["n"] for line in lines if line["metric"] == "nps" and line["label"]}
        assert told == {"partner/P1": "36", "partner/P2": "45", "partner/~": "17"}
        # groups stand over the whole: within a unit its stores stand instead
        inside = list(csv.DictReader(io.StringIO(page.get(f"{url}?as=csv&unit=EAST").content.decode("utf-8-sig"))))
        assert {line["label"] for line in inside if line["label"]} == {"S001", "S002"}
    edit = page.get(reverse("dashboard-widget-edit", args=[board.id, board.widgets[0]["id"]])).content.decode()
    assert '<option value="h:partner" selected>' in edit
