"""Metric alerts from the rule to the notice: exact figures, budget, grouping, Holm over a run, late wakers, strangers."""

import json
import uuid
from datetime import date, timedelta

import pytest

from alerts import metric_alerts, metric_backtest, metric_check, metric_reading, metric_rules, metric_runs
from alerts.metric_check import MetricRuleError
from alerts.models import MetricAlert, MetricCell, MetricRule, Notice
from alerts.wording import words
from cxms.lib.periods import Period
from ledger.models import Fact
from metrics import statistics
from metrics.series import Where, series
from tenancy.models import AuditEvent
from tests.metrics.voices import at, mix, receive

MONDAY = date(2026, 11, 16)
NOW = at(MONDAY, 7)  # last week is complete and settled
DROP = {"name": "NPS 真实下降", "metric": "nps", "kind": "change", "side": "below"}


def weeks_ago(n):
    return MONDAY - timedelta(weeks=n)


def make(shop, now=NOW, **given):
    with shop.scope():
        wanted = metric_check.check(DROP | given, organisation=shop.id)
        return metric_rules.put(uuid.uuid4(), wanted, version=None, organisation=shop.id, now=now - timedelta(weeks=1), actor="t").rule


def judge(shop, now=NOW):
    with shop.scope():
        n = metric_runs.run(organisation=shop.id, now=now)
        return n, list(MetricAlert.objects.order_by("as_of", "id"))


@pytest.fixture
def fallen(shop):
    """S001 fell for real last week; S002 stayed; S003 has too few."""
    rows = mix(weeks_ago(2), 60, 20, 20) + mix(weeks_ago(1), 30, 20, 50)
    rows += mix(weeks_ago(2), 50, 20, 30, unit="S002") + mix(weeks_ago(1), 49, 20, 31, unit="S002")
    rows += mix(weeks_ago(2), 9, 1, 0, unit="S003") + mix(weeks_ago(1), 0, 1, 9, unit="S003")
    receive(shop, rows, now=NOW)


def test_a_real_fall_is_one_alert_with_its_figures_and_a_notice(shop, stranger, fallen):
    rule = make(shop, by="unit", roles=["cx_manager", "store_manager", "region_manager"])
    n, (alert,) = judge(shop)
    with shop.scope():
        (cell,) = MetricCell.objects.select_related("unit")
        point = series(
            organisation=shop.id, metric="nps", period=Period(weeks_ago(1), MONDAY), now=NOW, where=Where(unit="S001")
        ).points[0]
        p = statistics.nps_difference((30, 20, 50), (60, 20, 20)).p
        even = statistics.nps_difference((49, 20, 31), (50, 20, 30)).p
        found = cell.figures
        assert (found["value"], found["low"], found["high"], found["n"]) == (point.value, point.low, point.high, 100)
        assert (found["against"], found["against_n"], found["p"]) == (40.0, 100, p)
        assert found["p_adjusted"] == statistics.holm([p, even])[0]
        assert (n, alert.from_date, alert.to_date, alert.n_cells, cell.unit.code) == (1, weeks_ago(1), MONDAY, 1, "S001")
        told = {row.recipient.name: row for row in Notice.objects.select_related("recipient")}
        # the region hears of its store, the executive was not chosen; and a store manager of S001 only of his own
        assert set(told) == {"cx_manager", "region_manager", "store_manager"}
        said = words(told["store_manager"], language="zh-hans")
        assert said.subject == "【指标】NPS 真实下降：NPS W46 11-09 – 11-15"
        assert said.line == "NPS 真实下降：杭州西溪店 NPS −20 ±\u00a016.8, n = 100；上一期 +40（n = 100），校正后 p < 0.001"
        assert said.link.endswith(f"/alerts/{alert.id}/")
        fact = Fact.objects.get(kind="metric.alerted")
        assert (fact.subject, fact.data["rule"], fact.data["n_cells"]) == (str(alert.id), str(rule.id), 1)
    assert judge(shop)[1] == [alert]  # nothing is due twice
    assert stranger.page().get(f"/alerts/{alert.id}/").status_code == 404


def test_what_did_not_change_and_what_is_too_thin_is_silent(shop, fallen):
    make(shop, unit="S002")
    make(shop, unit="S003")
    make(shop, side="above", unit="S001")
    assert judge(shop) == (3, [])


