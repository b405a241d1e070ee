"""驱动因素: page, API and file say the same, every driver opens its rows, the rules are said, strangers see nothing."""

import csv
import html
import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from cxms.lib import clock
from feedback.shapes import RawScore
from tests.metrics.voices import receive, voice


def answers(day, n=60, **more):
    """NPS with three attributes: speed decides, staff a little, parking not; one in four did not score parking."""
    rng, made = Random(4), []
    for at in range(n):
        speed, staff, parking = rng.randint(1, 5), rng.randint(1, 5), rng.randint(1, 5)
        value = max(0, min(10, round(1.6 * speed + 0.5 * staff + rng.gauss(0, 0.8))))
        items = {"speed": speed, "staff": staff, "same": 3} | ({"parking": parking} if at % 10 else {})
        scores = tuple(RawScore("csi", Decimal(v), 1, 5, name) for name, v in items.items())
        one = voice(day, value, customer=f"K{at}", tier="gold" if at % 2 else "plain", **more)
        made.append(replace(one, scores=(*one.scores, *scores)))
    return made


def ask(client, **query):
    return client.get("/api/v1/drivers", query)


def test_page_api_and_file_say_the_same_and_open_their_rows(shop, stranger, now):
    day = clock.now().date() - timedelta(days=8)
    receive(shop, answers(day), now=now)
    page, api = shop.page(), shop.api("metrics:read")
    period = {"from": (day - timedelta(days=60)).isoformat(), "to": (clock.now().date() + timedelta(days=1)).isoformat()}
    told = ask(api, **period).json()
    assert (told["problem"], told["n"], told["left_out"]) == ("", 60, {"csi.same": "constant"})
    assert [row["driver"] for row in told["results"]][0] == "csi.speed"
    assert told["results"][0]["low"] > 0.3
    assert sum(row["weight"] for row in told["results"]) == pytest.approx(told["r_squared"])
    assert told["results"][0]["quadrant"] in {"concentrate", "keep_up"}
    rows = list(csv.DictReader(io.StringIO(page.get("/metrics/drivers?format=csv").content.decode("utf-8-sig"))))
    for row, mine in zip(told["results"], rows, strict=True):
        assert mine["driver"] == row["driver"]
        for name in ("n", "weight", "low", "high", "share", "vif", "performance", "performance_low", "performance_high"):
            assert float(mine[name]) == row[name], name
    shown = html.unescape(page.get("/metrics/drivers").content.decode())
    links = dict(re.findall(r'class="cx-fine" href="(/feedback/\?[^"]+)">n = (\d+)<', shown))
    assert len(links) == 3
    assert sorted(links.values()) == ["54", "60", "60"]
    for url, n in links.items():
        assert page.get(url).context["page"].paginator.count == int(n), url
    assert "相关，不等于因果" in shown
    assert "没有变化，不参与：same" in shown
    # a tier: half of them, too few, and the page says what is missing
    assert ask(api, **period, tier="gold").json()["problem"] == "few"
    assert "至少 50 条" in page.get("/metrics/drivers?tier=gold").content.decode()
    # another method, a cross at targets, refusals by name
    assert ask(api, **period, method="spearman").json()["results"][0]["share"] is None
    placed = ask(api, **period, cross="target", importance="99", performance="1").json()
    assert placed["cross"] == {"importance": 99.0, "performance": 1.0}
    assert {row["quadrant"] for row in placed["results"]} == {"overkill"}
    for query in ({"outcome": "volume"}, {"method": "guess"}, {"cross": "target"}, {"source": "dreams"}, {"unit": "NOPE"}):
        answer = ask(api, **period, **query)
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["field"] in {*query, "importance"}
    # nobody else's, nobody without the right
    assert ask(stranger.api("metrics:read"), **period).json()["n"] == 0
    assert ask(shop.api("feedback:read"), **period).status_code == 403
    assert shop.page("frontline").get("/metrics/drivers").status_code == 403


def test_topics_as_drivers_and_small_numbers(shop, now, work):
    day = clock.now().date() - timedelta(days=8)
    rows = [voice(day, 2, text=f"排队太久，等得很生气，第{i}次") for i in range(25)]
    rows += [voice(day, 10, text=f"店员态度特别好，耐心讲解，谢谢第{i}次") for i in range(30)]
    rows += [voice(day, 8, text=f"东西还可以{i}") for i in range(10)]
    rows += [voice(day, 3, unit="S003") for _ in range(3)]
    receive(shop, rows, now=now)
    work()
    api, page = shop.api("metrics:read"), shop.page()
    period = {"from": (day - timedelta(days=60)).isoformat(), "to": (clock.now().date() + timedelta(days=1)).isoformat()}
    told = ask(api, **period, source="topics").json()
    found = {row["driver"]: row for row in told["results"]}
    assert told["problem"] == ""
    assert told["n"] == 65
    assert found["waiting_time"]["n"] == 25
    assert found["waiting_time"]["performance"] < 50 < found["staff_attitude"]["performance"]
    shown = html.unescape(page.get("/metrics/drivers?source=topics").content.decode())
    links = dict(re.findall(r'class="cx-fine" href="(/feedback/\?[^"]+)">n = (\d+)<', shown))
    for url, n in links.items():
        assert page.get(url).context["page"].paginator.count == int(n), url
    # three answers of one store name people: nothing is told, not even how many
    hidden = ask(api, **period, unit="S003").json()
    assert (hidden["problem"], hidden["n"], hidden["results"]) == ("hidden", None, [])
    assert "n = 3" not in html.unescape(page.get("/metrics/drivers?unit=S003").content.decode())
