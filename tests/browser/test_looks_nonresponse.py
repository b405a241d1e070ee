"""How the page of who did not answer looks, with groups that differ, on a desk and on a phone."""

import pytest

from tests.browser.looks import findings
from tests.surveys.conftest import publish
from tests.web.test_nonresponse import URL, ask

__all__ = ["publish"]
pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("width", [1440, 360])
def test_nonresponse_is_sound(shop, now, publish, visit, width):
    survey = publish(quiet_days=0)
    for tier, unit, n, answered in (("金卡", "S001", 40, 20), ("普通", "S003", 60, 15), ("普通", "S002", 20, 5), ("银卡", "S002", 6, 1)):
        ask(shop, survey, now, tier, unit, n, answered)
    with visit("cx_manager", width=width) as manager:
        found = findings(manager, "nonresponse", URL, width=width)
        found += findings(manager, "response-rate", "/metrics/response_rate", width=width)
        found += findings(manager, "nonresponse-rows", "/desk/figures/rows/?metric=response_rate&part=answered&tier=金卡", width=width)
        assert found == []
