"""Personal data in what people wrote, written over before it leaves: the one rule for every road out.

Pages, lists, notices and reports show the kind in 【】; the API writes * over every character, so that spans keep their
places. What an engine has found is taken from its analysis, together with what the rules of today find; without an
analysis all is looked for here. `originals` shows what is under it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback.nlp import PersonalData, mask
from feedback.nlp.folding import fold_with_map
from feedback.nlp.personal_data import LABELS, codes_in, may_hold_codes, personal_data_in

COVER = "*"
# what a field of a document calls a person's own data; compared without case, spaces and marks
_FIELDS = frozenset((
    "fullname", "realname", "firstname", "lastname", "surname", "nickname", "customername", "contactname", "contactperson", "buyername",
    "guestname", "receivername", "phone", "phonenumber", "phoneno", "mobile", "mobilephone", "mobileno", "mobilenumber", "cell", "cellphone",
    "tel", "telephone", "whatsapp", "wechat", "wechatid", "wxid", "email", "emailaddress", "mail", "idcard", "idcardno", "idno", "idnumber",
    "identity", "identityno", "passport", "passportno", "bankcard", "bankcardno", "bankaccount", "plate", "plateno", "licenseplate", "address",
    "addr", "homeaddress", "shippingaddress", "deliveryaddress", "contact", "receiver", "recipient", "consignee", "customerphone", "customermobile",
    "customeremail", "contactphone", "contactemail", "buyerphone", "姓名", "客户姓名", "客戶姓名", "真实姓名", "联系人", "聯絡人", "收件人", "收货人", "收貨人", "昵称",
    "暱稱", "手机", "手機", "手机号", "手機號", "手机号码", "手機號碼", "客户手机", "电话", "電話", "电话号码", "联系电话", "聯絡電話", "联系方式", "聯絡方式", "微信", "微信号", "邮箱", "郵箱",
    "电子邮箱", "客户邮箱", "身份证", "身份证号", "身份证号码", "身分證", "身分證號", "护照", "护照号", "银行卡", "银行卡号", "車牌", "车牌", "车牌号", "地址", "住址", "收货地址", "收貨地址", "联系地址",
    "家庭地址", "客户", "客戶",
))  # fmt: skip
_PERSONS = frozenset((
    "customer", "contact", "user", "buyer", "guest", "member", "person", "receiver", "recipient", "consignee",
    "passenger", "patient", "caller", "visitor", "owner", "客户", "客戶", "联系人", "会员", "會員",
))  # fmt: skip
_REFERENCE = re.compile(r"(?:^|[^a-z])(?:order|booking|waybill|tracking|invoice|ref|reference)(?:$|[^a-z])|订单|訂單|单号|單號|运单|编号|編號|流水|票号|工单", re.I)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHORTEST_NUMBER = 8
Spans = Sequence[Mapping[str, Any]]


def hidden(text: str, pii: Spans | None = None, *, names: bool = True) -> str:
    """The text with each kind in 【】. pii: spans of an analysis, None to look; names=False leaves names: colleagues' words."""
    return mask(text, personal(text, pii, names=names))


def hidden_throughout(text: str, known: Iterable[str]) -> str:
    """As `hidden`, looked for anew, and wherever else what was found or is known to name somebody stands in the text.

    known: names of the people the voice belongs to; those of one character are left out. For words that leave the house.
    """
    spans = personal(text)
    said = {name: "name" for name in map(str.strip, known) if len(name) > 1} | {text[span.start : span.end]: span.type for span in spans}
    spans += [PersonalData(kind, m.start(), m.end()) for word, kind in said.items() if word for m in re.finditer(re.escape(word), text)]
    return mask(text, _apart(spans))


def restored(written: str, original: str) -> str:
    """`written`, begun from `hidden(original, names=False)`: each kind in 【】 that is still there is again what stood under it.

    The n-th of a kind is the n-th of that kind in the original; one beyond those stays as it is written.
    """
    for kind, label in LABELS.items():
        under = iter([original[span.start : span.end] for span in personal(original, names=False) if span.type == kind])
        written = re.sub(re.escape(f"【{label}】"), lambda sign, under=under: next(under, sign[0]), written)  # type: ignore[misc]
    return written


