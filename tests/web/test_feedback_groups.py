"""Voices that say alike stand together, the same every time, and every group opens its rows."""

import re
from datetime import date
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports import groups
from tests.metrics.voices import receive, voice

KINDS = {
    "wait": ["前台办入住等了很久", "办入住在前台等了很久很久", "前台办入住排队等了很久", "等了很久前台才办入住", "前台办入住等了很久很久"],
    "cold": ["空调不制冷房间太热", "房间空调不制冷热死了", "空调不制冷，房间很热", "房间太热空调不制冷", "空调坏了不制冷房间热"],
}
LONE = ["早餐不错", "停车场太远了", "发票开错抬头", "下次还会再来住"]


def test_alike_texts_are_together_and_lone_ones_are_in_no_group():
    texts = [*KINDS["wait"], *LONE, *KINDS["cold"]]
    found = groups.group(texts)
    assert [{texts[i] for i in one.members} for one in found] == [set(KINDS["wait"]), set(KINDS["cold"])]
    assert all(one.centre in one.members and 0 < one.likeness <= 1 for one in found)
    assert groups.group(texts) == found
    # in whatever order they come, the same texts are together
    mixed = texts[:]
    Random(4).shuffle(mixed)
    assert {frozenset(mixed[i] for i in one.members) for one in groups.group(mixed)} == {frozenset(part) for part in KINDS.values()}
    assert groups.group(LONE) == groups.group([]) == groups.group(["", "a"] * 9) == []
    assert groups.group(["一样的话"] * 7)[0].members == tuple(range(7))
    with pytest.raises(ValueError, match="more than"):
        groups.group(["x"] * (groups.MOST + 1))


def test_the_page_opens_the_rows_it_counts(shop, stranger, now, work):
    day = date(2026, 9, 7)
    made = [voice(day, 2, text=f"{text}，电话13912340077") for text in KINDS["wait"]]
    made += [voice(day, 3, text=text, unit="S003") for text in KINDS["cold"]] + [voice(day, 9, text=text) for text in LONE]
    receive(shop, made, now=now)
    work()
    page = shop.page()
    said = page.get("/feedback/groups/").content.decode()
    assert "13912340077" not in said
    assert '<span class="cx-chip line">等待时间</span>' in said
    assert "/feedback/groups/?q=" in page.get("/feedback/?q=空调").content.decode()
    opened = re.findall(r'href="\?(open=[0-9a-f-]+)#', said)
    counted = [int(n) for n in re.findall(r"n = (\d+)", said)]
    assert sorted(counted) == [5, 5]
    for query, n in zip(opened, counted, strict=True):
        assert page.get(f"/feedback/groups/?{query}").content.decode().count("<li><a href=") == n
    here = page.get("/feedback/groups/?unit=S003").context["groups"]
    assert [one["n"] for one in here] == [5]
    assert shop.page("store_manager").get("/feedback/groups/").context["n"] == 9
    assert stranger.page().get("/feedback/groups/").context["groups"] == []
    # two groups ask no oftener than one
    counted_for = []
    for unit in ("S003", ""):
        with CaptureQueriesContext(connection) as asked:
            assert len(page.get(f"/feedback/groups/?unit={unit}").context["groups"]) == (1 if unit else 2)
        counted_for.append(sum("feedback_correction" in one["sql"] or "feedback_score" in one["sql"] for one in asked))
    assert counted_for[0] == counted_for[1] > 0
