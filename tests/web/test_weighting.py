"""Weighting: page, API and file tell one number, worked by hand; shares are versions with a source; nothing hidden is told by it."""

import csv
import io
import re
from datetime import timedelta

import pytest

from metrics import weighting
from metrics.models import WeightMargins
from metrics.statistics import effective_n, rake, weighted_nps, weighted_share, wilson
from reports.dashboards import monday_of
from tenancy.models import AuditEvent
from tests.metrics.voices import mix, receive, voice

URL = "/metrics/nps/weighted"
TIERS = {"share-tier-gold": "20", "share-tier-plain": "80"}


@pytest.fixture
def day(now):
    return monday_of((now + timedelta(hours=8)).date()) - timedelta(days=3)


def save(page, url=URL, **fields):
    return page.post(url, {"source": "会员系统 2026-10", "version": "0", **fields})


def lines_of(page, url=URL):
    text = page.get(f"{url}{'&' if '?' in url else '?'}format=csv").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def asked(shop, day, *scopes, code="nps", more=""):
    url = f"/api/v1/metrics/{code}/weighted?from={day - timedelta(days=80)}&to={day + timedelta(days=11)}{more}"
    return shop.api("metrics:read", *scopes).get(url)


def test_by_hand(shop, now, day):
    """60 gold (NPS +50) and 40 plain (NPS −50) answers, wanted 20:80: weights 1/3 and 2, NPS 0.2·50 − 0.8·50 = −30."""
    receive(shop, mix(day, 40, 10, 10, tier="gold", customer="G") + mix(day, 5, 10, 25, tier="plain", customer="P"), now=now)
    page = shop.page()
    assert "加权" in text_of(page.get("/metrics/nps")) and save(page, **TIERS).status_code == 302
    answer = asked(shop, day).json()
    # Kish: (60/3 + 40·2)² / (60/9 + 40·4) = 10000 / 166.667 = 60
    assert (answer["state"], answer["plain"]["value"], answer["plain"]["n"]) == ("shown", 10.0, 100)
    assert (answer["weighted"]["value"], answer["effective_n"]) == (pytest.approx(-30), pytest.approx(60))
    # n' = 63, promoters 0.2333·60 + 0.75 = 14.75, detractors 0.5333·60 + 0.75 = 32.75: −28.57 ± 1.96·√(0.7540 − 0.0816)/√63
    assert (answer["weighted"]["low"], answer["weighted"]["high"]) == (pytest.approx(-48.82, abs=0.01), pytest.approx(-8.32, abs=0.01))
    assert (answer["is_converged"], answer["n_capped"], answer["n_outside"], answer["missing"]) == (True, 0, 0, [])
    assert [(one["code"], one["n"], one["share_wanted"], one["share_before"]) for one in answer["cells"]] == [("gold", 60, 20, 60), ("plain", 40, 80, 40)]
    shown = text_of(page.get(URL))
    assert "−30 ± 20.2" in shown.replace("\u00a0", " ") and "有效样本量 60.0" in shown and "1 轮后收敛" in shown and "会员系统 2026-10" in shown
    plain, heavy, *cells = lines_of(page)
    assert (float(plain["value"]), float(heavy["value"]), float(heavy["low"]), float(heavy["effective_n"])) == (
        answer["plain"]["value"], answer["weighted"]["value"], answer["weighted"]["low"], answer["effective_n"],
    )  # fmt: skip
    assert [(one["code"], one["n"]) for one in cells] == [("gold", "60"), ("plain", "40")]
    assert "加权 −30" in text_of(page.get("/metrics/nps")) and "有效样本量 60.0" in text_of(page.get("/metrics/nps"))
    (url,) = [cell["url"] for cell in page.get(URL).context["cells"] if cell["n"] == 60]
    assert page.get(url).context["page"].paginator.count == 60
    # the shares are the whole company's: a figure narrowed by anything has no weighted self
    for more in ("&unit=S001", "&channel=app", "&tier=gold"):
        assert (asked(shop, day, more=more).json()["state"], asked(shop, day, more=more).json()["weighted"]) == ("narrowed", None)
    assert "筛过的数不加权" in text_of(page.get(f"{URL}?channel=app")) and asked(shop, day, more="&unit=HQ").json()["state"] == "shown"
    assert shop.page("store_manager").get(URL).context["found"].estimate is None


