"""Which terms voices hold: cut from words without personal data, counted by containment, the longest of those that touch."""

from feedback import terms
from feedback.search_form import search_form
from feedback.terms import Spoken


def spoken(texts, bare=None):
    return Spoken([search_form(text) for text in texts], [search_form(text) for text in bare or texts], [9] * len(texts))


def test_a_new_name_is_one_term_and_the_longest_says_it():
    places = ["展柜里", "门口", "桌上", "海鲜区", "二楼", "冷柜"]
    said = spoken([f"{place}有蓝环章鱼！" for place in places] + ["藍環章魚在哪裡", "章鱼小丸子好吃"])
    held = terms.holders(said, least=5)
    assert held["蓝环章鱼"] == held["蓝环"] == set(range(7))
    assert held["章鱼"] == set(range(8))
    assert terms.longest(["蓝环", "章鱼", "蓝环章鱼"], held) == ["蓝环章鱼"]
    # what one already told says, nothing says again; what it does not say stays
    assert terms.longest(["蓝环章鱼"], held, ["章鱼"]) == []
    assert terms.longest(["蓝环"], {"蓝环": {1, 2}, "环保": {3}}, ["环保"]) == ["蓝环"]
    assert terms.hours_of(held["蓝环"], said)[9] == 7


def test_no_numbers_no_empty_words_nothing_across_signs_and_nothing_hidden():
    texts = ["我们等了两个小时，小程序活动黑屏了 coupon 2024", "APP活动黑屏，联系张小明 13912340077"]
    held = terms.holders(spoken(texts, [texts[0], "APP活动黑屏，联系*** ***********"]), least=1)
    assert {"小程序", "活动黑屏", "coupon", "app"} <= held.keys()
    assert len(held["活动黑屏"]) == 2
    assert not {"我们", "两个", "2024", "小明", "张小明", "联系张", "13912340077"} & held.keys()
    assert all(2 <= len(term) <= terms.LATIN and term.isalpha() for term in held)
    assert all(len(term) <= terms.HAN for term in held if not term.isascii())
    # what is asked for is counted wherever it is held
    assert terms.holders(spoken(texts), least=9, also=["黑屏"]) == {"黑屏": {0, 1}}
