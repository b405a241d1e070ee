"""Documents of other systems: covered by what stands in them and by what their fields are called; references and figures stay."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.masking import covered, covered_fields, hidden, personal, stored

MOBILE = "13912340077"
TABLE = [
    # document, what becomes of it
    ({"note": f"打 {MOBILE}"}, {"note": "打 " + "*" * 11}),
    ({"a": [{"b": [f"x{MOBILE}", MOBILE]}]}, {"a": [{"b": [f"x{MOBILE}", "*" * 11]}]}),  # digits glued to letters are a code
    ({"phone": 13912340077}, {"phone": "*" * 11}),
    ({"caller": 13912340077}, {"caller": "*" * 11}),
    ({"caller": 13912340077.0}, {"caller": "*" * 11}),
    ({"tel": "021-5566 7788"}, {"tel": "*" * 13}),
    ({"customerName": "欧阳雪"}, {"customerName": "***"}),
    ({"客户姓名": "李芳", "联系人": "陈晓明"}, {"客户姓名": "**", "联系人": "***"}),
    ({"name": "陈晓明", "客户": "李芳"}, {"name": "***", "客户": "**"}),
    ({"customers": [{"name": "陈晓明"}]}, {"customers": [{"name": "***"}]}),
    ({"product": {"name": "蓝牙耳机"}}, {"product": {"name": "蓝牙耳机"}}),
    ({"id_no": "11010519491231002X"}, {"id_no": "*" * 18}),
    ({"order_no": MOBILE, "订单编号": MOBILE, "orderId": 13912340077}, {"order_no": MOBILE, "订单编号": MOBILE, "orderId": 13912340077}),
    ({"order_no": "11010519491231002X"}, {"order_no": "*" * 18}),
    ({"prefer": MOBILE}, {"prefer": "*" * 11}),  # “ref” within a word is no reference
    ({"waited_seconds": 95, "abandoned": False, "at": 1757230000, "page": "store", "x": None}, None),
    ({"weight": 3.3540547442850642e-12, "score": 0.13912340077}, None),
    ({"wechat": "", "phone": None, "contact_consent": True}, None),
    ({MOBILE: "x"}, None),  # fields keep their names
    ({}, None),
]


@pytest.mark.parametrize(("given_", "expected"), TABLE)
def test_a_document(given_, expected):
    before = json.dumps(given_)
    assert covered_fields(given_) == (given_ if expected is None else expected)
    assert json.dumps(given_) == before  # what is kept is not touched


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from([MOBILE, f"找{MOBILE}", "a@b.cn"])
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc客户人", max_size=6), inner, max_size=3), max_leaves=8)


@given(document=DOCUMENTS)
def test_whatever_is_nested_no_text_shows_more_than_as_a_voice(document):
    def same(one, other):
        if isinstance(one, dict):
            return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
        if isinstance(one, list):
            return len(one) == len(other) and all(map(same, one, other))
        if isinstance(one, str):
            said = covered(one)
            return len(other) == len(one) and all(a == "*" or b != "*" for a, b in zip(other, said, strict=True))
        return other == one or set(other) == {"*"}

    assert same(document, covered_fields({"x": document})["x"])


def test_spans_of_an_older_engine_are_joined_by_what_is_found_today():
    """A stored voice that an older engine read over is safe without being read again; what it found stays covered."""
    said = "我是王小明，快递员电话13812345678"
    old = [{"type": "name", "start": 2, "end": 5}]
    assert hidden(said, []) == "我是王小明，快递员电话【手机号】"  # names are the engine's
    assert hidden(said, old) == "我是【姓名】，快递员电话【手机号】"
    assert covered(said, old) == "我是***，快递员电话" + "*" * 11
    assert stored(said, old) == [*old, {"type": "mobile", "start": 11, "end": 22}]
    # an order's number an older engine took for a mobile stays covered; half a span is joined to the whole
    assert hidden("订单号13912345678", [{"type": "mobile", "start": 3, "end": 14}]) == "订单号【手机号】"
    assert hidden("打13812345678吧", [{"type": "plate", "start": 5, "end": 13}]) == "打【手机号】"
    assert personal("没有", [{"type": "name", "start": 0, "end": 99}])[0].end == 2


NUMBERS = st.sampled_from([MOBILE, "一三九一二三四〇〇七七", "021-62345678", "a@b.cn", "138\u200b12340077"])


@given(before=st.text(max_size=8), number=NUMBERS, spans=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=3))
def test_whatever_was_stored_nothing_found_today_shows(before, number, spans):
    said = f"{before}，打{number}，谢谢"
    pii = [{"type": "name", "start": a, "end": a + n} for a, n in spans]
    shown = covered(said, pii)
    now = covered(said)
    codes = [span for span in personal(said) if span.type not in {"name", "address"}]
    assert len(shown) == len(said) == len(now)
    assert all(set(shown[span.start : span.end]) == {"*"} for span in codes)
    assert all(set(shown[s["start"] : s["end"]]) <= {"*"} for s in pii)
