"""口径: variables in three languages, unknown ones refused, missing ones named; @ and pinyin read as people write them."""

from dataclasses import dataclass

import pytest

from complaints import mentions
from complaints.reply_templates import fill, unfilled
from cxms.lib import pinyin


@pytest.mark.parametrize(("text", "filled", "missing"), [
    ("{客户称呼}，您好，单号 {单号}", "陈建国，您好，单号 C-1", ()),
    ("{客戶稱呼} {number}", "陈建国 C-1", ()),
    ("{ customer } 在 {门店}", "陈建国 在 {门店}", ("门店",)),
    ("{门店}{門店}{门店}", "{门店}{門店}{门店}", ("门店", "門店")),
    ("没有变量", "没有变量", ()),
])  # fmt: skip
def test_filling(text, filled, missing):
    found = fill(text, {"customer": "陈建国", "number": "C-1", "store": ""})
    assert (found.text, found.missing) == (filled, missing)


def test_only_known_variables_count_as_unfilled():
    assert unfilled("请看 {链接} 和 {进度链接}，价格 {99}") == ("进度链接",)


@dataclass
class Somebody:
    name: str


def test_the_longest_name_behind_an_at_is_meant():
    tang, tang_yu, li = Somebody("唐"), Somebody("唐雨"), Somebody("李 明")
    people = [tang, tang_yu, li]
    assert mentions.named("@唐雨 请看，@李 明也看", people) == [tang_yu, li]
    assert mentions.named("@唐，请看", people) == [tang]
    assert mentions.named("写信给 a@b.example，没有人", people) == []


@pytest.mark.parametrize(("text", "letters"), [("退款已办", "tkyb"), ("致歉 A1", "zqa1"), ("配送延误", "psyw"), ("囍", "")])
def test_pinyin_initials(text, letters):
    assert pinyin.initials(text) == letters
