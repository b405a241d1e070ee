"""A topic far above its weeks before: seen within the hour, told once, ended by a usual day; page, API and file alike."""

import csv
import html
import io
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerts import bursts
from alerts.models import Burst, BurstWatch, Notice
from alerts.wording import words
from feedback import heard, nlp, relabelling, voices
from feedback.models import Relabelling
from feedback.own_models import OwnModel
from feedback.tree import Node
from ledger import runner
from metrics import topic_days
from metrics.models import TopicDay
from tenancy.models import AuditEvent
from tests.metrics.voices import at, receive, voice

SLOW, KIND = "排队等了两个小时", "店员态度特别好，耐心讲解"
# a Wednesday
TODAY = date(2026, 9, 9)


def quiet(today, weeks=4):
    """Every day before three who praise; every other day one who waited."""
    made = []
    for back in range(1, 7 * weeks + 2):
        day = today - timedelta(days=back)
        made += [voice(day, text=f"{KIND}，第{back}天{i}", hour=10 + i) for i in range(3)]
        made += [voice(day, text=f"{SLOW}，第{back}天", hour=11)] if back % 2 else []
    return made


def look(shop, now):
    """What the timer does, as often as it takes."""
    with shop.scope():
        BurstWatch.objects.update(next_at=now)
        for _ in range(6):
            bursts.run(organisation=shop.id, now=now)


def open_codes(shop):
    with shop.scope():
        return set(Burst.objects.filter(ended_at=None).values_list("code", flat=True))


@pytest.fixture
def usual(shop, work):
    receive(shop, quiet(TODAY), now=at(TODAY, 1))
    work()
    look(shop, at(TODAY, 14))
    return shop


def test_a_burst_is_seen_within_the_hour_told_once_and_ends(usual, stranger, work):
    shop = usual
    assert open_codes(shop) == set()
    keys = receive(shop, [voice(TODAY, text=f"{SLOW}，今天第{i}次", hour=14, unit="S00" + str(1 + i % 3)) for i in range(12)], now=at(TODAY, 15))
    work()
    look(shop, at(TODAY, 14) + timedelta(minutes=50))
    assert "waiting_time" in open_codes(shop)
    with shop.scope():
        (notice,) = Notice.objects.filter(purpose="burst").select_related("ticket")
        assert notice.recipient_id == shop.members["cx_manager"].id
        assert "等待时间：今天 12 条，往常 0.6（0–" in words(notice, language="zh-hans").body
        assert words(notice, language="en").subject == "[Emerging] Waiting time"
        codes = open_codes(shop)
    look(shop, at(TODAY, 16))
    assert open_codes(shop) == codes
    # an excluded voice is counted no more
    with shop.scope():
        voices.exclude(keys[0], "刷的", organisation=shop.id, now=at(TODAY, 16), actor="t")
        seen, (first, *_) = bursts.standing(organisation=shop.id, now=at(TODAY, 16))
        assert (seen.of("waiting_time").n, first.figures.n) == (11, 11)
    # at midnight today is empty, but yesterday was no usual day: it stands until a whole day is usual
    look(shop, at(TODAY + timedelta(days=1), 1))
    assert open_codes(shop) == codes
    look(shop, at(TODAY + timedelta(days=2), 1))
    assert open_codes(shop) == set()
    with shop.scope():
        assert Notice.objects.filter(purpose="burst").count() == 1
        assert Burst.objects.count() == len(codes)
    with stranger.scope():
        assert not Burst.objects.exists()
        assert not TopicDay.objects.exists()


def test_days_are_counted_once_again_when_late_and_by_another_taxonomy(usual):
    shop = usual
    with shop.scope():
        days = topic_days.days(organisation=shop.id, now=at(TODAY, 14))
        assert (len(days.counts), days.today, days.hour) == (30, TODAY, 14)
        place = days.codes.index("waiting_time")
        assert [int(n) for n in days.counts[-4:-1, 23, place]] == [1, 0, 1]
        assert [int(days.counts[-2, hour, place]) for hour in (10, 11, 23)] == [0, 1, 1]
        assert topic_days.fold(organisation=shop.id, now=at(TODAY, 14)) == 0
        # yesterday is counted once more when voices that came late are in
        assert topic_days.fold(organisation=shop.id, now=at(TODAY + timedelta(days=1), 1)) == 2
        TopicDay.objects.filter(local_day=TODAY - timedelta(days=3)).update(taxonomy=99)
        assert topic_days.fold(organisation=shop.id, now=at(TODAY + timedelta(days=1), 2)) == 1
        # a day that is missing ends the history there
        TopicDay.objects.filter(local_day=TODAY - timedelta(days=10)).delete()
        short = topic_days.days(organisation=shop.id, now=at(TODAY, 14))
        assert (len(short.counts), short.expected()) == (10, None)
        assert heard.first_day(organisation=shop.id) == TODAY - timedelta(days=29)


