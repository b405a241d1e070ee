"""How the page of reasons and a voice with something hidden look, on a desk and on a phone."""

from datetime import timedelta

import pytest

from cxms.lib import clock
from feedback import relabelling
from feedback.tree import Node
from tests.browser.looks import findings
from tests.metrics.voices import ZONE, receive, voice

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("width", [1440, 360])
def test_reasons_and_an_original_are_sound(shop, now, work, visit, width):
    day = clock.now().date() - timedelta(days=8)
    made = [voice(day, 2, text=f"等了两个小时，太慢了，第{i}次，电话13912340077", channel="survey") for i in range(12)]
    made += [voice(day, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次", unit="S002", channel="survey") for i in range(20)]
    made += [voice(day, None, text=f"店员态度特别好{i}", channel="review") for i in range(9)]
    made += [voice(day, None, text=f"等了两个小时{i}", channel="review") for i in range(2)]
    today = clock.now().astimezone(ZONE).date()
    made += [voice(today - timedelta(days=back), None, text="店员态度特别好", hour=0) for back in range(1, 31)]
    made += [voice(today, None, text="房间有异味，看到蓝环章鱼", hour=0) for _ in range(9)]
    keys = receive(shop, made, now=now)
    work()
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "reasons", "/metrics/nps/reasons", width=width)
        found += findings(manager, "hidden", f"/feedback/{keys[0]}/", width=width)
        found += findings(manager, "search", "/feedback/?q=两个+太慢", width=width)
        found += findings(manager, "bursts", "/feedback/bursts/", width=width)
        found += findings(manager, "groups", "/feedback/groups/", width=width)
        with shop.scope():
            relabelling.change(Node("waiting_time/n1", "等配件", ("等配件",)), was="", organisation=shop.id, version=0, now=now, actor="t")
        found += findings(manager, "bursts-reread", "/feedback/bursts/", width=width)
        assert found == []
