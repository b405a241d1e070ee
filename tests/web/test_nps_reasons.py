"""Reasons: what a topic does to the score; page, API and file say the same, and every number opens its rows."""

import csv
import html
import io
import re
from datetime import timedelta
from random import Random

import pytest

from cxms.lib import clock
from feedback import relabelling
from feedback.tree import Node
from metrics import statistics
from metrics.statistics.impact import nps_impact
from tests.metrics.voices import receive, voice

SLOW, KIND = "等了两个小时，太慢了", "店员态度特别好，耐心讲解"


def test_impact_is_the_score_minus_the_score_without_mentioners():
    table = [
        ((0, 0, 20), (50, 20, 30), 20.0 - 50.0),  # all: 50 − 30 = 20; without: (50 − 10) of 80 = 50
        ((20, 0, 0), (50, 20, 30), 20.0 - 0.0),
        ((5, 2, 3), (50, 20, 30), 0.0),
    ]
    for mentioners, everyone, value in table:
        found = nps_impact(mentioners, everyone)
        assert found.value == pytest.approx(value)
        assert found.low < found.value < found.high
        assert found.n == sum(mentioners)
    assert nps_impact((0, 0, 0), (5, 5, 5)).value is None
    assert nps_impact((5, 5, 5), (5, 5, 5)).value is None
    with pytest.raises(ValueError, match="part of everyone"):
        nps_impact((6, 0, 0), (5, 5, 5))


def test_its_interval_holds_the_truth_as_often_as_it_says():
    rng, held, n_times = Random(3), 0, 600
    share, mentioners, rest = 0.15, (0.2, 0.2, 0.6), (0.55, 0.25, 0.2)
    truth = 100 * share * ((mentioners[0] - mentioners[2]) - (rest[0] - rest[2]))
    for _ in range(n_times):
        cells = [[0, 0, 0], [0, 0, 0]]
        for _ in range(300):
            speaks = rng.random() < share
            cells[speaks][rng.choices((0, 1, 2), mentioners if speaks else rest)[0]] += 1
        found = nps_impact(tuple(cells[1]), tuple(a + b for a, b in zip(*cells, strict=True)))
        held += found.low <= truth <= found.high
    assert 0.93 <= held / n_times <= 0.98


def test_page_api_and_file_say_the_same_and_open_their_rows(shop, stranger, now, work):
    day = clock.now().date() - timedelta(days=8)
    made = [voice(day, 2, text=f"{SLOW}，第{i}次", channel="survey") for i in range(12)]
    made += [voice(day, 10, text=f"{KIND}，谢谢第{i}次", unit="S002", channel="survey") for i in range(20)]
    made += [voice(day, 9, text=f"{SLOW}，下次还来{i}", channel="review") for i in range(2)]
    made += [voice(day, None, text=f"{KIND}{i}", channel="review") for i in range(9)] + [voice(day, 3, text="价格太贵了") for _ in range(4)]
    receive(shop, made, now=now)
    work()
    page = shop.page()
    shown = html.unescape(page.get("/metrics/nps/reasons").content.decode())
    rows = {row["topic"]: row for row in csv.DictReader(io.StringIO(page.get("/metrics/nps/reasons?format=csv").content.decode("utf-8-sig")))}
    period = {"from": (day - timedelta(days=60)).isoformat(), "to": (clock.now().date() + timedelta(days=1)).isoformat()}
    answer = shop.api("metrics:read").get("/api/v1/metrics/nps/reasons", period).json()
    told = {row["topic"]: row for row in answer["results"]}
    assert set(told) == set(rows)
    assert "price" not in told  # four answers name people
    for topic, row in told.items():
        for part, names in (("impact", ("points", "low", "high")), ("detractors", ("share", "low", "high")), ("promoters", ("share", "low", "high"))):
            said = [float(rows[topic][f"{part}_{name}"]) for name in names]
            assert said == [row[part]["value"], row[part]["low"], row[part]["high"]]
        assert int(rows[topic]["n"]) == row["n"]
    waiting = told["waiting_time"]
    assert waiting["n"] == 14
    everyone = (22, 0, 16)
    assert waiting["impact"]["value"] == pytest.approx(statistics.nps(*everyone).value - statistics.nps(20, 0, 4).value)
    assert waiting["impact"]["value"] < 0 < told["staff_attitude"]["impact"]["value"]
    # every link opens as many rows as it says
    links = re.findall(r'href="(/feedback/\?[^"]+)">(?:n = )?([\d,]+)</a>', shown)
    assert len(links) >= 8
    for url, n in dict(links).items():
        assert page.get(url).context["page"].paginator.count == int(n.replace(",", "")), url
    mixed = {row["topic"]: row for row in answer["mix"]}
    assert (mixed["staff_attitude"]["survey"]["n"], mixed["staff_attitude"]["review"]["n"]) == (20, 9)
    assert mixed["staff_attitude"]["survey"]["value"] == pytest.approx(20 / 32)
    assert mixed["staff_attitude"]["review"]["value"] == pytest.approx(9 / 11)
    # two reviewers: who they are is nobody's business; that surveys speak of it more is
    assert mixed["waiting_time"]["review"] == {"value": None, "low": None, "high": None, "n": None}
    assert mixed["waiting_time"]["survey"]["n"] == 12
    assert '–<br><span class="cx-fine">n < 5</span>' in shown
    assert stranger.api("metrics:read").get("/api/v1/metrics/nps/reasons", period).json()["results"] == []
    assert "说不出原因" in stranger.page().get("/metrics/nps/reasons").content.decode()
    assert shop.page("frontline").get("/metrics/nps/reasons").status_code == 403


def test_the_mix_follows_every_filter_counts_topics_and_hides_few(shop, now, work):
    day = clock.now().date() - timedelta(days=8)
    made = [voice(day, 2, text=f"{SLOW}，第{i}次", channel="survey", staff="E001") for i in range(6)]
    made += [voice(day, 2, text=f"{SLOW}，排了{i}次", channel="review", staff="E001") for i in range(6)]
    made += [voice(day, 2, text=f"{SLOW}，又{i}次", channel="survey", staff="E002") for i in range(8)]
    made += [voice(day, 2, text=f"{SLOW}，也{i}次", channel="review", staff="E002") for i in range(4)]
    receive(shop, made, now=now)
    with shop.scope():
        relabelling.change(Node("waiting_time/n1", "两个小时", ("两个小时",)), was="", organisation=shop.id, version=0, now=now, actor="t")
    work()
    api = shop.api("metrics:read")
    period = {"from": (day - timedelta(days=60)).isoformat(), "to": (clock.now().date() + timedelta(days=1)).isoformat()}

    def mixed(**more):
        answer = api.get("/api/v1/metrics/nps/reasons", period | more).json()
        return {row["topic"]: (row["survey"]["n"], row["review"]["n"]) for row in answer["mix"]}

    whole = mixed()
    assert whole["waiting_time"] == (14, 10) and not [code for code in whole if "/" in code]
    assert mixed(staff="E001")["waiting_time"] == (6, 6)
    assert mixed(staff="E002") == {}, "four reviewers are no side"