def test_csat_by_two_margins_with_values_nobody_answered_for(shop, now, day):
    cells = [("gold", "app", 30, 10), ("gold", "qr", 10, 10), ("plain", "app", 20, 20), ("plain", "qr", 6, 24), ("odd", "app", 5, 5)]
    made = [
        voice(day, value, kind="csat", tier=tier, customer=tier, channel=channel)
        for tier, channel, good, bad in cells for value in [5] * good + [2] * bad
    ]  # fmt: skip
    receive(shop, made, now=now)
    page, url = shop.page(), "/metrics/csat/weighted"
    shares = {"share-tier-gold": "25", "share-tier-plain": "65", "share-tier-silver": "10", "share-channel-app": "50", "share-channel-qr": "50"}
    assert save(page, url, **shares).status_code == 302
    answer = asked(shop, day, code="csat").json()
    assert (answer["state"], answer["by"], answer["n_outside"]) == ("shown", ["tier", "channel"], 10)
    assert answer["missing"] == [{"dimension": "tier", "code": "silver", "share_wanted": 10.0}]
    after = {one["code"]: one["share_after"] for one in answer["cells"]}
    assert (after["gold"], after["app"]) == (pytest.approx(100 * 25 / 90), pytest.approx(50))
    shown = text_of(page.get(url))
    assert "没有人回答：silver，占 10%" in shown and "10 个回答的等级或渠道没有份额" in shown
    assert float(lines_of(page, url)[1]["value"]) == answer["weighted"]["value"]
    # one of the two alone: gold 40 of 60, plain 26 of 70
    alone = asked(shop, day, code="csat", more="&by=tier").json()["weighted"]
    assert alone["value"] == pytest.approx(100 * (25 / 90 * 40 / 60 + 65 / 90 * 26 / 70))
    assert float(lines_of(page, f"{url}?by=tier")[1]["value"]) == alone["value"]
    assert asked(shop, day, code="csat", more="&by=unit").status_code == 422
    assert (asked(shop, day, code="ces").status_code, page.get("/metrics/ces/weighted").status_code) == (404, 404)


def test_what_does_not_converge_is_few_or_hidden_is_said(shop, now, day):
    receive(shop, mix(day, 90, 0, 0, tier="gold", customer="G") + mix(day, 0, 0, 5, tier="plain", customer="P"), now=now)
    page = shop.page()
    save(page, **TIERS)
    answer = asked(shop, day).json()
    assert (answer["is_converged"], answer["n_capped"], answer["state"]) == (False, 5, "few")
    assert answer["effective_n"] < 30 and answer["weighted"]["value"] > -60
    shown = text_of(page.get(URL))
    assert "没有收敛：权重有上下限" in shown and "仅供参考" in shown and "5 个回答在边上" in shown
    assert "份额没有全对上" in text_of(page.get("/metrics/nps"))
    # three people of a tier would be told by it: nothing is shown, to nobody without the raw right
    receive(shop, mix(day, 3, 0, 0, tier="odd", customer="O"), now=now)
    answer = asked(shop, day).json()
    assert (answer["state"], answer["weighted"], answer["effective_n"], answer["n_outside"], answer["cells"]) == ("hidden", None, None, None, [])
    assert lines_of(page)[1]["value"] == "" and "不到 5 个回答" in text_of(page.get(URL)) and "藏起来的格" in text_of(page.get(URL))
    assert (asked(shop, day, "metrics:raw").json()["state"], asked(shop, day, "metrics:raw").json()["n_outside"]) == ("few", 3)


