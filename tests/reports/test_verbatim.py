"""A customer's words in pieces: nothing lost, nothing shown that should not be."""

from hypothesis import given
from hypothesis import strategies as st

from reports import verbatim
from reports.reasons import excerpt

TEXT = "我姓陈，等了两小时，电话13812345678，店员很好🙂。"


def shown(pieces):
    return "".join(part.text for piece in pieces for part in piece.parts)


def test_aspects_are_marked_and_people_are_masked():
    mentions = [{"start": 4, "end": 9, "sentiment": -0.9}, {"start": 23, "end": 28, "sentiment": 0.6}]
    pii = [{"type": "name", "start": 2, "end": 3}, {"type": "mobile", "start": 12, "end": 23}]
    pieces = verbatim.pieces(TEXT, mentions, pii)
    assert [(piece.feel, piece.numbers) for piece in pieces if piece.feel] == [("neg", (1,)), ("pos", (2,))]
    masks = [part.mask for piece in pieces for part in piece.parts if part.mask]
    assert masks == ["姓名", "手机号"]
    assert shown(pieces) == TEXT.replace("陈", "").replace("13812345678", "")


def test_overlapping_aspects_take_the_worst_colour_and_both_numbers():
    mentions = [{"start": 0, "end": 4, "sentiment": 0.5}, {"start": 2, "end": 4, "sentiment": -0.5}]
    pieces = verbatim.pieces("一二三四五", mentions, [])
    assert [(shown([piece]), piece.feel, piece.numbers) for piece in pieces] == [
        ("一二", "pos", ()), ("三四", "neg", (1, 2)), ("五", "", ()),
    ]  # fmt: skip


SPAN = st.tuples(st.integers(0, 60), st.integers(0, 20))


@given(st.text(max_size=40), st.lists(SPAN, max_size=6), st.lists(SPAN, max_size=4))
def test_no_character_is_lost_or_leaks(text, aspects, hidden):
    mentions = [{"start": a, "end": a + n, "sentiment": -1.0} for a, n in aspects]
    pii = [{"type": "name", "start": a, "end": a + n} for a, n in hidden]
    pieces = verbatim.pieces(text, mentions, pii)
    covered = {i for a, n in hidden for i in range(a, a + n)}
    assert shown(pieces) == "".join(c for i, c in enumerate(text) if i not in covered)


def test_a_cut_text_says_so_and_stays_masked():
    parts = verbatim.short("电话13812345678" + "长" * 200, [{"type": "mobile", "start": 2, "end": 13}], limit=20)
    assert [(part.text, part.mask) for part in parts] == [("电话", ""), ("", "手机号"), ("长" * 7, ""), ("…", "")]


def test_what_was_searched_for_is_marked_wherever_it_stands():
    near = verbatim.short("備用機借到了，Ｘ20 很好", (), words=["备用机", "x20"])
    assert [(part.text, part.is_hit) for part in near] == [("備用機", True), ("借到了，", False), ("Ｘ20", True), (" 很好", False)]
    mobile = {"type": "mobile", "start": 150, "end": 161}
    far = verbatim.short("长" * 148 + "电话13812345678，退款" + "长" * 100, [mobile], limit=60, words=["退款"])
    assert [(part.text, part.mask, part.is_hit) for part in far] == [
        ("…", "", False), ("长" * 16 + "电话", "", False), ("", "手机号", False), ("，", "", False), ("退款", "", True), ("长" * 28, "", False), ("…", "", False),
    ]  # fmt: skip
    hidden = verbatim.short("电话13812345678", [{"type": "mobile", "start": 2, "end": 13}], words=["1381"])
    assert [(part.text, part.mask) for part in hidden] == [("电话", ""), ("", "手机号")]


def test_an_excerpt_is_the_clause_of_a_long_text():
    pii = [{"type": "mobile", "start": 102, "end": 113}]
    text = "前" * 100 + "电话13812345678没人接，" + "后" * 100
    assert excerpt(text, 100, 116, pii) == "电话【手机号】没人接"
    assert excerpt("电话13812345678。", 0, 2, [{"type": "mobile", "start": 2, "end": 13}]) == "电话【手机号】"
