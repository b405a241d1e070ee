"""How the pages of drivers, money, silence, exposure and hierarchies look, on a desk and on a phone."""

from datetime import timedelta

import pytest

from cxms.lib import clock
from tests.browser.looks import findings
from tests.metrics.voices import receive, voice
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