def relabel():
    """What a worker does, without the timers: they look at the day that runs by the real clock."""
    while runner.drain(seconds=20):
        pass


NODE = Node("waiting_time/n1", "两个小时", ("两个小时",))


def test_reading_history_anew_is_no_burst(shop, work):
    """While labels of before change there is nothing to compare with; afterwards every day is counted anew. A code that went ends."""
    receive(shop, [voice(TODAY - timedelta(days=back), text=f"{SLOW}，第{back}天{i}", hour=10) for back in range(30) for i in range(6)], now=at(TODAY, 13))
    work()
    look(shop, at(TODAY, 14))
    assert open_codes(shop) == set()
    told = {"organisation": shop.id, "now": at(TODAY, 14), "actor": "t"}
    with shop.scope():
        job = relabelling.change(NODE, was="", version=0, **told)
        seen, _ = bursts.standing(organisation=shop.id, now=at(TODAY, 14))
        assert (seen.is_reread, seen.figures) == (True, [])
        assert bursts.standing_terms(organisation=shop.id, now=at(TODAY, 14))[0].weeks == 4, "terms are not labels"
        assert topic_days.fold(organisation=shop.id, now=at(TODAY, 14)) == 0
    assert "正在按新的分类重读历史" in shop.page().get("/feedback/bursts/").content.decode()
    assert shop.api().get("/api/v1/feedback/bursts").json()["is_reread"] is True
    look(shop, at(TODAY, 14) + timedelta(minutes=20))
    relabel()
    with shop.scope():
        assert Relabelling.objects.get(id=job.id).finished_at
        # a reader who comes before the days are counted anew compares with none of the old ones
        seen, _ = bursts.standing(organisation=shop.id, now=at(TODAY, 15))
        assert (seen.is_reread, seen.weeks, seen.of("waiting_time")) == (False, None, None)
    look(shop, at(TODAY, 15))
    assert open_codes(shop) == set()
    with shop.scope():
        seen, _ = bursts.standing(organisation=shop.id, now=at(TODAY, 15))
        assert (seen.of(NODE.code).n, seen.of(NODE.code).expected) == (6, pytest.approx(6, abs=0.2))
        # another model, and history read with it: the taxonomy is the same, the labels need not be
        Relabelling.objects.create(organisation_id=shop.id, taxonomy_version=1, model_version=0, started_at=at(TODAY, 15), finished_at=job.started_at + timedelta(days=400))
        assert topic_days.fold(organisation=shop.id, now=at(TODAY, 16)) == topic_days.MOST_DAYS


def test_another_model_begins_a_history_of_its_own_until_history_is_read_with_it(usual):
    shop, noon = usual, at(TODAY, 14)

    def weeks(model_since):
        with shop.scope():
            while topic_days.fold(organisation=shop.id, now=noon):
                pass
            days = topic_days.days(organisation=shop.id, now=noon)
            assert days.model_since == model_since
            return len(days.counts) - 1

    assert weeks(None) == 29
    with shop.scope():
        model = OwnModel.objects.create(organisation_id=shop.id, version=1, engine=nlp.ENGINE, state="in_use", asked_at=noon, decided_at=at(TODAY - timedelta(days=5)))
    assert weeks(TODAY - timedelta(days=5)) == 4
    assert "换过模型" in shop.page().get("/feedback/bursts/").content.decode()
    with shop.scope():
        told = {"organisation_id": shop.id, "taxonomy_version": 0, "finished_at": noon}
        Relabelling.objects.create(model_version=1, started_at=at(TODAY - timedelta(days=6)), **told)  # of an earlier time it was in use
    assert weeks(TODAY - timedelta(days=5)) == 4
    with shop.scope():
        Relabelling.objects.create(model_version=1, started_at=at(TODAY - timedelta(days=4)), **told)
    assert weeks(None) == 29
    with shop.scope():
        model.state, model.decided_at = "retired", at(TODAY - timedelta(days=2))
        model.save()
    assert weeks(TODAY - timedelta(days=2)) == 1