def test_the_rules_of_one_run_are_corrected_together(shop):
    """p is about .03 alone; nineteen quiet rules beside it make it .6."""
    receive(shop, mix(weeks_ago(2), 50, 20, 30) + mix(weeks_ago(1), 37, 20, 43), now=NOW)
    assert 0.02 < statistics.nps_difference((37, 20, 43), (50, 20, 30)).p < 0.05
    receive(shop, mix(weeks_ago(2), 40, 20, 40, unit="S002") + mix(weeks_ago(1), 40, 20, 40, unit="S002"), now=NOW)
    rule = make(shop, unit="S001")
    for n in range(19):
        make(shop, unit="S002", name=f"q{n}")
    assert judge(shop) == (20, [])
    with shop.scope():
        MetricRule.objects.exclude(id=rule.id).update(is_on=False, next_at=None)
        MetricRule.objects.filter(id=rule.id).update(next_at=NOW)
    assert len(judge(shop)[1]) == 1


def test_the_budget_of_a_week_holds_and_the_rest_is_still_written(shop):
    days = [MONDAY - timedelta(days=n) for n in range(1, 7)]
    receive(shop, [row for day in days for row in mix(day, 10, 10, 30)], now=NOW)
    make(shop, kind="threshold", limit=0, grain="day", budget=2, now=at(days[-1], 7))
    found = []
    for day in reversed(days):
        with shop.scope():
            MetricRule.objects.update(next_at=at(day))
        found = judge(shop, at(day + timedelta(days=1), 7))[1]
    assert [alert.is_told for alert in found] == [True, True, False, False, False, False]
    with shop.scope():
        assert Notice.objects.count() == 2
        assert Fact.objects.filter(kind="metric.alerted").count() == 6


def test_a_rule_that_slept_wakes_to_the_last_complete_period(shop):
    receive(shop, mix(weeks_ago(4), 0, 0, 50) + mix(weeks_ago(1), 50, 0, 0), now=NOW)
    rule = make(shop, kind="threshold", limit=0)
    with shop.scope():
        MetricRule.objects.update(next_at=at(weeks_ago(3)))
    assert judge(shop) == (1, [])
    with shop.scope():
        rule.refresh_from_db()
        assert rule.next_at == at(MONDAY + timedelta(weeks=1), 6)


@pytest.mark.parametrize(
    ("grain", "now", "first", "complete"),
    [
        ("day", at(MONDAY, 5), MONDAY - timedelta(days=1), at(MONDAY, 6)),
        ("day", at(MONDAY, 6), MONDAY, at(MONDAY + timedelta(days=1), 6)),
        ("week", at(MONDAY, 5), weeks_ago(1), at(MONDAY, 6)),
        ("month", at(date(2026, 12, 1), 5), date(2026, 11, 1), at(date(2026, 12, 1), 6)),
        ("month", at(date(2026, 12, 31), 23), date(2026, 12, 1), at(date(2027, 1, 1), 6)),
    ],
)
def test_a_period_is_judged_the_morning_after(grain, now, first, complete):
    assert metric_reading.running_from(now, "Asia/Shanghai", grain) == first
    assert metric_reading.complete_at(first, "Asia/Shanghai", grain) == complete
    assert metric_reading.before(date(2026, 11, 1), "month", 12).from_date == date(2025, 11, 1)


def test_a_rule_that_cannot_be_judged_any_more_is_not_in_the_way(shop, fallen):
    broken = make(shop, name="坏的")
    make(shop, unit="S001")
    with shop.scope():
        MetricRule.objects.filter(id=broken.id).update(where={"clause": "solution"})
    n, alerts = judge(shop)
    assert (n, [alert.name for alert in alerts]) == (2, [DROP["name"]])
    with shop.scope():
        assert MetricRule.objects.get(id=broken.id).next_at > NOW


def test_silence_of_a_store_that_used_to_speak(shop):
    rows = [row for n in range(2, 8) for row in mix(weeks_ago(n), 6, 0, 0)] + mix(weeks_ago(1), 6, 0, 0, unit="S002")
    receive(shop, rows, now=NOW)
    make(shop, kind="absence", by="unit", metric="volume")
    _, (alert,) = judge(shop)
    with shop.scope():
        (cell,) = MetricCell.objects.all()
        assert (cell.code, cell.figures["n"], cell.figures["why"]) == ("S001", 0, "silent")
        assert "连续 1 期没有数据" in words(Notice.objects.first(), language="zh-hans").body


