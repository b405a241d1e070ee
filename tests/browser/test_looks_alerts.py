"""The pages of metric alerts: rules, the form with its back-test, the alerts and one of them; sound on desk and phone."""

from datetime import timedelta

import pytest

from alerts import metric_check, metric_reading, metric_rules, metric_runs
from alerts.models import MetricAlert, MetricRule
from ledger import runner
from tests.alerts.test_metric_rules import DROP
from tests.browser import looks
from tests.metrics.voices import mix, receive


@pytest.fixture
def addresses(shop, now):
    end = metric_reading.running_from(now, "Asia/Shanghai", "week")
    voices = [row for n in range(2, 46) for row in mix(end - timedelta(weeks=n), 26 + n % 5, 10, 6 + (30 if n in {9, 21} else n % 3))]
    receive(shop, voices + mix(end - timedelta(weeks=1), 14, 10, 30), now=now)
    runner.beat("clockwork")
    where = {"organisation": shop.id, "now": now - timedelta(weeks=1), "actor": "t"}
    with shop.scope():
        keys = []
        for given in (DROP | {"by": "unit", "roles": ["cx_manager"]}, {"name": "NPS 控制图", "metric": "nps", "kind": "chart", "side": "below"}):
            key = metric_rules.uuid.uuid4()
            metric_rules.put(key, metric_check.check(given, organisation=shop.id), version=None, **where)
            keys.append(key)
        MetricRule.objects.update(next_at=now)
        metric_runs.run(organisation=shop.id, now=now)
        alerts = [row.id for row in MetricAlert.objects.order_by("id")]
        assert len(alerts) == 2
    rules = "/settings/metric-rules/"
    return [rules, f"{rules}new/", f"{rules}{keys[1]}/?try=1", "/alerts/", f"/alerts/{alerts[0]}/", f"/alerts/{alerts[1]}/", "/notices/"]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)], ids=["desk-light", "phone-dark"])
def test_pages_are_sound(addresses, visit, width, dark):
    page = visit("cx_manager", width=width, dark=dark)
    names = ("rules", "new", "tried", "alerts", "alert-a", "alert-b", "bell")
    assert [one for name, url in zip(names, addresses, strict=True) for one in looks.findings(page, f"metric-{name}", url, width=width)] == []
