import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.nlp import fold, mask, understand
from feedback.nlp.personal_data import codes_in, may_hold_codes, personal_data_in
from feedback.nlp.understanding import PersonalData


def found(text: str) -> list[tuple[str, str]]:
    return [(p.type, text[p.start : p.end]) for p in understand([text])[0].pii]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请打13912345678联系我", [("mobile", "13912345678")]),
        ("电话１３９－１２３４－５６７８", [("mobile", "１３９－１２３４－５６７８")]),
        ("手机 139 1234 5678，谢谢", [("mobile", "139 1234 5678")]),
        ("+86 13912345678", [("mobile", "+86 13912345678")]),
        ("手機0912-345-678", [("mobile", "0912-345-678")]),
        ("香港电话+852 9123 4567", [("mobile", "+852 9123 4567")]),
        ("身份证11010519491231002X", [("id_card", "11010519491231002X")]),
        ("香港身份證A123456(3)", [("id_card", "A123456(3)")]),
        ("卡号4111 1111 1111 1111被锁", [("bank_card", "4111 1111 1111 1111")]),
        ("車牌粤B·D12345擦了我的车", [("plate", "粤B·D12345")]),
        ("我的车京A12345", [("plate", "京A12345")]),
        ("发票寄li.lei@example.com", [("email", "li.lei@example.com")]),
        ("送到杭州市西湖区文三路18号3幢201室", [("address", "杭州市西湖区文三路18号3幢201室")]),
        ("我叫王小明，想退货", [("name", "王小明")]),
        ("收件人：欧阳晓晨", [("name", "欧阳晓晨")]),
        ("我叫张一鸣", [("name", "张一鸣")]),
        ("My name is Jane Miller and I left a bag", [("name", "Jane Miller")]),
    ],
)
def test_personal_data_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        # a word for an order stands near, but the number is not the order's
        ("快递员电话13812345678", "mobile", "13812345678"),
        ("快递打我手机13812345678", "mobile", "13812345678"),
        ("请快递联系13812345678", "mobile", "13812345678"),
        ("快递13812345678", "mobile", "13812345678"),
        ("订单联系人电话13812345678", "mobile", "13812345678"),
        ("订单有问题联系我13812345678", "mobile", "13812345678"),
        ("订单电话号码13812345678", "mobile", "13812345678"),
        ("编号不对请打13812345678", "mobile", "13812345678"),
        ("订单号13912345678 电话13812345678", "mobile", "13812345678"),
        ("I prefer 13812345678", "mobile", "13812345678"),
        ("快递退款到卡6222020000123456", "bank_card", "6222020000123456"),
        # written so that a machine reads over it
        ("一三八一二三四五六七八", "mobile", "一三八一二三四五六七八"),
        ("壹叁捌壹贰叁肆伍陆柒捌", "mobile", "壹叁捌壹贰叁肆伍陆柒捌"),
        ("電話壹參捌壹貳參肆伍陸柒捌", "mobile", "壹參捌壹貳參肆伍陸柒捌"),
        ("幺三八 一二三四 五六七八", "mobile", "幺三八 一二三四 五六七八"),
        ("打一三八一二三四五六七八一直没人接", "mobile", "一三八一二三四五六七八"),
        ("1三8一2三4五6七8", "mobile", "1三8一2三4五6七8"),
        ("加V13812345678", "mobile", "13812345678"),
        ("vx13812345678", "mobile", "13812345678"),
        ("微信号 wx13812345678", "mobile", "13812345678"),
        ("13812345678abc", "mobile", "13812345678"),
        ("138\u200b1234\u200d5678", "mobile", "138\u200b1234\u200d5678"),
        ("li\u200b.lei@exam\u00adple.com", "email", "li\u200b.lei@exam\u00adple.com"),
        ("138 1234 5678 3天没人回", "mobile", "138 1234 5678"),
        ("打13812345678（2026-11-30前）", "mobile", "13812345678"),
        ("021-62345678（2026-11-30前）", "phone", "021-62345678"),
        ("2026-11-30 13812345678", "mobile", "13812345678"),
        # lines of a house
        ("021-62345678", "phone", "021-62345678"),
        ("0755 8888 1234", "phone", "0755 8888 1234"),
        ("打(010)62345678找我", "phone", "(010)62345678"),
        ("（０２）２３４５－６７８９", "phone", "（０２）２３４５－６７８９"),
        ("座机02162345678打不通", "phone", "02162345678"),
        ("护照E12345678", "passport", "E12345678"),
        ("护照号码：EA1234567", "passport", "EA1234567"),
        ("my passport no. G12345678", "passport", "G12345678"),
    ],
)
def test_what_was_read_over_is_found(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "订单编号：13912345678", "订单号码是 13912345678", "快递单号13912345678", "编号为：13912345678", "order no. 13912345678",
        "Booking reference: 13912345678", "tracking number is 13912345678", "单号 021-62345678", "运单号75512345678901",
        "SF13912345678", "SF1391234567890", "x13912340077", "型号A13812345678B2", "a1b2c3d4-1234-5678-9012-13812345678a",
        "13812345678a9f", "iPhone15Pro 256G", "价格13800元 2026-11-23 2026-11-24", "共计 1,381,234,567.80 元", "支付了138.12元，退了345.67元",
        "二〇二六年十一月二十三日", "一九九八年买的一共三百五十六元", "一二三四五六七八九", "壹万叁仟捌佰元整", "2023-0755-8888", "会员号 20231123001",
        "型号E12345678", "护照办了三次", "02162345678元", "尺寸 180-90-4021", "2026-11-23 10:33 至 2026-11-24 09:10", "编码69012345678",
    ],
)  # fmt: skip
def test_numbers_that_are_nobodys_are_left_alone(text: str) -> None:
    assert found(text) == []


