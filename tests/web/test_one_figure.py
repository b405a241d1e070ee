"""One story: the NPS of one week is the same number on every page, in the API, on paper, in every file and in an alert, to the last bit."""

import csv
import io
import re
import uuid
from datetime import datetime, time, timedelta

import openpyxl
import pytest
from pypdf import PdfReader

from alerts import metric_check, metric_rules, metric_runs
from alerts.models import MetricCell, MetricRule
from reports import changes, saved_dashboards, weekly_issue
from reports.models import WeeklyReport
from reports.widgets import made
from tests.metrics.voices import ZONE, mix, receive
from tests.web.test_voices import html

NAMES = ("value", "low", "high", "n")


@pytest.fixture
def week(now):
    return weekly_issue.last_week(now, "Asia/Shanghai")


@pytest.fixture
def heard(shop, now, work, week):
    receive(shop, mix(week + timedelta(days=2), 211, 97, 83) + mix(week - timedelta(days=3), 300, 100, 100), now=now)
    with shop.scope():
        weekly_issue.begin(week, organisation=shop.id, now=now)
    work()


@pytest.fixture
def report(shop, heard):
    with shop.scope():
        return WeeklyReport.objects.get(unit__code="HQ")


def in_csv(body, **wanted):
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    row = next(row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return {name: float(row[name]) for name in NAMES}


def in_book(body, **wanted):
    head, *lines = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0].values
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    row = next(row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return {name: row[name] for name in NAMES}


def test_the_same_figure_everywhere(shop, now, week, report):
    page = shop.page()
    span = {"from": week.isoformat(), "to": (week + timedelta(days=7)).isoformat()}
    (point,) = shop.api().get("/api/v1/metrics/nps", span).json()["points"]
    told = {name: point[name] for name in NAMES}
    assert told["n"] == 391 and told["value"] != round(told["value"], 6), "a number that rounding would show up"

    frozen = report.content["nps"]["point"]
    assert {name: frozen[name] for name in NAMES} == told
    head = {"part": "head", "metric": "nps"}
    assert in_csv(page.get(f"/reports/{report.id}/csv/").content, **head) == told
    assert in_book(page.get(f"/reports/{report.id}/xlsx/").content, **head) == told

    with shop.scope():
        board = saved_dashboards.add(
            uuid.uuid4(), "x", [made("trend", "nps"), made("table", "nps", "csat", by="channel")], shop.seat(), organisation=shop.id, now=now, actor="t"
        )  # fmt: skip
    for kind, read in (("csv", in_csv), ("xlsx", in_book)):
        body = page.get(f"/dashboards/{board.id}/widgets/{board.widgets[0]['id']}/?as={kind}").content
        assert read(body, metric="nps", **{"from": span["from"]}) == told

    with shop.scope():
        wanted = metric_check.check({"name": "低于 90", "metric": "nps", "kind": "threshold", "side": "below", "limit": 90}, organisation=shop.id)
        metric_rules.put(uuid.uuid4(), wanted, version=None, organisation=shop.id, now=now, actor="t")
        # on a Monday before six the week that ended at midnight has not settled yet
        settled = max(now, datetime.combine(week + timedelta(days=7), time(7), tzinfo=ZONE))
        MetricRule.objects.update(next_at=settled)
        metric_runs.run(organisation=shop.id, now=settled)
        cell = MetricCell.objects.select_related("alert").get()
    assert cell.alert.from_date == week
    assert {name: cell.figures[name] for name in NAMES} == told
    alert = shop.api().get(f"/api/v1/metric-alerts/{cell.alert_id}").json()
    assert {name: alert["cells"][0][name] for name in NAMES} == told

    shown, margin = changes.signed(told["value"], 0), changes.plus_minus((told["high"] - told["low"]) / 2, 1).strip("\u00a0")
    paper = re.sub(r"\s+", "", PdfReader(io.BytesIO(page.get(f"/reports/{report.id}/pdf/").content)).pages[0].extract_text())
    sheet = html(page, f"/reports/{report.id}/")
    explore = html(page, "/metrics/nps")
    assert f"{shown}{margin}".replace("\u00a0", "") in paper and "n=391" in paper
    for text in (sheet, explore):
        assert shown in text and margin in text and "391" in text


def test_the_control_a_figure_that_is_off_by_one_answer_is_seen(shop, now, week, report):
    receive(shop, mix(week, 1, 0, 0), now=now)
    span = {"from": week.isoformat(), "to": (week + timedelta(days=7)).isoformat()}
    (point,) = shop.api().get("/api/v1/metrics/nps", span).json()["points"]
    assert point["value"] != report.content["nps"]["point"]["value"]