def test_a_burst_of_a_node_that_is_no_more_ends(shop, work):
    receive(shop, quiet(TODAY), now=at(TODAY, 1))
    with shop.scope():
        relabelling.change(NODE, was="", version=0, organisation=shop.id, now=at(TODAY, 1), actor="t")
    work()
    receive(shop, [voice(TODAY, text=f"{SLOW}，今天第{i}次", hour=14) for i in range(12)], now=at(TODAY, 15))
    work()
    look(shop, at(TODAY, 15))
    assert {"waiting_time", NODE.code} <= open_codes(shop)
    with shop.scope():
        relabelling.change(replace(NODE, is_retired=True), was=NODE.code, version=1, organisation=shop.id, now=at(TODAY, 16), actor="t")
    (row,) = [row for row in shop.page().get("/feedback/bursts/").context["rows"] if row["name"].endswith(NODE.name)]
    assert row["n"] is None, "what cannot be counted now is not nought"
    look(shop, at(TODAY + timedelta(days=1), 1))
    assert NODE.code in open_codes(shop), "nothing is judged while history is read anew"
    relabel()
    look(shop, at(TODAY + timedelta(days=1), 2))
    left = open_codes(shop)
    assert NODE.code not in left and "waiting_time" in left


def test_page_api_and_file_say_the_same_and_open_their_rows(shop, stranger, now, work):
    from cxms.lib import clock

    today = clock.now().astimezone(at(TODAY).tzinfo).date()
    receive(shop, quiet(today), now=now)
    page = shop.page()
    work()
    receive(shop, [voice(today, text=f"{SLOW}，今天第{i}次", hour=0) for i in range(14)], now=now)
    work()
    with shop.scope():
        BurstWatch.objects.update(next_at=now)
    work()
    shown = html.unescape(page.get("/feedback/bursts/").content.decode())
    assert f"{today:%m-%d} 到现在" in shown
    assert "format=csv" in shown
    # as many weeks as there are, not as many as there may be
    assert "往常：过去 4 周" in shown
    assert "历史还不够长" not in shown
    said = shop.api().get("/api/v1/feedback/bursts").json()
    rows = list(csv.DictReader(io.StringIO(page.get("/feedback/bursts/?format=csv").content.decode("utf-8-sig"))))
    codes = [row["topic"] for row in said["results"]]
    assert "waiting_time" in codes
    assert {row["topic"] for row in rows if row["is_burst"] in {"True", "true", "1"} and "term:" not in row["topic"]} == set(codes)
    by_code = {row["topic"]: row for row in rows}
    for row in said["topics"]:
        there = by_code[row["topic"]]
        assert (int(there["n"]), float(there["p"]), float(there["expected"])) == (row["n"], row["p"], row["expected"]["value"])
    links = re.findall(r'href="(/feedback/\?topic=[^"]+)">n = (\d+)', shown)
    assert any("waiting_time&" in url and n == "14" for url, n in links)
    for url, n in links:
        assert page.get(url).context["page"].paginator.count == int(n)
    assert "这一页看的是整个组织" in shop.page("store_manager").get("/feedback/bursts/").content.decode()
    assert stranger.page().get("/feedback/bursts/").context["rows"] == []


def test_the_budget_is_a_setting_with_a_version_and_an_audit(shop):
    page = shop.page("admin")
    for typed, version, stands in (("3", "0", 3), ("0", "1", 3), ("x", "1", 3), ("21", "1", 3), ("5", "0", 3), ("5", "1", 5)):
        page.post("/feedback/bursts/budget/", {"budget": typed, "version": version})
        with shop.scope():
            assert BurstWatch.objects.get().budget == stands
    with shop.scope():
        details = list(AuditEvent.objects.filter(action="bursts.budget").order_by("at").values_list("detail", flat=True))
    assert [(one["before"], one["after"]) for one in details] == [(1, 3), (3, 5)]
    assert shop.page("analyst").post("/feedback/bursts/budget/", {"budget": "2", "version": "2"}).status_code == 403