@given(st.text("13458 6-号单快递卡电话一三八wxv加abc\u200b", max_size=40))
def test_the_quick_reading_finds_no_less_of_numbers_than_the_whole(text: str) -> None:
    folded = fold(text)
    whole = {span for span in personal_data_in(folded) if span[0] not in {"address", "name"}}
    assert whole <= set(codes_in(folded))
    assert may_hold_codes(text) or not [span for span in whole if span[0] != "plate"]


@pytest.mark.parametrize(
    "text",
    [
        "身份证110105194912310021",  # wrong check digit
        "香港身份證A123456(4)",
        "卡号4111 1111 1111 1112",  # fails Luhn
        "订单号13912345678",
        "热线4008001234打不通",
        "王经理态度很好",
        "谢谢张师傅",
        "我叫了三次都没人来",
        "等了12345678秒",
        "去年夏天路过门口两次",
    ],
)
def test_other_numbers_and_titles_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_mask_writes_labels_over_spans() -> None:
    text = "我叫王小明，電話１３９１２３４５６７８"
    assert mask(text, understand([text])[0].pii) == "我叫【姓名】，電話【手机号】"
    assert mask("没有", ()) == "没有"
    # of two that overlap nothing shows
    assert mask("我是13912345678", [PersonalData("name", 0, 5), PersonalData("mobile", 2, 13)]) == "【姓名】"


@pytest.mark.parametrize(
    ("text", "name"),
    [("你们不管是吧，门口见，高雨晴说到做到", "高雨晴"), ("特此说明。\n沈嘉禾 敬上", "沈嘉禾"), ("赵思远奉陪到底", "赵思远")],
)
def test_who_vows_or_signs_with_a_name_is_named(text: str, name: str) -> None:
    assert [text[one.start : one.end] for one in understand([text])[0].pii if one.type == "name"] == [name]


def test_a_vow_without_a_name_names_nobody() -> None:
    assert not [one for one in understand(["商家说到做到，真的退了", "我说到做到", "广告说到做到"]) for p in one.pii if p.type == "name"]
