import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.nlp import fold
from feedback.nlp.folding import UNSEEN, fold_with_map, lowered


def test_fold_makes_full_width_and_traditional_plain() -> None:
    assert fold("ＡＰＰ閃退，１２３元") == "APP闪退,123元"
    assert fold("軟體品質很差") == "软件品质很差"
    assert fold("名著乾隆") == "名著乾隆"
    assert fold("") == ""


def test_words_of_another_length_keep_their_place() -> None:
    assert fold("部落格壞了") == "部落格坏了"


def test_spans_lead_back_through_expansions() -> None:
    folded = fold_with_map("㍿很好…吗")
    assert folded.text == "株式会社很好...吗"
    at = folded.text.index("很好")
    assert folded.origin(at, at + 2) == (1, 3)
    dots = folded.text.index("...")
    assert folded.origin(dots, dots + 1) == (3, 4)


def test_combining_marks_join_their_starter() -> None:
    folded = fold_with_map("cafe\u0301好")
    assert folded.text == "café好"
    assert folded.origin(3, 4) == (3, 5)
    assert folded.origin(4, 5) == (5, 6)


def test_harmful_characters_become_harmless() -> None:
    assert fold_with_map("a\x00b\x02\ud800").text == "a b \ufffd"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_every_span_lies_in_the_original(text: str) -> None:
    folded = fold_with_map(text)
    previous = 0
    for at in range(len(folded.text)):
        start, end = folded.origin(at, at + 1)
        assert previous <= start < end <= len(text)
        previous = start
    assert len(lowered(folded.text)) == len(folded.text)


def test_what_nobody_sees_is_dropped_and_its_place_kept() -> None:
    folded = fold_with_map("退\u200b款138\u200d12\ufeff")
    assert folded.text == "退款13812"
    assert folded.origin(0, 2) == (0, 3)
    assert folded.origin(2, 7) == (3, 9)
    assert fold("\u200b\u2060") == ""
    every = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    assert all(UNSEEN.match(one) for one in every)
    assert {unicodedata.category(chr(code)) for code in range(0x110000) if UNSEEN.match(chr(code))} <= {"Cf", "Cn"}
