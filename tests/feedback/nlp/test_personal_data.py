import pytest

from feedback.nlp import mask, understand


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


@pytest.mark.parametrize(
    ("text", "name"),
    [("你们不管是吧，门口见，高雨晴说到做到", "高雨晴"), ("特此说明。\n沈嘉禾 敬上", "沈嘉禾"), ("赵思远奉陪到底", "赵思远")],
)
def test_who_vows_or_signs_with_a_name_is_named(text: str, name: str) -> None:
    assert [text[one.start : one.end] for one in understand([text])[0].pii if one.type == "name"] == [name]


def test_a_vow_without_a_name_names_nobody() -> None:
    assert not [one for one in understand(["商家说到做到，真的退了", "我说到做到", "广告说到做到"]) for p in one.pii if p.type == "name"]