def test_a_chart_keeps_its_baseline_until_a_person_moves_it(shop):
    rows = [row for n in range(3, 20) for row in mix(weeks_ago(n), 40, 30, 30)] + mix(weeks_ago(1), 5, 5, 90)
    receive(shop, rows, now=NOW)
    rule = make(shop, kind="chart", now=at(weeks_ago(1), 7))
    days = (rule.baseline_from, rule.baseline_to)
    assert days[1] == weeks_ago(2)
    _, (alert,) = judge(shop)
    with shop.scope():
        figures = MetricCell.objects.get().figures
        assert (figures["why"], figures["against"], figures["value"]) == ("beyond", 10.0, -85.0)
        where = {"organisation": shop.id, "now": NOW, "actor": "user:x"}
        again = metric_check.check(DROP | {"kind": "chart", "name": "换了名字"}, organisation=shop.id)
        row = metric_rules.put(rule.id, again, version=1, **where).rule
        assert (row.baseline_from, row.baseline_to, row.version) == (*days, 2)
        with pytest.raises(MetricRuleError, match="写上为什么"):
            metric_rules.rebase(rule.id, " ", version=2, **where)
        row = metric_rules.rebase(rule.id, "换了问卷", version=2, **where)
        assert (row.baseline_to, row.baseline_note) == (MONDAY, "换了问卷")
        moved = metric_rules.put(rule.id, metric_check.check(DROP | {"kind": "chart", "unit": "EAST"}, organisation=shop.id), version=3, **where).rule
        assert moved.baseline_note == ""
        assert [e.action for e in AuditEvent.objects.filter(action__startswith="metric_rule.").order_by("seq")] == [
            "metric_rule.saved", "metric_rule.saved", "metric_rule.rebased", "metric_rule.saved",
        ]  # fmt: skip


def test_the_back_test_says_what_the_timer_would_have_done(shop):
    """The same rule judged week by week by the timer, and tried in one go: the same periods, the same figures."""
    for n in range(1, 12):
        receive(shop, mix(weeks_ago(n), 60, 20, 20) if n % 4 else mix(weeks_ago(n), 20, 20, 60), now=NOW)
    wanted = {"kind": "change", "side": "below", "grain": "week"}
    with shop.scope():
        tried = metric_backtest.run(metric_check.check(DROP | wanted, organisation=shop.id), organisation=shop.id, now=NOW)
        assert [period.from_date for period in tried.fired_on] == [weeks_ago(8), weeks_ago(4)]
        assert (tried.n_fired, tried.n_told, tried.n_cells) == (2, 2, 1)
        assert MetricRule.objects.count() == MetricAlert.objects.count() == 0
    make(shop, **wanted)
    for n in range(11, 0, -1):
        with shop.scope():
            MetricRule.objects.update(next_at=at(weeks_ago(n)))
        _, alerts = judge(shop, at(weeks_ago(n - 1), 7))
    assert [alert.from_date for alert in alerts] == [weeks_ago(8), weeks_ago(4)]
    with shop.scope():
        kept = [MetricCell.objects.get(alert=alert).figures for alert in alerts]
    line = tried.lines[0]
    assert kept == [metric_runs.frozen(line.verdicts[index]) for index in line.fired]


def test_sleeping_on_a_rule_leaves_the_bell_and_taking_it_in_hand_stays_with_the_first(shop, fallen):
    rule = make(shop, unit="S001", roles=["cx_manager", "admin"])
    with shop.scope():
        who = {"organisation": shop.id, "now": NOW}
        with pytest.raises(MetricRuleError, match="写上为什么"):
            metric_alerts.snooze(rule, shop.members["admin"], days=7, reason="", **who)
        metric_alerts.snooze(rule, shop.members["admin"], days=7, reason="知道了", **who)
    _, (alert,) = judge(shop)
    with shop.scope():
        assert {n.recipient.name: n.data.get("silent", False) for n in Notice.objects.select_related("recipient")} == {"cx_manager": False, "admin": True}
        metric_alerts.acknowledge(alert.id, shop.members["cx_manager"], "在查", **who)
        row = metric_alerts.acknowledge(alert.id, shop.members["admin"], "我也在查", **who)
        assert (row.acknowledged_by, row.remark) == (shop.members["cx_manager"], "在查")


