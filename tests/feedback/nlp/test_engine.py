import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.nlp import ENGINE, Mention, segment, understand
from feedback.nlp.clauses import clauses_of
from feedback.nlp.decisions import FEELINGS, KINDS
from feedback.nlp.taxonomy import TOPIC_CODES, topic_labels

LANGUAGES = {"zh-Hans", "zh-Hant", "en", "mixed", "other", "none"}


def clause_of(text: str, code: str) -> str:
    (mention,) = [m for m in understand([text])[0].topics if m.code == code]
    return text[mention.start : mention.end]


def test_batch_equals_one_by_one() -> None:
    texts = ["菜好吃，可是等了一个小时", "", "請問幾點關門？", "The staff was rude", "ＡＰＰ閃退"]
    assert understand(texts) == [understand([text])[0] for text in texts]


def test_empty_text_says_nothing() -> None:
    for text in ("", "  \n", "\u3000"):
        (one,) = understand([text])
        assert (one.language, one.kind, one.sentiment_label, one.sentiment_score) == ("none", "other", "neutral", 0.0)
        assert (one.topics, one.urgency, one.red_line, one.pii, one.vague) == ((), 0, False, (), True)
    assert understand([]) == []


@pytest.mark.parametrize(
    ("text", "kind", "feeling"),
    [
        ("服务员态度恶劣，叫了三次都不理人", "complaint", "negative"),
        ("护士特别耐心，谢谢你们", "praise", "positive"),
        ("建议大厅多放几把椅子", "suggestion", "neutral"),
        ("请问周日几点开门？", "enquiry", "neutral"),
        ("你好", "other", "neutral"),
        ("The receptionist was rude and the room was dirty", "complaint", "negative"),
        ("請問年費怎麼繳？", "enquiry", "neutral"),
    ],
)
def test_kind_and_feeling(text: str, kind: str, feeling: str) -> None:
    (one,) = understand([text])
    assert (one.kind, one.sentiment_label) == (kind, feeling)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("发货太慢，快递五天还没到", "delivery_speed"),
        ("申请退款半个月不退", "refund"),
        ("APP更新以后一直闪退，登录不上", "app_usability"),
        ("床单有头发，房间很脏", "hygiene"),
        ("积分突然清零，会员等级也降了", "loyalty"),
        ("优惠券用不了，满减活动是假的", "promotion"),
        ("個人資料外洩，隱私沒有保障", "privacy"),
        ("想买的颜色一直缺货，什么时候补货", "stock"),
        ("预约好的挂号被取消了", "reservation"),
        ("乱扣费，账单多扣了三十块", "billing"),
    ],
)
def test_topics(text: str, code: str) -> None:
    assert code in {mention.code for mention in understand([text])[0].topics}


def test_mentions_point_at_their_clause() -> None:
    text = "牛肉面好吃，但是服务员态度特别差"
    assert clause_of(text, "product_quality") == "牛肉面好吃"
    assert clause_of(text, "staff_attitude") == "但是服务员态度特别差"
    by_code = {m.code: m.sentiment for m in understand([text])[0].topics}
    assert by_code["product_quality"] > 0 > by_code["staff_attitude"]


def test_mentions_point_into_traditional_and_full_width_text() -> None:
    assert clause_of("㍿牛肉麵好吃，可是服務生態度超差！", "staff_attitude") == "可是服務生態度超差"
    assert clause_of("ＡＰＰ一直閃退…登入不了", "app_usability") == "ＡＰＰ一直閃退"


def test_mentions_are_ordered_and_known() -> None:
    (one,) = understand(["房间干净，早餐好吃，前台态度差，停车收费太贵"])
    assert list(one.topics) == sorted(one.topics, key=lambda m: (m.start, m.end, m.code))
    assert len({m.code for m in one.topics}) == len(one.topics)
    assert all(isinstance(m, Mention) and m.code in TOPIC_CODES for m in one.topics)


def test_clauses_are_cut_at_marks_and_turns() -> None:
    text = "价格贵,但是好吃!下次还来"
    assert [text[a:b] for a, b in clauses_of(text)] == ["价格贵", "但是好吃", "下次还来"]
    assert clauses_of("") == []


def test_segment_cuts_folded_words() -> None:
    assert segment(["軟體品質很差", "", "服务态度 不好"]) == [["软件", "品质", "很差"], [], ["服务态度", "不好"]]


def test_engine_names_its_version_and_labels() -> None:
    assert ENGINE.startswith("cxms-nlp ")
    assert topic_labels()["hygiene"] == "卫生清洁"
    assert set(topic_labels()) == set(TOPIC_CODES)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_text_is_understood(texts: list[str]) -> None:
    found = understand(texts)
    assert len(found) == len(texts)
    for text, one in zip(texts, found, strict=True):
        assert one.language in LANGUAGES
        assert one.kind in KINDS
        assert one.sentiment_label in FEELINGS
        assert -1 <= one.sentiment_score <= 1
        assert 0 <= one.urgency <= 3
        assert one.red_line == (one.urgency == 3)
        assert all(0 <= m.start < m.end <= len(text) and -1 <= m.sentiment <= 1 for m in one.topics)
        assert all(0 <= p.start < p.end <= len(text) for p in one.pii)
        assert all(a.end <= b.start for a, b in zip(one.pii, one.pii[1:], strict=False))


def test_lone_surrogates_and_control_characters_do_no_harm() -> None:
    (one,) = understand(["服务\ud800差\x00劲\x02透了"])
    assert one.kind == "complaint"
