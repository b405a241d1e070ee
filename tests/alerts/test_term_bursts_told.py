"""A new word in twelve voices of today is told within a look, once, until a whole day is usual; its count is the list's."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest

from alerts import bursts
from alerts.models import Burst, BurstWatch, Notice
from alerts.wording import words
from feedback import terms, voices
from metrics import term_days
from metrics.models import TermDay
from tests.alerts.test_bursts_told import TODAY, look, open_codes, quiet, usual
from tests.metrics.voices import at, receive, voice

__all__ = ["usual"]  # the fixture of the other file
CODE = "term:蓝环章鱼"
SAID = [
    "今天看见蓝环章鱼了", "昨晚梦见蓝环章鱼", "孩子在画蓝环章鱼", "同事聊起蓝环章鱼，哈哈", "我家猫叫蓝环章鱼", "路过，拍到蓝环章鱼",
    "女儿一路念着蓝环章鱼", "邻居也在说蓝环章鱼", "弟弟说起蓝环章鱼", "刚才看到蓝环章鱼", "奶奶也认得蓝环章鱼", "晚上讲故事讲到蓝环章鱼",
]  # fmt: skip


def planted(day, n=12):
    """Small talk, so that no topic moves: one word is all that they share."""
    return [voice(day, text=SAID[i], hour=13, unit="S00" + str(1 + i % 3)) for i in range(n)]


def test_a_new_word_is_told_once_and_ends(usual, stranger, work):
    shop = usual
    assert open_codes(shop) == set()
    keys = receive(shop, planted(TODAY), now=at(TODAY, 14))
    work()
    look(shop, at(TODAY, 14) + timedelta(minutes=15))
    assert {code for code in open_codes(shop) if "蓝" in code or "章" in code} == {CODE}
    codes = open_codes(shop)
    with shop.scope():
        told = list(Notice.objects.filter(purpose="burst").select_related("ticket"))
        assert len(told) == 1
        assert "「蓝环章鱼」：今天 12 条，往常 " in words(told[0], language="zh-hans").body
        seen, found = bursts.standing_terms(organisation=shop.id, now=at(TODAY, 15))
        one = next(one for one in found if one.row.code == CODE)
        assert one.figures.n == one.row.figures["n"] == 12
        assert one.figures.p <= seen.threshold
        # nobody ever said it, and nothing else is said today
        assert one.figures.expected == pytest.approx(0.5 / 4)
        voices.exclude(keys[0], "刷的", organisation=shop.id, now=at(TODAY, 15), actor="t")
        assert bursts.standing_terms(organisation=shop.id, now=at(TODAY, 15))[0].of(CODE).n == 11
    look(shop, at(TODAY, 16))
    look(shop, at(TODAY + timedelta(days=1), 1))
    assert CODE in open_codes(shop)
    look(shop, at(TODAY + timedelta(days=2), 1))
    assert open_codes(shop) == set()
    with shop.scope():
        assert Notice.objects.filter(purpose="burst").count() == 1
        assert Burst.objects.count() == len(codes)
    with stranger.scope():
        assert not TermDay.objects.exists()


def test_days_are_kept_as_said_and_read_anew_by_other_rules(usual):
    shop = usual
    with shop.scope():
        row = TermDay.objects.get(local_day=TODAY - timedelta(days=1))
        assert row.hours["耐心"][10:13] == [1, 1, 1]
        # said once: not kept, and counted exactly where it is asked
        assert "排队" not in row.hours
        days = term_days.days(["排队", "耐心"], organisation=shop.id, now=at(TODAY, 14))
        assert days.codes == ("term:排队", "term:耐心")
        assert [tuple(map(int, one)) for one in days.counts[-3:, 23]] == [(0, 3), (1, 3), (0, 0)]
        assert term_days.fold(organisation=shop.id, now=at(TODAY, 14)) is True
        before = dict(TermDay.objects.values_list("local_day", "counted_at"))
        TermDay.objects.filter(local_day=TODAY - timedelta(days=3)).update(reading=terms.READING + 1)
        term_days.fold(organisation=shop.id, now=at(TODAY, 15))
        after = dict(TermDay.objects.values_list("local_day", "counted_at"))
        assert [day for day in after if after[day] != before[day]] == [TODAY - timedelta(days=3)]


def test_with_many_voices_only_the_newest_are_cut_and_days_wait_for_the_next_look(usual, monkeypatch):
    shop = usual
    with shop.scope():
        spoken = terms.of_day(TODAY - timedelta(days=1), organisation=shop.id, zone="Asia/Shanghai", most=2)
        assert (len(spoken.forms), spoken.is_capped, spoken.hours) == (2, True, [12, 11])
        monkeypatch.setattr(term_days, "MOST_READ", 1)
        TermDay.objects.all().delete()
        assert term_days.fold(organisation=shop.id, now=at(TODAY, 14)) is False
        assert TermDay.objects.count() == 1
        assert term_days.days([], organisation=shop.id, now=at(TODAY, 14)).expected() is None
        # a term that too many hold is told apart no more, and is no news after a week
        monkeypatch.setattr(terms, "MOST_HELD", 2)
        assert term_days.days(["耐心"], organisation=shop.id, now=at(TODAY, 14)).codes == ()


def test_topics_do_not_wait_for_words_and_what_too_many_say_ends(usual, work, monkeypatch):
    shop = usual
    receive_at = at(TODAY, 14)
    receive(shop, planted(TODAY), now=receive_at)
    work()
    monkeypatch.setattr(term_days, "MOST_READ", 1)
    with shop.scope():
        TermDay.objects.all().delete()
        BurstWatch.objects.update(next_at=receive_at)
        assert bursts.run(organisation=shop.id, now=receive_at) == 1
        # one day is read, and the next look is due at once
        assert (TermDay.objects.count(), BurstWatch.objects.get().next_at) == (1, receive_at)
    assert CODE not in open_codes(shop)
    monkeypatch.undo()
    look(shop, receive_at)
    assert CODE in open_codes(shop)
    monkeypatch.setattr(terms, "MOST_HELD", 2)
    look(shop, at(TODAY + timedelta(days=6), 9))
    assert CODE in open_codes(shop)
    look(shop, at(TODAY + timedelta(days=7), 9))
    assert CODE not in open_codes(shop)


def test_the_page_shows_the_term_and_opens_its_rows(shop, now, work, monkeypatch):
    from cxms.lib import clock

    today = clock.now().astimezone(at(TODAY).tzinfo).date()
    receive(shop, [*quiet(today), *[voice(today, text=text, hour=0) for text in SAID]], now=now)
    work()
    look(shop, now)
    page = shop.page()
    shown = html.unescape(page.get("/feedback/bursts/").content.decode())
    assert "新冒头的词" in shown
    assert "只从最新的" not in shown
    links = {name: (url, int(n)) for url, name, n in re.findall(r'href="(/feedback/\?q=[^"]+)"><b>「([^」]+)」</b>.*?n = (\d+)', shown)}
    assert links["蓝环章鱼"][1] == 12
    for url, n in links.values():
        assert page.get(url).context["page"].paginator.count == n
    said = shop.api().get("/api/v1/feedback/bursts").json()
    assert {row["term"]: row["n"] for row in said["terms"]} == {name: n for name, (_, n) in links.items()}
    assert "term:" not in {row["topic"][:5] for row in said["results"]}
    monkeypatch.setattr(term_days, "MOST_CUT", 11)
    assert "新词只从最新的 11 条里找" in page.get("/feedback/bursts/").content.decode()
    assert shop.api().get("/api/v1/feedback/bursts").json()["terms_capped"] is True
    table = list(csv.DictReader(io.StringIO(page.get("/feedback/bursts/?format=csv").content.decode("utf-8-sig"))))
    (row,) = [row for row in table if row["topic"] == CODE]
    assert (row["name"], row["n"], row["is_burst"].lower() in {"true", "1"}, bool(row["since"])) == ("「蓝环章鱼」", "12", True, True)
