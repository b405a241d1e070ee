"""How the pages of drivers, money, silence, exposure and hierarchies look, on a desk and on a phone."""

import uuid
from datetime import timedelta

import pytest

from cxms.lib import clock
from metrics import weighting
from reports import saved_dashboards, segments, widgets
from tests.browser.looks import findings, small_targets
from tests.metrics.voices import mix, receive, voice
from tests.reports.test_money import bought
from tests.web.test_drivers import answers

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("width", [1440, 360])
def test_measures_are_sound(shop, now, visit, width):
    day = clock.now().date() - timedelta(days=8)
    receive(shop, answers(day, 120), now=now)
    made = [voice(day, score, customer=f"{score}-{i}") for score, n in ((10, 40), (8, 9), (3, 33)) for i in range(n)]
    receive(shop, made, now=now)
    bought(shop, [(f"{score}-{i}", 20 + i, 8_000 * (i + 1)) for score in (10, 3) for i in range(33)], now)
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "drivers", "/metrics/drivers?outcome=nps&cross=target", width=width)
        found += findings(manager, "money", "/metrics/money", width=width)
        found += findings(manager, "money-customers", "/metrics/money/customers?kind=promoter", width=width)
        found += findings(manager, "exposures", "/settings/exposures/", width=width)
        assert found == []


@pytest.mark.parametrize("width", [1440, 360])
def test_segments_are_sound(shop, now, visit, width):
    """Chips of every kind and the open form to save one, on a page of figures and on a dashboard."""
    day = clock.now().date() - timedelta(days=8)
    receive(shop, mix(day, 40, 9, 33, tier="金卡", customer="G") + mix(day, 20, 9, 3, tier="普通", customer="P", channel="qr"), now=now)
    with shop.scope():
        seat = shop.seat("cx_manager")
        for name, filters, is_shared in (
            ("金卡客户", {"tier": "金卡"}, True), ("扫码来的普通客户，付款之后", {"tier": "普通", "channel": "qr"}, False), ("东区", {"unit": "EAST"}, True),
        ):  # fmt: skip
            segments.add(uuid.uuid4(), segments.Wanted(name, filters, is_shared), seat, organisation=shop.id, now=now, actor="t")
        board = saved_dashboards.add(uuid.uuid4(), "总览", [widgets.made("number", "nps")], seat, organisation=shop.id, now=now, actor="t")
    form = ".vx-segs details"
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "segment-here", "/metrics/nps?tier=金卡", width=width)
        found += findings(manager, "segment-form", "/metrics/nps?channel=app", width=width, opened=form)
        with shop.scope():
            shares = {"tier": {"金卡": "20", "普通": "70", "银卡": "10"}, "channel": {"app": "40", "qr": "60"}}
            weighting.save(shares, "会员系统，2026 年 10 月", on=0, organisation=shop.id, now=now, actor="user:x@x.example")
        found += findings(manager, "weighted", "/metrics/nps/weighted", width=width)
        found += findings(manager, "weighted-tier", "/metrics/nps/weighted?by=tier", width=width)
        found += findings(manager, "weighted-line", "/metrics/nps", width=width)
        found += findings(manager, "segment-board", f"/dashboards/{board.id}/?channel=app", width=width, opened=form)
        if width == 360:
            manager.goto("/metrics/nps?tier=金卡")
            found += small_targets(manager)
            manager.goto("/metrics/nps?channel=app")
            manager.locator(form).locator("summary").click()
            found += small_targets(manager)
        assert found == []
