"""The report's pages: sound at both widths, light and dark."""

from datetime import timedelta

import pytest

from reports import weekly_issue
from reports.models import WeeklyReport
from tests.browser import looks
from tests.metrics.voices import mix, receive


@pytest.fixture
def report(shop, now, work):
    week = weekly_issue.last_week(now, "Asia/Shanghai")
    receive(shop, mix(week - timedelta(days=3), 300, 100, 100) + mix(week + timedelta(days=2), 200, 100, 200), now=now)
    with shop.scope():
        weekly_issue.begin(week, organisation=shop.id, now=now)
    work()
    with shop.scope():
        return WeeklyReport.objects.get(unit__code="HQ")


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, report, complain, visit, width):
    complain(severity="critical")
    manager, executive = visit("cx_manager", width=width), visit("executive", width=width)
    found = looks.findings(manager, "list", "/reports/", width=width)
    found += looks.findings(manager, "report", f"/reports/{report.id}/", width=width)
    found += looks.findings(manager, "now", f"/reports/{report.id}/?as=now", width=width)
    found += looks.findings(executive, "executive", "/", width=width)
    assert found == []
    if width == 360:
        manager.goto(f"/reports/{report.id}/")
        assert looks.small_targets(manager) == []
