"""Reasons: shares and lift that are right, and words only where they name nobody."""

from datetime import date, timedelta

import pytest

from cxms.lib.periods import Period
from feedback import corrections
from feedback.models import Analysis
from metrics import statistics
from metrics.series import Where
from reports import reasons
from tests.metrics.voices import receive, voice

DAY = date(2026, 9, 7)
PERIOD = Period(DAY, DAY + timedelta(days=7))


def test_lift_is_the_share_of_detractors_over_the_share_of_all():
    value, low, high = reasons.lift(31, 100, 40, 900)
    assert value == pytest.approx((31 / 100) / (71 / 1000))
    assert low < value < high
    assert reasons.lift(0, 0, 5, 10) == (None, None, None)
    assert reasons.lift(0, 10, 0, 10) == (None, None, None)
    assert reasons.lift(10, 100, 90, 900)[0] == pytest.approx(1.0)


def test_topics_come_with_shares_and_a_masked_quote(shop, now, work):
    slow = [voice(DAY, 2, text=f"我叫陈晓明，排队等了两个小时，第{i}次") for i in range(12)]
    kind = [voice(DAY, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次", unit="S002") for i in range(20)]
    few = [voice(DAY, 3, text="价格太贵了") for _ in range(4)]
    receive(shop, [*slow, *kind, *few, voice(DAY, 9)], now=now)
    work()
    with shop.scope():
        found = reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(), now=now, names={"S002": "苏州观前店"})
        east = reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(unit="S002"), now=now)
    rows = {row.topic: row for row in found.rows}
    waiting, attitude = rows["waiting_time"], rows["staff_attitude"]
    assert (waiting.n, waiting.n_detractors, waiting.n_promoters) == (12, 12, 0)
    assert waiting.detractors.value == pytest.approx(12 / 16)
    assert waiting.lift == pytest.approx((12 / 16) / (12 / 36))
    assert waiting.is_real
    assert waiting.quote.feel == "neg"
    assert "陈晓明" not in waiting.quote.text
    assert "【姓名】" in waiting.quote.text
    assert attitude.is_praise
    assert (attitude.quote.feel, attitude.quote.unit, attitude.quote.score) == ("pos", "苏州观前店", 10)
    assert "price" not in rows  # four answers name people
    assert (found.n, found.n_pending, found.n_silent) == (36, 0, 1)
    assert "waiting_time" not in [row.topic for row in east.rows]
    assert all(row.is_praise and row.lift is None and row.quote.feel == "pos" for row in east.rows)


def test_a_reason_stands_on_the_side_its_points_say(shop, now, work):
    far = [voice(DAY, 8, text=f"停车场太远，没有车位，第{i}次") for i in range(12)]
    slow = [voice(DAY, 2, text=f"排队等了两个小时，第{i}次") for i in range(6)]
    kind = [voice(DAY, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次") for i in range(30)]
    receive(shop, [*far, *slow, *kind], now=now)
    work()
    with shop.scope():
        found = reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(), now=now)
    rows = {row.topic: row for row in found.rows}
    # nobody who would not recommend speaks of it, and yet it costs points: those who do not promote
    parking = rows["environment"]
    assert (parking.n_detractors, parking.lift, parking.is_praise, parking.is_real) == (0, 0.0, False, True)
    sides = [row.is_praise for row in found.rows]
    assert sides == sorted(sides), "what costs points comes first"
    for side in (False, True):
        points = [abs(row.impact.value) for row in found.rows if row.is_praise is side]
        assert points == sorted(points, reverse=True)


def test_real_is_where_the_interval_leaves_nought_out():
    for mentioners in ((0, 12, 0), (3, 1, 0), (0, 0, 6), (5, 2, 1)):
        impact = statistics.nps_impact(mentioners, (30, 12, 6))
        assert (statistics.nps_impact_p(impact) < 0.05) == (not impact.low <= 0 <= impact.high)
    assert statistics.nps_impact_p(statistics.nps_impact((0, 0, 0), (30, 12, 6))) == 1.0


def test_what_is_pending_is_counted_and_not_quoted(shop, now):
    receive(shop, [voice(DAY, 2, text="等太久") for _ in range(9)], now=now)
    with shop.scope():
        found = reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(), now=now)
    assert (found.rows, found.n, found.n_pending) == ([], 0, 9)


LONG = "说起来话长，" * 12 + "我叫陈晓明，那天店里人不多，" + "后来也就那样了，" * 8


def test_a_topic_that_a_person_added_is_quoted_only_where_no_placed_one_is_and_never_empty(shop, now, work):
    keys = receive(shop, [*(voice(DAY, 2, text=f"{LONG}第{i}次") for i in range(8)), voice(DAY, 1, text="。，" * 60)], now=now)
    work()
    told = {"code": "waiting_time", "sentiment": -1.0, "start": 0, "end": 0}
    with shop.scope():
        for key in keys:
            corrections.correct(key, "topics", [told], organisation=shop.id, version=None, now=now, actor="user:a@x")
        asked = {"organisation": shop.id, "period": PERIOD, "where": Where()}
        row = next(row for row in reasons.reasons(**asked, now=now).rows if row.topic == "waiting_time")
        assert row.n == 9
        assert row.quote.text.startswith("说起来话长，") and 60 < len(row.quote.text) <= reasons.LONGEST + 4
        assert "晓明" not in row.quote.text
        # a weaker word that stands in the text goes before
        Analysis.objects.filter(feedback_id=keys[3], is_current=True).update(topics=[told | {"sentiment": -0.2, "start": 0, "end": 5}])
        assert reasons.pick("waiting_time", True, shop.id, PERIOD, Where(), {}).text == "说起来话长"
        Analysis.objects.filter(feedback_id__in=keys[:8], is_current=True).update(topics=[])
        assert reasons.pick("waiting_time", True, shop.id, PERIOD, Where(), {}) is None


def test_below_five_answers_there_is_no_n(shop, now, work):
    receive(shop, [voice(DAY, 2, text=f"等太久{i}") for i in range(4)], now=now)
    work()
    with shop.scope():
        found = reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(), now=now)
        assert (found.rows, found.n) == ([], None)
    receive(shop, [voice(DAY, 2, text="等太久")], now=now)
    work()
    with shop.scope():
        assert reasons.reasons(organisation=shop.id, period=PERIOD, where=Where(), now=now).n == 5