WRONG = [
    ({"name": ""}, "name", "bad_name"), ({"metric": "nonsense"}, "metric", "unknown_metric"), ({"grain": "hour"}, "grain", "unknown_grain"),
    ({"by": "staff"}, "by", "unknown_dimension"), ({"unit": "NOPE"}, "unit", "unknown_unit"), ({"channel": "smoke"}, "channel", "unknown_channel"),
    ({"kind": "guess"}, "kind", "unknown_kind"), ({"metric": "volume"}, "kind", "unknown_kind"), ({"kind": "threshold", "limit": ""}, "limit", "missing"),
    ({"kind": "threshold", "limit": "x"}, "limit", "not_a_number"), ({"kind": "threshold", "side": "", "limit": 1}, "side", "unknown_side"),
    ({"kind": "absence", "at_least": 3}, "at_least", "too_small"), ({"level": 0.2}, "level", "unknown_level"), ({"min_n": 4}, "min_n", "out_of_range"),
    ({"budget": 0}, "budget", "out_of_range"), ({"rules": ["nelson"]}, "rules", "unknown_rule"), ({"roles": ["owner"]}, "roles", "unknown_role"),
    ({"kind": "threshold", "limit": True}, "limit", "not_a_number"), ({"metric": "volume", "kind": "chart", "clause": "x"}, "clause", "unknown_dimension"),
]  # fmt: skip


def test_a_rule_that_cannot_be_is_refused_by_name(shop):
    with shop.scope():
        for given, field, code in WRONG:
            with pytest.raises(MetricRuleError) as caught:
                metric_check.check(DROP | given, organisation=shop.id)
            assert (caught.value.field, caught.value.code) == (field, code), given


def test_the_api_and_the_page_write_the_same_rule(shop, stranger, fallen):
    api, url = shop.api(), "/api/v1/metric-rules"

    def send(method, where, document, **headers):
        return getattr(api, method)(where, json.dumps(document), content_type="application/json", headers=headers)

    made = send("post", url, DROP | {"unit": "S001"}, **{"idempotency-key": "k1"})
    rule = made.json()
    assert (made.status_code, rule["version"], rule["unit"], rule["min_n"]) == (201, 1, "S001", 30)
    assert send("post", url, DROP | {"unit": "S001"}, **{"idempotency-key": "k1"}).json()["id"] == rule["id"]
    one = f"{url}/{rule['id']}"
    assert send("put", one, DROP | {"unit": "S001"}, **{"if-match": '"7"'}).json()["version"] == 1  # the same changes nothing
    stale = send("put", one, DROP | {"unit": "S002"}, **{"if-match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert send("put", one, DROP | {"unit": "S001", "budget": 9}, **{"if-match": '"1"'}).json()["budget"] == 9
    assert send("post", url, DROP | {"metric": "x"}).json()["errors"][0]["field"] == "metric"
    tried = send("post", f"{url}/backtest", DROP | {"by": "unit"}).json()
    assert tried["n_cells"] >= 2 and tried["n_told"] <= tried["n_fired"]
    with shop.scope():
        MetricRule.objects.update(next_at=NOW)
    _, (alert,) = judge(shop)
    read = api.get(f"/api/v1/metric-alerts/{alert.id}").json()
    with shop.scope():
        figures = MetricCell.objects.get().figures
    assert {name: read["cells"][0][name] for name in ("value", "low", "high", "n", "p")} == {name: figures[name] for name in ("value", "low", "high", "n", "p")}
    assert [row["id"] for row in api.get("/api/v1/metric-alerts?metric=nps&limit=1").json()["results"]] == [str(alert.id)]
    assert send("post", f"/api/v1/metric-alerts/{alert.id}", {"remark": "查"}).json()["remark"] == "查"
    for path in (one, f"/api/v1/metric-alerts/{alert.id}"):
        assert stranger.api().get(path).status_code == 404
        assert shop.api("feedback:read").get(path).status_code == 403
    assert api.delete(one, headers={"if-match": '"1"'}).json()["code"] == "stale"
    assert api.delete(one).status_code == 204 and api.get(one).status_code == 404
    assert api.get(f"/api/v1/metric-alerts/{alert.id}").status_code == 200
