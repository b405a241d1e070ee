"""How targets, published indices, waiting time and measured beside felt look, on a desk and on a phone."""

import uuid
from datetime import timedelta

import pytest

from customers import events
from customers.events import RawEvent
from cxms.lib import clock
from metrics import targets
from metrics.targets import Wanted
from surveys import inspections
from tests.browser.looks import findings
from tests.metrics.voices import ZONE, at, mix, receive, voice

pytestmark = [pytest.mark.browser]
WANTED = (
    Wanted("nps", "20", "2026-01-01", note="去年的目标"),
    Wanted("nps", "28", "2026-06-01", unit="S001", basis="contract", source="总部与门店服务协议 3.2"),
    Wanted("nps", "41", "2026-01-01", competitor="对手甲", basis="competitor", source="https://example.com/2025/report"),
    Wanted("waiting_time", "8", "2026-01-01"),
)


@pytest.mark.parametrize("width", [1440, 360])
def test_targets_and_what_stands_beside_them_are_sound(shop, now, work, visit, width):
    today = clock.now().astimezone(ZONE).date()
    made, waits = [], []
    for back in range(3, 80, 7):
        day = today - timedelta(days=back)
        made += mix(day, 14 + back % 5, 8, 6, unit="S001") + mix(day, 9, 8, 8, unit="S002")
        made += [voice(day, 60 + (back + i * 7) % 30, kind="csi", scale=(0, 100)) for i in range(9)]
        made += [voice(day, text="排队等了很久才轮到", unit="S001") for _ in range(6)]
        metadata = [{"waited_seconds": 120 + 90 * i + 60 * (back > 40), "abandoned": i == 9} for i in range(10)]
        waits += [RawEvent(f"W{back}-{i}", "visit", at(day), unit="S001", metadata=one) for i, one in enumerate(metadata)]
    receive(shop, made, now=now)
    with shop.scope():
        events.receive(waits, organisation=shop.id, now=now, announce=False)
        rows = [targets.put(uuid.uuid4(), one, organisation=shop.id, now=now, actor="user:lin@example.com") for one in WANTED]
        targets.put(uuid.uuid4(), Wanted("nps", "25", "2026-10-15", note="四季度"), organisation=shop.id, now=now, actor="user:lin@example.com")
        targets.withdraw(rows[2].id, "看错了年份", organisation=shop.id, now=now, actor="t")
        targets.put(uuid.uuid4(), Wanted("nps", "31", "2026-01-01", competitor="对手甲", basis="competitor", source="年度服务报告"), organisation=shop.id, now=now, actor="t")
        inspections.save(inspections.starting(), on=0, organisation=shop.id, now=now, actor="t")
        walked = inspections.inspect(
            uuid.uuid4(), shop.units["S001"], 1, {"entrance": 1, "floor": 0, "air": 4, "light": 1, "washroom": 3, "exit": 1}, "门口地砖松了",
            organisation=shop.id, now=now, actor="t", actor_name="林敏",
        )  # fmt: skip
    work()
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "targets", "/targets/?metric=nps", width=width)
        found += findings(manager, "published", "/published/", width=width)
        found += findings(manager, "nps", "/metrics/nps", width=width)
        found += findings(manager, "csi-index", "/metrics/csi?index=c-csi", width=width)
        found += findings(manager, "waiting", "/metrics/waiting_time", width=width)
        found += findings(manager, "perceived", "/perceived/", width=width)
        found += findings(manager, "today", "/", width=width)
        for name, url in (("environment", "/inspections/"), ("walk", "/inspections/new/"), ("checklist", "/inspections/checklist/"), ("walked", f"/inspections/{walked.id}/")):
            found += findings(manager, name, url, width=width)
        assert found == []
