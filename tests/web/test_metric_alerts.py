"""The pages of metric alerts: tried before saved, the marks lead to as many rows as the figure's n, who may see which cell."""

import html
import re

from alerts.models import MetricCell, MetricRule
from tests.alerts.test_metric_rules import DROP, NOW, fallen, judge, make, weeks_ago
from tests.metrics.voices import mix, receive

__all__ = ["fallen"]
FORM = {
    "name": "NPS 真实下降", "metric": "nps", "grain": "week", "unit": "", "by": "unit", "kind": "change", "side": "below", "level": "0.05",
    "bound": "value", "at_least": "1", "n_periods": "1", "min_n": "30", "budget": "3", "rules": ["beyond", "run"], "roles": ["cx_manager"],
    "is_on": "on", "token": "t1",
}  # fmt: skip


def test_a_rule_is_tried_saved_changed_and_removed(shop, stranger, now):
    receive(shop, mix(weeks_ago(2), 60, 20, 20) + mix(weeks_ago(1), 30, 20, 50), now=NOW)
    page, url = shop.page(), "/settings/metric-rules/new/"
    assert page.get(f"{url}?metric=csat&unit=S001").context["form"].values["metric"] == "csat"
    tried = page.post(url, FORM | {"do": "try"})
    text = tried.content.decode()
    assert tried.status_code == 200 and "会发 1 次" in text
    with shop.scope():
        assert not MetricRule.objects.exists()
    (link,) = set(re.findall(r'href="(/feedback/\?[^"]+nps=any[^"]*)"', text))
    rows = page.get(html.unescape(link))
    assert rows.status_code == 200 and "100" in rows.content.decode()
    assert page.post(url, FORM | {"do": "save", "name": ""}).status_code == 400
    for _ in range(2):
        assert page.post(url, FORM | {"do": "save"}).status_code == 302
    with shop.scope():
        (rule,) = MetricRule.objects.all()
        assert (rule.version, rule.by, rule.condition["kind"], rule.roles) == (1, "unit", "change", ["cx_manager"])
    one = f"/settings/metric-rules/{rule.id}/"
    assert "NPS 真实下降" in page.get("/settings/metric-rules/").content.decode()
    assert page.get(one).context["form"].values["min_n"] == "30"
    assert page.post(one, FORM | {"do": "save", "version": "9", "budget": "5"}).status_code == 409
    assert page.post(one, FORM | {"do": "save", "version": "1", "kind": "chart"}).status_code == 302
    assert page.post(one, FORM | {"do": "rebase", "version": "2", "note": ""}).status_code == 400
    assert page.post(one, FORM | {"do": "rebase", "version": "2", "note": "换了问卷"}).status_code == 302
    assert "换了问卷" in page.get(one).content.decode()
    for role in ("store_manager", "analyst"):
        assert shop.page(role).get(one).status_code == 403
    assert stranger.page().get(one).status_code == 404
    assert page.post(one, FORM | {"do": "remove", "version": "3"}).status_code == 302
    assert page.get(one).status_code == 404


def test_an_alert_is_seen_by_who_may_see_its_cell_and_taken_in_hand(shop, fallen):
    make(shop, by="unit", roles=["cx_manager", "store_manager"])
    _, (alert,) = judge(shop)
    url = f"/alerts/{alert.id}/"
    manager = shop.page("store_manager")
    text = manager.get(url).content.decode()
    assert "杭州西溪店" in text and "−20" in text and "n = 100" in text and "p &lt; 0.001" in text
    assert alert.name in manager.get("/alerts/?state=open&metric=nps").content.decode()
    assert alert.name in shop.page().get("/notices/").content.decode()
    assert manager.post(url, {"do": "snooze", "days": "7", "reason": ""}).status_code == 400
    assert manager.post(url, {"do": "snooze", "days": "7", "reason": "在修门"}).status_code == 302
    assert "静音到" in manager.get(url).content.decode()
    assert manager.post(url, {"do": "acknowledge", "remark": "在查"}).status_code == 302
    assert "在查" in shop.page().get(url).content.decode()
    assert alert.name not in shop.page().get("/alerts/?state=open").content.decode()
    assert shop.page("frontline").get(url).status_code == 403
    # a cell of another store is nobody's here
    with shop.scope():
        MetricCell.objects.update(unit=shop.units["S002"])
    assert manager.get(url).status_code == 404
    assert alert.name not in manager.get("/alerts/").content.decode()
    assert DROP["name"] == alert.name