def personal(text: str, pii: Spans | None = None, *, names: bool = True) -> list[PersonalData]:
    """What is personal in a text, in order, none touching another. pii: spans of an analysis, None to look for everything.

    Spans of an analysis may be of an older engine: numbers and e-mails are looked for anew beside them, by the rules of today.
    """
    length = len(text)
    found: list[PersonalData] = []
    if pii is not None:
        found = [PersonalData(s["type"], min(int(s["start"]), length), min(int(s["end"]), length)) for s in pii]
    if pii is None or may_hold_codes(text):
        fold = fold_with_map(text)
        look = personal_data_in if pii is None else codes_in
        found += [PersonalData(kind, *fold.origin(a, b)) for kind, a, b in look(fold.text)]
    return _apart(span for span in found if names or span.type != "name")


def stored(text: str, pii: Spans) -> list[dict[str, Any]]:
    """`personal`, as an analysis keeps spans."""
    return [{"type": span.type, "start": span.start, "end": span.end} for span in personal(text, pii)]


def covered(text: str, pii: Spans | None = None, *, names: bool = True) -> str:
    """The text with * over personal data, character for character."""
    shown = list(text)
    for span in personal(text, pii, names=names):
        shown[span.start : span.end] = COVER * (span.end - span.start)
    return "".join(shown)


def is_number_or_address(typed: str) -> bool:
    """Whether something short is only a number of seven digits or more, or an e-mail address."""
    plain = "".join(fold_with_map(typed).text.split())
    n_digits = sum(char.isnumeric() for char in plain)
    return n_digits >= 7 and not any(char.isalpha() and not char.isnumeric() for char in plain) or "@" in plain.strip("@")


def covered_deep(value: Any, *, names: bool = True) -> Any:
    """Every text within JSON-like data, covered; keys stay."""
    if isinstance(value, str):
        return covered(value, names=names)
    if isinstance(value, dict):
        return {key: covered_deep(item, names=names) for key, item in value.items()}
    return [covered_deep(item, names=names) for item in value] if isinstance(value, list) else value


def covered_fields(value: Any, field: str = "", within: str = "") -> Any:
    """A document somebody else made, covered at any depth by what its texts and numbers hold and by what its fields are called.

    Fields keep their names. A number becomes text where it is a person's; numbers of orders and the like stay. field, within:
    the name this value and its owner go by.
    """
    if isinstance(value, dict):
        return {name: covered_fields(item, str(name), field) for name, item in value.items()}
    if isinstance(value, list):
        return [covered_fields(item, field, within) for item in value]
    if value is None or isinstance(value, bool) or isinstance(value, float) and not value.is_integer():
        return value
    said = value if isinstance(value, str) else str(int(value))
    if _is_personal(field, within):
        return COVER * len(said)
    if not _may_hold(said, is_text=isinstance(value, str)):
        return value
    shown = _covered_beside(said, field)
    if shown == said:
        return value
    return shown if isinstance(value, str) else COVER * len(said)


def _is_personal(field: str, within: str) -> bool:
    """Whether a field holds a person's own data by its name; a bare “name” at the top or of somebody, not of a product."""
    word, owner = ("".join(char for char in name.lower() if char.isalnum()) for name in (field, within))
    return word in _FIELDS or word == "name" and (not owner or owner in _PERSONS or owner.removesuffix("s") in _PERSONS)


def _may_hold(said: str, *, is_text: bool) -> bool:
    """A quick look: a plain code or word holds nobody's data, nor does a short number."""
    if not is_text:
        return len(said) >= _SHORTEST_NUMBER
    return not said.isascii() or "@" in said or " " in said.strip() or sum(char.isdigit() for char in said) >= 4


def _covered_beside(said: str, field: str) -> str:
    """The value covered as if its field's name stood before it: “联系人：陈晓明”, “order_no: 13912340077”."""
    is_reference = _REFERENCE.search(_CAMEL.sub("_", field)) is not None
    head = "订单号：" if is_reference else f"{field[:40]}："
    spans = [(span.start - len(head), span.end - len(head)) for span in personal(head + said)]
    if not is_reference:
        spans += [(span.start, span.end) for span in personal(said)]
    shown = list(said)
    for start, end in spans:
        for at in range(max(start, 0), end):
            shown[at] = COVER
    return "".join(shown)


def _apart(spans: Iterable[PersonalData]) -> list[PersonalData]:
    """Spans in order; those that overlap are one, called as the first of them."""
    apart: list[PersonalData] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if apart and span.start < apart[-1].end:
            apart[-1] = PersonalData(apart[-1].type, apart[-1].start, max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart
