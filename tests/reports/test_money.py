"""Money: own retention from two hundred on, the rule of thumb below, verdicts that may say no, one source for the report; silence."""

import csv
import html
import io
from datetime import date, timedelta
from random import Random

import pytest

from customers import events
from customers.cards import Card
from customers.events import RawEvent
from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.models import Feedback
from metrics import statistics
from metrics.series import Where
from reports import assumptions, money, weekly
from reports.assumptions import AssumptionError, Wanted
from surveys.models import Response, SurveyVersion
from tenancy.versions import Stale
from tests.metrics.voices import ZONE, at, mix, receive, voice


def today():
    return clock.now().astimezone(ZONE).date()


def bought(shop, rows, now):
    """(customer, days ago, amount_minor) as orders."""
    made = [
        RawEvent(f"e{i}-{who}", "order", at(today() - timedelta(days=back)), Card(external_id=who), "S001", amount_minor=amount, currency="CNY")
        for i, (who, back, amount) in enumerate(rows)
    ]
    with shop.scope():
        events.receive(made, organisation=shop.id, now=now, announce=False)


def year(shop, now, **more):
    period = Period(today() - timedelta(weeks=52), today() + timedelta(days=1))
    with shop.scope():
        return money.money(organisation=shop.id, period=period, where=Where(**more), now=now)


def test_own_retention_takes_over_at_two_hundred_and_verdicts_may_say_no(shop, now):
    rng, answers, orders = Random(8), [], []
    sides = (("promoter", 10, 200, 40, 60_000), ("passive", 8, 40, 10, 50_000), ("detractor", 2, 210, 126, 60_000))
    for kind, score, n, n_left, mean in sides:
        for i in range(n):
            who = f"{kind}{i}"
            answers.append(voice(today() - timedelta(days=150), score, customer=who))
            orders.append((who, 160, int(mean + rng.gauss(0, 8_000))))
            if i >= n_left:
                orders.append((who, 100, 1_000))
    answers.append(voice(today() - timedelta(days=200), 0, customer="promoter0"))  # an older answer: the latest counts
    receive(shop, answers, now=now)
    bought(shop, orders, now)
    found = year(shop, now)
    by_kind = {group.kind: group for group in found.groups}
    assert found.problem == ""
    assert (found.value.basis, found.value.n_customers) == ("events", 450)
    assert {kind: (group.n, group.n_linked, group.n_left) for kind, group in by_kind.items()} == {
        "promoter": (200, 200, 40), "passive": (40, 40, 10), "detractor": (210, 210, 126),
    }  # fmt: skip
    lost = by_kind["detractor"].stake
    own = statistics.wilson(126, 210)
    assert (lost.basis, lost.share) == ("own", 0.6)
    assert (lost.low, lost.high) == pytest.approx((by_kind["detractor"].worth_minor * own.low, by_kind["detractor"].worth_minor * own.high))
    assert (by_kind["passive"].stake.basis, by_kind["passive"].stake.share) == ("assumed", 0.3)
    assert by_kind["promoter"].retention.value == 0.8
    verdicts = {gap.name: gap.verdict for gap in found.gaps}
    assert verdicts == {"spending": "unseen", "returning": "more"} or verdicts == {"spending": "more", "returning": "more"}
    returning = next(gap for gap in found.gaps if gap.name == "returning")
    assert returning.gap.value == pytest.approx(0.4)
    assert returning.gap.low < 0.4 < returning.gap.high
    # one source: the week's line takes the same share
    week = today() - timedelta(days=today().weekday() + 7)
    receive(shop, mix(week, 5, 5, 10), now=now)
    money._left_within.cache_clear()
    with shop.scope():
        line = weekly.content(organisation=shop.id, unit=shop.units["HQ"], week=week, now=now)["money"]
        left = money.left_of(organisation=shop.id, until=week + timedelta(days=7), now=now)["detractor"]
    assert (line["basis"], line["share"], line["n_linked"]) == ("own", left[0] / left[1], left[1])
    assert line["value_minor"] == round(10 * line["share"] * line["per_customer_minor"]) or abs(line["value_minor"] - 10 * line["share"] * line["per_customer_minor"]) < 20


def test_equal_customers_are_not_said_to_differ(shop, now):
    rng, answers, orders = Random(3), [], []
    for i in range(80):
        who = f"k{i}"
        answers.append(voice(today() - timedelta(days=120), 10 if i % 2 else 1, customer=who))
        orders.append((who, 130, 40_000 + rng.randint(-9_000, 9_000)))
        if rng.random() < 0.5:
            orders.append((who, 60, 100))
    receive(shop, answers, now=now)
    bought(shop, orders, now)
    assert [(gap.name, gap.verdict) for gap in year(shop, now).gaps] == [("spending", "unseen"), ("returning", "unseen")]
    assert "在您的数据里没有显示" in shop.page().get("/metrics/money?weeks=26").content.decode()


def test_a_typed_value_has_a_source_a_history_and_a_guard(shop, now):
    receive(shop, mix(today() - timedelta(days=8), 20, 10, 10), now=now)
    page, manager = shop.page(), shop.page("analyst")
    assert manager.post("/metrics/money/assume", {"multiplier": "2"}).status_code == 403
    typed = {"arpu": "1,200", "currency": "cny", "source": "2025 年报", "return_days": "60", "multiplier": "10", "multiplier_source": "行业研究"}
    assert page.post("/metrics/money/assume", typed | {"version": "0"}).status_code == 302
    assert page.post("/metrics/money/assume", typed | {"version": "0", "multiplier": "11"}).status_code == 409
    for field, value in (("arpu", "-1"), ("currency", "元"), ("source", ""), ("return_days", "0.5"), ("multiplier", "0"), ("multiplier", "NaN")):
        answer = page.post("/metrics/money/assume", typed | {"version": "1", field: value})
        assert answer.status_code == 400, field
        assert f'id="w-{field}"' in answer.content.decode()
    with shop.scope():
        held = assumptions.current(organisation=shop.id)
        assert (held.arpu_minor, held.currency, held.return_days, float(held.multiplier)) == (120_000, "CNY", 60, 10.0)
        assert assumptions.save(Wanted("1200", "CNY", "2025 年报", "60", "10", "行业研究"), 1, organisation=shop.id, now=now, actor="t").version == 1
        again = Wanted("1200", "CNY", "2025 年报", "60", "10", "行业研究")
        assert assumptions.save(again, 0, organisation=shop.id, now=now, actor="t").version == 1, "the same form sent twice is one"
        with pytest.raises(Stale):
            assumptions.save(Wanted(), 0, organisation=shop.id, now=now, actor="t")
        with pytest.raises(AssumptionError):
            assumptions.save(Wanted(arpu="9" * 40, currency="CNY", source="x"), None, organisation=shop.id, now=now, actor="t")
        value = money.value_of(organisation=shop.id, until=today(), where=Where())
    assert (value.basis, value.each_minor, value.source) == ("typed", 120_000.0, "2025 年报")
    assert "2025 年报" in page.get("/metrics/money").content.decode()


def complain(shop, n, now):
    from complaints.intake import Complaint, file
    from feedback.intake import Source
    from feedback.shapes import RawVoice

    with shop.scope():
        for i in range(n):
            file(Complaint(RawVoice(text=f"坏了{i}", channel="store", unit="S001")), organisation=shop.id, source=Source(b"x", "text/plain", "user:x"), now=now)


def asked(shop, n_silent, n_told, now):
    """Survey answers that met a problem, put beside voices as the survey would."""
    from surveys import surveys
    from tests.surveys.conftest import spec

    n = n_silent + n_told
    keys = receive(shop, [voice(today() - timedelta(days=1), 5) for _ in range(n)], now=now)
    with shop.scope():
        survey = surveys.create(spec(name="问题"), code=f"p{n}-{now.timestamp():.0f}", organisation=shop.id, now=now, actor="t")
        version = SurveyVersion.objects.get(organisation_id=shop.id, survey=survey)
        Response.objects.bulk_create([
            Response(organisation_id=shop.id, survey=survey, version=version, score=5, language="zh-hans", started_at=now, touched_at=now,
                     entered_at=now, feedback=key, problem="told" if i < n_told else "silent")
            for i, key in enumerate(keys)
        ])  # fmt: skip


def test_the_iceberg_is_assumed_until_a_hundred_of_our_own(shop, now):
    complain(shop, 6, now)
    asked(shop, 79, 20, now)
    silence = year(shop, now).silence
    assert (silence.n_complaints, silence.found.basis, silence.found.hidden) == (6, "assumed", 6 * 25)
    assert (silence.found.low, silence.found.high) == (6 * 1, 6 * 25)
    asked(shop, 1, 0, now + timedelta(seconds=1))
    silence = year(shop, now).silence
    share = statistics.wilson(20, 100)
    assert (silence.found.basis, silence.found.multiplier, silence.n_told) == ("own", 5.0, 20)
    assert (silence.found.low, silence.found.high) == pytest.approx((6 * (1 / share.high - 1), 6 * (1 / share.low - 1)))
    # an excluded answer is not counted: back below a hundred, back to the assumption
    with shop.scope():
        Feedback.objects.filter(id=Response.objects.filter(problem="silent").first().feedback).update(excluded_at=now)
    assert year(shop, now).silence.found.basis == "assumed"


def test_page_api_and_file_say_the_same_and_open_their_rows(shop, stranger, now):
    answers = [voice(today() - timedelta(days=8), score, customer=f"{score}-{i}") for score, n in ((10, 12), (8, 6), (3, 7)) for i in range(n)]
    receive(shop, answers, now=now)
    bought(shop, [(f"10-{i}", 20, 10_000 * (i + 1)) for i in range(8)], now)
    page, api = shop.page(), shop.api("metrics:read")
    monday = today() - timedelta(days=today().weekday())
    period = {"from": (monday - timedelta(weeks=13)).isoformat(), "to": (monday + timedelta(weeks=1)).isoformat()}
    told = api.get("/api/v1/finance", period).json()
    rows = {row["kind"]: row for row in csv.DictReader(io.StringIO(page.get("/metrics/money?format=csv").content.decode("utf-8-sig")))}
    assert {row["kind"]: row["n"] for row in told["groups"]} == {"promoter": 12, "passive": 6, "detractor": 7}
    for row in told["groups"]:
        mine = rows[row["kind"]]
        told_money = tuple(None if mine[name] == "" else float(mine[name]) for name in ("worth_minor", "stake_minor"))
        assert (int(mine["n"]), *told_money) == (row["n"], row["worth_minor"], row["stake_minor"]["value"])
        listed = page.get(f"/metrics/money/customers?kind={row['kind']}")
        assert listed.context["page"].paginator.count == row["n"]
    assert told["groups"][0]["mean_minor"]["value"] == 45_000.0
    # nobody else's spending is known: no figure, and no 0
    assert [row["worth_minor"] for row in told["groups"]] == [360_000.0, None, None]
    assert [(one["worth"], one["stake"]) for one in page.get("/metrics/money").context["groups"][1:]] == [("—", "—")] * 2
    shown = html.unescape(page.get("/metrics/money").content.decode())
    assert "公开经验值" in shown
    assert shop.page("analyst").get("/metrics/money/customers?kind=promoter").status_code == 403
    assert page.get("/metrics/money/customers?kind=x").status_code == 404
    assert stranger.api("metrics:read").get("/api/v1/finance", period).json()["problem"] == "empty"
    # a kind of three people is shown by no road, nor is any other beside it
    receive(shop, [voice(today() - timedelta(days=8), score, customer=f"w{score}-{i}", unit="S003") for score, n in ((10, 9), (3, 3)) for i in range(n)], now=now)
    hidden = api.get("/api/v1/finance", period | {"unit": "S003"}).json()
    assert (hidden["problem"], hidden["groups"]) == ("hidden", [])


def test_week_without_money_says_nothing(shop):
    assert money.stake_of_week(organisation=shop.id, period=Period(date(2026, 1, 5), date(2026, 1, 12)), where=Where(), point={"components": None, "n": None}, now=clock.now()) is None


def test_what_one_customer_spent_is_in_no_figure(shop, now):
    """Ten answered of each kind; one promoter's and one detractor's spending is known, then five of each."""
    receive(shop, [voice(today() - timedelta(days=9), 10 if i < 10 else 1, customer=f"k{i}") for i in range(20)], now=now)
    bought(shop, [("k0", 30, 123_400), ("k19", 30, 987_600)], now)
    found = year(shop, now)
    assert found.value is None, "two who spent are no mean of anybody"
    with shop.scope():
        assumptions.save(Wanted("500", "CNY", "年报"), 0, organisation=shop.id, now=now, actor="t")
    found = year(shop, now)
    assert [(group.spent, group.mean.value) for group in found.groups] == [((0, 0.0, 0.0), None)] * 2
    told = shop.page().get("/metrics/money?format=csv").content.decode() + shop.api().get("/api/v1/finance").content.decode()
    assert "123400" not in told and "987600" not in told and "1,234" not in shop.page().get("/metrics/money").content.decode()
    bought(shop, [(f"k{i}", 20, 100_000) for i in (*range(1, 5), *range(15, 19))], now)
    found = year(shop, now)
    assert (found.value.n_customers, [group.spent[0] for group in found.groups]) == (10, [5, 5])


def test_a_typed_value_comes_back_to_the_last_digit_and_no_number_is_too_odd(shop, now):
    page = shop.page()
    typed = {"arpu": "1234567.89", "currency": "CNY", "source": "年报", "return_days": "90", "multiplier": "26", "multiplier_source": "", "version": "0"}
    for odd in ("9e999999", "1e-9", "0.001", "sNaN"):
        assert page.post("/metrics/money/assume", typed | {"arpu": odd}).status_code == 400, odd
    assert page.post("/metrics/money/assume", typed).status_code == 302
    shown = page.get("/metrics/money").context["form"].values
    assert (shown["arpu"], shown["multiplier"]) == ("1234567.89", "26")
    assert page.post("/metrics/money/assume", {**shown, "version": "1"}).status_code == 302
    with shop.scope():
        assert assumptions.current(organisation=shop.id).version == 1, "saved as it was shown nothing changed"


def test_a_lifetime_by_hand():
    """Four spent 600, 1000, 1000, 1400 a year: x̄ 1000, s² 106666.67; 50 of 200 gone in 73 days (a fifth of a year)."""
    found = statistics.lifetime_value((4, 4_000, 4_320_000), 50, 200, 0.2)
    # 1000 · 0.2 ÷ 0.25 = 800; var ln = 106666.67/(4·10⁶) + 0.75/(200·0.25) = 0.0266667 + 0.015 = 0.0416667, 1.959964·0.204124 = 0.400076
    assert (found.value, found.n) == (pytest.approx(800), 200)
    assert (found.low, found.high) == (pytest.approx(536.22, abs=0.01), pytest.approx(1193.55, abs=0.01))
    for nothing in (((4, 4_000, 4_320_000), 0, 200), ((0, 0, 0), 50, 200), ((1, 5, 25), 50, 200)):
        assert statistics.lifetime_value(*nothing, 0.2).value is None
    with pytest.raises(ValueError):
        statistics.lifetime_value((4, 4_000, 4_320_000), 3, 2, 0.2)


def test_the_lifetime_is_own_from_two_hundred_on_and_said_to_be_assumed_below(shop, now):
    def answer(n, first):
        rows = [(f"k{i}", 10 if i % 2 else 2) for i in range(first, n)]
        receive(shop, [voice(today() - timedelta(days=100), score, customer=who) for who, score in rows], now=now)
        bought(shop, [(who, 110, 60_000 if i % 4 else 140_000) for i, (who, _) in enumerate(rows, first)] + [(who, 50, 40_000) for i, (who, _) in enumerate(rows, first) if i % 4], now)

    def told():
        span = f"from={today() - timedelta(weeks=26)}&to={today() + timedelta(days=1)}"
        return shop.api().get(f"/api/v1/finance?{span}").json()["lifetime"]

    assert told() is None
    answer(196, 0)
    few = told()
    assert (few["basis"], few["own_minor"]["value"], few["own_minor"]["n"], few["assumed_churn"]) == ("assumed", None, 196, 0.25)
    # three in four spent 600 + 400, the fourth 1,400: x̄ 1,100 a year; by the rules 1,100 ÷ ¼
    assert few["assumed_minor"] == pytest.approx(440_000)
    page = shop.page()
    assert "还不能实测" in page.get("/metrics/money?weeks=26").content.decode()
    answer(200, 196)
    found = told()
    # a quarter never came back within 90 days: 1,100 · 90/365 ÷ ¼
    assert (found["basis"], found["n_left"], found["own_minor"]["n"], found["n_spending"]) == ("own", 50, 200, 200)
    assert found["own_minor"]["value"] == pytest.approx(110_000 * 90 / 365 / 0.25)
    assert found["own_minor"]["low"] < found["own_minor"]["value"] < found["own_minor"]["high"]
    body = page.get("/metrics/money?weeks=26").content.decode()
    assert "¥1,085" in html.unescape(body) and "25.0%" in body
    lines = list(csv.DictReader(io.StringIO(page.get("/metrics/money?weeks=26&format=csv").content.decode("utf-8-sig"))))
    own, rule = [line for line in lines if line["kind"] == "lifetime"]
    assert (float(own["mean_minor"]), float(own["mean_low_minor"]), own["basis"]) == (found["own_minor"]["value"], found["own_minor"]["low"], "own")
    assert float(rule["mean_minor"]) == found["assumed_minor"]
