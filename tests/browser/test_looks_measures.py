"""How the pages of drivers, money, silence, exposure and hierarchies look, on a desk and on a phone."""

from datetime import timedelta

import pytest

from cxms.lib import clock
from tests.browser.looks import findings
from tests.metrics.voices import receive
from tests.web.test_drivers import answers

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("width", [1440, 360])
def test_measures_are_sound(shop, now, visit, width):
    day = clock.now().date() - timedelta(days=8)
    receive(shop, answers(day, 120), now=now)
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "drivers", "/metrics/drivers?outcome=nps&cross=target", width=width)
        assert found == []
