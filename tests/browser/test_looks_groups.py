"""How hierarchies look: the settings with their tree and days, a list read before it is written, a metric over the groups."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cxms.lib import clock
from tests.browser.looks import findings
from tests.metrics.test_groups import grow, place
from tests.metrics.voices import ZONE, mix, receive

pytestmark = [pytest.mark.browser]
LIST = "hierarchy,unit,group,from_date\npartner,S003,NORTH,2026-03-01\npartner,S009,NORTH,\npartner,S002,SOUTH/P2,2020-01-01\n"


@pytest.mark.parametrize("width", [1440, 360])
def test_hierarchies_are_sound(shop, now, work, visit, width):
    row = grow(shop, now)
    today = clock.now().astimezone(ZONE).date()
    place(shop, now, row, "S001", "P1")
    place(shop, now, row, "S002", "P2")
    place(shop, now, row, "S001", "P2", today - timedelta(days=20))
    made = []
    for back in range(3, 80, 7):
        day = today - timedelta(days=back)
        made += mix(day, 14 + back % 5, 8, 6) + mix(day, 9, 8, 8, unit="S002")
    receive(shop, [*made, *mix(today - timedelta(days=10), 1, 1, 0, unit="S003")], now=now)
    work()
    with visit("admin", width=width) as admin:
        found = findings(admin, "hierarchies", "/settings/hierarchies/", width=width)
        found += findings(admin, "hierarchy", f"/settings/hierarchies/{row.id}/?group=P1", width=width)
        found += findings(admin, "groups", "/metrics/nps/groups?by=h:partner", width=width)
        found += findings(admin, "nps-by-group", "/metrics/nps?by=h:partner&group=partner/SOUTH", width=width)
        assert found == []
        admin.goto("/settings/import/hierarchies/")
        admin.get_by_label("或者从表格里粘贴").fill(LIST)
        admin.get_by_role("button", name="先预览，不写入").click()
        expect(admin.get_by_text("没有门店 S009")).to_be_visible()
        expect(admin.get_by_role("button", name="导入这些行")).to_have_count(0)
        admin.get_by_label("或者从表格里粘贴").fill(LIST.replace("S009", "S001"))
        admin.get_by_role("button", name="先预览，不写入").click()
        admin.get_by_role("button", name="导入这些行").click()
        expect(admin.get_by_text("行归组，其余不变")).to_be_visible()
