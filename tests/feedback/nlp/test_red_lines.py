import pytest

from feedback.nlp import understand
from feedback.nlp.patterns import needed_characters
from feedback.nlp.redlines import red_lines_in

CLASSES = [
    ("injury", "货架倒下来砸到孩子的头，缝了五针"),
    ("fire", "充电器半夜冒烟起火了"),
    ("poisoning", "吃完你们的烤鱼全家上吐下泻"),
    ("foreign_body", "米粉里吃出一截铁丝"),
    ("driving", "司机开车一直刷视频还闯红灯"),
    ("stalking", "送货的人跟踪我到家门口，还威胁我"),
    ("fraud", "我的卡被盗刷了三万"),
    ("exposure", "再不处理我就打12315，再找记者曝光"),
    ("discrimination", "因为我坐轮椅就拒绝接待，这是歧视"),
    ("self_harm", "你们逼得我不想活了"),
    ("data_leak", "我的病历被泄露到微信群里"),
]


@pytest.mark.parametrize(("code", "text"), CLASSES)
def test_every_class_draws_a_line(code: str, text: str) -> None:
    assert code in {line.code for line in red_lines_in(text)}
    one = understand([text])[0]
    assert (one.red_line, one.urgency, one.kind) == (True, 3, "complaint")
    assert one.red_line_terms
    assert all(term in text for term in one.red_line_terms)


@pytest.mark.parametrize(
    "text",
    [
        "这辆车开起来很有安全感，喜欢",
        "我不是来投诉的，是来表扬前台小姐姐的",
        "司机师傅人很好，下车还提醒我路上注意安全",
        "银行柜员帮我识破诈骗，保住了养老钱，太感谢了",
        "这家炸鸡好吃到爆，火锅也很赞",
        "跳楼价买的，秒杀真划算",
        "请问对花生过敏可以吃哪一款？",
        "排队排得我累死了",
    ],
)
def test_look_alikes_draw_none(text: str) -> None:
    one = understand([text])[0]
    assert (one.red_line, one.red_line_terms) == (False, ())
    assert one.urgency < 3


def test_terms_stand_in_the_original_script() -> None:
    text = "外送員一直跟蹤我，還說要殺了我全家"
    one = understand([text])[0]
    assert one.red_line
    assert all(term in text for term in one.red_line_terms)


def test_needed_characters_never_lose_a_match() -> None:
    assert needed_characters("a(?:b|c)d?") == {"a"}
    assert needed_characters("(?:b|cd)") == {"b", "c"}
    assert needed_characters("x*") is None
    assert needed_characters("[^a]") is None
