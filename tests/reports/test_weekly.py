"""The weekly report: frozen figures, sentences that follow from tests, each reader's own scope, once a week."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from customers import events
from customers.cards import Card
from customers.events import RawEvent
from cxms.lib.periods import Period
from ledger.models import Fact
from metrics.series import Where, series
from reports import queries, weekly, weekly_issue, weekly_words
from reports.models import WeeklyCopy, WeeklyReport, WeeklyRun
from tenancy.models import Organisation
from tests.metrics.voices import at, mix, receive, voice

WEEK = date(2026, 11, 16)
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # Monday 23rd, 07:30 in Shanghai


def content(shop, unit="HQ", now=NOW):
    with shop.scope():
        return json.loads(json.dumps(weekly.content(organisation=shop.id, unit=shop.units[unit], week=WEEK, now=now)))


def said(found):
    return "".join(piece.text for piece in weekly_words.headline(found))


def two_weeks(shop, before, after, unit="S001"):
    receive(shop, mix(WEEK - timedelta(days=4), *before, unit=unit) + mix(WEEK + timedelta(days=2), *after, unit=unit), now=NOW)


def test_a_real_fall_is_said_with_where_and_an_unclear_one_is_not(shop):
    two_weeks(shop, (300, 100, 100), (200, 100, 200))
    two_weeks(shop, (60, 20, 20), (58, 21, 21), unit="S003")
    found = content(shop)
    assert found["nps"]["change"]["kind"] == "worse"
    assert found["nps"]["change"]["p"] < 0.05
    assert [(row["code"], row["change"]["kind"]) for row in found["places"]] == [("EAST", "worse"), ("WEST", "unclear")]
    assert said(found) == "NPS 由 +40 降到 +6，是真实下降，集中在华东区。"
    west = content(shop, "WEST")
    assert west["nps"]["change"]["kind"] == "unclear"
    assert said(west).endswith("，与上周的差别尚不明确。")
    assert "真实" not in said(west)


def test_a_real_rise_of_one_store_is_not_credited_to_the_other(shop):
    two_weeks(shop, (100, 100, 200), (250, 100, 50))
    two_weeks(shop, (100, 20, 20), (100, 20, 20), unit="S002")
    found = content(shop, "EAST")
    assert said(found).startswith("NPS 由 −4 升到 +52，是真实上升")
    assert "集中在杭州西溪店" in said(found)
    assert "苏州" not in said(found)


def test_figures_are_those_of_the_series_bit_for_bit(shop):
    two_weeks(shop, (30, 10, 10), (31, 11, 12))
    receive(shop, [voice(WEEK + timedelta(days=1), v, kind="csat") for v in (5, 4, 3, 5, 5, 2, 4)], now=NOW)
    found = content(shop)
    with shop.scope():
        for code in ("nps", "csat"):
            (point,) = series(
                organisation=shop.id, metric=code, period=Period(WEEK, WEEK + timedelta(days=7)), where=Where(), now=NOW
            ).points
            row = found["nps"] if code == "nps" else next(r for r in found["metrics"] if r["metric"] == code)
            assert row["point"] == weekly.point(point)


def test_what_is_hidden_stays_hidden_and_nothing_is_nothing(shop):
    assert said(content(shop)) == "本周没有 NPS 回答。"
    receive(shop, mix(WEEK, 3, 0, 0), now=NOW)
    found = content(shop)
    assert found["nps"]["point"]["value"] is None
    assert found["nps"]["point"]["components"] is None
    assert said(found) == "本周回答不足 5 份，NPS 已隐藏。"
    assert found["money"] is None
    with override("en"):
        sheet = weekly_words.sheet(found, issued_at=NOW, zone=UTC)
    assert sheet.nps.value == "—"
    assert sheet.nps.n == "n < 5"


def test_money_is_our_own_revenue_and_the_rule_of_thumb(shop):
    receive(shop, mix(WEEK, 20, 10, 10), now=NOW)
    with shop.scope():
        events.receive(
            [
                RawEvent(f"o{i}", "order", at(WEEK), Card(external_id=f"c{i % 5}"), "S001", amount_minor=100_000, currency="CNY")
                for i in range(10)
            ],
            organisation=shop.id,
            now=NOW,
        )
    found = content(shop)["money"]
    assert (found["per_customer_minor"], found["n_customers"]) == (200_000, 5)
    assert found["value_minor"] == 10 * 0.5 * 200_000
    assert found["low_minor"] < found["value_minor"] < found["high_minor"]
    assert content(shop, "WEST")["money"] is None


def test_causes_are_what_detractors_speak_of_and_compared_after_holm(shop, work, now):
    texts = [voice(WEEK + timedelta(days=1), 2, text=f"排队等了{i + 30}分钟没人理", hour=i % 9 + 8) for i in range(12)]
    calm = [voice(WEEK - timedelta(days=3), 2, text=f"快递箱子压坏了第{i}次", hour=i % 9 + 8) for i in range(12)]
    receive(shop, texts + calm, now=now)
    work()
    found = content(shop, now=now)
    top = found["causes"][0]
    assert top["topic"] == "waiting_time"
    assert (top["n"], top["n_all"]) == (12, 12)
    assert top["change"]["kind"] == "worse"
    assert top["change"]["p"] < 0.05
    assert "分钟没人理" in top["quote"]["text"]
    few, none, quoted = "提到的人不足 8 名", "没有可引的原话", "分钟没人理"
    for n, quote, shown in ((7, None, few), (8, None, none), (12, top["quote"] | {"text": ""}, none), (12, top["quote"], quoted)):
        sheet = weekly_words.sheet(found | {"causes": [top | {"n": n, "quote": quote}]}, issued_at=now, zone=UTC)
        html = render_to_string("report/sheet.html", {"sheet": sheet, "address": ""})
        assert [words for words in (few, none, quoted, "“”") if words in html] == [shown]


def test_nothing_is_compared_with_a_week_that_is_hidden(shop, work, now):
    """Four detractors the week before, or fewer than five answers: a change would tell what they said."""
    texts = [voice(WEEK + timedelta(days=1), 2, text=f"排队等了{i + 30}分钟没人理", hour=i % 9 + 8) for i in range(12)]
    calm = [voice(WEEK - timedelta(days=3), 2, text=f"快递箱子压坏了第{i}次", hour=i + 8) for i in range(4)]
    receive(shop, [*texts, *calm, *mix(WEEK - timedelta(days=3), 9, 0, 0)], now=now)
    work()
    change = content(shop, now=now)["causes"][0]["change"]
    assert (change["kind"], change["difference"], change["p"]) == ("none", None, None)
    receive(shop, [voice(WEEK - timedelta(days=3), 2, text="快递箱子又压坏了")], now=now)
    work()
    assert content(shop, now=now)["causes"][0]["change"]["kind"] == "worse"


def test_monday_seven_o_clock_takes_the_week_in_hand_once_and_each_gets_his_scope(shop, work, now):
    two_weeks(shop, (30, 10, 10), (31, 11, 12))
    with shop.scope():
        assert weekly_issue.begin(WEEK, organisation=shop.id, now=now) == 3
        assert weekly_issue.begin(WEEK, organisation=shop.id, now=now) == 0
    work()
    with shop.scope():
        rows = {row.unit.code: row for row in WeeklyReport.objects.select_related("unit")}
        assert sorted(rows) == ["EAST", "HQ", "S001"]
        got = {code: sorted(copy.member.name for copy in queries.copies(row, organisation=shop.id)) for code, row in rows.items()}
        assert got == {"HQ": ["cx_manager", "executive"], "EAST": ["region_manager"], "S001": ["store_manager"]}
        assert rows["S001"].content["unit_name"] == "杭州西溪店"


def test_a_slice_of_scopes_says_what_each_would_say_alone(shop):
    """What is found once for all is what each would have found: also where a small store hides its neighbour."""
    for unit, sizes in (("S001", (30, 10, 10)), ("S002", (2, 0, 1)), ("S003", (9, 1, 1))):
        receive(shop, mix(WEEK, *sizes, unit=unit) + mix(WEEK - timedelta(days=7), *sizes, unit=unit), now=NOW)
    units = [str(shop.units[code].id) for code in ("HQ", "EAST", "WEST", "S001", "S002", "S003")]
    alone = {}
    for code in ("HQ", "EAST", "WEST", "S001", "S002", "S003"):
        alone[code] = content(shop, code)
    with shop.scope():
        with CaptureQueriesContext(connection) as together:
            weekly_issue.issue_slice(units, WEEK, organisation=shop.id, now=NOW)
        assert {row.unit.code: row.content for row in WeeklyReport.objects.select_related("unit")} == alone
    assert any(found["nps"]["point"]["suppressed"] for found in alone.values())
    tree = [query["sql"] for query in together if "k0" in query["sql"] and "h9 + h10" in query["sql"] and "greatest(date_trunc" in query["sql"]]
    assert len(tree) == 1  # thirteen weeks of the whole tree, once for six scopes


def test_one_scope_that_fails_is_asked_for_again_by_itself(shop, monkeypatch):
    two_weeks(shop, (30, 10, 10), (31, 11, 12))
    broken, content_of = shop.units["WEST"], weekly.content

    def content_or_not(*, unit, **asked):
        if unit.id == broken.id:
            raise ValueError("no such figure")
        return content_of(unit=unit, **asked)

    monkeypatch.setattr(weekly, "content", content_or_not)
    units = [str(shop.units[code].id) for code in ("HQ", "WEST", "EAST")]
    with shop.scope():
        weekly_issue.issue_slice(units, WEEK, organisation=shop.id, now=NOW)
        assert sorted(row.unit.code for row in WeeklyReport.objects.select_related("unit")) == ["EAST", "HQ"]
        again = Fact.objects.get(kind="report.requested")
        assert again.data["units"] == [str(broken.id)]
    with pytest.raises(ValueError, match="no such figure"), shop.scope():
        weekly_issue.issue_slice(again.data["units"], WEEK, organisation=shop.id, now=NOW)


def test_what_is_issued_does_not_change_when_a_late_answer_comes(shop):
    two_weeks(shop, (30, 10, 10), (31, 11, 12))
    with shop.scope():
        first = weekly_issue.issue(shop.units["HQ"], WEEK, organisation=shop.id, now=NOW)
        before = first.content["nps"]["point"]
    receive(shop, mix(WEEK, 0, 0, 9), now=NOW)
    with shop.scope():
        again = weekly_issue.issue(shop.units["HQ"], WEEK, organisation=shop.id, now=NOW + timedelta(hours=1))
        assert again.id == first.id
        assert WeeklyReport.objects.get(id=first.id).content["nps"]["point"]["n"] == before["n"] == 54
        assert WeeklyCopy.objects.filter(report=first).count() == 2
    assert content(shop)["nps"]["point"]["n"] == 63


def test_the_timer_lists_who_is_due_and_nobody_twice(shop):
    """The list is read by the dispatcher at PostgreSQL's clock: an organisation of January is due unless in hand."""
    with shop.scope():
        now = datetime.now(UTC)
        local = now.astimezone(at(WEEK).tzinfo)
        monday_seven = (local - timedelta(days=local.weekday())).replace(hour=7, minute=0, second=0, microsecond=0)
    assert shop.id not in weekly_issue.due_organisations(), "who came this week waits for the next"
    Organisation.objects.filter(id=shop.id).update(created_at=at(date(2026, 1, 1)))
    due = shop.id in weekly_issue.due_organisations()
    assert due is (local >= monday_seven)
    with shop.scope():
        week = weekly_issue.last_week(now, "Asia/Shanghai")
        WeeklyRun.objects.create(organisation_id=shop.id, week=week, started_at=now)
    assert shop.id not in weekly_issue.due_organisations()


@pytest.mark.parametrize(
    ("instant", "in_hand", "due"),
    [
        (datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC), False, False),
        (datetime(2026, 11, 22, 23, 0, 0, tzinfo=UTC), False, True),
        (datetime(2026, 11, 22, 23, 0, 0, tzinfo=UTC), True, False),
        (datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC), False, True),
    ],
)
def test_seven_o_clock_is_the_tenants_own(shop, instant, in_hand, due):
    """The timer's statement at a chosen instant: 07:00:00 in Shanghai, not a second before, and once."""
    from django.db import connection

    with shop.scope():
        Organisation.objects.filter(id=shop.id).update(created_at=at(date(2026, 1, 1)))
        if in_hand:
            WeeklyRun.objects.create(organisation_id=shop.id, week=WEEK, started_at=instant)
        statement = weekly_issue.DUE.replace("now()", "%s::timestamptz")
        with connection.cursor() as cursor:
            cursor.execute(statement, [instant] * weekly_issue.DUE.count("now()"))
            assert (shop.id in {row[0] for row in cursor.fetchall()}) is due
