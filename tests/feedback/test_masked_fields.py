"""Documents of other systems: covered by what stands in them and by what their fields are called; references and figures stay."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.masking import covered, covered_fields

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