def test_shares_are_versions_with_a_source_and_a_guard(shop, stranger):
    page = shop.page()
    assert save(page, version="3", **TIERS).status_code == 409
    for wrong, said in (
        ({"share-tier-gold": "20", "share-tier-plain": "70"}, "现在是 90%"), ({"share-tier-gold": "100"}, "2 到 50"), ({**TIERS, "source": ""}, "出处"),
        ({"share-tier-gold": "x", "share-tier-plain": "80"}, "百分数"), ({"share-channel-moon": "50", "share-channel-app": "50"}, "moon"), ({}, "至少一组"),
        ({"share-tier-gold": "nan", "share-tier-plain": "80"}, "大于 0"),
    ):  # fmt: skip
        answer = save(page, **wrong)
        assert answer.status_code == 400 and said in text_of(answer), wrong
    assert save(page, **TIERS).status_code == 302
    assert save(page, **TIERS).status_code == 409, "the same form again is behind"
    assert save(page, version="1", **TIERS).status_code == 302, "the same shares again are no version"
    assert save(page, version="1", source="不再加权").status_code == 302
    with shop.scope():
        rows = list(WeightMargins.objects.order_by("version").values_list("version", "shares"))
        told = AuditEvent.objects.filter(action="weighting.saved").count()
    assert (rows, told) == ([(1, {"tier": {"gold": 20.0, "plain": 80.0}}), (2, {})], 2)
    assert "不加权" in text_of(page.get(URL)) and "gold 20%" in text_of(page.get(URL))
    found = {role: (shop.page(role).get(URL).status_code, save(shop.page(role)).status_code) for role in ("analyst", "store_manager", "frontline")}
    assert found == {"analyst": (200, 404), "store_manager": (200, 404), "frontline": (403, 403)}
    # the wall
    assert "gold" not in stranger.page().get(URL).content.decode()
    assert stranger.api("metrics:read").get("/api/v1/metrics/nps/weighted").json()["margins"] is None
    with stranger.scope():
        assert weighting.latest(organisation=shop.id) is None
    assert shop.api("feedback:read").get("/api/v1/metrics/nps/weighted").status_code == 403


def test_counts_stand_for_equal_answers():
    cells, counts = [{"t": "a", "c": "x"}, {"t": "a", "c": "y"}, {"t": "b", "c": "x"}, {"t": "b", "c": "y"}], [7, 3, 5, 15]
    wanted = {"t": {"a": 60, "b": 40}, "c": {"x": 30, "y": 70}}
    few, many = rake(cells, wanted, counts=counts), rake([row for row, n in zip(cells, counts, strict=True) for _ in range(n)], wanted)
    assert few.values == pytest.approx([many.values[i] for i in (0, 7, 10, 15)])
    assert (few.effective_n, few.n_rounds, few.n_capped) == (pytest.approx(many.effective_n), many.n_rounds, many.n_capped)
    assert effective_n([1, 1], [3, 5]) == 8
    scores = [1, 0, -1, 1]
    assert weighted_nps(few.values, scores, counts=counts).low == pytest.approx(weighted_nps(many.values, [s for s, n in zip(scores, counts, strict=True) for _ in range(n)]).low)
    even, known = weighted_share([1, 1], [1, 0], counts=[12, 28]), wilson(12, 40)
    assert (even.value, even.low, even.high, even.n) == (pytest.approx(known.value), pytest.approx(known.low), pytest.approx(known.high), 40)
    for call in (lambda: weighted_share([1], [2]), lambda: weighted_share([1], [1, 0]), lambda: rake(cells, wanted, counts=[1, 1, 1, 0]), lambda: effective_n([1], [-1])):
        with pytest.raises(ValueError):
            call()
    assert weighted_share([0], [1]).value is None
